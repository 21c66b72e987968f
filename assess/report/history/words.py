"""How a trend reads, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assess.project.history import Series, SeriesSeen, Trend
from assess.report.facts.fact import several
from assess.units import format_quantity

HEADS: Final = ("level", "runs", "first run", "commit", "sha256", "onnxruntime", "value", "change")
#: Of a commit and of a sha256, as many digits as git shows of a large repository.
_DIGITS: Final = 12
#: Of further series; whoever has more narrows by --workload, --host, --settings or --kind.
_MOST_OTHERS: Final = 8


def subject(trend: Trend) -> str:
    """Whose trend it is, one line."""
    job = f" for {trend.series.workload_id}" if trend.series.workload_id else ""
    only = f" (this file alone: {trend.sha256[:_DIGITS]})" if trend.sha256 else ""
    first, last = trend.points[0], trend.points[-1]
    runs = several(len(trend.points), "run")
    return f"{trend.series.model}{only}: {trend.metric}{job}, {runs} from {when(first.created)} to {when(last.created)}"


def of_series(series: Series) -> str:
    """What all runs of it have in common, as options that ask for it."""
    job = f"--workload {series.workload_id} (version {series.workload_version})" if series.workload_id else ""
    host = f"--host {series.host}" if series.host else "nothing was run"
    settings = f"--settings {series.settings_key}" if series.settings_key else ""
    return " ".join(word for word in (f"--kind {series.kind}", job, host, settings) if word)


def value(number: float, unit: str) -> str:
    """A value with its unit."""
    return format_quantity(number, unit) if unit else f"{number:,.0f}"


def when(created: str) -> str:
    """A time to the minute, UTC."""
    return created[:16].replace("T", " ")


def rows(trend: Trend) -> Iterator[tuple[str, ...]]:
    """Each level by its first run: cells under `HEADS`."""
    for number, level in enumerate(trend.levels, 1):
        first = trend.points[level.first]
        yield (
            str(number), str(level.last - level.first + 1), f"{when(first.created)} UTC", first.commit[:_DIGITS] or "-",
            first.sha256[:_DIGITS], first.onnxruntime or "-", value(level.median, trend.unit),
            "" if level.change is None else f"{level.change:+.1%}",
        )  # fmt: skip


def notes(trend: Trend) -> Iterator[str]:
    """What is to be known beside: what was not searched, what was left out, and what else there is."""
    if trend.absent:
        yield f"levels were not searched for: {trend.absent}"
    elif len(trend.levels) == 1:
        last = trend.points[-1]
        yield f"no change of level; the last run has {value(last.value, trend.unit)}"
    if trend.searched_from:
        searched = len(trend.points) - trend.searched_from
        yield f"levels were searched for in the last {several(searched, 'run')} only, of {len(trend.points)}"
    if trend.older:
        yield f"{several(trend.older, 'older run')} left out: --last shows more of them"
    for other in trend.others[:_MOST_OTHERS]:
        yield f"also: {_other(other, trend.series)}"
    if len(trend.others) > _MOST_OTHERS:
        yield f"also: {len(trend.others) - _MOST_OTHERS} more series"


def _other(other: SeriesSeen, than: Series) -> str:
    name = f"{other.series.model} " if other.series.model != than.model else ""
    return f"{name}{of_series(other.series)}: {several(other.runs, 'run')}, the last {when(other.last)}"
