"""A PostgreSQL server of Debian's package for tests: on a free port of this machine, in a folder of its own."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PASSWORD = "not:so/secret@all"
_START_S = 30.0


def programs():
    """The folder with `initdb` and `postgres`, the newest; None if PostgreSQL is not installed."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _user():
    """The server refuses to run as root: who it runs as then; None for whoever runs the tests."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("neither a user postgres nor nobody")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server.

    Attributes:
        port: on 127.0.0.1.
    """

    def __init__(self, folder, binaries):
        self._folder, self._binaries, self.port = folder, binaries, _free_port()
        self._user = _user()
        self._how = {}
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
            self._how = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def __enter__(self):
        word = self._folder / "password"
        word.write_text(PASSWORD)
        if self._user:
            os.chown(word, self._user.pw_uid, self._user.pw_gid)
        data = str(self._folder / "data")
        subprocess.run(
            [self._binaries / "initdb", "-D", data, "-U", "tester", "-A", "scram-sha-256", f"--pwfile={word}",
             "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=self._folder, **self._how,
        )  # fmt: skip
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [self._binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", self._folder,
             "-c", "fsync=off", "-c", "max_connections=20", "-c", "shared_buffers=16MB"],
            stdout=self._log, stderr=self._log, cwd=self._folder, **self._how,
        )  # fmt: skip
        self._wait()
        return self

    def _wait(self):
        until = time.monotonic() + _START_S
        while True:
            try:
                self.ask("SELECT 1")
                return
            except Exception as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.__exit__()
                    raise RuntimeError((self._folder / "log").read_text()) from error
                time.sleep(0.05)

    def __exit__(self, *_):
        self._process.send_signal(2)  # SIGINT: disconnect everybody, and end.
        try:
            self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def url(self, database, password=PASSWORD):
        from sqlalchemy import URL

        made = URL.create("postgresql", "tester", password, "127.0.0.1", self.port, database)
        return made.render_as_string(hide_password=False)

    def ask(self, command, database="postgres"):
        """Run one command as it is."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="tester", password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            return connection.execute(command)

    def database(self):
        """The URL of a new, empty database."""
        name = f"test_{secrets.token_hex(4)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)


@contextlib.contextmanager
def server():
    """A server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="assess-postgres-"))
    try:
        with Server(folder, programs()) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)
