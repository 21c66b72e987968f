"""Whether a stored baseline is of what is run here: each thing that differs, by name. Nothing is ever scaled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assess.clean import clean
from assess.describe.workload import Job
from assess.judge.gate.floor import SENTINEL
from assess.measure.baseline import Baseline
from assess.measure.fingerprint import deciding, speed_facts
from assess.measure.measurement import Host, Settings
from assess.measure.sentinel import SENTINEL_SHA256
from assess.units import format_quantity


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes a baseline one of something else.

    Attributes:
        key: what differs, e.g. "cpu", "workload version", "threads", "onnxruntime".
        before: what it was when the baseline was accepted.
        now: what it is here.
    """

    key: str
    before: str
    now: str

    def __str__(self) -> str:
        return clean(f"{self.key}: {self.before or 'none'} -> {self.now or 'none'}")


def differences(baseline: Baseline, job: Job | None, settings: Settings, host: Host, machine: str) -> list[Difference]:
    """What is known to differ before anything is run: the job, how the model is run, the machine."""
    found = [*_jobs(baseline, job)]
    before, now = deciding(baseline.settings), deciding(settings)
    found += [
        Difference(name, _word(before.get(name, "")), _word(now.get(name, "")))
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    machines = {"machine": baseline.machine} if baseline.machine and machine else {}
    facts = {**speed_facts(baseline.host), **machines}
    here = {**speed_facts(host), **({"machine": machine} if machines else {})}
    return found + [
        Difference(name, facts.get(name, ""), here.get(name, ""))
        for name in {**facts, **here}
        if facts.get(name) != here.get(name)
    ]


def runtime_differences(baseline: Baseline, versions: Mapping[str, str]) -> list[Difference]:
    """The runtime, which is known only once it has run."""
    name = "onnxruntime"
    before, now = baseline.versions.get(name, ""), versions.get(name, "")
    return [Difference(name, before, now)] if before != now else []


def sentinel_difference(baseline: Baseline, sentinel_ns: int) -> list[Difference]:
    """A machine that is faster or slower than it was, by a model that is always the same."""
    if baseline.sentinel.sha256 != SENTINEL_SHA256:
        return [Difference("sentinel model", baseline.sentinel.sha256[:12], SENTINEL_SHA256[:12])]
    change = sentinel_ns / baseline.sentinel.floor_ns - 1.0
    if abs(change) <= SENTINEL:
        return []
    before, now = (format_quantity(ns * 1e-9, "s") for ns in (baseline.sentinel.floor_ns, sentinel_ns))
    return [Difference("speed of this machine, by the sentinel model", before, f"{now} ({change:+.1%})")]


def said(found: Sequence[Difference]) -> str:
    """All that differs, in a sentence."""
    return f"the baseline is of something else: {'; '.join(map(str, found))}"


def _jobs(baseline: Baseline, job: Job | None) -> Iterator[Difference]:
    now = job.workload.id if job else ""
    if baseline.workload_id != now:
        yield Difference("workload", baseline.workload_id, now)
        return
    if job is None:
        return
    before, version = baseline.workload.get("version", 1), job.workload.version
    if before != version:
        yield Difference(f"version of {now}", str(before), str(version))
        return
    changed = [key for key in ("scenario", "requires") if baseline.workload.get(key) != job.authored.get(key)]
    if changed:
        yield Difference(f"{' and '.join(changed)} of {now}, of the same version", "others", "changed since")


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each}" for key, each in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
