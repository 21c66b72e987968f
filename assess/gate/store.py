"""A folder of baselines, as it lies in a repository: one file for each model, job, machine and way of running it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.baseline import Baseline
from assess.measure.baseline_json import read
from assess.measure.fingerprint import machine_key, settings_key
from assess.measure.measurement import Host, Settings

_SUFFIX: Final = ".baseline.json"
#: Of fingerprints, in names of files: enough to tell a laboratory's machines apart.
_DIGITS: Final = 8
_NO_JOB: Final = "back-to-back"
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A baseline and its file.

    Attributes:
        path: of the file.
        baseline: what it holds.
    """

    path: Path
    baseline: Baseline


def file_name(name: str, workload_id: str, host: Host, machine: str, settings: Settings) -> str:
    """The name of a baseline's file: the same for what can be compared with each other.

    Args:
        name: what the model is called, release after release: an id, its file's name, or its path in a suite.
        workload_id: the job; "" for none.
        host: the machine as it can be read.
        machine: which one it is, as `fingerprint.machine_id` tells.
        settings: how the model is run.
    """
    keys = (machine_key(host, machine)[:_DIGITS], settings_key(settings)[:_DIGITS])
    return "--".join((_word(name), _word(workload_id or _NO_JOB), *keys)) + _SUFFIX


def find(folder: Path, name: str, job: Job | None, host: Host, machine: str, settings: Settings) -> Path | None:
    """The baseline of a model on this machine, or of another one if there is none; None if there is none at all.

    One of another machine is good for what is the same everywhere, and for being told whose it is.
    """
    workload_id = job.workload.id if job else ""
    exact = folder / file_name(name, workload_id, host, machine, settings)
    if exact.is_file():
        return exact
    others = sorted(folder.glob(f"{_word(name)}--{_word(workload_id or _NO_JOB)}--*{_SUFFIX}"))
    return others[0] if others else None


def stored(folder: Path) -> Iterator[StoredFile | AssessError]:
    """All baselines of a folder, by name; for a file that is none, why.

    Raises:
        AssessError: there is no such folder.
    """
    if not folder.is_dir():
        hint = "assess baseline accept makes one"
        raise AssessError("there is no such folder", where=str(folder), hint=hint)
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            yield StoredFile(path, read(path))
        except AssessError as error:
            yield error


def superseded(
    found: Sequence[StoredFile], *, before: str = "", not_machine: str = "", model: str = ""
) -> list[StoredFile]:
    """Those that are to go: all that is asked must be true of each.

    Args:
        found: baselines.
        before: those accepted before this time, ISO 8601; "" for any.
        not_machine: those of another machine than the one with this key; "" for any.
        model: those of the model of this name; "" for any.
    """
    return [
        each
        for each in found
        if (not before or each.baseline.acceptance.when < before)
        and (not not_machine or key_of(each.baseline) != not_machine)
        and (not model or each.baseline.model.name in (model, f"{model}.onnx"))
    ]


def key_of(baseline: Baseline) -> str:
    """Of the machine that a baseline is of."""
    return machine_key(baseline.host, baseline.machine)


def _word(text: str) -> str:
    """Text as a part of a file's name, on any system; what had to be changed for that keeps its digest."""
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[-_LONGEST:].strip("-.")
    return word if word == text else f"{word}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
