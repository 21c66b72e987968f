"""A board that nothing of ours runs on: a vendor's tool is run there by plain ssh, and all else happens here."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, Literal

from assess.describe.inventory import Target
from assess.describe.library import Library
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.board_lock import LOCK
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.reached import CommandRan, Reached
from assess.measure.reference import ReferenceModel
from assess.measure.runners.local import watched
from assess.measure.runners.machine import MOST_PRINTED_BYTES, Ran
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, run
from assess.target.connected import who
from assess.target.link import SSH_FAILED, Link
from assess.target.probe import Probed, probe, read_answers, shell_path, whole

#: Of the commands around a run.
_COMMAND_S: Final = 60.0
#: Of 1 GB over a line of 10 MBit/s.
_SEND_S: Final = 1800.0
_MOST_CHARACTERS: Final = 2000
#: As `timeout` says it.
_TOO_LONG: Final = 124
#: What a shell says of a command that the highest signal ended.
_LAST_SIGNAL: Final = 128 + 64
#: A tool whose link is closed is asked to end, and then has so long.
_GRACE_S: Final = 2
_WHY: Final = "nothing of assess runs there"

#: Runs a command until it ends or standard input closes, whichever is first; in the second case all that it began is
#: ended, in the first what "then" says happens. A background job of a shell has no standard input of its own, so it is
#: handed on as another file.
_HELD: Final = r"""
exec 3<&0
if command -v setsid >/dev/null 2>&1; then setsid {command} </dev/null & pid=$!; group=-$pid
else {command} </dev/null & pid=$!; group=$pid; fi
{{ cat <&3 >/dev/null; kill -TERM $group; sleep {grace}; kill -KILL $group; }} 2>/dev/null &
watch=$!
wait $pid 2>/dev/null
code=$?
kill $watch 2>/dev/null
{then}
exit $code
"""
#: Ends what a command left running.
_ALL: Final = '[ "$group" = "$pid" ] || kill -KILL "$group" 2>/dev/null'
#: Says "free" where there are no locks, "locked" once it has it, before that each second who "held" it, and "busy"
#: where that took too long. BusyBox's `flock` cannot wait by itself; where nobody listens, saying it ends this.
_LOCK: Final = r"""
echo
[ -e {path} ] || (umask 0; : >{path}) 2>/dev/null
{{ command -v flock >/dev/null 2>&1 && [ -r {path} ] && [ ! -h {path} ]; }} || {{ echo free; exec cat >/dev/null; }}
exec 9<{path}
waited=0
until flock -n 9; do
  echo "held $(cut -d' ' -f2- {path})"
  [ $waited -lt {seconds} ] || {{ echo busy; exit 1; }}
  waited=$((waited + 1))
  sleep 1
done
printf '%s %s' "$(date +%s)" {who} 2>/dev/null >{path}
echo locked
exec cat >/dev/null
"""
_LOOK: Final = r"""
echo "cores=$(nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo 2>/dev/null)"
echo "cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)"
echo "memory=$(sed -n 's/^MemTotal:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/meminfo 2>/dev/null)"
echo "load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
"""


@dataclass(frozen=True, slots=True)
class ToolBoard:
    """A target that only a vendor's tool is run on.

    Attributes:
        target: as its inventory has it.
        link: to it.
        probed: what it is.
    """

    target: Target
    link: Link
    probed: Probed

    def host(self) -> Host:
        """What it tells of itself to a shell.

        Raises:
            AssessError: it cannot be reached.
        """
        ran = self.link.run("sh -s", stdin=_LOOK.encode())
        lines = ran.out.decode("utf-8", "replace").splitlines()
        told = {name: values[0] for name, values in read_answers(lines).items()}
        memory, cores = whole(told.get("memory", "")), whole(told.get("cores", ""))
        absent = {"power mode": _WHY, "governor": _WHY, "available memory": _WHY}
        absent |= {} if self.probed.board else {"board": "no device tree names it"}
        absent |= {} if told.get("cpu") else {"CPU": "the kernel does not name it"}
        absent |= {} if memory is not None else {"memory": "the kernel does not tell"}
        load = told.get("load", "")
        return Host(
            architecture=self.probed.machine,
            cores=cores or 1,
            os=f"{self.probed.system} {self.probed.kernel}".strip(),
            board=self.probed.board,
            cpu=told.get("cpu", ""),
            memory_bytes=None if memory is None else 1024 * memory,
            load=float(load) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", load) else None,
            absent=absent,
        )


def reach_for_tool(target: Target) -> ToolBoard:
    """Reach a target that only a vendor's tool is to be run on.

    Raises:
        AssessError: it cannot be reached, or has no POSIX shell.
    """
    link = Link(target.at)
    return ToolBoard(target, link, probe(link, target.folder, target.python))


@dataclass(slots=True)
class SshMachine:
    """The target as a machine that a tool runs on; `measure.runners.machine.Machine` tells what each is for.

    Attributes:
        link: to it.
        folder: private to the run, on it.
        sent_bytes: sent to it so far.
    """

    link: Link
    folder: str
    sent_bytes: int = 0

    def find(self, tool: str) -> str:
        """Path of a program by its name or path; "" if there is none."""
        ran = self.link.run(f"command -v {shell_path(tool)}")
        found = ran.out.decode("utf-8", "replace").strip()
        return found.splitlines()[-1] if ran.code == 0 and found else ""

    def place(self, file: Path) -> str:
        """Path on the target of a file of this machine, which is sent there; its neighbours will be its neighbours.

        Raises:
            AssessError: it cannot be read here, or written there.
        """
        whole = file.resolve()
        there = f"{self.folder}/files{whole.as_posix()}"
        quoted, parent = shlex.quote(there), shlex.quote(there.rpartition("/")[0])
        try:
            data = whole.read_bytes()
        except OSError as error:
            raise AssessError(f"cannot be read: {error.strerror or error}", where=str(file)) from error
        if self.link.run(f"wc -c < {quoted}").out.split() == [str(len(data)).encode()]:
            return there
        ran = self.link.run(f"mkdir -p {parent} && cat > {quoted}", stdin=data, timeout_s=_SEND_S)
        if ran.code:
            raise AssessError(f"cannot be sent: {ran.err.strip() or ran.code}", where=f"{self.link.address}: {there}")
        self.sent_bytes += len(data)
        return there

    def run(self, command: Sequence[str], timeout_s: float) -> Ran:
        """Run a command to its end there; it is ended there when this returns or raises.

        Raises:
            AssessError: the link was lost.
        """
        script = _HELD.format(command=shlex.join(command), grace=_GRACE_S, then=_ALL)
        process = self.link.start(f"sh -c {shlex.quote(script)}", subprocess.PIPE)
        ran = watched(process, MOST_PRINTED_BYTES, time.monotonic() + timeout_s)
        if ran.code == SSH_FAILED and self.link.is_lost():
            raise self.link.failure(ran.err)
        if ran.code is not None and 128 < ran.code <= _LAST_SIGNAL:  # A shell's word for a signal.
            return replace(ran, code=128 - ran.code)
        return ran

    def read(self, path: str, most_bytes: int) -> bytes | None:
        """What a command wrote; None if there is no such file.

        Raises:
            AssessError: there is more of it than `most_bytes`, or it cannot be read.
        """
        quoted = shlex.quote(path)
        ran = self.link.run(
            f"[ -e {quoted} ] && head -c {most_bytes + 1} {quoted}", timeout_s=_SEND_S, most_bytes=most_bytes + 2
        )
        if ran.code and not ran.err.strip():
            return None
        if ran.code:
            raise AssessError(f"cannot be read: {ran.err.strip():.300}", where=path)
        if len(ran.out) > most_bytes:
            raise AssessError(f"has more than {most_bytes // 2**20} MiB", where=path, hint="ask for fewer frames")
        return ran.out


@contextmanager
def ssh_machine(board: ToolBoard) -> Iterator[SshMachine]:
    """The target with a private folder for one run, which is removed at its end.

    Raises:
        AssessError: no folder can be made there.
    """
    parent = shlex.quote(board.probed.folder) if board.probed.folder else '"${TMPDIR:-/tmp}"'
    ran = board.link.run(f"mktemp -d {parent}/tool-XXXXXX")
    folder = (ran.out.decode("utf-8", "replace").strip().splitlines() or [""])[-1]  # A login may say something, too.
    if ran.code or not folder.startswith("/"):
        raise AssessError(f"no folder can be made there: {ran.err.strip() or folder}", where=board.target.name)
    try:
        yield SshMachine(board.link, folder)
    finally:
        with suppress(AssessError):  # A link that is lost is told by what it was lost for; `target clean` removes it.
            board.link.run(f"rm -rf {shlex.quote(folder)}")


def run_tool_on(
    board: ToolBoard,
    subject: Subject,
    job: Job,
    settings: Settings,
    *,
    feeds: Mapping[str, Path],
    on_progress: OnProgress = silent,
    reference: ReferenceModel | Path | None = None,
    library: Library | None = None,
    wait: Callable[[str], object] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Measurement:
    """Let a vendor's tool run a model on a target, as `pipeline.run` does here.

    Args:
        board: the target.
        subject: the model.
        job: what it is run for.
        settings: how, and by which tool.
        feeds: `.npy` files for inputs, by name.
        on_progress: told what is being done.
        reference: what outputs would be compared with; tools take none.
        library: where other models of the job are found.
        wait: told what is waited for.
        sleep: waits.

    Raises:
        AssessError: the tool is not there, what it told cannot be read, or the link was lost.
        KeyboardInterrupt: it was stopped before anything could be read of it.
    """
    commands: list[CommandRan] = []
    with _alone_there(board, wait):
        try:
            commands += _commands(board, "before", board.target.before)
            if failed := next((each for each in commands if each.code), None):
                said = failed.output or "it said nothing"
                raise AssessError(f"{failed.command!r} ended with {failed.code}: {said}", where="before",
                                  hint="try it on the board by hand")  # fmt: skip
            if board.target.cool_down:
                on_progress("cooling down", None, board.target.cool_down)
                sleep(board.target.cool_down)
            with ssh_machine(board) as machine:
                measured = run(
                    subject, job, settings, feeds=feeds, on_progress=on_progress, reference=reference, library=library,
                    host=board.host, machine=lambda _: machine,
                )  # fmt: skip
        finally:
            with suppress(AssessError):  # As above: what led here is told.
                commands += _commands(board, "after", board.target.after)
    return replace(measured, reached=Reached(board.target.name, "", tuple(commands)))


@contextmanager
def _alone_there(board: ToolBoard, wait: Callable[[str], object]) -> Iterator[None]:
    """Hold the board's lock, as what measures there does, by a shell that lives as long as its standard input is open.

    A board without `flock` is not locked.

    Raises:
        AssessError: somebody else held it for too long, or it cannot be reached.
    """
    seconds = max(0, round(board.target.wait))
    script = _LOCK.format(path=f"/tmp/{LOCK}", who=shlex.quote(who()), seconds=seconds)  # noqa: S108 - as the lock is
    process = board.link.start(f"sh -c {shlex.quote(script)}", subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _wait_for_lock(board, process.stdout, wait)
        yield
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:  # It waits for somebody else, or the link is lost.
            process.kill()
            process.wait()
        process.stdout.close()


def _wait_for_lock(board: ToolBoard, told: IO[bytes], wait: Callable[[str], object]) -> None:
    holder = ""
    for line in told:
        word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if word in ("locked", "free"):
            return
        if word == "held":
            holder = rest[:_MOST_CHARACTERS] or "somebody who left no name"
            wait(f"waiting for {holder}")
        elif word == "busy":
            raise AssessError(f"another measurement runs on this board: {holder}", where=board.target.name,
                              hint='wait for it, or wait longer: `wait = "1 h"` in the inventory')  # fmt: skip
    raise board.link.failure("it was lost before the board's lock was had")


def _commands(board: ToolBoard, when: Literal["before", "after"], asked: Sequence[str]) -> list[CommandRan]:
    """Run the commands around a run, and keep what they said; of those before it nothing after the first failure."""
    ran: list[CommandRan] = []
    for command in asked:
        held = _HELD.format(command=f"sh -c {shlex.quote(command)}", grace=_GRACE_S, then="")
        process = board.link.start(f"sh -c {shlex.quote(held)}", subprocess.PIPE)
        done = watched(process, MOST_PRINTED_BYTES, time.monotonic() + _COMMAND_S)
        said = (done.out + done.err).strip()[-_MOST_CHARACTERS:]
        if done.ended == "stopped":
            raise KeyboardInterrupt(done.signal)
        code = _TOO_LONG if done.code is None else done.code
        ran.append(CommandRan(when, command, code, said))
        if code and when == "before":
            break
    return ran
