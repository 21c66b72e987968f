"""What a history holds and tells: runs, the series of those that can be compared, and the trend of one metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from assess.project.change_points import Level

#: What made the run: a gate, by how it compared time, one model at its job, or what became the accepted measurement.
#: Each takes its times in another way: a gate of both models in turns takes the median over pairs, one against a stored
#: floor the fastest of all launches, as a baseline does. So none is compared with those of another.
Kind = Literal["gate-rerun", "gate-floor", "gate-static", "measure", "baseline"]
KINDS: Final[tuple[Kind, ...]] = ("gate-rerun", "gate-floor", "gate-static", "measure", "baseline")

#: Read from files and not measured: two values that differ are two levels, however few runs there are of each.
EXACT: Final = frozenset(
    ("file size", "weights", "parameters", "MACs", "live activations", "nodes", "operators of unknown cost")
)


class Quantity(NamedTuple):
    """A number in its base unit: "s", "B", "J", or "" for a count."""

    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as a history keeps it.

    Attributes:
        created: ISO 8601; without an offset, UTC.
        kind: what made it.
        model: name of the model's file.
        sha256: identity of the model.
        workload_id: the job; "" if none was named.
        workload_version: of the job; 0 if none was named.
        device_id: what it was judged for; "" if nothing.
        host: key of the machine, as `machine_key` tells; "" where nothing was run.
        settings_key: of the settings; "" where nothing was run.
        onnxruntime: its version; "" where nothing was run.
        tool: version of `assess`.
        commit: of the work tree that the model lies in; "" if in none.
        verdict: of the gate; "FAILED" of a measurement that failed; "" if there is none.
        metrics: what was found, by name.
    """

    created: str
    kind: Kind
    model: str
    sha256: str
    workload_id: str = ""
    workload_version: int = 0
    device_id: str = ""
    host: str = ""
    settings_key: str = ""
    onnxruntime: str = ""
    tool: str = ""
    commit: str = ""
    verdict: str = ""
    metrics: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """What runs have in common that can be compared; each as in `Run`."""

    model: str
    workload_id: str
    workload_version: int
    host: str
    settings_key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class SeriesSeen:
    """A series, how many runs it has, and when the last one was."""

    series: Series
    runs: int
    last: str


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a trend; each as in `Run`."""

    created: str
    sha256: str
    commit: str
    onnxruntime: str
    tool: str
    verdict: str
    value: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One metric of one series over time.

    Attributes:
        metric: its name.
        series: whose.
        sha256: of the only file that was asked for; "" for every file of that name.
        points: oldest first.
        unit: of all their values; "" for counts.
        levels: what the values stay at, by index of points; empty where they were not searched for.
        searched_from: index of the first point that was searched for levels.
        older: runs of the series before the first point, whether they have the metric or not.
        others: further series of the model, the latest first.
        absent: why there are no levels; "" if there are.
    """

    metric: str
    series: Series
    sha256: str
    points: tuple[Point, ...]
    unit: str = ""
    levels: tuple[Level, ...] = ()
    searched_from: int = 0
    older: int = 0
    others: tuple[SeriesSeen, ...] = ()
    absent: str = ""
