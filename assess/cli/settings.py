"""The measuring options of a command as settings of a run."""

from __future__ import annotations

from collections.abc import Sequence

from assess.describe.device import Device
from assess.describe.graph import DEFAULT_LIMITS
from assess.describe.workload import Workload
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.pipeline import samples_wanted, time_limit_s
from assess.sandbox import Limits
from assess.units import Unit, parse

#: A month, and what 64 bits can count: beyond them clocks and limits of the system overflow.
_LARGEST: dict[Unit, float] = {"s": 2_592_000.0, "B": 2.0**62}
_LEVELS = ("disabled", "basic", "extended", "all")


def settings(
    *,
    workload: Workload,
    devices: Sequence[Device],
    provider: str,
    threads: int,
    optimisation: str,
    min_count: int | None,
    min_duration: str,
    seed: int,
    timeout: str | None,
    memory_limit: str | None,
) -> Settings:
    """Settings from the words of the command line; what was not said is what the job needs.

    Raises:
        AssessError: a quantity or a level is not one.
    """
    if optimisation not in _LEVELS:
        raise AssessError(f"{optimisation!r} is not one of {', '.join(_LEVELS)}", where="--optimisation")
    count = min_count or samples_wanted(workload, devices)
    return Settings(
        provider=provider,
        threads=threads,
        optimisation=optimisation,
        min_count=count,
        min_duration_s=_quantity(min_duration, "s", "--min-duration"),
        seed=seed,
        timeout_s=time_limit_s(workload, count) if timeout is None else _quantity(timeout, "s", "--timeout"),
        memory_limit_bytes=None if memory_limit is None else int(_quantity(memory_limit, "B", "--memory-limit")),
    )


def reading_limits(timeout: str | None, memory_limit: str | None) -> Limits:
    """What reading the model may use: the usual, or more where the options allow the run more."""
    seconds = _quantity(timeout, "s", "--timeout") if timeout else 0.0
    allowed = _quantity(memory_limit, "B", "--memory-limit") if memory_limit else 0.0
    usual = DEFAULT_LIMITS
    return Limits(max(usual.timeout_s, seconds), max(usual.memory_bytes or 0, int(allowed)))


def _quantity(text: str, unit: Unit, option: str) -> float:
    try:
        value = parse(text, unit)
        if value > _LARGEST[unit]:
            raise AssessError(f"{text!r} is too much", where=option)
        return value
    except ValueError as error:
        raise AssessError(str(error), where=option) from error
