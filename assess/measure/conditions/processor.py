"""Conditions of the processor itself: whether it is one, and which instructions it offers."""

from __future__ import annotations

from typing import Final

from assess.measure.conditions.condition import Condition, Look, unknown

#: What is as good under an emulator as on the processor.
REAL: Final = "outputs, differences of memory, detection and instruction sets are real"


def emulation(look: Look) -> Condition | None:
    """Whether a program stands in for the processor; None where nothing shows it."""
    if not look.host.emulator:
        return None
    because = f"no time taken here is evidence of any processor; {REAL}"
    return Condition("emulation", "bad", look.host.emulator, because, "measure on the device itself")


def instructions(look: Look) -> Condition:
    """Instruction sets that decide how fast a model runs, and those that a runtime would stumble over."""
    host, name = look.host, "instruction sets"
    if not host.instructions:
        return unknown(name, host.absent.get(name, "the kernel does not tell"))
    found = ", ".join(host.instructions)
    if not host.not_offered:
        return Condition(name, "good", found)
    lacking = ", ".join(host.not_offered)
    because = (
        f"{lacking} not among them, though ONNX Runtime takes {host.cpu or 'this core'} to have it: a model that uses "
        "it is not run, since it would crash (SIGILL)"
    )
    remedy = "show the process the /proc/cpuinfo of its own core; under qemu: -cpu of the core in it"
    return Condition(name, "bad", found, because, remedy)
