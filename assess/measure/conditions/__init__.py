"""Conditions of the host that a measurement depends on, in reading order; one file for each group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from assess.measure.conditions.condition import STANDINGS, Condition, Look
from assess.measure.conditions.cpu import boost, frequency, governor, idle_states, isolation, siblings
from assess.measure.conditions.heat import temperature, throttling
from assess.measure.conditions.machine import clock_source, cpu_quota, hypervisor, jetson, power_source
from assess.measure.conditions.memory import available, huge_pages, numa, swap
from assess.measure.conditions.processor import emulation, instructions
from assess.measure.conditions.runtime import onnx_runtime
from assess.measure.conditions.scheduler import load, own_share, run_queue, scheduling_class, steal, timer_slack

__all__ = ["READERS", "STANDINGS", "Condition", "Look", "conditions"]

#: Each answers for one condition, or with None where this kind of host cannot have it.
READERS: Final[tuple[Callable[[Look], Condition | None], ...]] = (
    emulation,
    instructions,
    jetson,
    governor,
    boost,
    frequency,
    idle_states,
    siblings,
    isolation,
    scheduling_class,
    load,
    own_share,
    run_queue,
    steal,
    cpu_quota,
    temperature,
    throttling,
    power_source,
    available,
    swap,
    huge_pages,
    numa,
    clock_source,
    timer_slack,
    hypervisor,
    onnx_runtime,
)


def conditions(look: Look) -> tuple[Condition, ...]:
    """All conditions of this host, the worst first, and in reading order among equals."""
    found = [condition for read in READERS if (condition := read(look)) is not None]
    return tuple(sorted(found, key=lambda condition: STANDINGS.index(condition.standing)))
