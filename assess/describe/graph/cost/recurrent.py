"""Recurrent operators: at every step, the input and the last state go through the matrices of each gate."""

from __future__ import annotations

from typing import Final

from assess.describe.graph.cost.rule import Cost, Rule, rules, shape
from assess.describe.graph.values import Operator


def _recurrent(operator: Operator) -> Cost:
    """Steps x batch x (elements of W + elements of R): each element is used once per step and row of the batch.

    X is [steps, batch, in] (with `layout` 1 batch first), W [directions, gates x hidden, in], R [directions,
    gates x hidden, hidden]; gates are 1 for RNN, 3 for GRU, 4 for LSTM. Products of gates, peepholes included, are
    elementwise.
    """
    x, w, r = (shape(operator, index, "recurrent", 3) for index in range(3))
    return Cost("recurrent", x[0] * x[1] * (w[0] * w[1] * w[2] + r[0] * r[1] * r[2]))


RULES: Final[dict[tuple[str, str], Rule]] = {
    **rules("", ("RNN", "GRU", "LSTM"), _recurrent),
    **rules("com.microsoft", ("DynamicQuantizeLSTM",), _recurrent),
}
