"""Convolutions: every output element is a sum over the kernel and the input channels of its group."""

from __future__ import annotations

from typing import Final

from assess.describe.graph.cost.rule import Cost, Rule, UnknownCostError, count, output, rules, shape
from assess.describe.graph.values import Operator
from assess.describe.model import Kind


def _kind(operator: Operator, weight: tuple[int, ...]) -> Kind:
    # One input channel per group and as many groups as channels; a plain convolution of one channel is not that.
    return "depthwise" if operator.attributes.get("group", 1) > 1 and weight[1] == 1 else "convolution"


def _convolution(weight_index: int) -> Rule:
    def rule(operator: Operator) -> Cost:
        """Output elements x (input channels / groups x kernel). Weight: [out, in / groups, *kernel]."""
        weight = shape(operator, weight_index, "convolution")
        if len(weight) < 3:
            raise UnknownCostError("convolution", f"its weight has {len(weight)} dimensions, not 3 or more")
        return Cost(_kind(operator, weight), count(output(operator, "convolution")) * count(weight[1:]))

    return rule


def _transposed(weight_index: int) -> Rule:
    def rule(operator: Operator) -> Cost:
        """Input elements x (output channels / groups x kernel). Weight: [in, out / groups, *kernel]."""
        weight = shape(operator, weight_index, "convolution")
        if len(weight) < 3:
            raise UnknownCostError("convolution", f"its weight has {len(weight)} dimensions, not 3 or more")
        return Cost(_kind(operator, weight), count(shape(operator, 0, "convolution")) * count(weight[1:]))

    return rule


def _causal(operator: Operator) -> Cost:
    """Output elements x kernel: each channel by itself. Weight: [channels, 1, kernel]."""
    return Cost("depthwise", count(shape(operator, 0, "depthwise", 3)) * shape(operator, 1, "depthwise", 3)[2])


RULES: Final[dict[tuple[str, str], Rule]] = {
    # DeformConv: sampling at its offsets is interpolation, which counts no MACs.
    **rules("", ("Conv", "ConvInteger", "DeformConv"), _convolution(1)),
    **rules("", ("QLinearConv",), _convolution(3)),
    **rules("", ("ConvTranspose",), _transposed(1)),
    **rules("", ("CausalConvWithState",), _causal),
    **rules("com.microsoft", ("FusedConv", "NhwcConv", "NhwcFusedConv", "Conv"), _convolution(1)),
    **rules("com.microsoft", ("ConvTransposeWithDynamicPads",), _transposed(1)),
    **rules("com.microsoft", ("QLinearConv",), _convolution(3)),
    **rules("com.microsoft", ("CausalConvWithState",), _causal),
    **rules("com.ms.internal.nhwc", ("Conv",), _convolution(1)),
    **rules("com.ms.internal.nhwc", ("QLinearConv",), _convolution(3)),
    **rules("com.ms.internal.nhwc", ("ConvTranspose",), _transposed(1)),
    **rules("com.ms.internal.nhwc", ("QLinearConvTranspose",), _transposed(3)),
    **rules("com.microsoft.nchwc", ("Conv",), _convolution(1)),
}
