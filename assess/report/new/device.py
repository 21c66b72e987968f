"""A new device's file: what was detected, what was measured, and what is left for its author, each marked apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from assess.measure.calibration import Calibration
from assess.measure.detect import Detected, Fact, Gpu
from assess.report.new.lines import comment, count, number
from assess.report.toml_text import text, texts
from assess.units import format_quantity

_HERE, _CALIBRATED = "HERE", "CAL"
_CPU: Final = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What a new device's file is written from.

    Attributes:
        id: of the device.
        name: for people.
        vendor: who makes it.
        sectors: that it serves.
        tool: version of `assess`.
        date: today, as 2026-11-24.
        detected: what the machine tells of itself; None if the device is another.
        calibrations: what was measured on it, the CPU first; empty if nothing was.
        runtimes: id of the runtime that stands for an execution provider.
        available_bytes: memory that is free while nothing is asked of the device; None if it is another, or unknown.
    """

    id: str
    name: str
    vendor: str
    sectors: tuple[str, ...]
    tool: str
    date: str
    detected: Detected | None = None
    calibrations: Sequence[Calibration] = ()
    runtimes: Mapping[str, str] = field(default_factory=dict)
    available_bytes: int | None = None


def new_device(new: NewDevice) -> str:
    """The file, ready to be used as it is; what is to be filled in stands in comments."""
    parts = [_head(new), _sources(new), _identity(new), _memory(new), *_engines(new), _rest(new)]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(new: NewDevice) -> list[str]:
    lines = ["#:schema ../schemas/device.json"]
    if new.detected:
        lines += comment(
            f"Written by assess {new.tool} on the device itself. 'detected' was read from firmware, kernel, drivers, "
            "'measured' was calibrated here through ONNX Runtime, 'fill in' is yours: take the # away and write the "
            "number of the data sheet."
        )
    else:
        lines += comment("Fill in: take the # away and write the data sheet's number; what is not known stays out.")
    lines += [
        f"name = {text(new.name)}",
        f"vendor = {text(new.vendor)}",
        f"sectors = {texts(new.sectors)}",
        'availability = "shipping"           # or announced, closed-sdk',
    ]
    mode = new.detected.power_mode if new.detected else None
    if mode:
        lines.append(f"power_mode = {text(mode.value.name)}  # detected: {mode.source}")
        watts = mode.value.watts
        if watts is not None:
            lines.append(f"power = {number(watts, 'W', _HERE, note='as the name of the power mode states')}")
            return lines
    else:
        lines.append('# power_mode = "25W"                # fill in if it has several: one file for each')
    return [*lines, '# power = { value = "15 W", source = "DS", grade = "A" }  # fill in']


def _sources(new: NewDevice) -> list[str]:
    lines = ["[sources]"]
    if new.detected:
        what = "what its firmware, kernel and drivers report"
        lines.append(
            f"{_HERE} = {{ where = {text(f'this device, {new.date}, assess {new.tool}')}, what = {text(what)} }}"
        )
    if new.calibrations:
        first = new.calibrations[0]
        what = f"reached through ONNX Runtime {first.runtime_version}, {first.threads} threads"
        lines.append(
            f"{_CALIBRATED} = {{ where = {text(f'calibration, {new.date}, assess {new.tool}')}, what = {text(what)} }}"
        )
    return [*lines, '# DS = { where = "the data sheet, its revision and table" }  # fill in']


def _identity(new: NewDevice) -> list[str]:
    lines = ["# What a host must report to be this device."]
    found = new.detected.recognised_by if new.detected else None
    known = (("board", found.board), ("cpu", found.cpu), ("power_mode", found.power_mode)) if found else ()
    if found and (found.board or found.cpu):
        return [*lines, "[identity]  # detected", *(f"{key} = {texts([value])}" for key, value in known if value)]
    return [
        *lines,
        "# [identity]                        # fill in, or no measurement can be one on the device",
        '# board = ["ACME Rover Board"]      # cat /proc/device-tree/model, or /sys/class/dmi/id/product_name',
        '# power_mode = ["25W"]              # nvpmodel -q',
    ]


def _memory(new: NewDevice) -> list[str]:
    found = new.detected
    kind = found.memory_kind.value if found and found.memory_kind else "dram"
    lines = ["[memory]", f'kind = "{kind}"{"" if found and found.memory_kind else "  # fill in: dram, or unified"}']
    lines += _capacity(found, new.available_bytes) if found else _FILL_MEMORY
    modules = found.memory_modules if found else None
    if modules and modules.value.width_bits and modules.value.transfers_per_s:
        width, rate = modules.value.width_bits, modules.value.transfers_per_s
        note = f"{width} bit / 8 x {rate / 1e6:g} MT/s"
        lines += [
            f"width = {number(width, 'bit', _HERE, note=modules.source)}",
            f"rate = {number(rate, 'T/s', _HERE, note=modules.source)}",
            f"bandwidth = {number(width / 8 * rate, 'B/s', _HERE, grade='D', note=note)}",
        ]
    elif found:
        lines.append('# bandwidth = { value = "51.2 GB/s", source = "DS", grade = "A" }  # fill in: width / 8 x rate')
    reached = [figure for each in new.calibrations[:1] if (figure := each.bandwidth)]
    for figure in reached:
        note = f"{figure.method}; {_range(figure.low, figure.high, 'B/s')}"
        lines.append(f"measured_bandwidth = {number(figure.value, 'B/s', _CALIBRATED, note=note)}  # measured")
    return lines


_FILL_MEMORY: Final = [
    '# capacity = { value = "8 GiB", source = "DS", grade = "A" }      # fill in',
    '# reserved = { value = "600 MB", source = "DS", grade = "D", note = "capacity less MemTotal" }  # fill in',
    '# bandwidth = { value = "51.2 GB/s", source = "DS", grade = "A" }  # fill in: width / 8 x rate',
]


def _capacity(found: Detected, available: int | None) -> list[str]:
    total, installed = found.memory, found.memory_installed
    if total is None:
        return [*_FILL_MEMORY[:2]]
    size, origin, hint = total.value, f"{total.source}: what the kernel has", []
    if installed and not installed.derived and installed.value > total.value:
        size, origin = installed.value, installed.source
    elif installed and installed.derived:
        hint = comment(
            f"fill in: {installed.value / 2**30:g} GiB seem to be fitted: {installed.note or installed.source}"
        )
    lines = [f"capacity = {number(size, 'B', _HERE, note=origin)}  # detected", *hint]
    if available is None:
        return [*lines, _FILL_MEMORY[1]]
    note = "capacity less what was free when this was written, with all that ran then"
    return [*lines, f"reserved = {number(max(size - available, 0), 'B', _HERE, grade='D', note=note)}  # detected"]


def _engines(new: NewDevice) -> list[list[str]]:
    found, calibrations = new.detected, list(new.calibrations)
    on_cpu = next((each for each in calibrations if each.provider == _CPU), None)
    blocks = [_cpu(found, on_cpu)]
    others = [each for each in calibrations if each.provider != _CPU]
    gpus = found.gpus if found else ()
    if gpus or others:
        blocks.append(_gpu(gpus[0] if gpus else None, len(gpus), others[0] if others else None))
    elif found and found.integrated_gpu:
        chip = found.integrated_gpu
        blocks.append([*comment(f"detected: {chip.value} ({chip.source}); if a runtime uses it, fill in:"), *_FILL_GPU])
    blocks.extend(
        _runtime(new.runtimes[each.provider], "cpu" if each.provider == _CPU else "gpu", each)
        for each in [*others, *([on_cpu] if on_cpu else [])]
        if each.provider in new.runtimes and (each.provider == _CPU or each.rates)
    )
    if not calibrations:
        head = "[[runtime]]                         # in order of preference; assess list runtimes"
        blocks.append([head, 'id = "onnxruntime-cpu"', 'engine = "cpu"'])
    return blocks


def _cpu(found: Detected | None, calibration: Calibration | None) -> list[str]:
    lines = ["[[engine]]", 'name = "cpu"', 'kind = "cpu"']
    cores = found.cores if found else None
    if cores:
        many = cores.value.physical or cores.value.online
        lines.append(f"units = {count(many, _HERE, note=cores.source)}  # detected: cores")
    else:
        lines.append('# units = { value = 4, source = "DS", grade = "A" }           # fill in: cores')
    kinds = found.core_kinds if found else ()
    clocks = [kind.clock_hz for kind in kinds if kind.clock_hz]
    if len(kinds) == 1 and clocks:
        lines.append(f"clock = {number(kinds[0].limit_hz or clocks[0], 'Hz', _HERE, note=kinds[0].source)}  # detected")
    else:
        lines.append('# clock = { value = "2.4 GHz", source = "DS", grade = "A" }   # fill in')
        lines += [f"# detected: {kind.count} x {kind.name}" for kind in kinds if len(kinds) > 1]
    return [*lines, *_peaks(calibration)]


def _gpu(gpu: Gpu | None, many: int, calibration: Calibration | None) -> list[str]:
    lines = ["[[engine]]", 'name = "gpu"', 'kind = "gpu"']
    if gpu and many > 1:
        lines.append(f"count = {count(many, _HERE, note=gpu.name)}  # detected")
    if gpu and gpu.sm_clock_hz:
        lines.append(f"clock = {number(gpu.sm_clock_hz, 'Hz', _HERE, note=gpu.name)}  # detected")
    if gpu and gpu.memory_bytes:
        own = f"{gpu.memory_bytes / 2**30:.4g} GiB"
        lines += comment(f"detected: {gpu.name} with {own} of its own; if models live there, that is [memory]")
    return [*lines, *_peaks(calibration)]


def _peaks(calibration: Calibration | None) -> list[str]:
    if calibration is None:
        return _FILL_PEAK
    lines = []
    for precision in dict.fromkeys(rate.precision for rate in calibration.rates):
        best = calibration.peak(precision)
        if best is None:
            continue
        figure = best.operations_per_s
        note = f"{best.kind} ({best.operator}) of {best.shape}; {_range(figure.low, figure.high, 'op/s')}"
        lines += [
            "",
            "[[engine.peak]]",
            f'precision = "{precision}"',
            f"measured = {number(figure.value, 'op/s', _CALIBRATED, note=note)}  # measured",
            '# dense = { value = "2 TOPS", source = "DS", grade = "A" }  # fill in',
        ]
    for name, why in {**calibration.absent, **calibration.noisy}.items():
        lines += comment(f"measured: {name}: {why}")
    return lines


_FILL_GPU: Final = [
    "# [[engine]]",
    '# name = "gpu"',
    '# kind = "gpu"',
    "",
    "# [[engine.peak]]",
    '# precision = "fp16"',
    '# dense = { value = "2 TOPS", source = "DS", grade = "A" }    # not sparse, not summed over engines',
]

_FILL_PEAK: Final = [
    "",
    "# [[engine.peak]]                   # fill in, one for each precision",
    '# precision = "int8"',
    '# dense = { value = "2 TOPS", source = "DS", grade = "A" }    # not sparse, not summed over engines',
]


def _runtime(id_: str, engine: str, calibration: Calibration) -> list[str]:
    lines = ["[[runtime]]", f"id = {text(id_)}", f'engine = "{engine}"']
    if calibration.dispatch:
        figure = calibration.dispatch
        note = f"{figure.method}; {_range(figure.low, figure.high, 's')}"
        lines.append(f"dispatch = {number(figure.value, 's', _CALIBRATED, note=note)}  # measured")
    return lines


def _rest(new: NewDevice) -> list[str]:
    storage: Fact[int] | None = new.detected.storage if new.detected else None
    lines = [
        "# [thermal]                         # fill in: what the data sheet allows",
        '# of = "ambient"                    # or case, junction',
        '# low = { value = "-25 degC", source = "DS", grade = "A" }',
        '# high = { value = "80 degC", source = "DS", grade = "A" }',
    ]
    if storage:
        size = f"{storage.value / 1e9:.4g} GB of storage ({storage.source})"
        above = 'storage = { value = "...", source = "HERE", grade = "A" }'
        lines += comment(f"detected: {size}; as a limit for models, write it above [sources]: {above}")
    absent = new.detected.absent if new.detected else {}
    return lines + [line for name, why in sorted(absent.items()) for line in comment(f"not detected: {name}: {why}")]


def _range(low: float, high: float, unit: str) -> str:
    return f"95 %: {format_quantity(low, unit)} to {format_quantity(high, unit)}"
