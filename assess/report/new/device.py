"""A new device's file: what was detected, what was measured, and what is left for its author, each marked apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from assess.describe.device import Sector
from assess.measure.calibration.reached import Calibration
from assess.measure.detect import Detected
from assess.report.new.engines import engines
from assess.report.new.lines import CALIBRATED, HERE, comment, number
from assess.report.new.main_memory import main_memory
from assess.report.new.remarks import about_machine, not_found, reports_of
from assess.report.toml_text import text, texts


@dataclass(frozen=True, slots=True)
class Named:
    """What only its author says of a device.

    Attributes:
        name: for people.
        vendor: who makes it.
        sectors: that it serves.
    """

    name: str
    vendor: str
    sectors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """What a new device's file is written from.

    Attributes:
        named: by its author.
        tool: version of `assess`.
        date: today, as 2026-11-24.
        detected: what the machine tells of itself; None if the device is another.
        calibrations: what was measured on it, the CPU first; empty if nothing was.
        runtimes: id of the runtime that stands for an execution provider.
        available_bytes: memory that is free while nothing is asked of the device; None if it is another, or unknown.
    """

    named: Named
    tool: str
    date: str
    detected: Detected | None = None
    calibrations: Sequence[Calibration] = ()
    runtimes: Mapping[str, str] = field(default_factory=dict)
    available_bytes: int | None = None


def new_device(new: NewDevice) -> str:
    """The file, ready to be used as it is; what is to be filled in stands in comments."""
    found, calibrations = new.detected, new.calibrations
    parts = [
        _head(new),
        _sources(new),
        _identity(found),
        main_memory(found, calibrations, new.available_bytes),
        *engines(found, calibrations, new.runtimes),
        [*_THERMAL, *not_found(found, calibrations)],
    ]
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
        f"name = {text(new.named.name)}",
        f"vendor = {text(new.named.vendor)}",
        f"sectors = {texts(new.named.sectors)}  # fill in those that it serves: {', '.join(get_args(Sector))}",
        'availability = "shipping"           # or announced, closed-sdk',
    ]
    return [*lines, *_power(new.detected), *about_machine(new.detected)]


def _power(found: Detected | None) -> list[str]:
    to_fill = '# power = { value = "15 W", source = "DS", grade = "A" }  # fill in'
    mode = found.power_mode if found else None
    if found is None or mode is None:
        return ['# power_mode = "25W"                # fill in if it has several: one file for each', to_fill]
    lines = [f"power_mode = {text(mode.value.name)}  # detected: {mode.source}"]
    others = [f"{one.name} (nvpmodel -m {one.number})" for one in found.power_modes if one.name != mode.value.name]
    if others:
        lines += comment(f"fill in: one file for each other power mode: {', '.join(others)}")
    watts = mode.value.watts
    if watts is None:
        return [*lines, to_fill]
    return [*lines, f"power = {number(watts, 'W', HERE, note='as the name of the power mode states')}"]


def _sources(new: NewDevice) -> list[str]:
    lines = ["[sources]"]
    if new.detected:
        where = f"this device, {new.date}, assess {new.tool}"
        lines.append(f"{HERE} = {{ where = {text(where)}, what = {text(reports_of(new.detected))} }}")
    if first := next((each for each in new.calibrations if each.has_figures), None):
        where = f"calibration, {new.date}, assess {new.tool}"
        what = f"reached through ONNX Runtime {first.runtime_version}, {first.threads} threads"
        lines.append(f"{CALIBRATED} = {{ where = {text(where)}, what = {text(what)} }}")
    return [*lines, '# DS = { where = "the data sheet, its revision and table" }  # fill in']


def _identity(detected: Detected | None) -> list[str]:
    lines = ["# What a host must report to be this device."]
    found = detected.recognised_by if detected else None
    known = (("board", found.board), ("cpu", found.cpu), ("power_mode", found.power_mode)) if found else ()
    if found and (found.board or found.cpu):
        return [*lines, "[identity]  # detected", *(f"{key} = {texts([value])}" for key, value in known if value)]
    return [
        *lines,
        "# [identity]                        # fill in, or no measurement can be one on the device",
        '# board = ["ACME Rover Board"]      # cat /proc/device-tree/model, or /sys/class/dmi/id/product_name',
        '# power_mode = ["25W"]              # nvpmodel -q',
    ]


_THERMAL = [
    "# [thermal]                         # fill in: what the data sheet allows",
    '# of = "ambient"                    # or case, junction',
    '# low = { value = "-25 degC", source = "DS", grade = "A" }',
    '# high = { value = "80 degC", source = "DS", grade = "A" }',
]
