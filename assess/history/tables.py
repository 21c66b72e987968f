"""The tables of a history, and the version of their form.

History of the form:
    1  the first.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
)

from assess.errors import AssessError

VERSION: Final = 1
_METADATA: Final = MetaData()

#: One row, one number. Names begin with "assess": a team's database may hold other things.
FORM: Final = Table("assess_history", _METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

#: Times are text of one length, in UTC: they sort as they are, in every database, and people can read them.
RUNS: Final = Table(
    "assess_runs",
    _METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("created", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("model", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("workload_id", String(100), nullable=False),
    Column("workload_version", Integer, nullable=False),
    Column("device_id", String(100), nullable=False),
    Column("host", String(16), nullable=False),
    Column("settings_key", String(16), nullable=False),
    Column("onnxruntime", String(64), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("commit_id", String(64), nullable=False),
    Column("verdict", String(32), nullable=False),
)

#: By run and name, and in SQLite kept in that order: a trend reads one row of each run.
METRICS: Final = Table(
    "assess_metrics",
    _METADATA,
    Column("run_id", RUNS.c.id.type, ForeignKey(RUNS.c.id), primary_key=True, autoincrement=False),
    Column("name", String(100), primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("unit", String(8), nullable=False),
    sqlite_with_rowid=False,
)

#: What a series has in common, in the order of the index.
SERIES: Final = tuple(
    RUNS.c[name] for name in ("model", "workload_id", "workload_version", "host", "settings_key", "kind")
)
Index("assess_runs_series", *SERIES, RUNS.c.created, RUNS.c.id)
Index("assess_runs_sha256", RUNS.c.sha256, *SERIES[1:], RUNS.c.created)

#: Of PostgreSQL's advisory locks: two that make the tables at once would each fail half of the time.
_LOCK: Final = 0x61737365_73732068


def ready(connection: Connection, shown: str, *, make: bool) -> None:
    """See that the tables are there and of a form that is known; make them in a database that has none of them.

    Args:
        connection: within a transaction.
        shown: the history, as it is told.
        make: whether they may be made.

    Raises:
        AssessError: it is no history, or of another form.
    """
    if inspect(connection).has_table(FORM.name):
        _require_version(connection, shown)
        return
    if make and connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    there = set(inspect(connection).get_table_names())
    if FORM.name in there:  # Another writer has just made it.
        _require_version(connection, shown)
        return
    if there and (connection.dialect.name == "sqlite" or there & set(_METADATA.tables)):
        raise AssessError("is the database of something else, not a history", where=shown, hint="name another one")
    if not make:
        raise AssessError("holds no history yet", where=shown, hint="`assess gate --history` makes one")
    _METADATA.create_all(connection, checkfirst=False)
    connection.execute(FORM.insert(), {"version": VERSION})


def _require_version(connection: Connection, shown: str) -> None:
    found = connection.execute(select(FORM.c.version)).scalars().all()
    if len(found) != 1 or not isinstance(found[0], int) or found[0] < 1:
        raise AssessError("is damaged: it does not tell the version of its form", where=shown, hint="restore a copy")
    if found[0] > VERSION:
        raise AssessError(
            f"form {found[0]} was written by a newer assess; this one reads up to {VERSION}", where=shown,
            hint="update assess",
        )  # fmt: skip
