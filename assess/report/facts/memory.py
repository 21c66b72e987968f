"""Facts: loading, the first output, and what memory is used for."""

from __future__ import annotations

from collections.abc import Iterator

from assess.measure.attribution import Attribution, Parts
from assess.measure.cold_start import Start
from assess.measure.measurement import Measurement
from assess.measure.memory_limit import oom_risk
from assess.report.facts.fact import Fact, Group, Table, seconds, several, size, table
from assess.units import format_quantity

_STEPS = ("Python", "imports", "loading", "first inference")


def starting(measurement: Measurement) -> Group:
    """Loading, and starts of new processes."""
    facts = []
    if measurement.load_s is not None and measurement.first_s is not None:
        load, first = format_quantity(measurement.load_s, "s"), format_quantity(measurement.first_s, "s")
        made = "to load the model" if measurement.tool_run else "to make the session"
        facts.append(Fact("loading", f"{load} {made}, {first} for the first inference"))
    if measurement.starts:
        facts += _starts(measurement.starts)
    return Group("Start", tuple(facts), _start_table(measurement.starts))


def _starts(starts: tuple[Start, ...]) -> Iterator[Fact]:
    plain = [each for each in starts if not each.optimised]
    optimised = [each for each in starts if each.optimised]
    if plain:
        yield Fact("first output", _medians(plain), brief=True)
        slow = max(plain, key=lambda each: each.median_s)
        steps = ", ".join(f"{name} {time}" for name, time in zip(_STEPS, _times(slow), strict=True))
        yield Fact("", f"{slow.cache}, from the start of the process: {steps}")
    if optimised:
        yield Fact("" if plain else "first output", f"optimised beforehand: {_medians(optimised)}")
    for note in dict.fromkeys(each.note for each in starts if each.note):
        yield Fact("", note)
    for invalid in dict.fromkeys(each.invalid for each in starts if each.invalid):
        yield Fact("", f"not valid: {invalid}", brief=True)


def _times(start: Start) -> list[str]:
    steps = (start.exec_to_import_s, start.import_s, start.load_s, start.first_s)
    return [format_quantity(step, "s") for step in steps]


def _medians(starts: list[Start]) -> str:
    """Cold first: it is what a device does when it is switched on."""
    ordered = sorted(starts, key=lambda each: each.cache)
    times = ", ".join(
        f"{each.cache} {seconds(each.median_s * 1e9)} (at most {seconds(each.worst_s * 1e9)})" for each in ordered
    )
    return f"{several(max(len(each.total_s) for each in starts), 'start')} each: {times}"


def _start_table(starts: tuple[Start, ...]) -> tuple[Table, ...]:
    if not starts:
        return ()
    rows = [
        (
            each.cache,
            "optimised beforehand" if each.optimised else "as it is",
            seconds(each.median_s * 1e9),
            seconds(each.worst_s * 1e9),
            *_times(each),
        )
        for each in starts
    ]
    heads = ("page cache", "model", "median", "slowest", *_STEPS)
    return (table("From the start of a process to the first output", heads, rows, numbers=heads[2:]),)


def memory(measurement: Measurement) -> Group:
    """Peaks of the timed process, and the attribution, taken in a process of its own."""
    facts = []
    if (peaks := measurement.memory) is not None:
        named = (
            ("while loading", peaks.load_peak),
            ("in the first inference", peaks.first_peak),
            ("steady", peaks.steady_peak),
        )
        parts = ", ".join(f"{size(max(0, peak - peaks.baseline))} {name}" for name, peak in named)
        how = f"{peaks.method}, of the emulator's process" if measurement.before.emulator else peaks.method
        text = f"{parts}; above {size(peaks.baseline)} of the empty runtime ({how})"
        facts.append(Fact("memory", text, brief=True))
        if (limit := measurement.memory_limit) is not None:
            most = max(peaks.load_peak, peaks.first_peak, peaks.steady_peak)
            risk = oom_risk(most, limit.limit_bytes, measurement.before.available_bytes)
            held = f"{size(limit.limit_bytes)}, held by {limit.mechanism}; the risk of a kill for memory is {risk}"
            swapped = f"; {size(limit.swap_bytes)} swapped out" if limit.swap_bytes else ""
            facts.append(Fact("memory limit", held + swapped, brief=True))
    for sensor, fuller in measurement.device_memory.items():
        facts.append(Fact("device memory", f"{size(fuller)} more at most than before the run ({sensor})", brief=True))
    if measurement.attribution is None:
        return Group("Memory", tuple(facts))
    return Group("Memory", (*facts, *_attributed(measurement.attribution)), (_parts(measurement.attribution),))


def named_parts(parts: Parts) -> list[tuple[str, int]]:
    """Parts of the memory with their names, in the order in which they are drawn."""
    return [
        ("weights", parts.weights),
        ("arena", parts.arena),
        ("inputs and outputs", parts.inputs_and_outputs),
        ("runtime", parts.runtime),
        ("kept by the C library", parts.kept),
        ("temporary", parts.temporary),
        ("not attributed", parts.remainder),
    ]


def _attributed(found: Attribution) -> Iterator[Fact]:
    yield Fact("memory used for", f"steady {size(found.steady)}: {_largest_first(found.at_steady)}", brief=True)
    yield Fact("", f"at the peak of loading {size(found.load_peak)}: {_largest_first(found.at_load)}")
    if (growth := found.growth) is not None:
        noise = f"noise {size(growth.noise_bytes)} in 10,000 frames; {growth.frames:,} frames looked at"
        told = f"{size(growth.bytes_per_10000)} in 10,000 frames" if growth.is_real else "none above noise"
        yield Fact("memory growth", f"{told} ({noise})", brief=growth.is_real)
    if found.swapped:
        yield Fact("swapped out", size(found.swapped), brief=True)
    if found.second_model is not None and found.update_slot is not None:
        slot = f"{size(found.second_model)}; on the way there at most {size(found.update_slot)}: room for an update"
        yield Fact("a second model", f"takes {slot}")
    for name, why in found.absent.items():
        yield Fact("", f"{name} not known: {why}")


def _largest_first(parts: Parts) -> str:
    used = sorted((each for each in named_parts(parts) if each[1]), key=lambda each: -each[1])
    return ", ".join(f"{name} {size(each)}" for name, each in used)


def _parts(found: Attribution) -> Table:
    methods = ("weights", "arena", "inputs_and_outputs", "runtime", "kept", "temporary", "remainder")
    rows = [
        (name, size(load), size(steady), found.methods.get(method, ""))
        for (name, load), (_, steady), method in zip(
            named_parts(found.at_load), named_parts(found.at_steady), methods, strict=True
        )
    ]
    rows.append(("total", size(found.load_peak), size(found.steady), ""))
    heads = ("memory for", "loading", "steady", "how it was found")
    return table("What memory is used for", heads, rows, numbers=heads[1:3])
