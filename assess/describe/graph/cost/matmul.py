"""Matrix multiplications: every output element is a sum over the inner dimension."""

from __future__ import annotations

from typing import Final

from assess.describe.graph.cost.rule import Cost, Rule, UnknownCostError, count, output, rules, shape
from assess.describe.graph.values import Operator


def _matmul(operator: Operator) -> Cost:
    """Output elements x last dimension of A; [K] x [K] is K."""
    return Cost("matmul", count(output(operator, "matmul")) * shape(operator, 0, "matmul")[-1])


def _matmul_transposed(operator: Operator) -> Cost:
    """As MatMul, with the last two dimensions of A swapped if `transA` says so."""
    a = shape(operator, 0, "matmul")
    inner = a[-2] if operator.attributes.get("transA", 0) and len(a) > 1 else a[-1]
    return Cost("matmul", count(output(operator, "matmul")) * inner)


def _gemm(operator: Operator) -> Cost:
    """M x N x K; A is [M, K], or [K, M] with `transA`. Adding C counts none."""
    a = shape(operator, 0, "matmul", 2)
    inner = a[0] if operator.attributes.get("transA", 0) else a[1]
    return Cost("matmul", count(output(operator, "matmul")) * inner)


def _rows_by(*names: str) -> Rule:
    """A [..., K] times weights of attributes K and N: rows of A x K x the sum of the attributes `names`."""

    def rule(operator: Operator) -> Cost:
        a = shape(operator, 0, "matmul")
        columns = sum(operator.attributes.get(name, 0) for name in names)
        return Cost("matmul", count(a[:-1]) * operator.attributes.get("K", a[-1]) * columns)

    return rule


def _mlp(operator: Operator) -> Cost:
    """MatMulNBitsMlp: gate and up, two multiplications of A with [K, N]."""
    cost = _rows_by("N")(operator)
    return Cost("matmul", 2 * (cost.macs or 0))


def _experts(gated_index: int) -> Rule:
    def rule(operator: Operator) -> Cost:
        """Mixture of experts: each token goes through k experts: in x hidden twice, three times if gated.

        The first weight is [experts, hidden, in], hidden doubled where the gate is fused into it (swiglu_fusion);
        `in` may be packed into bytes, so that only its rows are read.
        """
        tokens = shape(operator, 0, "matmul")
        weight = shape(operator, 2, "matmul", 3)
        width, rows = tokens[-1], weight[1]
        if operator.type == "MoE" and rows == width and weight[2] != width:
            rows = weight[2]  # Older exporters: [experts, in, hidden].
        fused = 2 if operator.attributes.get("swiglu_fusion", 0) else 1
        gated = 1 if operator.input(gated_index) is not None else 0
        hidden = rows // fused
        per_token = width * hidden * (fused + gated + 1)
        return Cost("matmul", count(tokens[:-1]) * operator.attributes.get("k", 1) * per_token)

    return rule


def _cdist(operator: Operator) -> Cost:
    """Distances between the rows of [M, K] and [N, K]: M x N x K."""
    a, b = shape(operator, 0, "matmul", 2), shape(operator, 1, "matmul", 2)
    return Cost("matmul", a[0] * b[0] * a[1])


def _einsum(operator: Operator) -> Cost:
    """Operands from left to right, as runtimes do: each step costs the product of all its index sizes.

    One operand is a sum or a transposition: none.
    """
    equation = operator.attributes.get("equation", b"").decode(errors="replace").replace(" ", "")
    left, _, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operator.inputs):
        raise UnknownCostError("matmul", f"its equation {equation!r} has {len(terms)} operands")
    sizes: dict[str, int] = {}
    labels = [_labels(term, shape(operator, i, "matmul"), sizes) for i, term in enumerate(terms)]
    wanted = _wanted(equation, right, labels)
    macs, current = 0, labels[0]
    for index, operand in enumerate(labels[1:], start=1):
        step = current | operand
        macs += count(tuple(sizes[label] for label in step))
        later = wanted.union(*labels[index + 1 :])
        current = step & later
    return Cost("matmul", macs)


def _labels(term: str, dims: tuple[int, ...], sizes: dict[str, int]) -> set[str]:
    """The indices of one operand; an ellipsis becomes "...1", "...2" counted from the right."""
    before, dots, after = term.partition("...")
    spread = len(dims) - len(before) - len(after)
    if spread < 0 or (spread and not dots):
        raise UnknownCostError("matmul", f"the operand {term!r} of its equation has {len(dims)} dimensions")
    names = [*before, *(f"...{spread - i}" for i in range(spread)), *after]
    for name, size in zip(names, dims, strict=True):
        sizes[name] = max(size, sizes.get(name, 1))  # An index of size 1 is stretched.
    return set(names)


def _wanted(equation: str, right: str, labels: list[set[str]]) -> set[str]:
    dots = {label for operand in labels for label in operand if label.startswith("...")}
    if "->" in equation:
        return set(right.replace(".", "")) | (dots if "..." in right else set())
    flat = [label for operand in labels for label in operand]
    return {label for label in flat if flat.count(label) == 1} | dots


def _ms(names: tuple[str, ...], rule: Rule) -> dict[tuple[str, str], Rule]:
    return rules("com.microsoft", names, rule)


RULES: Final[dict[tuple[str, str], Rule]] = {
    **rules("", ("MatMul", "MatMulInteger", "QLinearMatMul"), _matmul),
    **rules("", ("Gemm",), _gemm),
    **rules("", ("Einsum",), _einsum),
    **_ms(("MatMulIntegerToFloat", "DynamicQuantizeMatMul", "MatMulInteger16", "QOrderedMatMul"), _matmul),
    **_ms(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", "SparseToDenseMatMul"), _matmul_transposed),
    **_ms(("FusedGemm", "QGemm", "GemmFloat8", "GemmFastGelu"), _gemm),
    **_ms(("MatMulNBits", "MatMulBnb4"), _rows_by("N")),
    **_ms(("MatMulNBitsQkv",), _rows_by("Nq", "Nkv", "Nkv")),
    **_ms(("MatMulNBitsMlp",), _mlp),
    **_ms(("MatMulFpQ4",), _matmul),
    **_ms(("MoE",), _experts(6)),
    **_ms(("QMoE",), _experts(8)),
    **_ms(("CDist",), _cdist),
}
