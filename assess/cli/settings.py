"""The measuring options of a command as settings of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assess.cli.options import choice, pairs
from assess.describe.device import Device
from assess.describe.graph import DEFAULT_LIMITS
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.cpu_request import parse_cpus
from assess.measure.extra_passes import PASSES
from assess.measure.host import read_host
from assess.measure.measurement import Host, Settings
from assess.measure.runners import RUNNERS
from assess.measure.tiers import TIERS, Tier
from assess.pipeline import default_tier, settings_of
from assess.sandbox import Limits
from assess.units import Unit, parse

#: A month, and what 64 bits can count: beyond them clocks and limits of the system overflow.
_LARGEST: Final[dict[Unit, float]] = {"s": 2_592_000.0, "B": 2.0**62}
LEVELS: Final = ("disabled", "basic", "extended", "all")


@dataclass(frozen=True, slots=True)
class MeasuringWords:
    """The measuring options as they were typed; None and empty where nothing was."""

    provider: str
    provider_option: Sequence[str] | None
    custom_ops: Sequence[str] | None
    threads: int
    optimisation: str
    tier: str | None
    skip: Sequence[str] | None
    fidelity: bool
    min_count: int | None
    min_duration: str | None
    seed: int
    timeout: str | None
    memory_limit: str | None
    cpus: str | None
    realtime: bool
    require_full_placement: bool
    runner: str = ""
    runner_command: str = ""
    runner_model: str = ""
    runner_unit: str = ""


def settings(
    words: MeasuringWords, job: Job, devices: Sequence[Device] = (), host: Callable[[], Host] = read_host
) -> Settings:
    """Settings from the words of the command line; what was not said is what the job needs.

    Args:
        words: as they were typed.
        job: that the model is run for.
        devices: that it is judged for.
        host: reads the machine that it is run on.

    Raises:
        AssessError: a quantity, a level, a tier or a pass is not one, or the job's schedule cannot be read.
    """
    return settings_of(
        job,
        default_tier(devices, host=host) if words.tier is None else named_tier(words.tier),
        count=words.min_count,
        as_needed=words.tier is None,
        span_s=None if words.min_duration is None else quantity(words.min_duration, "s", "--min-duration"),
        skip=tuple(choice(name, PASSES, "--skip") for name in words.skip or ()),
        fidelity=words.fidelity,
        timeout_s=None if words.timeout is None else quantity(words.timeout, "s", "--timeout"),
        provider=words.provider,
        provider_options=pairs(words.provider_option, "--provider-option"),
        custom_ops=tuple(words.custom_ops or ()),
        threads=words.threads,
        optimisation=choice(words.optimisation, LEVELS, "--optimisation"),
        seed=words.seed,
        memory_limit_bytes=_bytes(words.memory_limit),
        cpus=_cpus(words.cpus),
        realtime=words.realtime,
        require_full_placement=words.require_full_placement,
        **runner_settings(words.runner, words.runner_command, words.runner_model, words.runner_unit),
    )


def runner_settings(runner: str, command: str, model: str = "", unit: str = "") -> dict[str, Any]:
    """The vendor's tool that is to run the model, if any, as fields of `Settings`.

    Raises:
        AssessError: there is none of this name, or an option of it is given without it.
    """
    asked = {"runner": runner, "runner_command": command, "runner_model": model, "runner_unit": unit}
    if runner:
        choice(runner, tuple(RUNNERS), "--runner")
    elif lone := next((name for name, value in asked.items() if value), ""):
        option = f"--{lone.replace('_', '-')}"
        raise AssessError("says how a tool is run, and none is named", where=option, hint="add --runner NAME")
    return asked


def reading_limits(timeout: str | None, memory_limit: str | None) -> Limits:
    """What reading the model may use: the usual, or more where the options allow the run more."""
    seconds = quantity(timeout, "s", "--timeout") if timeout else 0.0
    usual = DEFAULT_LIMITS
    return Limits(max(usual.timeout_s, seconds), max(usual.memory_bytes or 0, _bytes(memory_limit) or 0))


def named_tier(name: str) -> Tier:
    """A tier by name.

    Raises:
        AssessError: there is none of this name.
    """
    found = {each.name: each for each in TIERS}
    return found[choice(name, list(found), "--tier")]


def _cpus(text: str | None) -> str:
    """The words of --cpus, without blanks around them; refused here, before a model is read, if they are none."""
    if text is not None and not text.strip():
        raise AssessError("is empty", where="--cpus")
    parse_cpus(text or "")
    return (text or "").strip()


def _bytes(text: str | None) -> int | None:
    return None if text is None else int(quantity(text, "B", "--memory-limit"))


def quantity(text: str, unit: Unit, option: str) -> float:
    """A quantity of the command line.

    Raises:
        AssessError: it is none, or more than clocks and limits of a system can hold.
    """
    try:
        value = parse(text, unit)
        if value > _LARGEST[unit]:
            raise AssessError(f"{text!r} is too much", where=option)
        return value
    except ValueError as error:
        raise AssessError(str(error), where=option) from error
