"""What a job on a target reads - models with cards, jobs, inputs - as it is told, with the files that go along."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from assess.describe import model_json
from assess.describe.beside import beside
from assess.describe.card import Card
from assess.describe.model import Model
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.measure.reference import ReferenceModel
from assess.pipeline import Subject
from assess.target.plain import plain
from assess.target.protocol import SentFile, described

_CARD: Final = "card.toml"


class JobFiles:
    """Files that a job reads, by where they are to lie there.

    Attributes:
        found: each with its path here.
    """

    def __init__(self) -> None:
        self.found: dict[SentFile, Path] = {}

    def add(self, path: Path, name: str) -> str:
        """A file; where it is to lie.

        Raises:
            AssessError: it cannot be read.
        """
        try:
            self.found[described(path, name)] = path
        except OSError as error:
            raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
        return name

    def model(self, model: Model, path: Path, card: Card | None, card_folder: Path, name: str) -> dict[str, Any]:
        """A model as a board is told of it; its files are those that it was described as."""
        for file in model.files:
            self.found[SentFile(f"{name}/{file.name}", file.sha256, file.size_bytes)] = path.parent / file.name
        asked = {"facts": model_json.to_json(model), "path": f"{name}/{path.name}", "card": None, "card_id": ""}
        if card is None:
            return asked
        there = name if card_folder == path.parent else f"{name}-card"
        for each in _beside(card):
            if (file_here := beside(card_folder, each)).is_file():
                self.add(file_here, f"{there}/{each}")
        return {**asked, "card": f"{there}/{_CARD}", "card_id": card.id}

    def subject(self, subject: Subject, name: str) -> dict[str, Any]:
        """As `model`."""
        return self.model(subject.model, subject.path, subject.card, subject.card_folder, name)

    def job(self, job: Job) -> dict[str, Any]:
        """A job as a board is told of it; the models of its stages are sent as models."""
        if trace := job.workload.scenario.trace:
            self.add(beside(job.folder, trace), f"workload/{trace}")
        return {"id": job.workload.id, "authored": json_of(job.authored)}

    def feeds(self, feeds: Mapping[str, Path]) -> dict[str, str]:
        """Files for inputs, by the inputs' names."""
        numbered = enumerate(feeds.items())
        return {name: self.add(path, f"inputs/{index}/{path.name}") for index, (name, path) in numbered}

    def settings(self, settings: Settings) -> dict[str, Any]:
        """Settings, with libraries of operators as they lie there."""
        libraries = [self.add(Path(name), f"operators/{index}/{Path(name).name}")
                     for index, name in enumerate(settings.custom_ops)]  # fmt: skip
        own = settings.runner_model
        model = self.add(Path(own), f"kit/{Path(own).name}") if own else ""
        return {**plain(settings), "custom_ops": libraries, "runner_model": model}

    def reference(self, reference: ReferenceModel | Path | None) -> Any:
        """What outputs are compared with."""
        if isinstance(reference, ReferenceModel):
            return self.model(reference.model, reference.path, None, reference.path.parent, "reference")
        if reference is None or not reference.is_dir():
            return self.add(reference, f"reference/{reference.name}") if reference else None
        name = f"reference/{reference.name}"
        for each in sorted(reference.rglob("*")):
            if each.is_file():
                self.add(each, f"{name}/{each.relative_to(reference).as_posix()}")
        return name


def json_of(mapping: Mapping[str, Any]) -> Any:
    """An authored mapping as JSON has it; a date of TOML is text there."""
    return json.loads(json.dumps(mapping, allow_nan=False, default=str))


def _beside(card: Card) -> list[str]:
    """Files that a run reads beside its model."""
    evaluation = [card.evaluation.data] if card.evaluation and card.evaluation.data else []
    teacher = [card.teacher.file] if card.teacher and card.teacher.file else []
    return [_CARD, *(each.sample for each in card.input if each.sample), *evaluation, *teacher]
