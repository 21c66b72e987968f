"""What is written to a history and read from it, as SQL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from assess.clean import clean
from assess.errors import AssessError
from assess.history.tables import METRICS, RUNS, SERIES
from assess.project.history import Point, Run, Series, SeriesSeen

#: Of a series, how many of its last runs are asked for what metrics they have: all may be a hundred thousand.
_LAST: Final = 100
#: Of models that are named in an error.
_MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose runs: those of a name, or, where there is a sha256, of one file whatever its name."""

    name: str
    sha256: str = ""

    @property
    def clause(self) -> ColumnElement[bool]:
        """As SQL."""
        return RUNS.c.sha256 == self.sha256 if self.sha256 else RUNS.c.model == self.name


def insert(connection: Connection, run: Run) -> None:
    """Add a run.

    Raises:
        ValueError: a value is not finite.
    """
    for name, found in run.metrics.items():
        if not math.isfinite(found.value):
            raise ValueError(f"{name}: {found.value} is no number that can be kept")
    made = connection.execute(RUNS.insert(), _row(run))
    (id_,) = made.inserted_primary_key or (None,)
    rows = [
        {"run_id": id_, "name": _fitting(METRICS.c.name, name), "value": value, "unit": _fitting(METRICS.c.unit, unit)}
        for name, (value, unit) in run.metrics.items()
    ]
    if rows:
        connection.execute(METRICS.insert(), rows)


def _row(run: Run) -> dict[str, Any]:
    names = {column.name for column in RUNS.columns} - {"id", "created", "commit_id", "workload_version"}
    texts = {name: _fitting(RUNS.c[name], getattr(run, name)) for name in names}
    return {
        **texts,
        "created": _utc(run.created),
        "workload_version": run.workload_version,
        "commit_id": _fitting(RUNS.c.commit_id, run.commit),
    }


def _fitting(column: Any, value: str) -> str:
    """Text that every database takes: without zeros and halves of characters, and as long as the column."""
    return clean(value)[: column.type.length]


def _utc(created: str) -> str:
    """The time as text of one length, which sorts as the times do."""
    at = datetime.fromisoformat(created)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")


def has_run(connection: Connection, wanted: Wanted) -> bool:
    """Whether there is one."""
    return connection.execute(select(RUNS.c.id).where(wanted.clause).limit(1)).first() is not None


def models(connection: Connection) -> list[str]:
    """Names of models that there are runs of."""
    return list(connection.execute(select(RUNS.c.model).distinct().limit(_MOST_NAMES)).scalars())


def sha256s(connection: Connection, digits: str) -> list[str]:
    """Up to two identities of models that begin with these hexadecimal digits."""
    column = RUNS.c.sha256
    found = select(column).where(column >= digits, column < f"{digits}g").distinct().order_by(column).limit(2)
    return list(connection.execute(found).scalars())


def series_of(connection: Connection, wanted: Wanted) -> list[SeriesSeen]:
    """The series of these runs, the latest first."""
    last = func.max(RUNS.c.created).label("last")
    found = select(*SERIES, func.count(), last).where(wanted.clause).group_by(*SERIES).order_by(last.desc(), *SERIES)
    rows = [_sound(row, (str, str, int, str, str, str, int, str)) for row in connection.execute(found)]
    return [SeriesSeen(Series(*row[:-2]), row[-2], row[-1]) for row in rows]


def points(connection: Connection, wanted: Wanted, series: Series, metric: str, last: int) -> tuple[list[Point], str]:
    """The last runs of a series that have the metric in the unit of the latest of them, oldest first; and that unit."""
    columns = [RUNS.c[name] for name in ("created", "sha256", "commit_id", "onnxruntime", "tool", "verdict")]
    found = (
        select(*columns, METRICS.c.value, METRICS.c.unit)
        .join(METRICS, METRICS.c.run_id == RUNS.c.id)
        .where(wanted.clause, *_of(series), METRICS.c.name == clean(metric))
        .order_by(RUNS.c.created.desc(), RUNS.c.id.desc())
        .limit(last)
    )
    newest_first = [_sound(row, (str,) * len(columns) + (float, str)) for row in connection.execute(found)]
    unit = str(newest_first[0][-1]) if newest_first else ""
    return [Point(*row[:-1]) for row in reversed(newest_first) if row[-1] == unit], unit


def count_before(connection: Connection, wanted: Wanted, series: Series, created: str) -> int:
    """Runs of a series before a time."""
    found = select(func.count()).where(wanted.clause, *_of(series), RUNS.c.created < created)
    return connection.execute(found).scalar_one()


def metrics(connection: Connection, wanted: Wanted, series: Series) -> Sequence[str]:
    """Names of metrics that the last runs of a series have."""
    ids = (
        select(RUNS.c.id)
        .where(wanted.clause, *_of(series))
        .order_by(RUNS.c.created.desc(), RUNS.c.id.desc())
        .limit(_LAST)
    )
    some = connection.execute(ids).scalars().all()
    found = select(METRICS.c.name).where(METRICS.c.run_id.in_(some)).distinct().order_by(METRICS.c.name)
    return connection.execute(found).scalars().all()


def _sound(row: Sequence[Any], kinds: Sequence[type]) -> Sequence[Any]:
    """A row that holds what was written; SQLite keeps whatever somebody else puts into a column.

    Raises:
        AssessError: it holds something else, or a number that is none.
    """
    for value, kind in zip(row, kinds, strict=True):
        if not isinstance(value, kind) or (isinstance(value, float) and not math.isfinite(value)):
            raise AssessError("is damaged: a run in it holds what nobody wrote", where="the history",
                              hint="restore a copy of it; it was left as it is")  # fmt: skip
    return row


def _of(series: Series) -> list[ColumnElement[bool]]:
    values = (series.model, series.workload_id, series.workload_version, series.host, series.settings_key, series.kind)
    return [column == value for column, value in zip(SERIES, values, strict=True)]
