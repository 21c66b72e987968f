"""Facts: limits that were held on the process that was timed, and what of its processor is none, or is not offered."""

from __future__ import annotations

from collections.abc import Iterator

from assess.measure.conditions.processor import REAL
from assess.measure.constraint import NOT_SLOWER, CpuQuota, Scheduling
from assess.measure.cpu_request import as_list
from assess.measure.measurement import Host, Measurement
from assess.report.facts.fact import Fact, percent, seconds, several


def limits(measurement: Measurement) -> Iterator[Fact]:
    """CPUs, a share of their time, the scheduling class: as they were in effect."""
    held = measurement.constraints
    if held is None:
        return
    seen = held.scheduling
    if held.cpus:
        read = f"; {several(seen.threads, 'thread')} on {as_list(seen.cpus)}, as read back" if seen else ""
        yield Fact("CPUs", f"put on {as_list(held.cpus)} by affinity{read}", brief=True)
    if held.quota is not None:
        yield Fact("CPU quota", f"{_quota(held.quota)}; {NOT_SLOWER}", brief=True)
    if measurement.requested.realtime:
        share = held.real_time_share
        bound = "" if share is None else f"; all real-time processes get {percent(share)} of a CPU at most"
        yield Fact("real-time", f"{_class(seen)}{bound}", brief=True)


def processor(host: Host) -> Iterator[Fact]:
    """Who stands in for the processor, and its instruction sets."""
    if host.emulator:
        text = f"by {host.emulator}: no time taken here is evidence of any processor; {REAL}"
        yield Fact("emulated", text, brief=True)
    if host.instructions:
        yield Fact("instruction sets", ", ".join(host.instructions))
    if host.not_offered:
        taken = f"not offered, though ONNX Runtime takes the core to have it: {', '.join(host.not_offered)}"
        yield Fact("" if host.instructions else "instruction sets", taken, brief=True)


def _quota(quota: CpuQuota) -> str:
    text = f"{quota.cpus:g} of a CPU's time, by {quota.mechanism}, periods of {seconds(quota.period_s * 1e9)}"
    if quota.periods is None or quota.stopped is None or quota.stopped_s is None:
        return f"{text}; how often it was used up is not known"
    return f"{text}; used up in {quota.stopped} of {quota.periods}, {seconds(quota.stopped_s * 1e9)} stood still"


def _class(seen: Scheduling | None) -> str:
    if seen is None:
        return "the process ended before it could read back its class"
    locked = "memory locked as it is touched" if seen.locked else f"memory not locked: {seen.why_not_locked}"
    return f"{seen.policy}, priority {seen.priority}, {locked}"
