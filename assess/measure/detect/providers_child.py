"""The process that imports ONNX Runtime and tells its version and its execution providers."""

from __future__ import annotations

from typing import Any

from assess.child import Tell, serve
from assess.errors import AssessError


def handle(_: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What the build says of itself.

    Raises:
        AssessError: ONNX Runtime is not there or cannot be loaded.
    """
    try:
        from assess.measure.onnx_runtime import OnnxRuntime

        engine = OnnxRuntime()
    except ImportError as error:
        raise AssessError(f"ONNX Runtime cannot be imported: {error}", hint="pip install onnxruntime") from error
    tell({"versions": engine.versions})
    return {"version": engine.versions["onnxruntime"], "providers": engine.providers()}


if __name__ == "__main__":
    serve(handle)
