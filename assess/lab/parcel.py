"""What travels to a worker: a request in plain JSON, and files by their sha256; no path of this machine counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from assess import __version__
from assess.describe.beside import beside
from assess.describe.card import Card
from assess.describe.graph import to_json
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.files import sha256_of
from assess.measure.measurement import Settings
from assess.measure.stages import StageModel
from assess.pipeline import Subject

SCHEMA: Final = "assess.lab/1"
_CARD: Final = "card.toml"
#: Of a file whose sha256 is not known yet; the same are asked for again and again, so whoever packs remembers them.
Digest = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One case for a worker.

    Attributes:
        request: JSON text.
        files: what may be asked for, by its sha256.
    """

    request: str
    files: Mapping[str, Path]


def packed(
    name: str,
    subject: Subject,
    job: Job,
    settings: Settings,
    stages: Mapping[str, StageModel],
    digest: Digest = sha256_of,
) -> Parcel:
    """A run as something that another machine can make.

    Args:
        name: what people call it.
        subject: the model; all of its files travel, and those that its card names and the run needs.
        job: what it is run for; files beside it that it names travel, too.
        settings: how it is run.
        stages: the other models of a pipeline, by stage.
        digest: of a file that is none of a described model's.

    Raises:
        AssessError: a file cannot be read, or the settings name files of this machine.
    """
    if settings.custom_ops:
        raise AssessError("a library of custom operators does not travel to a lab", where=settings.custom_ops[0])
    scored = "fidelity" in settings.passes
    model = {file.name: (subject.path.parent / file.name, file.sha256) for file in subject.model.files}
    model |= _of_card(subject.card, subject.card_folder, digest, scored=scored)
    beside_job = _of_job(job, stages, digest, scored=scored)
    files = {sha256: path for path, sha256 in (*model.values(), *beside_job.values())}
    request = {
        "schema": SCHEMA,
        "tool": __version__,
        "name": name,
        "model": {"facts": to_json(subject.model), "folder": subject.path.parent.name, "files": _hashes(model)},
        "job": {"id": job.workload.id, "authored": job.authored, "files": _hashes(beside_job)},
        "settings": asdict(settings),
        "sizes": {sha256: _size(path) for sha256, path in files.items()},
    }
    return Parcel(json.dumps(request, allow_nan=False), files)


def request_of(text: str) -> dict[str, Any]:
    """A request as it was packed.

    Raises:
        AssessError: it is none that this version understands.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise AssessError(f"is no request for a lab: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise AssessError(f"is no request for a lab as {SCHEMA} has it")
    return found


#: Files by the names that they have there: where they are here, and their sha256.
_Files = dict[str, tuple[Path, str]]


def _hashes(files: _Files) -> dict[str, str]:
    return {name: sha256 for name, (_, sha256) in files.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def _of_card(card: Card | None, folder: Path, digest: Digest, *, scored: bool) -> _Files:
    """A card and the files that it names; of one that is not there the worker tells, as this host would."""
    if card is None:
        return {}
    named = (_CARD, *filter(None, _named_by(card, scored=scored)))
    return {name: (path, digest(path)) for name in named if (path := beside(folder, name)).is_file()}


def _named_by(card: Card, *, scored: bool) -> Iterator[str]:
    yield from (each.sample for each in card.input)
    if scored:
        yield card.evaluation.data if card.evaluation else ""
        yield card.teacher.file if card.teacher else ""


def _of_job(job: Job, stages: Mapping[str, StageModel], digest: Digest, *, scored: bool) -> _Files:
    """Files beside the workload's: its trace, and models of its stages; shipped ones are there already."""
    scenario, found = job.workload.scenario, _Files()
    if scenario.trace and (path := beside(job.folder, scenario.trace)).is_file():
        found[scenario.trace] = path, digest(path)
    for stage in scenario.stage:
        if stage.model.endswith(".onnx") and stage.name in stages:
            found |= _of_stage(PurePosixPath(stage.model), stages[stage.name], digest, scored=scored)
    return found


def _of_stage(named: PurePosixPath, stage: StageModel, digest: Digest, *, scored: bool) -> _Files:
    main, *data = stage.model.files
    folder, place = stage.path.parent, named.parent
    found = {str(named): (stage.path, main.sha256)}
    found |= {str(place / file.name): (folder / file.name, file.sha256) for file in data}
    of_card = _of_card(stage.card, stage.card_folder, digest, scored=scored)
    return found | {str(place / name): file for name, file in of_card.items()}
