"""The flow of a history: runs are kept in a database, and what one metric of a model did over time is read from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assess.clean import clean
from assess.errors import AssessError
from assess.project import change_points
from assess.project.history import EXACT, Kind, Run, Series, SeriesSeen, Trend

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from assess.history.queries import Wanted

#: Where a history is kept unless it is said.
DEFAULT: Final = "assess-history.sqlite"
METRIC: Final = "latency floor"
#: Hexadecimal digits of a sha256 that are taken for one; fewer are more likely a name.
_FEWEST_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What trend is asked for; what is left out is that of the latest run.

    Attributes:
        model: its file's name, the path of a file, or the first digits of its sha256.
        metric: its name.
        workload_id: the job; None for any, "" for none.
        host: key of the machine, or its first digits.
        settings_key: the same of the settings.
        kind: what made the runs.
        last: runs, at most.
    """

    model: str
    metric: str = METRIC
    workload_id: str | None = None
    host: str = ""
    settings_key: str = ""
    kind: Kind | None = None
    last: int = change_points.MOST


def record(where: str, run: Run) -> None:
    """Add a run to a history, which is made if it is not there.

    Args:
        where: an SQLAlchemy URL, or the path of an SQLite file.
        run: what is kept.

    Raises:
        AssessError: the history cannot be opened, read or written, or is no history; nothing of it was changed.
        ValueError: a value is not finite.
    """
    connected = _connected(where, write=True)
    from assess.history.queries import insert

    with connected as connection:
        insert(connection, run)


def check(where: str) -> None:
    """Refuse, before any work, a history that a run could not be added to; nothing of it is made or changed.

    Raises:
        AssessError: says why.
    """
    with _installed():
        from assess.history.store import check_writing
    check_writing(where)


def trend(where: str, asked: Asked) -> Trend:
    """What a metric of a model did over time.

    Args:
        where: as for `record`.
        asked: which.

    Raises:
        AssessError: there is no such history, no such run, or none of them has this metric.
    """
    with _connected(where, write=False) as connection:
        bare = _bare(connection, asked)
    return _with_levels(bare)  # Which takes a while: nobody is to wait for the database meanwhile.


def _connected(where: str, *, write: bool) -> AbstractContextManager[Connection]:
    with _installed():
        from assess.history.store import connected
    return connected(where, write=write)


@contextmanager
def _installed() -> Iterator[None]:
    """Tell what to install, where that is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sqlalchemy":
            raise
        raise AssessError("SQLAlchemy is not installed", where="--history",
                          hint='pip install "assess[history]"') from error  # fmt: skip


def _bare(connection: Connection, asked: Asked) -> Trend:
    """The trend without its levels."""
    from assess.history.queries import count_before, points, series_of

    wanted = _found(connection, asked.model)
    every = series_of(connection, wanted)
    picked = [each for each in every if _is_asked(each.series, asked)]
    if not picked:
        raise AssessError(
            f"no run of {asked.model!r:.80} is of that", where=_narrowed(asked), hint=f"there are {_words(every)}"
        )
    for each in picked:
        found, unit = points(connection, wanted, each.series, asked.metric, asked.last)
        if found:
            older = count_before(connection, wanted, each.series, found[0].created)
            others = tuple(other for other in every if other is not each)
            return Trend(asked.metric, each.series, wanted.sha256, tuple(found), unit, older=older, others=others)
    raise _no_metric(connection, wanted, picked[0].series, asked)


def _found(connection: Connection, word: str) -> Wanted:
    """Whose runs are meant: those of every file of this name, or those of one file alone."""
    from assess.history.queries import Wanted, has_run, models, sha256s

    path = Path(word)
    names = [path.name] if path.is_file() else [word, f"{word}.onnx"]
    for name in map(clean, names):  # As they are kept.
        if has_run(connection, Wanted(name)):
            return Wanted(name)
    digits = _sha256(path) if path.is_file() else word.lower()
    if len(digits) >= _FEWEST_DIGITS and set(digits) <= set("0123456789abcdef"):
        several = sha256s(connection, digits)
        if len(several) > 1:
            raise AssessError(
                f"{word!r:.80} begins the sha256 of several models", where="MODEL", hint=f"type more of {several[0]}"
            )
        if several:
            return Wanted("", several[0])
    from assess.describe.suggestions import did_you_mean

    there = models(connection)
    hint = did_you_mean(names[0], there) if there else "it is empty: `assess gate --history` adds to it"
    raise AssessError(f"there is no run of {word!r:.80} in this history", hint=hint)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def _is_asked(series: Series, asked: Asked) -> bool:
    return (
        (asked.workload_id is None or series.workload_id == asked.workload_id)
        and series.host.startswith(asked.host)
        and series.settings_key.startswith(asked.settings_key)
        and asked.kind in (None, series.kind)
    )


def _narrowed(asked: Asked) -> str:
    """The options that narrow what is asked for."""
    said = {
        "--workload": asked.workload_id, "--host": asked.host, "--settings": asked.settings_key, "--kind": asked.kind
    }  # fmt: skip
    return " ".join(f"{option} {value}" for option, value in said.items() if value)


def _words(every: Sequence[SeriesSeen]) -> str:
    """The latest series in words of options."""
    series = every[0].series
    parts = {"--workload": series.workload_id, "--host": series.host, "--settings": series.settings_key}
    said = " ".join(f"{option} {value}" for option, value in parts.items() if value)
    more = f", and {len(every) - 1} more series" if len(every) > 1 else ""
    return f"{said} --kind {series.kind}{more}".strip()


def _no_metric(connection: Connection, wanted: Wanted, series: Series, asked: Asked) -> AssessError:
    from assess.describe.suggestions import did_you_mean
    from assess.history.queries import metrics

    there = metrics(connection, wanted, series)
    hint = did_you_mean(asked.metric, there) if there else "its runs have no numbers: they failed"
    return AssessError(f"no run has a metric {asked.metric!r:.80}", where="--metric", hint=hint)


def _with_levels(bare: Trend) -> Trend:
    """The trend with its levels, or with the reason why there are none."""
    exact, first = bare.metric in EXACT, max(0, len(bare.points) - change_points.MOST)
    if not exact and (why := change_points.obstacle()):
        return replace(bare, absent=why)
    values = [point.value for point in bare.points[first:]]
    found = change_points.levels(values, exact=exact)
    levels = tuple(replace(level, first=level.first + first, last=level.last + first) for level in found)
    return replace(bare, levels=levels, searched_from=first)
