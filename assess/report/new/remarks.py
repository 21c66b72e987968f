"""What a new device's file says in comments alone: what the machine is besides, and what could not be found out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from assess.measure.calibration.reached import Calibration
from assess.measure.detect import Detected
from assess.report.new.lines import comment

#: What reasons that are one to a reader differ in: numbers, and an operator with its version.
_VARYING = re.compile(r"\b[A-Z][A-Za-z]*\([0-9]+\)|[0-9]+")


def reports_of(found: Detected) -> str:
    """What told of the device: its software, with versions."""
    told = [found.os.value] if found.os else []
    told += [f"kernel {found.kernel.value}"] if found.kernel else []
    told += [found.board_support.value] if found.board_support else []
    told += [f"ONNX Runtime {found.runtime.value.version}"] if found.runtime else []
    return f"what its firmware, kernel and drivers report{': ' * bool(told)}{', '.join(told)}"


def about_machine(found: Detected | None) -> list[str]:
    """Which board, module and host it is, as far as no key says it."""
    if found is None:
        return []
    lines = []
    if found.board and found.board.note:
        lines += comment(f"detected: board {found.board.value}: {found.board.note}")
    if found.module:
        lines += comment(f"detected: {found.module.value} ({found.module.note or found.module.source})")
    if found.cpu and found.cpu.value != found.recognised_by.cpu:
        lines += comment(f"detected: CPU {found.cpu.value}")
    if found.virtualisation:
        host, source = found.virtualisation.value, found.virtualisation.source
        lines += comment(f"detected: a guest of {host} ({source}): others may share the host")
    if found.emulator:
        who = found.emulator.value
        lines += comment(
            f"detected: the processor is emulated, by {who}: nothing was measured, and no run is one on it"
        )
    if found.storage:
        size = f"{found.storage.value / 1e9:.4g} GB of storage: {found.storage.note}"
        lines += comment(f"detected: {size}; as a limit for models, fill in:")
        lines.append('# storage = { value = "32 GB", source = "DS", grade = "A" }')
    return lines


def not_found(found: Detected | None, calibrations: Sequence[Calibration]) -> list[str]:
    """What was not measured and not detected: a line for each reason."""
    lines = []
    for each in calibrations:
        whose = "" if each is calibrations[0] else f"{each.provider}: "
        lines += [line for said in _by_reason(each.absent) for line in comment(f"not measured: {whose}{said}")]
    if found is not None:
        absent = dict(found.absent)
        for gpu in found.gpus:
            absent |= {f"{name} of {gpu.name}": why for name, why in gpu.absent.items()}
        lines += [
            line for said in _by_reason(dict(sorted(absent.items()))) for line in comment(f"not detected: {said}")
        ]
    return lines


def _by_reason(absent: Mapping[str, str]) -> Iterable[str]:
    """Names that are absent for the same reason, together with it."""
    named: dict[str, list[str]] = {}
    for name, why in absent.items():
        named.setdefault(_VARYING.sub("", why), []).append(name)
    return [f"{', '.join(names)}: {absent[names[0]]}" for names in named.values()]
