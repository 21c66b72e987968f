"""ONNX element types: their names, their sizes in bits and the precision that they stand for."""

from __future__ import annotations

from typing import Final

from assess.describe.model import Precision

#: TensorProto.DataType -> name in lower case, bits of one element as stored (onnx.proto); strings have no fixed size.
_TYPES: Final[dict[int, tuple[str, int | None]]] = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32),
    7: ("int64", 64), 8: ("string", None), 9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64),
    12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128), 16: ("bfloat16", 16),
    17: ("float8e4m3fn", 8), 18: ("float8e4m3fnuz", 8), 19: ("float8e5m2", 8), 20: ("float8e5m2fnuz", 8),
    21: ("uint4", 4), 22: ("int4", 4), 23: ("float4e2m1", 4), 24: ("float8e8m0", 8), 25: ("uint2", 2),
    26: ("int2", 2), 27: ("float6e2m3", 6), 28: ("float6e3m2", 6),
}  # fmt: skip

BITS: Final[dict[str, int]] = {name: bits for name, bits in _TYPES.values() if bits is not None}

_PRECISIONS: Final[dict[str, Precision]] = {
    "float64": "fp64", "float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "int32": "int32", "uint32": "int32",
    "int16": "int16", "uint16": "int16", "int8": "int8", "uint8": "int8", "int4": "int4", "uint4": "int4",
    "float8e4m3fn": "fp8", "float8e4m3fnuz": "fp8", "float8e5m2": "fp8", "float8e5m2fnuz": "fp8", "float8e8m0": "fp8",
    "float4e2m1": "fp4",
}  # fmt: skip

#: Precisions that count as computing in integers.
INTEGER: Final[frozenset[Precision]] = frozenset({"int4", "int8", "int16", "int32"})

#: Stored types that only quantised tensors have; 8- and 16-bit integers are told by what reads them.
FLOATS: Final = frozenset({"float64", "float32", "float16", "bfloat16"})


def name_of(element_type: int) -> str:
    """The name of a TensorProto.DataType; "undefined" for 0, "type 99" for one this version does not know."""
    if element_type in _TYPES:
        return _TYPES[element_type][0]
    return "undefined" if element_type == 0 else f"type {element_type}"


def precision_of(dtype: str) -> Precision:
    """The precision a tensor of this dtype is in; "other" for int64, bool, string, complex and 6-bit floats."""
    return _PRECISIONS.get(dtype, "other")


def stored_bytes(dtype: str, elements: int) -> int | None:
    """Bytes that `elements` take when packed without gaps; None for strings and unknown types."""
    bits = BITS.get(dtype)
    return None if bits is None else (elements * bits + 7) // 8
