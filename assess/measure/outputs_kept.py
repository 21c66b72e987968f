"""What a model put out, packed into a baseline, and back, to compare a newer model with when it alone is at hand."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from assess.describe.model import Model
from assess.errors import AssessError
from assess.measure.baseline import OutputsKept
from assess.measure.npy import UNREADABLE
from assess.measure.reference import Ask, PutOut, ReferencePutOut, plain_frames, put_out
from assess.measure.variants import Variation
from assess.units import format_quantity

#: All frames but the first together: a baseline is to live in a repository.
_ROOM: Final = 2**20
#: The first alone. A larger output belongs beside its model, and both are run then.
_MOST: Final = 4 * 2**20


def keep_outputs(model: Model, frames: Sequence[Variation], ask: Ask, folder: Path) -> OutputsKept | str:
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
    if found.unreadable:
        name, why = next(iter(found.unreadable.items()))
        return OutputsKept(absent=f"{name!r} {why}")
    kept: list[str] = []
    names: list[str] = []
    for frame in found.frames:
        arrays = [_pack(load[frame]()) for load in found.outputs.values()]
        size = sum(map(len, arrays))
        if not names and size > _MOST:
            large = f"{format_quantity(size, 'B')}, more than {format_quantity(_MOST, 'B')}"
            return OutputsKept(absent=f"one frame of outputs takes {large}")
        if names and size + sum(map(len, kept)) > _ROOM:
            break
        kept += arrays
        names.append(frame)
    dtypes = {port.name: port.dtype for port in model.outputs}
    fed = fed_sha256([frame for frame in frames if frame.name in names])
    return OutputsKept(
        tuple(names), fed, tuple(found.outputs), tuple(dtypes.get(name, "") for name in found.outputs), tuple(kept)
    )


def fed_sha256(frames: Sequence[Variation]) -> str:
    """Identity of what some frames feed."""
    digest = hashlib.sha256()
    for frame in frames:
        for name, file in sorted(frame.files.items()):
            with Path(file).open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            digest.update(f"{frame.name}\0{name}\0{content}\n".encode())
    return digest.hexdigest()


def as_reference(model: Model, kept: OutputsKept) -> ReferencePutOut:
    """What was kept, as something to compare with.

    Raises:
        AssessError: reading an array from it, later: it is none, or larger than it may be.
    """
    loaders: dict[str, dict[str, Callable[[], Any]]] = {
        name: {
            frame: _loader(kept.arrays[index * len(kept.outputs) + number])
            for index, frame in enumerate(kept.frames)
        }
        for number, name in enumerate(kept.outputs)
    }  # fmt: skip
    dtypes = dict(zip(kept.outputs, kept.dtypes, strict=True))
    return ReferencePutOut(model, PutOut(loaders, {}, kept.frames), dtypes)


def _pack(array: Any) -> str:
    import numpy as np

    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return base64.b64encode(zlib.compress(file.getvalue(), 6)).decode("ascii")


#: Of an array, unpacked: zlib makes at most 1,032 bytes of one, and nothing that was kept came near to that.
_UNPACKED: Final = 256 * 2**20


def _loader(text: str) -> Callable[[], Any]:
    def load() -> Any:
        import numpy as np

        try:
            unpack = zlib.decompressobj()
            content = unpack.decompress(base64.b64decode(text, validate=True), _UNPACKED)
            if unpack.unconsumed_tail or not unpack.eof:
                raise ValueError("too large, or cut off")
            return np.load(io.BytesIO(content), allow_pickle=False)
        except UNREADABLE as error:
            raise AssessError("an output that was kept cannot be read", where="the baseline") from error

    return load
