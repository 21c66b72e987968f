"""The process that trains: the teacher, then each student, each kept as soon as it is done.

A training that was finished is not done again; one that was interrupted begins anew, which takes a minute at most.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final

from assess.child import Tell, serve
from assess.distill.export import to_fp16, to_fp32, to_int8
from assess.distill.recipe import Lesson, Recipe, Size, states_of
from assess.distill.references import write_references
from assess.errors import AssessError

if TYPE_CHECKING:
    from torch import nn

#: One, since sums in another order give other students, and such small networks gain nothing from two.
_THREADS: Final = 1
_TEACHER: Final = "teacher"
#: Another CPU rounds otherwise: quantised values by a step, floats in the last digits.
_SLACK: Final = 2.0
_ROUNDING: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Training:
    """One training of a recipe.

    Attributes:
        size: of the student; None for the teacher.
        seed: of all that is drawn.
        taught: whether the student learns from the teacher.
    """

    size: Size | None
    seed: int
    taught: bool

    @property
    def name(self) -> str:
        """Its files' name."""
        if self.size is None:
            return _TEACHER
        return f"{self.size.id}-{self.seed}{'' if self.taught else '-untaught'}"


def trainings(recipe: Recipe, seeds: int) -> Iterator[Training]:
    """All of them from the first so many seeds, the teacher first."""
    if recipe.teacher is not None:
        yield Training(None, recipe.seeds[0], False)
    for size in recipe.sizes:
        for seed in recipe.seeds[:seeds]:
            yield Training(size, seed, True)
            yield Training(size, seed, False)


def load_recipe(file: Path) -> Recipe:
    """The RECIPE of a file.

    Raises:
        AssessError: the file has none, or something that it imports is not installed.
    """
    spec = importlib.util.spec_from_file_location("recipe", file)
    assert spec is not None and spec.loader is not None  # It ends in .py.
    module = importlib.util.module_from_spec(spec)
    sys.modules["recipe"] = module  # Dataclasses look their own module up.
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise AssessError(
            f"{error.name} is not installed", where=str(file), hint="pip install torch tomlkit"
        ) from error
    found = getattr(module, "RECIPE", None)
    if not isinstance(found, Recipe):
        raise AssessError("has no RECIPE", where=str(file), hint="see models/README.md")
    return found


def handle(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do every training of a recipe that is not done yet, and export what came of it.

    Keys of the request: "recipe" (its file), "work" (the folder that is kept between calls), "seeds" (how many of the
    recipe's, the first ones).

    Returns:
        The fields of `assess.distill.flow.Trained`.
    """
    try:
        import torch
    except ImportError as error:
        raise AssessError("PyTorch is not installed", hint="pip install torch tomlkit") from error
    torch.set_num_threads(_THREADS)
    torch.use_deterministic_algorithms(True)
    file, work = Path(request["recipe"]), Path(request["work"])
    recipe = load_recipe(file)
    if not 1 <= request["seeds"] <= len(recipe.seeds):
        raise AssessError(f"the recipe has {len(recipe.seeds)} seeds", where=f"--seeds {request['seeds']}")
    wanted = list(trainings(recipe, request["seeds"]))
    teacher: nn.Module | None = None
    done = []
    for index, training in enumerate(wanted):

        def share(part: float, index: int = index, name: str = training.name) -> None:
            tell({"training": name, "share": (index + part) / len(wanted)})

        share(0.0)
        network, seconds = _trained(recipe, training, teacher, work, share)
        teacher = network if training.size is None else teacher
        done.append(
            {
                "name": training.name,
                "size": training.size.id if training.size else "",
                "seed": training.seed,
                "taught": training.taught,
                "seconds": seconds,
                "parameters": sum(each.numel() for each in network.parameters()),
            }
        )
        _exported(network, recipe, training, work)
    states = {size.id: states_of(recipe, recipe.student(size.width)) for size in recipe.sizes}
    return {
        "trainings": done,
        "shipped": _shipped(recipe, work, states),
        "states": states,
        "versions": {"torch": torch.__version__, **{name: version(name) for name in ("onnx", "onnxruntime")}},
    }


def _shipped(recipe: Recipe, work: Path, states: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The files that ship, by id, and how far each may be from the fp32 one; the references are written beside them."""
    found: dict[str, dict[str, Any]] = {}
    for size in recipe.sizes:
        name = Training(size, recipe.seeds[0], True).name
        for precision in ("fp32", "int8", *(["fp16"] if recipe.half else [])):
            form = "" if precision == "fp32" else f"-{precision}"
            found[f"{size.id}{form}"] = {"file": f"{name}{form}.onnx", "precision": precision, "size": size.id}
    files = {id_: work / one["file"] for id_, one in found.items()}
    apart = write_references(work / "references.npz", files, recipe, states)
    for id_, one in found.items():
        one["tolerance"] = max(_SLACK * apart[id_], _ROUNDING)
    return found


def _restored(network: nn.Module, kept: Path) -> float | None:
    """Seconds that training took before, with its weights in the network; None if they are not there, or damaged."""
    import torch

    if not kept.exists():
        return None
    try:
        found = torch.load(kept, weights_only=True)
        network.load_state_dict(found["state"])
        return float(found["seconds"])
    except (OSError, EOFError, RuntimeError, ValueError, TypeError, KeyError, UnpicklingError) as error:
        sys.stderr.write(f"{kept.name} cannot be used and is trained again: {error!s:.200}\n")
        return None


def _trained(
    recipe: Recipe, training: Training, teacher: nn.Module | None, work: Path, share: Any
) -> tuple[nn.Module, float]:
    """The network, trained now or before, and how many seconds it took."""
    import torch

    make = recipe.teacher if training.size is None else None
    kept = work / f"{training.name}.pt"
    _seed(training.seed)
    network = make() if make is not None else recipe.student(training.size.width if training.size else 1.0)
    if (seconds_before := _restored(network, kept)) is not None:
        return network.eval(), seconds_before
    begun = time.perf_counter()
    if training.size is None:
        assert recipe.teach is not None
        recipe.teach(network, training.seed, share)
    else:
        recipe.learn(Lesson(network, teacher, training.taught, training.seed, share))
    seconds = time.perf_counter() - begun
    temporary = kept.with_suffix(".new")
    torch.save({"state": network.state_dict(), "seconds": seconds}, temporary)
    temporary.replace(kept)
    return network.eval(), seconds


def _exported(network: nn.Module, recipe: Recipe, training: Training, work: Path) -> None:
    """The files of a training: of those that ship, int8 and fp16 ones too."""
    file = work / f"{training.name}.onnx"
    if not file.exists():
        _whole(file, lambda temporary: to_fp32(network, recipe, temporary))
    if training.size is None or not training.taught or training.seed != recipe.seeds[0]:
        return
    if not (int8 := work / f"{training.name}-int8.onnx").exists():
        _whole(int8, lambda temporary: to_int8(network, file, recipe, temporary, training.seed))
    if recipe.half and not (half := work / f"{training.name}-fp16.onnx").exists():
        _whole(half, lambda temporary: to_fp16(file, temporary))


def _whole(file: Path, write: Any) -> None:
    temporary = file.with_name(f"new-{file.name}")
    write(temporary)
    temporary.replace(file)


def _seed(seed: int) -> None:
    import numpy as np
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)


if __name__ == "__main__":
    serve(handle)
