"""A model that does nothing: what is left of an inference with it is the price of the call, hence of the harness."""

from __future__ import annotations

from typing import Final

#: Its one input, a float tensor of shape [1]; the output is called "y".
INPUT: Final = "x"


def _message(number: int, *fields: bytes) -> bytes:
    """A length-delimited field of protobuf; all lengths here fit in one byte."""
    content = b"".join(fields)
    return bytes([number << 3 | 2, len(content)]) + content


def _varint(number: int, value: int) -> bytes:
    """A field of protobuf that holds a number below 128."""
    return bytes([number << 3, value])


def _port(number: int, name: bytes) -> bytes:
    """ValueInfoProto: name 1, type 2; its tensor_type 1 has elem_type 1 (FLOAT = 1) and shape 2 of one dim 1, 1."""
    shape = _message(2, _message(1, _varint(1, 1)))
    return _message(number, _message(1, name), _message(2, _message(1, _varint(1, 1), shape)))


#: y = Identity(x), opset 13 and IR version 7 (ONNX 1.8, ONNX Runtime 1.6 and later). Written out by the field numbers
#: of onnx.proto: the worker must not import `onnx`, whose memory would be measured too. Optimisation keeps the node:
#: without it the graph's input would have to be its output.
NULL_MODEL: Final = (
    _varint(1, 7)  # ModelProto.ir_version
    + _message(  # ModelProto.graph
        7,
        _message(1, _message(1, b"x"), _message(2, b"y"), _message(4, b"Identity")),  # node: input, output, op_type
        _message(2, b"null"),  # name
        _port(11, b"x"),  # input
        _port(12, b"y"),  # output
    )
    + _message(8, _message(1, b""), _varint(2, 13))  # ModelProto.opset_import: domain, version
)
