"""What a runner is: how a vendor's tool is asked to time a model, and how what it told is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assess.errors import AssessError
from assess.measure.runners.machine import Machine, Ran
from assess.measure.tool_run import Statistics


@dataclass(frozen=True, slots=True)
class FedFile:
    """An input as it lies ready on the machine.

    Attributes:
        name: of the model's input.
        dtype: as the model's `Port` has it.
        shape: of the array.
        raw: path of its bytes, C order, without a header.
        npy: path of the same as numpy saves it.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    raw: str
    npy: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a tool is asked.

    Attributes:
        file: path on the machine of what is to be run.
        is_model: whether that is the ONNX file itself.
        is_dynamic: whether the model leaves dimensions open that were bound.
        inputs: of the model, in its order.
        tool: the tool's path on the machine; "" for a command, which brings its own.
        words: of the user: further options of the tool, or the whole command.
        count: timed inferences, at least.
        span_s: timed span, at least.
        warmup_count: inferences before, at least, where the tool counts them.
        warmup_s: span before, at least, where the tool takes a span.
        percentile: of the job, which a tool that tells one percentile is asked for.
        threads: of the CPU; 0 leaves it to the tool.
        timeout_s: that the tool may take altogether.
        unit: of numbers that a command prints without one; "" if each has its own.
    """

    file: str
    is_model: bool
    is_dynamic: bool
    inputs: tuple[FedFile, ...]
    tool: str
    words: tuple[str, ...]
    count: int
    span_s: float
    warmup_count: int
    warmup_s: float
    percentile: float
    threads: int
    timeout_s: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool told of a run that it ended well.

    Attributes:
        service_ns: of each timed inference, in order; empty if the tool tells statistics only.
        statistics: where it does.
        includes: what a latency includes.
        excludes: what is not in it; "" if it is not known.
        version: of the tool; "" if it does not tell.
        fed: whether the inputs were those of the order, and not the tool's own.
        span_s: wall time of the timed part.
        warmup_count: inferences before it.
        load_s: seconds to read and compile the model.
        first_s: seconds of the first inference.
        memory_bytes: that the model takes.
        memory_of: what that is.
        told: what else took effect.
        absent: what it does not tell, and why, beside what no tool does.
    """

    service_ns: tuple[int, ...] = ()
    statistics: Statistics | None = None
    includes: str = ""
    excludes: str = ""
    version: str = ""
    fed: bool = False
    span_s: float | None = None
    warmup_count: int | None = None
    load_s: float | None = None
    first_s: float | None = None
    memory_bytes: int | None = None
    memory_of: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runner:
    """A tool that can time a model.

    Attributes:
        name: as it is typed after --runner.
        programs: that are looked for, in this order, where none is named; empty if one must be.
        suffixes: of the files that it runs; empty for any.
        probe: options with which it tells what it is, without running anything; empty if it has none.
        command: the command line for an order, after what the probe printed.
        read: what it told, once it has ended well.
        partial: what can be read of one that was stopped; None if nothing.
        more: how many inferences to ask for in a second run, since the first was too short; 0 if it was not. Of a tool
            that cannot be told how long to run; None for any other.
    """

    name: str
    programs: tuple[str, ...]
    suffixes: tuple[str, ...]
    probe: tuple[str, ...]
    command: Callable[[Order, str, str], tuple[str, ...]]
    read: Callable[[Order, str, Ran, Machine], Told]
    partial: Callable[[Order, Ran], Told] | None = None
    more: Callable[[Order, Told], int] | None = None


def refuse_own(words: tuple[str, ...], own: Mapping[str, str], runner: str) -> None:
    """Refuse options of the user's that this adapter asks for itself, or that make a latency another thing.

    Args:
        words: further options, as typed.
        own: why each is not the user's, by the option without dashes.
        runner: whose they are.

    Raises:
        AssessError: names the option and why.
    """
    for word in words:
        name = word.lstrip("-").partition("=")[0]
        if word.startswith("-") and name in own:
            raise AssessError(
                f"{word!r}: {own[name]}", where="--runner-command", hint=f"leave it out: {runner} is asked"
            )


def unreadable(tool: str, what: str, ran: Ran) -> AssessError:
    """That a tool ended well and told nothing that can be read: its format is another one than is known here."""
    last = (ran.out + ran.err).strip().splitlines()[-1:] or ["nothing"]
    return AssessError(
        f"{tool} ended well, but {what}; its last words: {last[0]:.200}",
        where="--runner",
        hint="run its command line by hand and look; --runner command takes latencies that a script of yours prints",
    )
