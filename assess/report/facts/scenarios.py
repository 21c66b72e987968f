"""Facts that only some scenarios have: batches, tokens, stages of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from assess.measure.measurement import Measurement
from assess.measure.scenarios.generate import Generation
from assess.measure.scenarios.offline import Offline
from assess.measure.scenarios.pipeline import StageRun
from assess.project.quantile import empirical
from assess.report.facts.fact import Fact, Group, Table, levels, seconds, several, size, table
from assess.units import format_quantity


def scenarios(measurement: Measurement) -> Group:
    """Throughput by batch, tokens, stages."""
    facts: list[Fact] = []
    tables: list[Table] = []
    if measurement.offline is not None:
        facts += _offline(measurement.offline)
        tables.append(_batches(measurement.offline))
    if measurement.generation is not None:
        facts += _generation(measurement.generation)
        tables += _contexts(measurement.generation)
    if measurement.stages:
        tables.append(_stages(measurement.stages))
    return Group("Scenario", tuple(facts), tuple(tables))


def _offline(found: Offline) -> Iterator[Fact]:
    if (best := found.best) is not None:
        at = f"{format_quantity(best.throughput or 0.0, 'count')} inferences a second in batches of {best.batch}"
        yield Fact("throughput", at, brief=True)
    if not found.dims:
        yield Fact("", "the model's batch is fixed")


def _batches(found: Offline) -> Table:
    rows = [
        (
            f"{each.batch:,}",
            "" if each.throughput is None else f"{format_quantity(each.throughput, 'count')}/s",
            "" if each.service_ns is None else seconds(each.service_ns),
            "" if each.memory_bytes is None else size(each.memory_bytes),
            each.absent,
        )
        for each in found.batches
    ]
    heads = ("batch", "inferences", "p50 of a batch", "memory", "not measured because")
    return table("Throughput by batch", heads, rows, numbers=heads[:4], brief=True)


def _generation(found: Generation) -> Iterator[Fact]:
    lengths = f"{several(found.sequences, 'prompt')} of {several(found.prompt_tokens, 'token')}"
    if found.first_token_ns:
        yield Fact("first token", f"{_levels(found.first_token_ns)} after the prompt; {lengths}", brief=True)
    if found.tokens_per_s is not None:
        text = f"{_levels(found.token_ns)} each; {found.tokens_per_s:.3g} tokens a second"
        yield Fact("further tokens", text, brief=True)
    if found.cache_bytes_per_token is not None:
        yield Fact("cache", f"{size(found.cache_bytes_per_token)} more with each token")


def _levels(times_ns: tuple[int, ...]) -> str:
    named = [(f"p{each}", empirical(times_ns, each)) for each in (50, 99) if len(times_ns) * (100 - each) >= 100]
    return levels(*(named or [("p50", empirical(times_ns, 50))]), ("slowest", max(times_ns)))


def _contexts(found: Generation) -> Iterator[Table]:
    rows = [
        (
            f"{each.length:,}",
            "" if each.token_ns is None else seconds(each.token_ns),
            "" if each.memory_bytes is None else size(each.memory_bytes),
            each.absent,
        )
        for each in found.contexts
    ]
    heads = ("context", "per token", "memory", "not measured because")
    if rows:
        yield table("Tokens by length of the context", heads, rows, numbers=heads[:3], brief=True)


def _stages(stages: tuple[StageRun, ...]) -> Table:
    rows = []
    for each in stages:
        service = each.frames.service_ns
        released = f"{each.rate_hz:g} Hz" if each.rate_hz is not None else f"{each.probability:.0%} of {each.after}"
        ends = sorted(each.end_to_end_ns)
        rows.append(
            (
                each.name,
                released,
                f"{len(each.frames):,}",
                f"{len(each.frames.dropped_ns):,}",
                seconds(empirical(service, 50)) if service else "",
                f"x{each.interference:.2f}" if each.interference is not None else "",
                seconds(empirical(ends, 50)) if ends else "",
                seconds(empirical(ends, 99)) if len(ends) >= 100 else "",
                seconds(ends[-1]) if ends else "",
            )
        )
    heads = ("stage", "released", "served", "dropped", "p50", "to alone", "to the end p50", "p99", "slowest")
    return table("Stages; time to the end counts from the first stage's release", heads, rows, numbers=heads[2:],
                 brief=True)  # fmt: skip
