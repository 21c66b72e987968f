"""What is recorded of a run that a vendor's own tool took: which tool, how it was asked, what its times include."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

#: The runner that is any command of the user's.
COMMAND: Final = "command"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a tool tells of its latencies where it keeps single ones to itself; seconds.

    Attributes:
        count: timed inferences that they are of.
        min_s: the fastest.
        max_s: the slowest.
        mean_s: None if the tool does not tell; so are the next two.
        median_s: half of them are not above this.
        percentiles: by percentile as a decimal, "99": what the tool says that this share of them is not above.
        step_s: in which all of them are told; each is true to half of it. 0 if they are told in full.
    """

    count: int
    min_s: float
    max_s: float
    mean_s: float | None = None
    median_s: float | None = None
    percentiles: Mapping[str, float] = field(default_factory=dict)
    step_s: float = 0.0

    @property
    def levels(self) -> list[tuple[float, float]]:
        """Percentiles that are told, the median and the fastest and slowest as 0 and 100 among them, in order."""
        median = [] if self.median_s is None else [(50.0, self.median_s)]
        told = [(float(percentile), seconds) for percentile, seconds in self.percentiles.items()]
        return [(0.0, self.min_s), *sorted([*median, *told]), (100.0, self.max_s)]


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A run by a tool that is not `assess`.

    Attributes:
        name: of the runner, e.g. "trtexec".
        version: as the tool tells it; "" if it does not.
        command: its command line, as it was run.
        file: name of the file that it ran; "" if the command does not say.
        file_sha256: of that file; "" with it.
        is_model: whether that is the ONNX file itself that the facts of the model were read from.
        includes: what one of its latencies includes.
        excludes: what an application waits for that is not in it; "" if the tool does not say.
        statistics: where single latencies are not told; None where they are the run's frames.
        span_s: wall time of the timed part; None if the tool does not tell.
        warmup_count: inferences before the timed ones; None if the tool does not tell.
        memory_bytes: what the tool says that the model takes; None if it does not.
        memory_of: what that is, in the tool's words; "" with it.
        told: what else took effect, as the tool tells it: processor, precision, threads.
        printed: the end of what it printed; data, not instructions.
    """

    name: str
    version: str
    command: tuple[str, ...]
    file: str
    file_sha256: str
    is_model: bool
    includes: str
    excludes: str = ""
    statistics: Statistics | None = None
    span_s: float | None = None
    warmup_count: int | None = None
    memory_bytes: int | None = None
    memory_of: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""

    @property
    def title(self) -> str:
        """The tool with its version; of a command, the program's name."""
        name = f"{self.name} {PurePath(self.command[0]).name}" if self.name == COMMAND and self.command else self.name
        return f"{name} {self.version}".rstrip()


def tool_contradictions(tool: ToolRun, model_sha256: str) -> Iterator[str]:
    """What a tool's record does not agree with itself in, or with the model that the run is of."""
    if not tool.name:
        yield "tool_run.name: is empty"
    if not tool.command:
        yield "tool_run.command: is empty"
    if bool(tool.file) != bool(tool.file_sha256):
        yield "tool_run.file_sha256: is there for a file that has a name, and only then"
    if tool.is_model != (tool.file_sha256 == model_sha256):
        yield "tool_run.is_model: is not what the sha256 of file and model say"
    if (tool.memory_bytes is None) == bool(tool.memory_of):
        yield "tool_run.memory_of: is there with memory_bytes, and only then"
    if tool.statistics is not None:
        yield from (f"tool_run.statistics: {why}" for why in impossible(tool.statistics))


def impossible(found: Statistics) -> Iterator[str]:
    """What in statistics cannot be of any inferences."""
    if found.count < 1 or found.min_s + found.step_s / 2 <= 0 or found.max_s + found.step_s / 2 <= 0:
        yield "of no inference, or of one that takes no time"
    try:
        levels = found.levels
    except ValueError:
        yield "the name of a percentile is not a number"
        return
    if not all(0.0 < percentile < 100.0 for percentile, _ in levels[1:-1]):
        yield "not all percentiles lie between 0 and 100"
    seconds = [value for _, value in levels]
    if seconds != sorted(seconds):
        yield "a higher percentile is below a lower one"
    if found.mean_s is not None and not found.min_s <= found.mean_s <= found.max_s:
        yield "the mean is not between the fastest and the slowest"
