"""Inputs and what came out for them: they tell a damaged file, or a runtime that computes otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from assess.distill.recipe import Recipe
from assess.measure.onnx_runtime import OnnxRuntime
from assess.measure.passes.fidelity import Loaded
from assess.providers import CPU

#: A few kilobytes; a state is seen to be carried.
_FRAMES: Final = 4
#: Of the recipe's calibration inputs; no evaluation draws from it.
_SEED: Final = 9_000
_SETTINGS: Final = {"provider": CPU, "threads": 1, "optimisation": "all", "inputs": []}


def write_references(
    file: Path, variants: Mapping[str, Path], recipe: Recipe, states: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, float]:
    """Run each variant on some inputs, one after the other, and keep inputs and outputs.

    Args:
        file: .npz: each input [frames, ...] under its name, each output as VARIANT/OUTPUT.
        variants: ONNX files by id; those of one size are "full", "full-int8", "full-fp16".
        recipe: of them.
        states: of each size, see `Loaded`.

    Returns:
        For each variant the largest difference from the fp32 file of its size, over all outputs.
    """
    import numpy as np

    carried = set((recipe.states or {}).values())
    frames = [
        {name: array for name, array in frame.items() if name not in carried}
        for frame in islice(recipe.calibration(_SEED), _FRAMES)
    ]
    arrays: dict[str, Any] = {name: np.stack([frame[name] for frame in frames]) for name in sorted(frames[0])}
    outputs = {id_: outputs_of(path, frames, states[id_.partition("-")[0]]) for id_, path in variants.items()}
    for id_, found in outputs.items():
        arrays |= {f"{id_}/{name}": array for name, array in found.items()}
    with file.open("wb") as opened:
        np.savez_compressed(opened, **arrays)
    return {id_: _apart(found, outputs[id_.partition("-")[0]]) for id_, found in outputs.items()}


def outputs_of(path: Path, frames: Sequence[Mapping[str, Any]], states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a file puts out for these inputs, [frames, ...] by name; its states go from each to the next.

    States that grow are left out: what they hold is told by the other outputs.
    """
    import numpy as np

    engine = OnnxRuntime()
    model = Loaded(engine.load({**_SETTINGS, "model": str(path)}), states, engine)
    found = [model(frame) for frame in frames]
    growing = {each["output"] for each in states if 0 in each["shape"]}
    return {name: np.stack([one[name] for one in found]) for name in found[0] if name not in growing}


def _apart(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    return max(float(abs(ours[name] - theirs[name]).max()) for name in ours)
