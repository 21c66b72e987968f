"""What was found of a target, as text and as JSON (assess.target-check/1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from assess.clean import clean
from assess.project.target import host_name
from assess.report.json_text import json_text
from assess.report.wrap import wrapped
from assess.units import format_quantity

if TYPE_CHECKING:
    from assess.target.check import TargetCheck

SCHEMA: Final = "assess.target-check/1"
_NAME_WIDTH: Final = 11
#: A clock that is further off dates runs wrongly, and is none to keep them by.
_OFF_S: Final = 60.0


def target_check_text(found: TargetCheck, *, width: int = 100) -> str:
    """What was found, subject by subject, and the conclusion."""
    lines = [f"{clean(found.target.name)}  {clean(found.target.address)}"]
    for name, text in _facts(found):
        lines += wrapped(clean(text), width, " " * (_NAME_WIDTH + 3), first=f"  {name:<{_NAME_WIDTH}} ")
    return "\n".join([*lines, "", *wrapped(clean(_conclusion(found)), width, "  ")]) + "\n"


def target_check_json(found: TargetCheck) -> str:
    """The same for programs: seconds and bytes, as the names say."""
    facts, good = found.facts, found.diagnosis
    why = found.why_unusable
    return json_text({
        "schema": SCHEMA,
        "name": found.target.name,
        "address": found.target.address,
        "usable": found.is_usable,
        "why_unusable": why and {"problem": why.problem, "hint": why.hint},
        "reached_s": found.reached_s,
        "clock_off_s": found.clock_off_s,
        "probed": asdict(found.probed),
        "bytes_to_send": found.bytes_to_send,
        "host": asdict(facts.host) if facts else None,
        "held": facts.held if facts else None,
        "device": found.target.device or None,
        "not_the_device": found.not_the_device or None,
        "shortest_deadline_s": good.shortest_deadline_s if good else None,
        "conditions": [asdict(each) for each in good.conditions] if good else None,
    })  # fmt: skip


def _facts(found: TargetCheck) -> Iterator[tuple[str, str]]:
    probed, facts = found.probed, found.facts
    off = found.clock_off_s
    clock = f"; its clock is {abs(off):.0f} s {'before' if off > 0 else 'behind'} ours" if off and abs(off) > 1 else ""
    yield "reached", f"in {format_quantity(found.reached_s, 's')}{clock}"
    words = [probed.machine, f"{probed.system} {probed.kernel}".strip(), probed.libc]
    yield "machine", ", ".join(each for each in [probed.board, *words] if each)
    yield "Python", f"{probed.python.words} ({probed.python.path})" if probed.python else "none that assess runs in"
    free = "" if probed.free_bytes is None else f", {format_quantity(probed.free_bytes, 'B')} free"
    yield "folder", f"{probed.folder or found.target.folder}{free if probed.folder else ', which cannot be written'}"
    if found.is_usable:
        yield "kit", _kit(found)
    if facts:
        yield "host", f"{host_name(facts.host)}, {facts.host.cores} CPUs"
        yield "held by", facts.held or "nobody"
    if facts and found.target.device:
        yield "device", found.not_the_device or f"is recognised as {found.target.device}"
    for each in found.diagnosis.conditions if found.diagnosis else ():
        if each.standing == "bad":
            yield "bad", f"{each.name}: {each.found}"


def _kit(found: TargetCheck) -> str:
    if found.bytes_to_send == 0:
        return "is there"
    if found.bytes_to_send is None:
        return f"is not there, nor are its wheels here: assess target prepare {found.target.name}"
    return f"is not there: {found.bytes_to_send / 1e6:.0f} MB are sent with the first command that needs it"


def _conclusion(found: TargetCheck) -> str:
    if (why := found.why_unusable) is not None:
        by_tool = "; a vendor's tool can be run there all the same: --runner (docs/runners.md)"
        return f"NOT USABLE by assess's own harness  {why.problem}{f'; {why.hint}' if why.hint else ''}{by_tool}"
    if found.diagnosis is not None and found.diagnosis.shortest_deadline_s is not None:
        shortest = format_quantity(found.diagnosis.shortest_deadline_s, "s")
        return f"USABLE  the shortest deadline that it can certify is {shortest}; more: assess doctor --on"
    if found.facts is not None and found.facts.held:
        return "USABLE  how good it is cannot be told while somebody measures on it"
    if found.facts is not None and found.facts.host.emulator:
        return f"USABLE  but for times: its processor is emulated by {found.facts.host.emulator}"
    if found.diagnosis is not None:
        return (
            f"USABLE  how good it is could not be measured: {found.diagnosis.why_no_floor or 'see assess doctor --on'}"
        )
    return "USABLE  how good it is can be told once the kit is there: assess target prepare"
