"""A baseline for people and for programs: what was accepted, by whom, on what, and how fast it was."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, Final

from assess.clean import clean
from assess.judge.gate.floor import resolution
from assess.measure.baseline import Baseline
from assess.measure.fingerprint import machine_key, settings_key
from assess.project.lockstep import relative
from assess.report.facts.fact import several
from assess.report.json_text import json_text
from assess.report.wrap import wrapped
from assess.units import format_quantity

SCHEMA: Final = "assess.baselines/1"
_NO_JOB: Final = "back to back"
_INDENT: Final = "  "


def baseline_text(baseline: Baseline, *, width: int = 100) -> str:
    """All that a person wants to know before trusting it."""
    lines = [f"{clean(baseline.model.name)} for {clean(baseline.workload_id or _NO_JOB)}", ""]
    facts = [*_accepted(baseline), *_machine(baseline), *_figures(baseline)]
    names = max(len(name) for name, _ in facts)
    for name, value in facts:
        head = f"{_INDENT}{name:<{names}}  "
        lines += wrapped(head + clean(value), width, " " * len(head))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def baselines_text(found: Sequence[tuple[str, Baseline]]) -> str:
    """A line for each file, in columns."""
    rows: list[tuple[str, ...]] = [("FILE", "MODEL", "JOB", "FLOOR", "MACHINE", "ACCEPTED", "BY", "WHY")]
    rows += [(name, *_cells(baseline)) for name, baseline in found]
    cells = [tuple(map(clean, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "".join(f"{line}\n" for line in lines)


def _cells(baseline: Baseline) -> tuple[str, ...]:
    said = baseline.acceptance
    key = machine_key(baseline.host, baseline.machine)
    floor = format_quantity(baseline.floor_ns * 1e-9, "s")
    return baseline.model.name, baseline.workload_id or _NO_JOB, floor, key, said.when[:10], said.who, said.why


def baselines_json(found: Sequence[tuple[str, Baseline]]) -> str:
    """The same for programs; times in seconds."""
    return json_text({"schema": SCHEMA, "baselines": [_plain(name, baseline) for name, baseline in found]})


def replaced_text(before: Baseline, now: Baseline) -> str:
    """What a baseline replaces, one line."""
    change = now.floor_ns / before.floor_ns - 1.0
    said = f"{before.acceptance.when[:10]}, {before.acceptance.who}: {before.acceptance.why}"
    return clean(f"replaces the baseline of {said}; floor {_time(before.floor_ns)}, now {change:+.1%}") + "\n"


def _plain(name: str, baseline: Baseline) -> dict[str, Any]:
    return {
        "file": name,
        "model": {"name": baseline.model.name, "sha256": baseline.model.sha256},
        "workload": baseline.workload_id or None,
        "accepted": baseline.acceptance.when,
        "who": baseline.acceptance.who,
        "why": baseline.acceptance.why,
        "commit": baseline.acceptance.commit or None,
        "machine": machine_key(baseline.host, baseline.machine),
        "settings": settings_key(baseline.settings),
        "versions": dict(baseline.versions),
        "floor_s": baseline.floor_ns * 1e-9,
        "launches": len(baseline.launches),
    }


def _accepted(baseline: Baseline) -> list[tuple[str, str]]:
    said = baseline.acceptance
    commit = f", commit {said.commit[:12]}" if said.commit else ""
    return [
        ("accepted", f"{said.when} by {said.who}{commit}"),
        ("why", said.why),
        ("model", f"sha256 {baseline.model.sha256}"),
    ]


def _machine(baseline: Baseline) -> list[tuple[str, str]]:
    host = baseline.host
    words = (host.board, host.cpu, f"{host.cores} cores", host.os, host.power_mode, host.governor)
    how = baseline.settings
    return [
        ("machine", ", ".join(filter(None, words))),
        ("key", machine_key(baseline.host, baseline.machine)),
        ("run by", f"onnxruntime {baseline.versions.get('onnxruntime', '?')}, {how.provider}, {how.threads} threads, "
                   f"optimisation {how.optimisation}"),
    ]  # fmt: skip


def _figures(baseline: Baseline) -> list[tuple[str, str]]:
    launches = baseline.launches
    known = resolution([launch.floor_ns for launch in launches])
    found = [("floor", f"{_time(baseline.floor_ns)} in {len(launches)} launches, reached again within {known:.1%}")]
    for name, times in (
        ("p10", [launch.p10_ns for launch in launches]),
        ("p50", [launch.p50_ns for launch in launches]),
        ("p90", [launch.p90_ns for launch in launches]),
        ("p99", [launch.p99_ns for launch in launches]),
        ("slowest", [launch.slowest_ns for launch in launches]),
    ):
        spread = f"{_time(min(times))} to {_time(max(times))}"
        found.append((name, f"{_time(statistics.median(times))}, median of launches; {spread}"))
    if peaks := [launch.peak_bytes for launch in launches if launch.peak_bytes is not None]:
        found.append(("peak memory", f"{format_quantity(statistics.median(peaks), 'B')}, median of launches"))
    for metric, changes in baseline.placebo.items():
        centre = relative(statistics.median(changes))
        found.append(("placebo", f"{metric}: {centre:+.2%} against itself, median of {len(changes)} pairs"))
    kept = baseline.outputs
    found.append(("outputs", kept.absent or f"of {several(len(kept.frames), 'frame')}"))
    if baseline.job_run is not None:
        found += [("fit", f"{each.device}: {each.verdict}") for each in baseline.job_run.fits]
        found += [
            ("energy", f"{format_quantity(value, 'J')} by {name}") for name, value in baseline.job_run.energy.items()
        ]
    return found


def _time(value_ns: float) -> str:
    return format_quantity(value_ns * 1e-9, "s")
