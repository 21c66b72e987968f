"""What a job is told of models, jobs and settings, as the records that it stands for; files lie below this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assess.describe import model_json
from assess.describe.authored import load, parse
from assess.describe.card import Card
from assess.describe.workload import Job, Workload
from assess.measure.measurement import Settings
from assess.measure.reference import ReferenceModel
from assess.measure.stages import StageModel
from assess.pipeline import Subject
from assess.target.plain import record


def subject_of(told: Mapping[str, Any]) -> Subject:
    """A model, with its card."""
    path = Path(told["path"])
    card = load(Path(told["card"]), Card, id=told["card_id"]) if told["card"] else None
    folder = Path(told["card"]).parent if told["card"] else path.parent
    return Subject(path, card, folder, model_json.from_json(told["facts"]))


def stage_of(told: Mapping[str, Any]) -> StageModel:
    """A model of a pipeline's stage."""
    found = subject_of(told)
    return StageModel(found.model, found.path, found.card, found.card_folder)


def job_of(told: Mapping[str, Any]) -> Job:
    """A job."""
    workload = parse(told["authored"], Workload, told["id"]).model_copy(update={"id": told["id"]})
    return Job(workload, told["authored"], Path("workload"))


def settings_of(told: Mapping[str, Any]) -> Settings:
    """Settings of a run."""
    return record(Settings, told, "settings")


def feeds_of(told: Mapping[str, str]) -> dict[str, Path]:
    """Files for inputs, by the inputs' names."""
    return {name: Path(file) for name, file in told.items()}


def reference_of(told: Any) -> ReferenceModel | Path | None:
    """What outputs are compared with."""
    if isinstance(told, str):
        return Path(told)
    if told is None:
        return None
    found = subject_of(told)
    return ReferenceModel(found.model, found.path)
