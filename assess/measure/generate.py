"""Make an input that the model accepts and that costs what a real one costs: seeded, in range, never all zeros.

numpy is handed in, so that reading a run does not need it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from assess.describe.model import Port
from assess.errors import AssessError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: Token ids where the graph does not tell how many there are: every vocabulary in use has this many.
_TOKENS: Final = 100
#: States of recurrent models stay near zero in use; all zeros would be a special case that kernels may shortcut.
_STATE: Final = 0.1

#: Hz: what speech models are trained at; 8 kHz and 48 kHz are the others in use.
_SAMPLE_RATE: Final = 16_000

#: numpy's type for each of ours; those that numpy lacks are held as raw bits (4-bit integers one to a byte).
NUMPY_TYPES: Final = {
    **{name: name for name in (
        "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8",
        "bool", "complex64", "complex128",
    )},
    "bfloat16": "uint16", "float8e4m3fn": "uint8", "float8e4m3fnuz": "uint8", "float8e5m2": "uint8",
    "float8e5m2fnuz": "uint8", "int4": "int8", "uint4": "uint8", "string": "str",
}  # fmt: skip

#: Smallest and largest value of the 4-bit integers.
_NIBBLES: Final = {"int4": (-8, 7), "uint4": (0, 15)}

#: Raw bits of the 8-bit floats' values from 0.25 to 1.75, positive: sign, exponent and mantissa widths and the bias
#: are those of the OCP and Graphcore definitions that the ONNX specification lists.
_FLOAT8: Final = {
    "float8e4m3fn": (0x28, 0x3E), "float8e4m3fnuz": (0x30, 0x46),
    "float8e5m2": (0x34, 0x3F), "float8e5m2fnuz": (0x38, 0x43),
}  # fmt: skip


def generate(port: Port, seed: int, low: float | None = None, high: float | None = None) -> Array:
    """An array for an input; `low` and `high` are the smallest and largest value that occur, where the card says.

    Each input has a stream of random numbers of its own, so that another input more does not change the others.
    """
    import numpy as np

    rng = np.random.default_rng([seed, zlib.crc32(port.name.encode())])
    try:
        array = _made(np, rng, port, low, high)
    except (ValueError, OverflowError, MemoryError) as error:  # More axes, or a larger range, than numpy has.
        raise AssessError(f"no input {port.name!r} of {port.dtype} {port.shape} can be made: {error}") from error
    return array


def _made(np: Any, rng: Any, port: Port, low: float | None, high: float | None) -> Array:
    if port.dtype == "string":
        return np.full(port.shape, "assess", dtype=str)  # type: ignore[no-any-return]
    if port.dtype == "bool":
        made = (
            np.ones(port.shape, bool)
            if port.meaning == "mask"
            else rng.integers(0, 2, port.shape, np.uint8).astype(bool)
        )
    elif port.dtype in _FLOAT8:
        first, last = _FLOAT8[port.dtype]
        return rng.integers(first, last, port.shape, np.uint8)  # type: ignore[no-any-return]
    elif port.dtype.startswith(("int", "uint")):
        made = _integers(np, rng, port, low, high)
    else:
        made = _floats(np, rng, port, low, high)
    array: Array = _not_all_zeros(np.asarray(made), port)
    return array


def _floats(np: Any, rng: Any, port: Port, low: float | None, high: float | None) -> Any:
    if port.meaning == "mask":
        made = np.ones(port.shape, np.float32)
    elif low is not None and high is not None:
        made = low + (high - low) * rng.random(port.shape, np.float32)
    elif port.meaning == "image":
        made = rng.random(port.shape, np.float32)
    elif port.meaning == "state":
        made = _STATE * (2.0 * rng.random(port.shape, np.float32) - 1.0)
    else:
        made = rng.standard_normal(port.shape, np.float32)
    made = np.asarray(made, np.float32)
    # The upper half of a float32 is the bfloat16 nearest to zero from it.
    return (made.view(np.uint32) >> 16).astype(np.uint16) if port.dtype == "bfloat16" else made.astype(port.dtype)


def _integers(np: Any, rng: Any, port: Port, low: float | None, high: float | None) -> Any:
    dtype = NUMPY_TYPES[port.dtype]
    kind = np.iinfo(dtype)
    if port.meaning == "mask":
        return np.ones(port.shape, dtype)
    if port.meaning == "position ids" and port.shape:
        last = port.shape[-1]
        positions = np.arange(last) % min(port.limit or last, int(kind.max) + 1) if last else np.arange(0)
        return np.broadcast_to(positions, port.shape).astype(dtype)
    first, end = _integer_range(port, kind, low, high)
    return rng.integers(first, end, port.shape, dtype, endpoint=True)


def _integer_range(port: Port, kind: Any, low: float | None, high: float | None) -> tuple[int, int]:
    """First and last value, both included."""
    if low is not None and high is not None:
        first, last = int(low), int(high)
    elif port.limit is not None:
        first, last = 0, port.limit - 1
    elif port.meaning == "token ids":
        first, last = 0, _TOKENS - 1
    elif port.meaning == "image":
        first, last = 0, 255
    elif port.meaning == "sample rate":
        first = last = _SAMPLE_RATE
    elif kind.bits <= 16:  # Quantised data: all values occur.
        first, last = kind.min, kind.max
    else:  # A length, a count, an index: 1 is the value that most of them accept.
        first, last = 1, 1
    if port.limit is not None:
        last = min(last, port.limit - 1)
    least, most = _NIBBLES.get(port.dtype, (int(kind.min), int(kind.max)))
    return max(first, least), min(last, most)


def _not_all_zeros(made: Any, port: Port) -> Any:
    """Zeros are a special case that may cost less; one other value is put in, where one is allowed."""
    if made.size and not made.any() and (port.limit is None or port.limit > 1):
        made.reshape(-1)[0] = 1
    return made


def check_dtype(port: Port) -> None:
    """Refuse an input whose type cannot be fed.

    Raises:
        AssessError: it is not a tensor, or ONNX Runtime's Python interface has no way to make one of its type.
    """
    if port.dtype not in NUMPY_TYPES:
        what = f"is {port.dtype or 'of unknown type'}, which cannot be fed to ONNX Runtime from Python"
        raise AssessError(f"input {port.name!r} {what}", hint="give the model an input of another type and a Cast")
