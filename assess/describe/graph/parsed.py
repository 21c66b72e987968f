"""The bytes of a model as protobuf's messages, or why they are none."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto

from assess.errors import AssessError


def parsed(data: bytes, path: Path) -> ModelProto:
    """The model that a file's bytes are.

    Raises:
        AssessError: they are no messages of ONNX.
    """
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise AssessError("is not an ONNX model: its messages are damaged", where=str(path)) from error
    return model
