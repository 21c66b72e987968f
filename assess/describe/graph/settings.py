"""Inputs that say how an operator works - shapes, axes, bounds - and are neither weights nor activations."""

from __future__ import annotations

from typing import Final

_REDUCTIONS = (
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip

#: Operator -> positions of such inputs, from the operators' own pages of onnx/docs/Operators.md.
SETTINGS: Final[dict[str, frozenset[int]]] = {
    name: frozenset(positions)
    for name, positions in {
        "Reshape": (1,), "Expand": (1,), "Tile": (1, 2), "Slice": (1, 2, 3, 4), "Squeeze": (1,), "Unsqueeze": (1,),
        "ConstantOfShape": (0,), "Resize": (1, 2, 3), "Upsample": (1,), "Pad": (1, 2, 3), "TopK": (1,), "Split": (1,),
        "Range": (0, 1, 2), "OneHot": (1, 2), "CumSum": (1,), "CumProd": (1,), "Clip": (1, 2), "Dropout": (1, 2),
        "CenterCropPad": (1,), "Col2Im": (1, 2), "AffineGrid": (1,), "MaxUnpool": (2,), "Trilu": (1,), "If": (0,),
        "Loop": (0, 1), "NonMaxSuppression": (2, 3, 4), "SplitToSequence": (1,), "SequenceAt": (1,), "DFT": (1, 2),
        "STFT": (1, 3), "HannWindow": (0,), "HammingWindow": (0,), "BlackmanWindow": (0,),
        "MelWeightMatrix": (0, 1, 2, 3, 4), "EyeLike": (), "ConvTransposeWithDynamicPads": (2,),
        "ExpandDims": (1,), "CropAndResize": (3,), "Gather": (1,), "GatherElements": (1,),
        "GatherND": (1,), "ScatterND": (1,), "ScatterElements": (1,), "MatMulFpQ4": (2,), "GroupQueryAttention": (5, 6),
    }.items()
} | {name: frozenset((1,)) for name in _REDUCTIONS}  # fmt: skip

NOTHING: Final[frozenset[int]] = frozenset()
