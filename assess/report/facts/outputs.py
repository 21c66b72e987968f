"""Facts: what comes out, whether it is always the same, and whether time depends on what goes in."""

from __future__ import annotations

from collections.abc import Iterator

from assess.measure.agreement import Agreement, OutputAgreement
from assess.measure.fidelity import Fidelity
from assess.measure.measurement import Measurement
from assess.measure.passes.outputs import AGAIN, OutputFacts
from assess.project.skill import mean, retained
from assess.report.facts.fact import Fact, Group, Table, percent, seconds, several, table


def outputs(measurement: Measurement) -> Group:
    """Data dependence, numerics, determinism, agreement."""
    facts: list[Fact] = []
    tables: list[Table] = []
    if measurement.outputs is not None:
        facts += _outputs(measurement.outputs)
        tables += _variants(measurement.outputs)
    if measurement.agreement is not None:
        facts += _agreement(measurement.agreement)
    if measurement.fidelity is not None:
        facts += fidelity(measurement.fidelity)
    return Group("Outputs", tuple(facts), tuple(tables))


def _outputs(found: OutputFacts) -> Iterator[Fact]:
    timed = sorted(found.timed, key=lambda each: each.ratio or 0.0)
    if found.spread is not None and len(timed) > 1:
        noise = "" if found.noise is None else f"; the same inputs twice differ by {percent(found.noise)}"
        ends = f"fastest with {timed[0].name}, slowest with {timed[-1].name}"
        notable = found.spread > found.threshold
        text = (
            f"time differs by {percent(found.spread)} between inputs ({ends}){noise}"
            if notable
            else (f"time differs by {percent(found.spread)} between {len(timed)} kinds of inputs{noise}")
        )
        yield Fact("data dependence", text, brief=True)
    same = [name for name, equal in found.deterministic.items() if equal]
    differ = [name for name, equal in found.deterministic.items() if not equal]
    parts = [f"the same across {', '.join(same)}"] * bool(same) + [f"not across {', '.join(differ)}"] * bool(differ)
    if parts:
        yield Fact("determinism", f"outputs bit by bit {', '.join(parts)}", brief=True)
    for each in found.not_finite:
        text = f"{each.output!r} fed {each.variant}: {each.nan:,} NaN, {each.infinite:,} infinite of {each.of:,}"
        yield Fact("not finite", text, brief=True)
    for name, why in found.absent.items():
        yield Fact("", f"{name} not known: {why}")


def _variants(found: OutputFacts) -> Iterator[Table]:
    rows = [
        (
            "run, once more" if each.name == AGAIN else each.name,
            "" if each.service_ns is None else seconds(each.service_ns),
            "" if each.ratio is None else f"{each.ratio:.3f}",
            each.absent,
        )
        for each in found.variants
    ]
    heads = ("inputs", "service time", "to the run's", "not tried because")
    if rows:
        yield table("Other inputs", heads, rows, numbers=heads[1:3])


def _agreement(found: Agreement) -> Iterator[Fact]:
    equal = ": every output is the same" if found.is_equal else ""
    yield Fact("agreement", f"with {found.reference} on {several(len(found.frames), 'frame')}{equal}", brief=True)
    if not found.is_equal:
        for output in found.outputs:
            yield Fact("", f"{output.output!r}: {_difference(output)}", brief=True)


def fidelity(found: Fidelity) -> Iterator[Fact]:
    """How well the model does what it is for, and how much of its teacher's skill that is."""
    ours = mean(found.model, found.unit).spelled(found.unit)
    yield Fact(
        "fidelity", f"{found.metric} {ours} on {several(len(found.model), found.item)} of {found.task}", brief=True
    )
    if found.teacher:
        kept = retained(found.model, found.teacher, found.chance, higher_is_better=found.higher_is_better).spelled("1")
        theirs, base = (mean(each, found.unit).spelled(found.unit) for each in (found.teacher, found.chance))
        yield Fact("", f"keeps {kept} of its teacher's skill: the teacher has {theirs}, chance {base}", brief=True)
    if found.agreement:
        same = mean(found.agreement, "1").spelled("1")
        yield Fact("", f"answers as the teacher does in {same}: {found.agrees}", brief=True)
    if found.caution:
        yield Fact("", found.caution)


def _difference(output: OutputAgreement) -> str:
    if output.absent or output.max_abs is None:
        return output.absent or "no difference is known"
    parts = [f"largest difference {output.max_abs:.3g}"]
    if output.cosine_distance is not None:
        # 1 - 1e-9 reads as 1 at any useful number of digits: the distance tells more.
        parts.append(f"cosine distance {output.cosine_distance:.2g}")
    if output.top1 is not None:
        parts.append(f"top-1 the same in {output.top1:.1%} of {output.top1_rows:,}")
    if output.mismatched:
        parts.append(f"{output.mismatched:,} elements finite in one only")
    return ", ".join(parts)
