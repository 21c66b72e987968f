"""The sampled pass: run a model on some frames and save what it puts out, to be compared with another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.engine import Engine, Kernel, Tell, answer_or_refusal, require_provider
from assess.measure.passes.outputs import load
from assess.measure.passes.timed import SHARE_OF_TIMEOUT

#: What all saved outputs may take in the private folder, which often is memory.
_ROOM_BYTES: Final = 2**30


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was saved.

    Attributes:
        outputs: names of the outputs, in the order of their numbers.
        unreadable: outputs that are not saved, and why.
        frames: names of the frames, in the order of their numbers.
    """

    outputs: tuple[str, ...]
    unreadable: Mapping[str, str]
    frames: tuple[str, ...]


def sampled_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Feed each frame, and save each output as "<frame>-<output>.npy", numbered from 0, into the folder "save".

    Keys of the request beyond the common ones: "frames" [{"name", "files" {input: path}}], "save" (a folder).

    Returns:
        The fields of `Sampled` or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider, or the outputs could not be written.
    """
    require_provider(request["provider"], engine)
    engine.read_inputs(request["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    return answer_or_refusal(engine, lambda: _saved(request, tell, engine, kernel, until_ns))


def _saved(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel, until_ns: int) -> dict[str, Any]:
    loaded = load(engine, request)
    room = _ROOM_BYTES
    saved: list[str] = []
    names: list[str] = []
    unreadable: dict[str, str] = {}
    for index, frame in enumerate(request["frames"]):
        if saved and kernel.clock() >= until_ns:
            break
        tell({"known": {"fed": frame["name"]}})
        loaded.feed(frame["files"])
        loaded.infer()
        outputs = _readable(loaded.session.outputs(), unreadable)
        room -= sum(array.nbytes for array in outputs.values())
        if saved and room < 0:
            break
        names = list(outputs)
        for number, array in enumerate(outputs.values()):
            _save(Path(request["save"]) / f"{index}-{number}.npy", array)
        saved.append(frame["name"])
    return {"outputs": names, "unreadable": unreadable, "frames": saved}


def _readable(outputs: Mapping[str, Any], unreadable: dict[str, str]) -> dict[str, Any]:
    """Outputs that are one array each; the others are put into `unreadable`."""
    import numpy as np

    found = {}
    for name, value in outputs.items():
        if not isinstance(value, np.ndarray):
            unreadable[name] = "is a sequence or a map"
        else:
            found[name] = value.astype(str) if value.dtype.hasobject else value
    return found


def _save(file: Path, array: Any) -> None:
    import numpy as np

    try:
        np.save(file, array, allow_pickle=False)
    except OSError as error:
        raise AssessError(f"the outputs could not be written: {error.strerror or error}", where=str(file)) from error
