"""What a model put out, packed into a baseline, and back, to compare a newer model with when it alone is at hand."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from assess.describe.model import Model
from assess.errors import AssessError
from assess.measure.baseline import StoredOutputs
from assess.measure.npy import UNREADABLE
from assess.measure.reference import Ask, PutOut, ReferencePutOut, plain_frames, put_out
from assess.measure.variants import Variation
from assess.units import format_quantity

#: All arrays together as they are unpacked; a text of a few bytes may unfold into gigabytes.
_RAW: Final = 64 * 2**20
#: Of one `.npy` file.
_HEADER: Final = 2**16
#: All frames but the first together: a baseline is to live in a repository.
_ROOM: Final = 2**20
#: The first alone. A larger output belongs beside its model, and both are run then.
_MOST: Final = 4 * 2**20


def store_outputs(model: Model, frames: Sequence[Variation], ask: Ask, folder: Path) -> StoredOutputs | str:
    """Run a model on some frames and keep what it puts out, or say how it failed.

    Args:
        model: as it was described.
        frames: what it is fed; as many from the first on are kept as there is room for.
        ask: runs a pass.
        folder: private to this run.
    """
    found = put_out(ask, {"frames": plain_frames(frames)}, folder / "kept")
    if isinstance(found, str):
        return found
    again = put_out(ask, {"frames": plain_frames(frames[:1])}, folder / "again")
    if isinstance(again, str):
        return again
    if not _repeats(found, again, frames[0].name):
        return StoredOutputs(absent="the model does not repeat itself: the same inputs give other outputs")
    if found.unreadable:
        name, why = next(iter(found.unreadable.items()))
        return StoredOutputs(absent=f"{name!r} {why}")
    kept: list[str] = []
    names: list[str] = []
    room = _RAW
    for frame in found.frames:
        plain = [load[frame]() for load in found.outputs.values()]
        room -= sum(array.nbytes for array in plain)
        arrays = [_pack(array) for array in plain] if room >= 0 else []
        size = sum(map(len, arrays))
        if not names and (size > _MOST or room < 0):
            most = f"{format_quantity(_MOST, 'B')}, or {format_quantity(_RAW, 'B')} unpacked"
            return StoredOutputs(absent=f"one frame of outputs takes more than {most}")
        if room < 0 or (names and size + sum(map(len, kept)) > _ROOM):
            break
        kept += arrays
        names.append(frame)
    dtypes = {port.name: port.dtype for port in model.outputs}
    fed = sha256_of_fed([frame for frame in frames if frame.name in names])
    return StoredOutputs(
        tuple(names), fed, tuple(found.outputs), tuple(dtypes.get(name, "") for name in found.outputs), tuple(kept)
    )


def sha256_of_fed(frames: Sequence[Variation]) -> str:
    """Identity of what some frames feed."""
    digest = hashlib.sha256()
    for frame in frames:
        for name, file in sorted(frame.files.items()):
            with Path(file).open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            digest.update(f"{frame.name}\0{name}\0{content}\n".encode())
    return digest.hexdigest()


def as_reference(model: Model, stored: StoredOutputs) -> ReferencePutOut:
    """What was stored, as something to compare with.

    Raises:
        AssessError: an array is none, or all of them are larger than what is ever stored.
    """
    arrays, room = [], _RAW
    for text in stored.arrays:
        array = _unpack(text, room)
        room -= array.nbytes
        arrays.append(array)
    outputs: dict[str, dict[str, Callable[[], Any]]] = {
        name: {
            frame: partial(_same, arrays[index * len(stored.outputs) + number])
            for index, frame in enumerate(stored.frames)
        }
        for number, name in enumerate(stored.outputs)
    }
    dtypes = dict(zip(stored.outputs, stored.dtypes, strict=True))
    return ReferencePutOut(model, PutOut(outputs, {}, stored.frames), dtypes)


def _repeats(one: PutOut, other: PutOut, frame: str) -> bool:
    """Whether a model put out the same twice; threads may add in another order, which moves a thousandth at most."""
    import numpy as np

    for name, load in one.outputs.items():
        first, second = load[frame](), other.outputs[name][frame]()
        if first.shape != second.shape:
            return False
        if first.dtype.kind == "f":
            largest = float(np.max(np.abs(first), initial=0.0, where=np.isfinite(first)))
            same = np.allclose(first, second, rtol=0.0, atol=1e-3 * largest, equal_nan=True)
        else:
            same = np.array_equal(first, second)
        if not same:
            return False
    return True


def _same(array: Any) -> Any:
    return array


def _pack(array: Any) -> str:
    import numpy as np

    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return base64.b64encode(zlib.compress(file.getvalue(), 6)).decode("ascii")


def _unpack(text: str, room: int) -> Any:
    import numpy as np

    try:
        unpack = zlib.decompressobj()
        content = unpack.decompress(base64.b64decode(text, validate=True), max(1, room) + _HEADER)
        if unpack.unconsumed_tail or not unpack.eof:
            raise ValueError("too large, or cut off")
        return np.load(io.BytesIO(content), allow_pickle=False)
    except UNREADABLE as error:
        hint = "accept the accepted model again: assess baseline accept"
        raise AssessError("its stored outputs cannot be read", where="the baseline", hint=hint) from error
