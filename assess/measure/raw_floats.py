"""Floating-point types that numpy lacks, from their raw bits; numpy is handed in."""

from __future__ import annotations

from typing import Any, Final

#: Bits of exponent and mantissa, bias, and what the highest codes mean: "ieee" (infinities and NaN), "fn" (only the
#: very last is NaN) or "uz" (only negative zero is NaN). From the OCP and Graphcore definitions that ONNX lists.
_FLOAT8: Final = {
    "float8e4m3fn": (4, 3, 7, "fn"),
    "float8e4m3fnuz": (4, 3, 8, "uz"),
    "float8e5m2": (5, 2, 15, "ieee"),
    "float8e5m2fnuz": (5, 2, 16, "uz"),
}


def as_floats(np: Any, array: Any, dtype: str) -> Any:
    """An array that holds the values which `array` stands for: itself, unless `dtype` is held as raw bits."""
    if dtype == "bfloat16" and array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    if dtype in _FLOAT8 and array.dtype.itemsize == 1:
        return np.array(_values(dtype), np.float32)[array.view(np.uint8)]
    return array


def _values(dtype: str) -> list[float]:
    """The value of each of the 256 codes."""
    width, mantissa_bits, bias, kind = _FLOAT8[dtype]
    values = []
    for code in range(256):
        sign = -1.0 if code & 0x80 else 1.0
        exponent, mantissa = (code & 0x7F) >> mantissa_bits, code & (2**mantissa_bits - 1)
        fraction = mantissa / 2**mantissa_bits
        if (kind == "uz" and code == 0x80) or (kind == "fn" and code & 0x7F == 0x7F):
            value = float("nan")
        elif kind == "ieee" and exponent == 2**width - 1:
            value = sign * (float("nan") if mantissa else float("inf"))
        elif exponent == 0:
            value = sign * fraction * 2.0 ** (1 - bias)
        else:
            value = sign * (1.0 + fraction) * 2.0 ** (exponent - bias)
        values.append(value)
    return values
