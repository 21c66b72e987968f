"""Where a history is, and how it is opened: what is not one is refused and left as it is.

An SQLite file is written in transactions that take its lock from their beginning, and wait for it: two writers come one
after the other. Its journal is rolled back, not written ahead: a history is then one file, which can be copied, and one
whose writer was killed is put right by whoever opens it next.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from assess.clean import clean
from assess.errors import AssessError
from assess.files import check_writable
from assess.history.tables import ready

#: A run is written in milliseconds; who waits longer for the others' meets a process that hangs, or a lost lock file.
_WAIT_S: Final = 60.0
_CONNECT_S: Final = 10
_MAGIC: Final = b"SQLite format 3\0"
#: Words that are no URL may be one that was mistyped, with a password in it.
_BEFORE_HOST: Final = re.compile(r".*@", re.DOTALL)
_INSTALL: Final = {"postgresql": 'pip install "assess[history-postgresql]"'}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a history is.

    Attributes:
        url: of its database.
        file: of SQLite; None for a server.
        shown: as it is told, without a password.
    """

    url: URL
    file: Path | None
    shown: str


@contextmanager
def connected(where: str, *, write: bool) -> Iterator[Connection]:
    """A connection to a history, within one transaction that is kept if nothing is raised.

    Args:
        where: an SQLAlchemy URL, or the path of an SQLite file.
        write: whether something will be added; then it is made if it is not there.

    Raises:
        AssessError: it cannot be opened, read or written, or is no history.
    """
    place = _place(where)
    if place.file is not None:
        _check_file(place.file, place.shown, write=write)
    try:
        with _engine(place, write=write).begin() as connection:
            ready(connection, place.shown, make=write)
            yield connection
    except SQLAlchemyError as error:
        raise _told(error, place) from error


def check_writing(where: str) -> None:
    """Refuse a history that could not be written to; nothing of it is made or changed.

    Args:
        where: as for `connected`.

    Raises:
        AssessError: says why.
    """
    place = _place(where)
    if place.file is not None:
        _check_file(place.file, place.shown, write=True)
        if not place.file.exists():  # SQLite would leave an empty file behind.
            check_writable(place.file)
            return
    try:
        with _engine(place, write=True).connect() as connection:  # Rolled back at its end.
            ready(connection, place.shown, make=True)
    except SQLAlchemyError as error:
        raise _told(error, place) from error


def _place(where: str) -> _Place:
    if "://" not in where:
        return _Place(URL.create("sqlite"), Path(where), _BEFORE_HOST.sub("***@", clean(where)))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:  # SQLAlchemy's message repeats the URL, with its password.
        raise AssessError("is no URL of a database", where="--history",
                          hint="write it as postgresql://user:password@host/database") from error  # fmt: skip
    shown = _shown(url)
    if url.get_backend_name() == "sqlite":
        if url.database in (None, "", ":memory:") or url.host or url.query or url.get_driver_name() != "pysqlite":
            raise AssessError("is no plain file of SQLite", where=shown, hint="give the path of a file")
        return _Place(url, Path(str(url.database)), shown)
    if url.drivername in ("postgresql", "postgres"):  # Before SQLAlchemy 2.1 the default is a driver of the past.
        url = url.set(drivername="postgresql+psycopg")
    return _Place(url, None, shown)


def _shown(url: URL) -> str:
    """A URL as it may be told: who asks, and what else is asked, may hold a password."""
    database = url.database if url.database and "@" not in url.database else None
    plain = URL.create(url.drivername, host=url.host, port=url.port, database=database)
    return clean(plain.render_as_string())


def _check_file(file: Path, shown: str, *, write: bool) -> None:
    """Refuse what SQLite would refuse in words of its own, or would write to.

    Raises:
        AssessError: says why.
    """
    if file.is_dir():
        raise AssessError("is a folder, not a history", where=shown, hint="name a file in it")
    if not file.exists():
        if not write:
            raise AssessError("there is no such history", where=shown, hint="`assess gate --history` makes one")
        if not file.absolute().parent.is_dir():
            raise AssessError("the folder of the history does not exist", where=shown, hint="make it, or name another")
        return
    if not file.is_file():
        raise AssessError("is no plain file, and no history", where=shown, hint="name another one")
    try:
        with file.open("r+b" if write else "rb") as opened:
            head = opened.read(len(_MAGIC))
    except OSError as error:
        verb = "written to" if write else "read"
        raise AssessError(f"cannot be {verb}: {error.strerror or error}", where=shown) from error
    if head not in (b"", _MAGIC):
        raise AssessError("is no SQLite file, and was left as it is", where=shown, hint="name another one")


def _engine(place: _Place, *, write: bool) -> Engine:
    if place.file is None:
        return _server(place)
    mode = "rwc" if write else "rw"  # "rw" reads what may only be read, and rolls back what a killed writer left.
    uri = f"{place.file.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # Transactions are begun below; Python's own begin too late to lock.
        return sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _server(place: _Place) -> Engine:
    waits: dict[str, Any] = {"connect_timeout": _CONNECT_S} if place.url.get_driver_name() == "psycopg" else {}
    try:
        return create_engine(place.url, poolclass=NullPool, hide_parameters=True, connect_args=waits)
    except ImportError as error:
        raise AssessError(
            f"{error.name or place.url.get_driver_name()} is not installed", where=place.shown,
            hint=_INSTALL.get(place.url.get_backend_name(), "install the driver of this database"),
        ) from error  # fmt: skip


def _told(error: SQLAlchemyError, place: _Place) -> AssessError:
    """What the database said, in one line and without its password."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0] or type(error).__name__
    values = [each for value in place.url.query.values() for each in ((value,) if isinstance(value, str) else value)]
    for secret in filter(None, (str(place.url.password or ""), *values)):
        said = said.replace(secret, "***")
    hint = ""
    if "malformed" in said or "not a database" in said:
        hint = "restore a copy of it: it is damaged, and was left as it is"
    elif "locked" in said:
        hint = f"another process has held it for {_WAIT_S:.0f} s"
    elif isinstance(error, NoSuchModuleError):
        hint = "install SQLAlchemy's dialect for this database"
    return AssessError(clean(said), where=place.shown, hint=hint)
