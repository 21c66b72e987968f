"""Classical learners of ai.onnx.ml that multiply: linear models and support vectors. Trees only compare."""

from __future__ import annotations

from typing import Final

from assess.describe.graph.cost.rule import Cost, Rule, rules, shape
from assess.describe.graph.values import Operator


def _linear(operator: Operator) -> Cost:
    """Rows x coefficients: each of the targets has one for each feature."""
    dims = shape(operator, 0, "matmul")
    rows = dims[0] if len(dims) > 1 else 1
    return Cost("matmul", rows * len(operator.attributes.get("coefficients", ())))


def _support_vectors(operator: Operator) -> Cost:
    """Rows x (elements of the support vectors + coefficients); without support vectors, a linear model."""
    dims = shape(operator, 0, "matmul")
    rows = dims[0] if len(dims) > 1 else 1
    vectors = len(operator.attributes.get("support_vectors", ()))
    return Cost("matmul", rows * (vectors + len(operator.attributes.get("coefficients", ()))))


RULES: Final[dict[tuple[str, str], Rule]] = {
    **rules("ai.onnx.ml", ("LinearClassifier", "LinearRegressor"), _linear),
    **rules("ai.onnx.ml", ("SVMClassifier", "SVMRegressor"), _support_vectors),
}
