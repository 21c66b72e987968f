"""Small ONNX models, written out as bytes.

By the field numbers of onnx.proto, since the worker must not import `onnx`, whose memory would be measured too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

#: TensorProto.DataType of the element types that our own models have.
ELEMENT_TYPES: Final = {
    "float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10, "bfloat16": 16,
}  # fmt: skip

#: IR version 7 and opset 13 (ONNX 1.8): ONNX Runtime 1.6 and later.
_IR, _OPSET = 7, 13


def _number(value: int) -> bytes:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _message(field: int, *parts: bytes) -> bytes:
    """A length-delimited field: a message, text or bytes."""
    return b"".join((_number(field << 3 | 2), _number(sum(map(len, parts))), *parts))


def _whole(field: int, value: int) -> bytes:
    """A field that holds a whole number, not negative."""
    return _number(field << 3) + _number(value)


def port(name: str, dtype: str, shape: Sequence[int]) -> bytes:
    """ValueInfoProto: name 1, type 2; its tensor_type 1 has elem_type 1 and shape 2 of dims 1, each a dim_value 1."""
    dims = _message(2, *(_message(1, _whole(1, size)) for size in shape))
    return _message(1, name.encode()) + _message(2, _message(1, _whole(1, ELEMENT_TYPES[dtype]), dims))


def node(operator: str, inputs: Iterable[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    """NodeProto: input 1, output 2, op_type 4, attribute 5."""
    return b"".join(
        (
            *(_message(1, name.encode()) for name in inputs),
            _message(2, output.encode()),
            _message(4, operator.encode()),
            *(_message(5, _attribute(name, value)) for name, value in sorted(attributes.items())),
        )
    )


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    """AttributeProto: name 1, i 3, ints 8, type 20 (INT 2, INTS 7)."""
    if isinstance(value, int):
        return _message(1, name.encode()) + _whole(3, value) + _whole(20, 2)
    return _message(1, name.encode()) + b"".join(_whole(8, each) for each in value) + _whole(20, 7)


def tensor(name: str, dtype: str, shape: Sequence[int], raw: bytes) -> bytes:
    """TensorProto: dims 1, data_type 2, name 8, raw_data 9 in little-endian order."""
    dims = b"".join(_whole(1, size) for size in shape)
    return dims + _whole(2, ELEMENT_TYPES[dtype]) + _message(8, name.encode()) + _message(9, raw)


def model(
    name: str,
    nodes: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    initializers: Iterable[bytes] = (),
    *,
    ir: int = _IR,
    opset: int = _OPSET,
) -> bytes:
    """ModelProto: ir_version 1, graph 7 (node 1, name 2, initializer 5, input 11, output 12), opset_import 8."""
    graph = (
        *(_message(1, each) for each in nodes),
        _message(2, name.encode()),
        *(_message(5, each) for each in initializers),
        *(_message(11, each) for each in inputs),
        *(_message(12, each) for each in outputs),
    )
    # OperatorSetIdProto: domain 1, version 2.
    return _whole(1, ir) + _message(7, *graph) + _message(8, _message(1, b""), _whole(2, opset))
