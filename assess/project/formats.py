"""Which number formats a runtime may really compute a model in: it need not be the one the file is written in."""

from __future__ import annotations

from typing import Final

from assess.describe.model import Model, Precision
from assess.describe.runtime import Runtime

FLOATS: Final[tuple[Precision, ...]] = ("fp64", "fp32", "bf16", "fp16")
BITS: Final[dict[str, int]] = {
    "fp64": 64, "fp32": 32, "int32": 32, "fp16": 16, "bf16": 16, "int16": 16, "fp8": 8, "int8": 8, "fp4": 4, "int4": 4,
}  # fmt: skip

_WEIGHTS: Final[dict[str, Precision]] = {
    "float64": "fp64",
    "float32": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
}


def computed_in(precision: Precision, runtime: Runtime | None) -> tuple[Precision, ...]:
    """Formats that operators written in `precision` may be computed in.

    Floats may be computed in any float format that the runtime has (TF32 and FP16 are defaults of TensorRT and QNN),
    and in integers by a runtime that quantises models itself. Without a described runtime any float format is possible.
    """
    if precision not in FLOATS:
        return (precision,)
    if runtime is None or not runtime.precisions:
        return FLOATS
    if runtime.quantises_floats:
        return runtime.precisions
    floats = tuple(name for name in runtime.precisions if name in FLOATS)
    return floats or (precision,)


def least_weight_bytes(model: Model, runtime: Runtime | None) -> int:
    """Bytes of the weights in the narrowest format that the runtime may hold them in."""
    total = 0.0
    for dtype, size in model.weight_bytes.items():
        precision = _WEIGHTS.get(dtype)
        narrowest = min(BITS[name] for name in computed_in(precision, runtime)) if precision else 0
        total += size * min(1.0, narrowest / BITS[precision]) if precision else size
    return int(total)
