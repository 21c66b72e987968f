"""What `assess doctor` found, as text and as JSON: the floor, the conditions worst first, and the conclusion."""

from __future__ import annotations

import json as encoder
import textwrap
from dataclasses import asdict
from typing import Any, Final

from assess.clean import clean
from assess.measure.conditions import STANDINGS, Condition
from assess.measure.conditions.processor import REAL
from assess.measure.diagnosis import PERCENTILE, Diagnosis
from assess.measure.passes.floor import LATE_NS, SHARE_OF_DEADLINE, Floor, Spread
from assess.project.target import host_name
from assess.units import format_quantity

SCHEMA: Final = "assess.doctor/1"

_NAME_WIDTH: Final = 17
_COLOURS: Final = {"bad": 31, "could be better": 33, "not known": 35, "good": 32}
_HEADS: Final = {True: ("FIT", 32), False: ("NOT FIT", 31), None: ("FLOOR", 0)}


def doctor_text(diagnosis: Diagnosis, *, on: str = "", width: int = 100, colour: bool = False) -> str:
    """The diagnosis as plain text of at most `width` columns, commands excepted: they are there to be copied.

    Args:
        diagnosis: of a host.
        on: name of the target that it is; "" for this machine.
        width: of the terminal.
        colour: whether it takes colours.
    """
    lines = [
        clean(f"{f'on {on}, over SSH: ' if on else ''}{host_name(diagnosis.host)}: {_machine(diagnosis)}"),
        "",
        "  floor",
    ]
    if floor := diagnosis.floor:
        for name, text in _floor(floor):
            lines += _entry(name, text, width)
    else:
        lines += _entry("not measured", clean(diagnosis.why_no_floor), width)
    first_with: dict[str, str] = {}
    for standing in STANDINGS:
        some = [condition for condition in diagnosis.conditions if condition.standing == standing]
        if some:
            lines += ["", f"  {_paint(standing, _COLOURS[standing], colour)}"]
        for condition in some:
            lines += _condition(condition, first_with, width)
    head, number = _HEADS[diagnosis.fit]
    wrapped = textwrap.wrap(f"{head}  {_conclusion(diagnosis)}", width, subsequent_indent="  ", break_on_hyphens=False)
    wrapped[0] = wrapped[0].replace(head, _paint(head, number, colour), 1)
    return "\n".join([*lines, "", *wrapped]) + "\n"


def doctor_json(diagnosis: Diagnosis) -> str:
    """The diagnosis as JSON, in nanoseconds, seconds, bytes and shares of one, as the names say."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "fit": diagnosis.fit,
        "rate_hz": diagnosis.rate_hz,
        "deadline_s": diagnosis.deadline_s,
        "floor_p99_s": diagnosis.floor_s,
        "shortest_deadline_s": diagnosis.shortest_deadline_s,
        "floor": asdict(diagnosis.floor) if diagnosis.floor else None,
        "why_no_floor": diagnosis.why_no_floor or None,
        "conditions": [asdict(condition) for condition in diagnosis.conditions],
        "provider": diagnosis.provider,
        "host": asdict(diagnosis.host),
    }
    return encoder.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _machine(diagnosis: Diagnosis) -> str:
    host = diagnosis.host
    memory = f", {format_quantity(host.memory_bytes, 'B')}" if host.memory_bytes else ""
    return f"{host.architecture}, {host.cores} CPU{'s' * (host.cores != 1)}{memory}, {host.os}"


def _floor(floor: Floor) -> list[tuple[str, str]]:
    runtime = "not known" if floor.runtime_bytes is None else format_quantity(floor.runtime_bytes, "B")
    late = f"{floor.late_share:.1%} later than {_ns(LATE_NS)}"
    return [
        ("null model", f"{_spread(floor.null_loop)} back to back; the timer takes {_ns(floor.timer_ns)} of it"),
        ("sleep alone", f"late by {_spread(floor.sleep)}, frames every {_ns(floor.period_ns)}"),
        ("as we pace", f"late by {_spread(floor.lateness)}; {late}"),
        ("cost of pacing", f"{floor.pacing_cpu:.1%} of one CPU; the last {_ns(floor.spin_ns)} of each wait is a spin"),
        ("runtime", f"{runtime} of memory for a session of the null model, beyond the imports"),
    ]


def _spread(spread: Spread) -> str:
    return (
        f"p50 {_ns(spread.p50_ns)}, p99 {_ns(spread.p99_ns)}, p99.9 {_ns(spread.p999_ns)}, "
        f"most {_ns(spread.max_ns)} of {spread.count:,}"
    )


def _condition(condition: Condition, first_with: dict[str, str], width: int) -> list[str]:
    """A condition's lines; a remedy that another has shown is only referred to."""
    text = ": ".join(clean(part) for part in (condition.found, condition.because) if part)
    lines = _entry(condition.name, text, width)
    if condition.remedy:
        first = first_with.setdefault(condition.remedy, condition.name)
        step = clean(condition.remedy) if first == condition.name else f"as for {first}"
        lines.append(f"    {'':<{_NAME_WIDTH}} -> {step}")
    return lines


def _conclusion(diagnosis: Diagnosis) -> str:
    floor_s, shortest = diagnosis.floor_s, diagnosis.shortest_deadline_s
    if who := diagnosis.host.emulator:
        return f"the processor is emulated, by {clean(who)}: no deadline can be measured here; {REAL}."
    if floor_s is None or shortest is None:
        return f"could not be measured: {clean(diagnosis.why_no_floor)}"
    rate = f" at {format_quantity(diagnosis.rate_hz, 'Hz')}" if diagnosis.rate_hz else ""
    takes = f"the host itself takes {format_quantity(floor_s, 's')} of a frame{rate} (p{PERCENTILE:g})"
    least = f"the shortest deadline that it can certify is {format_quantity(shortest, 's')}"
    if diagnosis.deadline_s is None:
        return f"{takes}; {least}."
    share, deadline = 100 * floor_s / diagnosis.deadline_s, format_quantity(diagnosis.deadline_s, "s")
    return f"{takes}: {share:.3g}% of the deadline of {deadline}, {SHARE_OF_DEADLINE:.0%} may be; {least}."


def _entry(name: str, text: str, width: int) -> list[str]:
    indent = " " * (_NAME_WIDTH + 5)
    return textwrap.wrap(f"    {name:<{_NAME_WIDTH}} {text}", width, subsequent_indent=indent, break_on_hyphens=False)


def _ns(nanoseconds: int) -> str:
    return format_quantity(nanoseconds * 1e-9, "s")


def _paint(text: str, number: int, colour: bool) -> str:
    return f"\x1b[{number}m{text}\x1b[0m" if colour else text
