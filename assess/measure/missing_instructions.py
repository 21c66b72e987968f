"""A model that would be ended by its first instruction that the processor has not: found before it is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from assess.describe.model import Model, OperatorGroup, Precision
from assess.measure.measurement import Failure, Host, Settings
from assess.providers import CPU

#: Which operators ONNX Runtime's kernels use an instruction set for: those that multiply and add in this precision.
_USED_FOR: Final[Mapping[str, Precision]] = {"asimddp": "int8", "asimdhp": "fp16"}
_WORDS: Final = {"asimddp": "dot products of 8-bit numbers", "asimdhp": "half precision"}
#: Graph optimisation levels that turn a float operator between Q and DQ into an integer one; below them it stays one.
_FUSING: Final = ("extended", "all")
_BY_NUMBER: Final = (
    "ONNX Runtime takes the core to have it by its number in /proc/cpuinfo ({cpu}); the kernel tells each program what "
    "there is (AT_HWCAP), and it is not there. That file is another machine's: an emulator, or a container, shows it."
)


def missing_instructions(models: Iterable[Model], host: Host, settings: Settings) -> Failure | None:
    """How a run would fail for instructions that are not there; None if none is known to be missing.

    Args:
        models: all that run in the process.
        host: where.
        settings: how; other providers than the CPU's have their own instructions.
    """
    if settings.provider != CPU:
        return None
    for name in host.not_offered:
        users = [group for model in models for group in _users(model, name, settings)]
        if users:
            return Failure("start", "missing instructions", _cause(name, users), _BY_NUMBER.format(cpu=host.cpu))
    return None


def why_illegal(failure: Failure | None, host: Host) -> str:
    """What is known of a process that ended by an instruction that is none; "" of all others."""
    if failure is None or failure.kind != "crashed" or "SIGILL" not in failure.cause or not host.not_offered:
        return ""
    return f"{', '.join(host.not_offered)}: {_BY_NUMBER.format(cpu=host.cpu)}"


def _users(model: Model, name: str, settings: Settings) -> list[OperatorGroup]:
    precision = _USED_FOR.get(name)
    if precision == "int8" and model.quantisation.format == "QDQ" and settings.optimisation not in _FUSING:
        return []
    return [group for group in model.operators if group.precision == precision and group.macs]


def _cause(name: str, users: list[OperatorGroup]) -> str:
    types = ", ".join(dict.fromkeys(group.type for group in users))
    count = sum(group.count for group in users)
    operators = f"{count} {users[0].precision} operator{'s' * (count != 1)} ({types})"
    return (
        f"this processor does not offer {name} ({_WORDS[name]}), which {operators} would use: the first would end the "
        "process (SIGILL), so it was not run"
    )
