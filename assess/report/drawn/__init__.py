"""A device drawn for the terminal: engines, memories, roofline, power modes, and how well each number is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from assess.clean import clean
from assess.describe.device import Device, Memory, OnChipMemory, Peak
from assess.report.device_numbers import GRADES, device_numbers
from assess.report.drawn.bars import bar, parted
from assess.report.drawn.roofline import known, roofline
from assess.units import format_quantity


def drawn(device: Device, modes: Sequence[Device], width: int) -> str:
    """The device, and how its power modes differ.

    Args:
        device: what is drawn.
        modes: the same device in other power modes.
        width: columns.
    """
    parts = [
        _wrapped(_head(device), width),
        _engines(device, width),
        *(_memory(name, one, width) for name, one in (("memory", device.memory), ("on-chip", device.on_chip)) if one),
        roofline(device, width),
        _modes([device, *modes], width) if modes else [],
        _wrapped(_rest(device), width),
        _wrapped(_known(device), width),
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in part) for part in parts if part) + "\n"


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
    """Lines that are too long go on in further ones."""
    return [
        part
        for line in lines
        for part in wrap(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    ]


def _head(device: Device) -> list[str]:
    power = format_quantity(device.power.value, "W") if device.power else ""
    said = [device.vendor, device.availability, device.power_mode, power, ", ".join(device.sectors)]
    lines = [f"{clean(device.name)} ({device.id})", f"  {clean(' | '.join(word for word in said if word))}"]
    return [*lines, f"  {clean(device.summary)}"] if device.summary else lines


def _engines(device: Device, width: int) -> list[str]:
    most = max((best.value for engine in device.engine for peak in engine.peak if (best := known(peak))), default=0.0)
    lines = ["engines"]
    for engine in device.engine:
        parts = [f"{engine.count.value:.0f} of them" if engine.count else ""]
        parts += [f"{engine.units.value:.0f} units" if engine.units else ""]
        parts += [format_quantity(engine.clock.value, "Hz") if engine.clock else ""]
        said = ", ".join(part for part in parts if part)
        lines.append(f"  {clean(engine.name)} ({engine.kind}){f': {said}' if said else ''}")
        for peak in engine.peak:
            lines.append(_peak(peak, most, max(10, width // 4)))
        if not engine.peak:
            lines.append("    no peak is published")
    return lines if device.engine else [*lines, "  none is described"]


def _peak(peak: Peak, most: float, columns: int) -> str:
    best = known(peak)
    extra = [f"{format_quantity(peak.sparse.value, 'op/s')} sparse"] if peak.sparse else []
    if peak.measured:
        extra.append(f"{format_quantity(peak.measured.value, 'op/s')} reached" if peak.dense else "reached")
    extra += [GRADES[best.grade]] if best else []
    said = format_quantity(best.value, "op/s") if best else "-"
    drawing = bar(best.value / most, columns) if best else ""
    return f"    {peak.precision:<5} {said:>10} {drawing:<{columns}} {', '.join(extra)}"


def _memory(name: str, memory: Memory, width: int) -> list[str]:
    lines = [name if name == memory.kind else f"{name} ({memory.kind})"]
    if memory.capacity:
        kept = memory.reserved.value if memory.reserved else 0.0
        free = memory.capacity.value - kept
        lines.append(f"  {parted(kept / memory.capacity.value, max(20, width // 2))}")
        kept_said = f"▓ {format_quantity(kept, 'B')} kept by the system, ░ {format_quantity(free, 'B')} for models"
        said = kept_said if memory.reserved else "░ less what the system keeps, which is not known"
        lines.append(f"  {format_quantity(memory.capacity.value, 'B')}: {said}")
    else:
        lines.append("  capacity is not published")
    if isinstance(memory, OnChipMemory) and memory.weight_capacity:
        lines.append(f"  {format_quantity(memory.weight_capacity.value, 'B')} beside it for weights alone")
    elif isinstance(memory, OnChipMemory) and memory.weights == "storage":
        lines.append("  weights stay in storage")
    if isinstance(memory, OnChipMemory) and memory.weights_beyond:
        link = f", at {format_quantity(memory.host_link.value, 'B/s')} at most" if memory.host_link else ""
        lines.append(f"  weights beyond it are {memory.weights_beyond} in every inference{link}")
    if memory.bandwidth or memory.measured_bandwidth:
        rates = [f"{format_quantity(memory.bandwidth.value, 'B/s')} peak"] if memory.bandwidth else []
        if memory.measured_bandwidth:
            reached = memory.measured_bandwidth.value
            share = f" ({reached / memory.bandwidth.value:.0%})" if memory.bandwidth else ""
            rates.append(f"{format_quantity(reached, 'B/s')} measured{share}")
        lines.append(f"  {', '.join(rates)}")
    return lines


def _modes(devices: Sequence[Device], width: int) -> list[str]:
    """A line for each power mode, the one of most power first; as many peaks as fit."""
    peaks = [
        {
            f"{engine.name} {peak.precision}": format_quantity(best.value, "op/s")
            for engine in device.engine
            for peak in engine.peak
            if (best := known(peak)) and peak.precision in ("int8", "fp16")
        }
        for device in devices
    ]
    names = list(dict.fromkeys(name for each in peaks for name in each))
    while True:
        rows = [("", "", "", *names, "memory", "")]
        rows += [_mode(device, each, names, device is devices[0]) for device, each in zip(devices, peaks, strict=True)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        if not names or sum(widths) + 2 * len(widths) <= width:
            break
        names.pop()
    power = [float("inf"), *(device.power.value if device.power else 0.0 for device in devices)]
    in_order = [row for _, row in sorted(zip(power, rows, strict=True), key=lambda pair: -pair[0])]
    told = ["  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)) for row in in_order]
    return ["power modes", *(f"  {clean(line)}" for line in told)]


def _mode(device: Device, peaks: Mapping[str, str], names: Sequence[str], is_shown: bool) -> tuple[str, ...]:
    memory = device.memory
    rate = (memory.bandwidth or memory.measured_bandwidth) if memory else None
    return (
        "*" if is_shown else " ",
        device.power_mode or "-",
        format_quantity(device.power.value, "W") if device.power else "-",
        *(peaks.get(name, "-") for name in names),
        format_quantity(rate.value, "B/s") if rate else "-",
        device.id,
    )


def _rest(device: Device) -> Iterator[str]:
    for binding, runtime in zip(device.runtime, device.runtimes, strict=False):
        operators = "operators not public" if runtime.operators is None else f"{len(runtime.operators)} operators"
        provider = f", {runtime.provider}" if runtime.provider else ""
        cost = f", {format_quantity(binding.dispatch.value, 's')} an operator" if binding.dispatch else ""
        name = clean(f"{runtime.name} {runtime.version}")
        yield f"runs {name} ({runtime.id}) on {clean(binding.engine)}: {operators}{provider}{cost}"
    if device.identity:
        names = [*device.identity.board, *device.identity.cpu, *device.identity.power_mode]
        yield f"recognised by {clean(', '.join(names))}"
    if device.thermal:
        ends = [f"{end.value:g} degC" for end in (device.thermal.low, device.thermal.high) if end]
        yield f"made for {' to '.join(ends)} ({device.thermal.of})"
    for standard in device.standard:
        yield f"claims {standard.id}: {clean(standard.level)} ({GRADES[standard.grade]})"
    if device.storage:
        yield f"storage of {format_quantity(device.storage.value, 'B')}"


def _known(device: Device) -> Iterator[str]:
    numbers = [number for number in device_numbers(device) if number.decides]
    grades = Counter(number.grade for number in numbers)
    known = ", ".join(f"{count} {grade}" for grade, count in grades.most_common())
    beside = len(device_numbers(device)) - len(numbers)
    yield f"{len(numbers)} numbers that verdicts stand on{f': {known}' if known else ''}; {beside} beside them"
    recalled = [number.name for number in numbers if number.grade == GRADES["R"]]
    if recalled:
        yield f"  recalled, so no verdict on them is better than MARGINAL: {', '.join(recalled)}"
    for key, source in device.sources.items():
        yield f"  {clean(key)}: {clean(source.where)}"
