"""Shapes of standard operators that onnx has no inference for, or a wrong one."""

from __future__ import annotations

from math import ceil, inf, isfinite
from typing import Final

from assess.describe.dtypes import name_of
from assess.describe.graph.shape_rule import (
    Infers,
    Rule,
    dim,
    dtype_of,
    exactly,
    known_number,
    like,
    shape_of,
)
from assess.describe.graph.values import Operator, Typed


def _range(operator: Operator, _: Infers) -> list[Typed]:
    """Runtimes also take tensors of one element where the standard wants scalars, and exporters write them."""
    ends = [value.known for value in operator.inputs[:3] if value is not None and value.known is not None]
    length = None
    if len(ends) == 3 and all(array.size == 1 and array.dtype.kind in "iuf" for array in ends):
        start, limit, step = (array.reshape(-1)[0].item() for array in ends)
        steps = (limit - start) / step if step else inf
        length = max(ceil(steps), 0) if isfinite(steps) else None
    return [(dtype_of(operator, 0), (length,), None)]


def _window(operator: Operator, _: Infers) -> list[Typed]:
    dtype = name_of(operator.attributes.get("output_datatype", 1))
    return [(dtype, (known_number(operator, 0),), None)]


def _mel(operator: Operator, _: Infers) -> list[Typed]:
    """Bins of a one-sided spectrum by bins of the mel scale."""
    length = known_number(operator, 1)
    dtype = name_of(operator.attributes.get("output_datatype", 1))
    return [(dtype, (None if length is None else length // 2 + 1, known_number(operator, 0)), None)]


def _stft(operator: Operator, _: Infers) -> list[Typed]:
    """[batch, frames, frequencies, 2]; half the frequencies, and the middle one, if one-sided, as it is by default."""
    signal, step = shape_of(operator, 0), known_number(operator, 1)
    length = dim(shape_of(operator, 2), 0) or known_number(operator, 3)
    samples = dim(signal, 1)
    frames = None if samples is None or not length or not step else (samples - length) // step + 1
    bins = None if length is None else length // 2 + 1 if operator.attributes.get("onesided", 1) else length
    return [(dtype_of(operator, 0), (dim(signal, 0), frames, bins, 2), None)]


def _dropout(operator: Operator, _: Infers) -> list[Typed]:
    """The mask has the shape of the data, which onnx does not say of its oldest form."""
    mask = "bool" if operator.version >= 10 else dtype_of(operator, 0)
    return exactly(
        operator, [(dtype_of(operator, 0), shape_of(operator, 0), None), (mask, shape_of(operator, 0), None)]
    )


def _regressed(operator: Operator, _: Infers) -> list[Typed]:
    """Linear, tree and support vector regressors: a row of targets for each row of features."""
    rows = dim(shape_of(operator, 0), 0) if len(shape_of(operator, 0) or ()) > 1 else 1
    targets = operator.attributes.get("n_targets", operator.attributes.get("targets", 1))
    return [("float32", (rows, targets), None)]


def _vectorised(operator: Operator, _: Infers) -> list[Typed]:
    widths = operator.attributes.get("inputdimensions")
    return [("float32", (dim(shape_of(operator, 0), 0), sum(widths) if widths else None), None)]


def _to_float(operator: Operator, _: Infers) -> list[Typed]:
    return [("float32", shape_of(operator, 0), None)]


#: (domain, operator) -> rule.
RULES: Final[dict[tuple[str, str], Rule]] = {
    ("", "Dropout"): _dropout,
    ("", "Range"): _range,
    ("", "BlackmanWindow"): _window,
    ("", "HammingWindow"): _window,
    ("", "HannWindow"): _window,
    ("", "MelWeightMatrix"): _mel,
    ("", "STFT"): _stft,
    ("", "MeanVarianceNormalization"): like(0),
    ("", "GroupNormalization"): like(0),
    ("", "InstanceNormalization"): like(0),
    ("ai.onnx.ml", "Imputer"): like(0),
    ("ai.onnx.ml", "Scaler"): _to_float,
    ("ai.onnx.ml", "Normalizer"): _to_float,
    ("ai.onnx.ml", "LinearRegressor"): _regressed,
    ("ai.onnx.ml", "SVMRegressor"): _regressed,
    ("ai.onnx.ml", "TreeEnsembleRegressor"): _regressed,
    ("ai.onnx.ml", "FeatureVectorizer"): _vectorised,
}
