"""What the model is fed: from files, from the card's samples, or generated; checked before anything runs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assess.describe.model import Model, Port
from assess.errors import AssessError
from assess.measure.generate import NUMPY_TYPES, check_dtype, generate
from assess.measure.measurement import InputUsed
from assess.measure.npy import UNREADABLE
from assess.units import format_quantity

if TYPE_CHECKING:
    from assess.describe.card import Card, CardInput

_CHUNK_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Feed:
    """An input as it lies ready for the worker: a `.npy` file, and what is recorded of it."""

    file: Path
    used: InputUsed


def prepare(
    model: Model,
    folder: Path,
    *,
    seed: int,
    feeds: Mapping[str, Path],
    card: Card | None,
    card_folder: Path,
    available_bytes: int | None,
) -> list[Feed]:
    """Write one file for each input of the model into `folder`.

    Args:
        model: what is to be fed.
        folder: private to this run.
        seed: of what is generated.
        feeds: files given for inputs, by name.
        card: the model's card, if it has one.
        card_folder: where its samples lie.
        available_bytes: memory that may be used; None if unknown.

    Raises:
        AssessError: an input is given that the model does not have, has another type or shape, or cannot be read;
            or all of them together do not fit into memory.
    """
    names = [port.name for port in model.inputs]
    said = {each.name: each for each in card.input} if card else {}
    _require_known(feeds, names, "--input")
    _require_known(said, names, "card")
    for port in model.inputs:
        check_dtype(port)
    _require_room(model.inputs, available_bytes)
    ready = []
    for index, port in enumerate(model.inputs):
        array, source = _array(port, seed, feeds.get(port.name), said.get(port.name), card_folder)
        # Numbered, since an input's name may hold anything.
        ready.append(_write(array, port, source, folder / f"{index}.npy"))
    return ready


def _require_known(given: Iterable[str], names: list[str], where: str) -> None:
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, names)) or 'no inputs'}"
            raise AssessError(f"the model has no input {name!r}", where=where, hint=hint)


def _require_room(ports: Iterable[Port], available_bytes: int | None) -> None:
    sizes = {port.name: math.prod(port.shape) * _item_bytes(port.dtype) for port in ports}
    # Each array exists twice for a moment: as it is made, and as what is written or read.
    if available_bytes is not None and 2 * sum(sizes.values()) > available_bytes:
        name, size = max(sizes.items(), key=lambda item: item[1])
        raise AssessError(
            f"the inputs do not fit into memory twice, as making them needs: {name!r} alone has "
            f"{format_quantity(size, 'B')}, {format_quantity(available_bytes, 'B')} are available",
            hint="bind its dimensions to smaller numbers with --dim",
        )


def _item_bytes(dtype: str) -> int:
    import numpy as np

    return 64 if dtype == "string" else np.dtype(NUMPY_TYPES[dtype]).itemsize


def _array(port: Port, seed: int, file: Path | None, said: CardInput | None, card_folder: Path) -> tuple[Any, str]:
    if file is not None:
        return _load(file, port, f"--input {port.name}={file}"), file.name
    if said is not None and said.sample:
        sample = card_folder / said.sample.replace("\0", "")
        if not sample.resolve().is_relative_to(card_folder.resolve()):
            raise AssessError(f"the sample of {port.name!r} lies outside the card's folder", where=said.sample)
        return _load(sample, port, str(sample)), "card"
    if said is not None:
        meant = Port(port.name, port.dtype, port.shape, said.meaning, "card", port.limit)
        ranged = said.low is not None and said.high is not None
        return generate(meant, seed, said.low, said.high), "card" if ranged else "generated"
    return generate(port, seed), "generated"


def _load(file: Path, port: Port, where: str) -> Any:
    """An array from a .npy file, not read into memory before its type and shape are found to be right."""
    import numpy as np

    if file.exists() and not file.is_file():
        raise AssessError("is no plain file", where=where, hint="numpy.save writes one")
    try:
        array = np.load(file, mmap_mode=None if port.dtype == "string" else "r", allow_pickle=False)
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=where) from error
    except UNREADABLE as error:
        raise AssessError("is not a .npy file of plain numbers", where=where, hint="numpy.save writes one") from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise AssessError("holds several arrays", where=where, hint="save the one for this input with numpy.save")
    array = _as_raw(np, array, port)
    expected = NUMPY_TYPES[port.dtype]
    if array.dtype.newbyteorder("=").name.rstrip("0123456789" if expected == "str" else "") != expected:
        hint = "save its raw bits as " + expected if port.dtype != expected else f'array.astype("{expected}")'
        raise AssessError(f"has type {array.dtype.name}, {port.name!r} needs {port.dtype}", where=where, hint=hint)
    if array.shape != port.shape:
        raise AssessError(
            f"has shape {_words(array.shape)}, {port.name!r} needs {_words(port.shape)}",
            where=where,
            hint="dimensions that the model leaves open are bound with --dim",
        )
    return array


def _as_raw(np: Any, array: Any, port: Port) -> Any:
    """Bits of a type that numpy lacks; ml_dtypes saves them as a void of the same size."""
    expected = NUMPY_TYPES[port.dtype]
    void = array.dtype.kind == "V" and array.dtype.names is None
    if expected != port.dtype and void and array.dtype.itemsize == np.dtype(expected).itemsize:
        return array.view(expected)
    return array


def _write(array: Any, port: Port, source: str, file: Path) -> Feed:
    import numpy as np

    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
    if port.dtype in ("int4", "uint4"):
        native = _packed(np, native)
    try:
        np.save(file, native, allow_pickle=False)
    except OSError as error:
        raise AssessError(
            f"the inputs could not be written: {error.strerror or error}", where=str(file.parent)
        ) from error
    return Feed(file, InputUsed(port.name, port.dtype, port.shape, source, _sha256(native)))


def _packed(np: Any, values: Any) -> Any:
    """Two 4-bit integers to a byte, the first in the low half (onnx.proto), in an array of the same shape.

    ONNX Runtime takes the array's shape for the tensor's and reads as many bytes as that has: the first half.
    """
    nibbles = values.reshape(-1).view(np.uint8) & 0x0F
    packed = np.zeros(values.size, np.uint8)
    pairs = np.append(nibbles, np.zeros(values.size % 2, np.uint8))
    packed[: pairs.size // 2] = pairs[0::2] | pairs[1::2] << 4
    return packed.reshape(values.shape)


def _sha256(array: Any) -> str:
    digest = hashlib.sha256()
    flat = array.reshape(-1).view("uint8") if array.size else array.tobytes()
    for start in range(0, len(flat), _CHUNK_BYTES):
        digest.update(flat[start : start + _CHUNK_BYTES])
    return digest.hexdigest()


def _words(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of a scalar"
