"""A machine that answers to ssh: what it runs can be listed, and its link be cut."""

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from boards.link import Link

SSHD = "/usr/sbin/sshd"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_START_S = 15.0
#: By it the processes of a board are known among all others: whatever a session starts inherits it.
_MARK = "ASSESS_TEST_BOARD"

_SERVER = """\
Port {port}
ListenAddress {host}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
ForceCommand {folder}/session
MaxSessions 50
MaxStartups 50
"""
_CLIENT = """\
Host {name}
  HostName {host}
  Port {port}
  User {user}
  HostKeyAlias {name}
  IdentityFile {folder}/{key}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {folder}/{hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  LogLevel ERROR
"""
_SESSION = """\
#!/bin/sh
export {mark}={tag} {variables}
{enter}
"""
_ENTER_HERE = """\
cd "$HOME" || exit 1
[ -n "$SSH_ORIGINAL_COMMAND" ] || exec /bin/sh -i
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
_ENTER_ROOT = """\
exec {chroot} {root} /bin/sh -c 'cd "$HOME" || exit 1
[ -n "$SSH_ORIGINAL_COMMAND" ] || exec /bin/sh -i
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
"""


@dataclass(frozen=True)
class Process:
    """One that a session of the board started."""

    pid: int
    command: str


@dataclass(frozen=True)
class Plan:
    """What a board is to be like.

    Attributes:
        name: its alias in the ssh configuration.
        root: the file system that its sessions see; None for this machine's.
        home: of its user, as sessions see it; None for a folder of its own.
        is_linked: whether it hangs on a network link of its own, which can be cut.
        mounts: lines of a shell that lay out what its sessions see; they are undone with it.
        variables: of the environment of its sessions.
    """

    name: str
    root: Path | None = None
    home: str | None = None
    is_linked: bool = False
    mounts: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_apart(self) -> bool:
        """Whether it needs namespaces, hence root."""
        return self.is_linked or bool(self.mounts) or self.root is not None


class Board:
    """A running board.

    Attributes:
        name: its alias in the ssh configuration.
        address: as `assess` takes it.
        config: ssh configuration that reaches it: `ssh -F CONFIG NAME`.
        environment: what `assess` needs in its environment to use that configuration.
        host, port: where its sshd listens.
        home: of its user, as this machine sees it.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.name, self._plan, self._folder = plan.name, plan, folder
        self._tag = secrets.token_hex(8)
        self._link = Link() if plan.is_linked else None
        self.host = self._link.board if self._link else "127.0.0.1"
        self.port = 22 if self._link else _free_port()
        home = plan.home or str(folder / "home")
        self.home = (plan.root / home.lstrip("/")) if plan.root else Path(home)
        self.address = f"ssh://{getpass.getuser()}@{plan.name}"
        self.config = folder / "ssh_config"
        self.environment = {"ASSESS_SSH_CONFIG": str(self.config)}

    def __enter__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        for key in ("host_key", "user_key", "strange_key"):
            _make_key(self._folder / key)
        self._write_configuration()
        try:
            if self._link:
                self._link.up()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self._marked():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if started := getattr(self, "_process", None):
            started.kill()
            started.wait()
        if self._link:
            self._link.remove()

    def run(self, command, **how):
        """Run a command on the board, as `assess` would: by the user's own ssh."""
        words = ["ssh", "-F", str(self.config), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", self.name, command]
        return subprocess.run(words, **{"capture_output": True, "text": True, "timeout": 300, **how})

    def cut(self):
        """Nothing comes through any more, in either direction, until it is restored.

        A board without a link of its own loses its connections, and accepts no others.
        """
        if self._link:
            self._link.cut()
            return
        listener = self._listener()
        for session in listener.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                session.kill()
        listener.suspend()

    def restore(self):
        """What was cut is whole again; connections that were lost stay lost."""
        if self._link:
            self._link.restore()
        else:
            self._listener().resume()

    def wipe(self):
        """As new: nothing runs that a session started, and its home is empty."""
        for process in self._marked():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.run('cd "$HOME" && rm -rf -- * .[!.]* ..?*', check=True)

    def processes(self):
        """What its sessions started and is still there, wherever it has put itself."""
        found = []
        for process in self._marked():
            with contextlib.suppress(psutil.NoSuchProcess):
                found.append(Process(process.pid, " ".join(process.cmdline())))
        return found

    def config_of_another_host_key(self):
        """A configuration that knows the board by another key: ssh refuses it."""
        (self._folder / "other_hosts").write_text(f"{self.name} {(self._folder / 'strange_key.pub').read_text()}")
        return self._client("other_hosts_config", hosts="other_hosts")

    def config_of_another_user_key(self):
        """A configuration with a key that the board does not know: permission denied."""
        return self._client("other_key_config", key="strange_key")

    def _write_configuration(self):
        key = (self._folder / "host_key.pub").read_text()
        (self._folder / "known_hosts").write_text(f"{self.name} {key}")
        self._client("ssh_config")
        server = _SERVER.format(port=self.port, host=self.host, folder=self._folder)
        (self._folder / "sshd_config").write_text(server)
        home = self._plan.home or str(self.home)
        variables = {"HOME": home, "PATH": PATH, **self._plan.variables}
        if self._plan.root:
            enter = _ENTER_ROOT.format(root=self._plan.root, chroot=shutil.which("chroot", path=PATH))
        else:
            enter = _ENTER_HERE
        said = " ".join(f"{name}='{value}'" for name, value in variables.items())
        session = self._folder / "session"
        session.write_text(_SESSION.format(mark=_MARK, tag=self._tag, variables=said, enter=enter))
        session.chmod(0o755)

    def _client(self, name, key="user_key", hosts="known_hosts"):
        file = self._folder / name
        told = {"name": self.name, "host": self.host, "port": self.port, "user": getpass.getuser()}
        file.write_text(_CLIENT.format(folder=self._folder, key=key, hosts=hosts, **told))
        return file

    def _start(self):
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        own_lock = self._lock_of_its_own()
        server = f"exec {SSHD} -D -e -f {self._folder}/sshd_config"
        script = "\n".join(["set -e", *own_lock, *self._plan.mounts, server, ""])
        (self._folder / "start").write_text(script)
        words = ["/bin/sh", str(self._folder / "start")]
        if self._plan.is_apart:
            words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *words]
        elif own_lock:
            words = ["unshare", "--mount", *words]
        if self._link:
            words = ["ip", "netns", "exec", self._link.namespace, *words]
        # Tests that are killed do not come to their end: then nobody else would end it.
        words = ["setpriv", "--pdeathsig", "KILL", *words]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()

    def _lock_of_its_own(self):
        """Lines of a shell by which it has the lock of a board to itself, as another machine would: what tests measure
        here and on other boards meanwhile is not waited for. It takes a mount namespace, and so root.
        """
        if os.getuid() != 0 or self._plan.root is not None:
            return []
        for lock in (own := self._folder / "board.lock", shared := Path("/tmp/assess-board.lock")):
            if not lock.exists():
                lock.touch()
                lock.chmod(0o666)
        return [f"mount --bind {own} {shared}"]

    def _wait(self):
        until = time.monotonic() + _START_S
        while not _answers(self.host, self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.name} does not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.05)

    def _listener(self):
        started = psutil.Process(self._process.pid)
        return started.children()[0] if self._plan.is_apart else started

    def _marked(self):
        wanted = f"{_MARK}={self._tag}".encode()
        for process in psutil.process_iter():
            try:
                mine = wanted in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            except OSError:  # It has ended, or is another user's.
                continue
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                yield process


@contextlib.contextmanager
def running(plan, folder=None):
    """A board until the end of the block; its folder goes with it."""
    made = Path(folder or tempfile.mkdtemp(prefix="assess-board-"))
    try:
        with Board(plan, made) as board:
            yield board
    finally:
        if folder is None:
            shutil.rmtree(made, ignore_errors=True)


def _make_key(file):
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "assess test board", "-f", str(file)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(host, port):
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
