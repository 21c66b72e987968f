"""A model that is always the same: how fast this machine is today, compared with the day a baseline was accepted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from assess.measure.onnx_bytes import model, node, port

_SIZE: Final = 64
#: Each multiplies 64 x 64 matrices: some 13 million multiplications in all, half a millisecond of one core.
_NODES: Final = 50
_INPUT: Final = "x"

#: y = x x x ... x. Every element of x is 1/64, so that each product is x again, exactly: no number grows, or shrinks to
#: where arithmetic is slow.
SENTINEL: Final = model(
    "sentinel",
    [
        node("MatMul", [f"y{index}" if index else _INPUT, _INPUT], f"y{index + 1}" if index < _NODES - 1 else "y")
        for index in range(_NODES)
    ],
    [port(_INPUT, "float32", [_SIZE, _SIZE])],
    [port("y", "float32", [_SIZE, _SIZE])],
)


SENTINEL_SHA256: Final = hashlib.sha256(SENTINEL).hexdigest()


def sentinel_files(folder: Path) -> dict[str, Any]:
    """Write the sentinel and its input; the keys of a request that name them.

    Args:
        folder: private to this run.
    """
    import numpy as np

    file, values = folder / "sentinel.onnx", folder / "sentinel.npy"
    file.write_bytes(SENTINEL)
    np.save(values, np.full((_SIZE, _SIZE), 1.0 / _SIZE, np.float32))
    inputs = [{"name": _INPUT, "dtype": "float32", "file": str(values)}]
    return {"model": str(file), "inputs": inputs, "scenario": {"kind": "single"}}
