"""Facts: energy, and how latency, heat and clocks went over the time of a run."""

from __future__ import annotations

from collections.abc import Iterator

from assess.measure.energy import Energy
from assess.measure.measurement import Measurement
from assess.measure.windows import Window, plateau, why_no_plateau
from assess.report.facts.fact import Fact, Group, Table, seconds, table
from assess.units import format_quantity


def sustained(measurement: Measurement) -> Group:
    """Joules by sensor; windows and their plateau."""
    facts = [fact for each in measurement.energy for fact in _energy(each)]
    if seen := measurement.windows:
        settled = plateau(seen)
        facts.append(Fact("over time", settled.words if settled else why_no_plateau(seen), brief=True))
    return Group("Energy, heat and time", tuple(facts), _windows(seen))


def _energy(found: Energy) -> Iterator[Fact]:
    above = found.above_idle_joules_per_inference
    more = "" if above is None else f", {_joules(above)} of it above idle"
    text = f"{_joules(found.joules_per_inference)} an inference{more}; {format_quantity(found.watts, 'W')}"
    yield Fact("energy", f"{text} ({found.sensor}: {found.covers})", brief=True)
    idle = "" if found.idle_watts is None else f"; idle {format_quantity(found.idle_watts, 'W')}"
    yield Fact(
        "", f"{found.how}{idle}; {_joules(found.joules)} in {found.span_s:.3g} s, {found.inferences:,} inferences"
    )


def _joules(joules: float) -> str:
    """Joules in the scale that suits; `format_quantity` has none for them."""
    for factor, unit in ((1.0, "J"), (1e-3, "mJ")):
        if abs(joules) >= factor * 0.9995:
            return format_quantity(joules / factor, unit)
    return format_quantity(joules * 1e6, "uJ")


def _windows(seen: tuple[Window, ...]) -> tuple[Table, ...]:
    if not seen:
        return ()
    heads = ("from", "frames", "p50", "p99", "missed", "hottest", "at most", "clock", "throttled")
    rows = [_row(each) for each in seen]
    return (table("Windows of the run", heads, rows, numbers=(*heads[:5], "at most", "clock"), brief=True),)


def _row(window: Window) -> tuple[str, ...]:
    heat = window.temperature_max_c
    clock = max(window.frequency_hz.values(), default=None)
    return (
        f"{window.start_s:.0f} s" if window.span_s >= 1 else f"{window.start_s:.2f} s",
        f"{window.frames:,}",
        "" if window.p50_ns is None else seconds(window.p50_ns),
        "" if window.p99_ns is None else seconds(window.p99_ns),
        "" if window.misses is None else f"{window.misses:,}",
        window.hottest,
        "" if heat is None else f"{heat:.0f} degC",
        "" if clock is None else format_quantity(clock, "Hz"),
        "" if window.throttled is None else "yes" if window.throttled else "no",
    )
