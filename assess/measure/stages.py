"""The models of a pipeline: where their files are, and what each stage is asked of the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assess.describe.beside import beside
from assess.describe.model import Model
from assess.errors import AssessError
from assess.measure.inputs import Feed, prepare

if TYPE_CHECKING:
    from assess.describe.card import Card
    from assess.describe.scenario import Stage
    from assess.describe.workload import Job


@dataclass(frozen=True, slots=True)
class StageModel:
    """A model of a pipeline that is not the command's own.

    Attributes:
        model: what `path` was described as.
        path: its ONNX file.
        card: what its author says; None if there is no card.
        card_folder: where the card's samples lie.
    """

    model: Model
    path: Path
    card: Card | None
    card_folder: Path


def find_stages(job: Job, find: Callable[[str, Mapping[str, int]], StageModel]) -> dict[str, StageModel]:
    """The models of a pipeline's stages, by the stage's name; stages that run the command's own model are left out.

    Args:
        job: the job; another kind than a pipeline has no stages.
        find: describes a model, given the id of a shipped one or the path of an .onnx file beside the workload's, and
            numbers for its dynamic dimensions.

    Raises:
        AssessError: a model is not there, lies elsewhere, or cannot be described; the stage is named.
    """
    found = {}
    for stage in job.workload.scenario.stage:
        if not stage.model:
            continue
        argument = stage.model
        try:
            if Path(argument).suffix == ".onnx":
                argument = str(beside(job.folder, argument))
            found[stage.name] = find(argument, stage.dims)
        except AssessError as error:
            raise AssessError(
                f"stage {stage.name!r}: {error.problem}", where=error.where or job.workload.id, hint=error.hint
            ) from error
    return found


def own_stage(job: Job) -> str:
    """The stage that runs the command's own model; the first one, if several do.

    Raises:
        AssessError: none does.
    """
    for stage in job.workload.scenario.stage:
        if not stage.model:
            return stage.name
    raise AssessError(
        "no stage runs the model that was given",
        where=job.workload.id,
        hint="leave out 'model' in the stage that it is to run in",
    )


def stage_requests(
    job: Job,
    own: Mapping[str, Any],
    others: Mapping[str, StageModel],
    folder: Path,
    *,
    seed: int,
    available_bytes: int | None,
) -> list[dict[str, Any]]:
    """What the worker is asked for each stage; the inputs of the other models are written into `folder`.

    Args:
        job: a pipeline.
        own: the request of the command's own model, with "model", "inputs", "frames" and "back_to_back".
        others: models of the other stages.
        folder: private to this run.
        seed: of what is generated.
        available_bytes: memory that may be used for inputs.

    Raises:
        AssessError: an input cannot be made.
    """
    first = own_stage(job)
    asked = []
    for index, stage in enumerate(job.workload.scenario.stage):
        place = folder / f"stage-{index}"
        place.mkdir()
        part = {"model": own["model"], "inputs": own["inputs"]}
        if stage.name in others:
            part = _other(others[stage.name], place, seed, available_bytes)
        files = {"frames": str(place / "frames"), "alone": str(place / "alone"), "end_to_end": str(place / "chain")}
        if stage.name == first:
            files |= {"frames": own["frames"], "alone": own["back_to_back"]}
        asked.append({**part, **release(stage), **files})
    return asked


def release(stage: Stage) -> dict[str, Any]:
    """What releases a stage, as a worker is told it."""
    return {
        "name": stage.name,
        "rate_hz": stage.rate,
        "after": stage.after,
        "probability": stage.probability,
    }


def _other(stage: StageModel, folder: Path, seed: int, available_bytes: int | None) -> dict[str, Any]:
    ready = prepare(
        stage.model,
        folder,
        seed=seed,
        feeds={},
        card=stage.card,
        card_folder=stage.card_folder,
        available_bytes=available_bytes,
    )
    return {"model": str(stage.path.resolve()), "inputs": worker_inputs(ready)}


def worker_inputs(ready: list[Feed]) -> list[dict[str, str]]:
    """Inputs as a worker is told them."""
    return [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in ready]
