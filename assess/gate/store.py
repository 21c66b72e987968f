"""A folder of baselines, as it lies in a repository: one file for each model, job, machine and way of running it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.baseline import Baseline
from assess.measure.baseline_json import read
from assess.measure.fingerprint import fingerprint, settings_key
from assess.measure.measurement import Host, Settings

_SUFFIX: Final = ".baseline.json"
#: Of fingerprints, in names of files: enough to tell a laboratory's machines apart.
_DIGITS: Final = 8
_NO_JOB: Final = "back-to-back"
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Stored:
    """A baseline and its file.

    Attributes:
        path: of the file.
        baseline: what it holds.
    """

    path: Path
    baseline: Baseline


def file_name(model: str, workload_id: str, host: Host, settings: Settings) -> str:
    """The name of a baseline's file: the same for what is compared with each other.

    Args:
        model: name of the model: an id, or its file's name.
        workload_id: the job; "" for none.
        host: the machine.
        settings: how the model is run.
    """
    keys = (fingerprint(host)[:_DIGITS], settings_key(settings)[:_DIGITS])
    return "--".join((_word(model), _word(workload_id or _NO_JOB), *keys)) + _SUFFIX


def find(folder: Path, model: str, job: Job | None, host: Host, settings: Settings) -> Path | None:
    """The baseline of a model on this host, or of another host if there is none; None if there is none at all.

    One of another host is good for what is the same everywhere, and for being told that it is of another host.
    """
    workload_id = job.workload.id if job else ""
    exact = folder / file_name(model, workload_id, host, settings)
    if exact.is_file():
        return exact
    others = sorted(folder.glob(f"{_word(model)}--{_word(workload_id or _NO_JOB)}--*{_SUFFIX}"))
    return others[0] if others else None


def stored(folder: Path) -> Iterator[Stored | AssessError]:
    """All baselines of a folder, by name; for a file that is none, why.

    Raises:
        AssessError: there is no such folder.
    """
    if not folder.is_dir():
        hint = "assess baseline accept makes one"
        raise AssessError("there is no such folder", where=str(folder), hint=hint)
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            yield Stored(path, read(path))
        except AssessError as error:
            yield error


def superseded(found: Sequence[Stored], *, before: str = "", not_host: str = "", model: str = "") -> list[Stored]:
    """Those that are to go: all that is asked must be true of each.

    Args:
        found: baselines.
        before: those accepted before this time, ISO 8601; "" for any.
        not_host: those of another host than the one with this fingerprint; "" for any.
        model: those of the model of this name; "" for any.
    """
    return [
        each
        for each in found
        if (not before or each.baseline.created < before)
        and (not not_host or fingerprint(each.baseline.host) != not_host)
        and (not model or each.baseline.model.name in (model, f"{model}.onnx"))
    ]


def _word(text: str) -> str:
    """Text as a part of a file's name, on any system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:_LONGEST] or "model"
