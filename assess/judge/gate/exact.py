"""What is the same on every machine: facts of the two files, compared without any statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from assess.describe.model import Model, Port
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.units import format_quantity

_ALLOW = "if that is meant: --allow {!r}"


#: What is compared, in the order of the report.
FACTS: Final = (
    "inputs", "output ports", "file size", "weights", "parameters", "MACs", "live activations", "nodes",
    "operators of unknown cost", "operators", "licence",
)  # fmt: skip


def compare_facts(baseline: Model, candidate: Model) -> list[Comparison]:
    """Each fact of the candidate, described with the same dimensions, against the baseline's: more is a regression."""
    found = [*_interface(baseline, candidate), *_amounts(baseline, candidate), *_operators(baseline, candidate)]
    return [*found, *_licence(baseline, candidate)]


def _interface(baseline: Model, candidate: Model) -> Iterator[Comparison]:
    for metric, ours, theirs in (
        ("inputs", baseline.inputs, candidate.inputs),
        ("output ports", baseline.outputs, candidate.outputs),
    ):
        before, after = list(map(_spelled, ours)), list(map(_spelled, theirs))
        if before == after:
            yield Comparison(metric, GateVerdict.PASS, f"the same {len(after)}")
            continue
        details = (f"baseline: {'; '.join(before) or 'none'}", f"candidate: {'; '.join(after) or 'none'}")
        yield Comparison(
            metric, GateVerdict.REGRESSION, "who calls the model has to change", details=details,
            next_step="keep names, types and shapes, or accept the new model in place of the old one",
        )  # fmt: skip


def _spelled(port: Port) -> str:
    return f"{port.name} {port.dtype} {'x'.join(map(str, port.shape))}".rstrip()


_AMOUNTS: Sequence[tuple[str, Callable[[Model], int | None], str]] = (
    ("file size", lambda model: model.file_bytes, "B"),
    ("weights", lambda model: model.total_weight_bytes, "B"),
    ("parameters", lambda model: model.parameters, ""),
    ("MACs", lambda model: model.macs, ""),
    ("live activations", lambda model: model.peak_activation_bytes, "B"),
    ("nodes", lambda model: model.nodes, ""),
    ("operators of unknown cost", lambda model: _unknown(model), ""),
)


def _unknown(model: Model) -> int:
    return sum(each.count for each in model.unknown)


def _amounts(baseline: Model, candidate: Model) -> Iterator[Comparison]:
    for metric, of, unit in _AMOUNTS:
        before, after = of(baseline), of(candidate)
        if metric == "MACs" and _unknown(candidate) > _unknown(baseline):
            why = f"not known: {', '.join(sorted({each.type for each in candidate.unknown}))} cannot be counted"
            step = "register the operator, or export the model without it"
            yield Comparison(metric, GateVerdict.INCONCLUSIVE, why, before, None, next_step=step)
            continue
        if before is None or after is None:
            whose = candidate if after is None else baseline
            why = whose.absent.get("peak activations", "it is not known")
            step = "bind open dimensions with --dim, or leave it out with --skip"
            yield Comparison(
                metric, GateVerdict.INCONCLUSIVE, f"{whose.name}: {why}", before, after, unit, next_step=step
            )  # fmt: skip
            continue
        said = f"{_both(before, after, unit)}{_share(before, after)}"
        if after > before:
            step = _ALLOW.format(metric)
            yield Comparison(metric, GateVerdict.REGRESSION, said, before, after, unit, next_step=step)
        elif after < before:
            yield Comparison(metric, GateVerdict.IMPROVEMENT, said, before, after, unit)
        else:
            yield Comparison(metric, GateVerdict.PASS, f"the same {_amount(after, unit)}", before, after, unit)


def _both(before: float, after: float, unit: str) -> str:
    """Both amounts; to the byte where they would read the same otherwise."""
    ours, theirs = _amount(before, unit), _amount(after, unit)
    return f"{before:,.0f} -> {after:,.0f} {unit}" if ours == theirs else f"{ours} -> {theirs}"


def _amount(value: float, unit: str) -> str:
    return format_quantity(value, "B") if unit == "B" else f"{value:,.0f}"


def _share(before: float, after: float) -> str:
    return f" ({after / before - 1.0:+.2%})" if before else ""


def _operators(baseline: Model, candidate: Model) -> Iterator[Comparison]:
    before, after = _histogram(baseline), _histogram(candidate)
    if before == after:
        yield Comparison("operators", GateVerdict.PASS, f"the same {len(after)} kinds, each as often")
        return
    new = sorted(after.keys() - before.keys())
    changed = tuple(
        f"{name}: {before[name]} -> {after[name]}"
        for name in sorted(before.keys() | after.keys())
        if before[name] != after[name]
    )
    if new:
        yield Comparison(
            "operators", GateVerdict.REGRESSION, f"new: {', '.join(new)}; a device need not have them",
            details=changed, next_step=_ALLOW.format("operators"),
        )  # fmt: skip
        return
    more = [name for name in after if after[name] > before[name]]
    verdict = GateVerdict.REGRESSION if more else GateVerdict.IMPROVEMENT
    text = f"more of {', '.join(sorted(more))}" if more else "fewer of some, more of none"
    step = _ALLOW.format("operators") if more else ""
    yield Comparison("operators", verdict, text, details=changed, next_step=step)


def _histogram(model: Model) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in model.operators:
        name = group.type if group.domain == "ai.onnx" else f"{group.domain}:{group.type}"
        counts[f"{name} {group.precision}"] += group.count
    return counts


def _licence(baseline: Model, candidate: Model) -> Iterator[Comparison]:
    if baseline.licence == candidate.licence:
        said = f"the same: {candidate.licence}" if candidate.licence else "neither declares one"
        yield Comparison("licence", GateVerdict.PASS, said)
        return
    yield Comparison(
        "licence", GateVerdict.REGRESSION,
        f"{baseline.licence or 'none declared'} -> {candidate.licence or 'none declared'}",
        next_step=f"have it checked; {_ALLOW.format('licence')}",
    )  # fmt: skip
