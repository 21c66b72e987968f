"""The agent on a board: takes one job over its standard input, has it done, and gives back what came of it.

It ends when its standard input closes or its time is up, and with it all that it began, so that a link that is lost
leaves no process behind. A link that hangs without closing does not stop the job: what came of it stays on the board,
and is given to whoever asks the same again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, NoReturn, cast

from assess.errors import AssessError
from assess.measure.board_lock import HELD, board_lock
from assess.target.board.job import Job
from assess.target.board.voice import Voice
from assess.target.protocol import GoneError, SentFile, announced, hear, receive, sent_files

#: What is told, and not taken by the other end for so long, is not waited for any more.
_PATIENCE_S: Final = 30.0
#: A job that is told to stop gives what it has within so many seconds; then it is ended.
_STOP_WITHIN_S: Final = 20.0
#: One that nobody waits for any more only tidies up.
_END_WITHIN_S: Final = 3.0
#: Of the commands around a measurement: setting a power mode takes a few seconds.
_COMMAND_S: Final = 60.0
_MOST_CHARACTERS: Final = 2000
_LOOK_EVERY_S: Final = 0.05
_LOOK_AGAIN_S: Final = 1.0


def main() -> None:
    """Serve one job."""
    os.umask(0o077)  # Models are nobody else's on the board.
    home = Path(sys.argv[1])
    incoming, voice = sys.stdin.buffer, Voice(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # Whatever prints must not be taken for a message.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # That the link is gone is told by standard input.
    with suppress(OSError):
        os.utime(Path(__file__).parents[4] / "ready")  # This kit is used: it is not removed.
    try:
        agent = _Agent(home, incoming, voice)
        signal.signal(signal.SIGTERM, lambda *_: agent.stop())  # What has to be done after a measurement is done.
        agent.serve()
    except AssessError as error:
        voice.say({"error": {"problem": error.problem, "where": error.where, "hint": error.hint}})
    except OSError as error:  # Above all a full disk, which any of its files may meet.
        problem = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        voice.say({"error": {"problem": problem, "where": str(home), "hint": "assess target clean NAME makes room"}})
    except GoneError:
        return
    voice.wait_until_said(_PATIENCE_S)
    os._exit(0)  # Threads that still wait for a link are of no use.


class _Agent:
    """One job, from its question to its answer."""

    def __init__(self, home: Path, incoming: IO[bytes], voice: Voice) -> None:
        self._incoming, self._voice = incoming, voice
        self._patient = cast(IO[bytes], _Patient(incoming))
        with _patience():
            asked = hear(incoming)
        try:
            self._files = sent_files(asked["files"])
            self._job = Job(home, str(asked["key"]))
            self._asked = asked
        except (KeyError, ValueError) as error:
            raise AssessError(f"the board was asked what it does not understand: {error}") from error
        self._control = _Control()

    def stop(self) -> None:
        """Come to an end with what there is."""
        self._control.stop()

    def serve(self) -> None:
        """Do it. What nobody could fetch later is not left behind."""
        with _busy(self._job, self._voice):
            try:
                self._serve()
            finally:
                if not self._job.outcome.exists():
                    self._job.remove()

    def _serve(self) -> None:
        self._job.prune()
        outcome = self._job.finished()
        missing = [] if outcome else self._job.missing(self._files)
        free = os.statvfs(self._job.home)
        self._voice.say({
            "missing": [file.sha256 for file in missing], "finished": self._job.done_at() if outcome else "",
            "free_bytes": free.f_bavail * free.f_frsize,
        })  # fmt: skip
        self._take(missing)
        threading.Thread(target=self._control.listen, args=(self._incoming,), daemon=True).start()
        if outcome is None:
            outcome = self._done_unless_stopped()
        if outcome:
            self._give(outcome)

    def _take(self, missing: Sequence[SentFile]) -> None:
        """Take the bytes of what is missing here."""
        for file in missing:
            if why := receive(self._patient, file, self._job.blob(file.sha256)):
                raise AssessError(f"{file.path} cannot be kept: {why}", where=str(self._job.home))
        if missing:
            self._voice.say({"received": len(missing)})

    def _done_unless_stopped(self) -> dict[str, Any]:
        try:
            return self._done()
        except GoneError:
            if self._control.gone:
                raise
            return {"interrupted": True}

    def _done(self) -> dict[str, Any]:
        """Do the job with the board alone, and keep what came of it; empty if the other end is gone."""
        self._job.lay_out(self._files)
        lock = self._asked.get("lock")
        if lock is None:
            return self._worked()
        waiting = lambda held: self._voice.mention({"waiting": f"for another measurement on this board, by {held}"})  # noqa: E731
        with board_lock(str(lock["who"]), float(lock["wait_s"]), waiting, sleep=self._control.sleep):
            return self._worked()

    def _worked(self) -> dict[str, Any]:
        """The job between the commands that its target wants around it, whatever becomes of either."""
        ran: list[dict[str, Any]] = []
        outcome: dict[str, Any] = {}
        try:
            ran += self._commands("before", stop_at_failure=True)
            if failed := next((each for each in ran if each["code"]), None):
                why = f"{failed['command']!r} ended with {failed['code']}: {failed['output'] or 'it said nothing'}"
                outcome = {"error": {"problem": why, "where": "before", "hint": "try it on the board by hand"}}
            else:
                self._cool_down()
                outcome = self._run()
        finally:
            ran += self._commands("after", stop_at_failure=False)
        if outcome:
            outcome["commands"] = ran
            self._keep(outcome)
        return outcome

    def _keep(self, outcome: dict[str, Any]) -> None:
        """Keep what came of it for a link that is lost now: what failed, or was told to stop, is tried anew then."""
        if self._asked.get("is_kept") and "answer" in outcome and not self._control.told_to_stop:
            with suppress(OSError):  # It is given all the same, while the link is there.
                self._job.finish(outcome)

    def _commands(self, when: str, *, stop_at_failure: bool) -> list[dict[str, Any]]:
        """Run the commands around a measurement, and keep what they said."""
        ran: list[dict[str, Any]] = []
        for command in self._asked.get(when, ()):
            self._voice.mention({"progress": [f"{when}: {command}", None, None]})
            code, output = _shell(command)
            ran.append({"when": when, "command": command, "code": code, "output": output})
            if code and stop_at_failure:
                break
        return ran

    def _cool_down(self) -> None:
        left_s = float(self._asked.get("cool_down_s", 0.0))
        until = time.monotonic() + left_s
        while left_s > 0:
            self._voice.mention({"progress": ["cooling down", None, left_s]})
            self._control.sleep(min(1.0, left_s))
            left_s = until - time.monotonic()

    def _run(self) -> dict[str, Any]:
        """The work, in a process of its own."""
        (self._job.folder / "answer.json").unlink(missing_ok=True)
        self._job.request.write_text(json.dumps(self._asked), encoding="utf-8")
        code, printed = self._watched()
        if self._control.gone:
            return {}
        return self._outcome(code, printed)

    def _watched(self) -> tuple[int, str]:
        """Run the work until it ends, is told to stop, or its time is up; its code and what it said last."""
        read, write = os.pipe()
        work = [sys.executable, "-m", "assess.target.board.work", str(self._job.folder), str(os.getpid())]
        environment = {**os.environ, "ASSESS_PROGRESS_FD": str(write)}
        if self._asked.get("lock"):
            environment[HELD] = "1"
        process = subprocess.Popen(
            work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[write],
            start_new_session=True, env=environment,
        )  # fmt: skip
        os.close(write)
        assert process.stdout is not None
        last: list[str] = []
        listeners = [
            threading.Thread(target=self._keep_last, args=(process.stdout, last)),
            threading.Thread(target=self._pass_on_progress, args=(read,), daemon=True),
        ]
        for each in listeners:
            each.start()
        self._wait(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # What it started, and did not end.
        listeners[0].join(_STOP_WITHIN_S)
        return process.returncode, "".join(last)[-_MOST_CHARACTERS:]

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for its end; it is told once to come to one, and then has so long to tidy up."""
        until, told = time.monotonic() + float(self._asked["limit_s"]), False
        while process.poll() is None:
            now = time.monotonic()
            if now > until or (self._control.over and not told):
                process.send_signal(signal.SIGKILL if told else signal.SIGINT)
                until, told = now + (_END_WITHIN_S if self._control.gone else _STOP_WITHIN_S), True
            try:
                process.wait(_LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                continue

    def _keep_last(self, stream: IO[bytes], kept: list[str]) -> None:
        """What the work prints is read, lest it wait for that; the end says why it died."""
        for line in stream:
            kept[:] = [*kept[-20:], line.decode("utf-8", "replace")]

    def _pass_on_progress(self, read: int) -> None:
        with os.fdopen(read, "rb") as stream:
            for line in stream:
                try:
                    self._voice.mention({"progress": json.loads(line, parse_constant=lambda _: None)})
                except ValueError:
                    continue

    def _outcome(self, code: int, printed: str) -> dict[str, Any]:
        """What came of the work."""
        try:
            answer = json.loads((self._job.folder / "answer.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            if self._control.told_to_stop:  # It was not far enough to answer that.
                return {"interrupted": True}
            last = next((line.strip() for line in reversed(printed.splitlines()) if line.strip()), "")
            why = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
            problem = f"what measures there ended with {why}: {last or 'it said nothing'}"
            return {"error": {"problem": problem, "where": "", "hint": "assess target check NAME tells more"}}
        files = list(self._job.written(self._asked["outputs"], self._files)) if "answer" in answer else []
        return {**answer, "files": announced(files)}

    def _give(self, outcome: Mapping[str, Any]) -> None:
        """Give what came of it; once it is there, the job is not needed here any more."""
        files = tuple((file, self._job.tree / file.path) for file in sent_files(list(outcome.get("files", ()))))
        self._voice.say({"outcome": {**outcome, "files": announced([file for file, _ in files])}}, files)
        if self._voice.wait_until_said(_PATIENCE_S) and self._control.wait_for_thanks(_PATIENCE_S):
            self._job.remove()


class _Control:
    """What the other end says while the job is done."""

    def __init__(self) -> None:
        self.gone = False
        self.told_to_stop = False
        self._thanked = False
        self._changed = threading.Event()

    @property
    def over(self) -> bool:
        """Whether there is no sense in going on."""
        return self.gone or self.told_to_stop

    def listen(self, stream: IO[bytes]) -> None:
        """Listen until the stream ends."""
        while True:
            try:
                message = hear(stream)
            except GoneError:
                self.gone = True
                self._changed.set()
                return
            self.told_to_stop = self.told_to_stop or "stop" in message
            self._thanked = self._thanked or "thanks" in message
            self._changed.set()

    def stop(self) -> None:
        """As if the other end had said so."""
        self.told_to_stop = True
        self._changed.set()

    def sleep(self, span_s: float) -> None:
        """Sleep, unless the other end says something; once it is gone, end."""
        self._changed.wait(span_s)
        if self.over:
            raise GoneError("nobody waits for it any more")
        self._changed.clear()

    def wait_for_thanks(self, patience_s: float) -> bool:
        """Whether the other end says that it has what it was given."""
        until = time.monotonic() + patience_s
        while not self._thanked and not self.gone and (left_s := until - time.monotonic()) > 0:
            self._changed.wait(min(left_s, _LOOK_EVERY_S))
            self._changed.clear()
        return self._thanked


@contextmanager
def _busy(job: Job, voice: Voice) -> Iterator[None]:
    """Wait until no other agent does this very job: one whose link was lost may be at it."""
    while (file := _locked(job)) is None:
        voice.mention({"waiting": "for the same run, which was begun before"})
        time.sleep(_LOOK_AGAIN_S)
        if voice.gone:
            raise GoneError("nobody waits for it any more")
    with file:
        yield


def _locked(job: Job) -> IO[bytes] | None:
    """The job's file, locked; None if another agent has it, or removed the job in this moment."""
    import fcntl

    job.make()  # Whoever was at it may have removed it when it was given.
    file = job.busy.open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_ino == job.busy.stat().st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    file.close()
    return None


class _Patient:
    """A stream whose bytes are waited for so long and no longer: a link that hangs would hold them for hours."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """What has come, at most so much."""
        with _patience():
            data: bytes = self._stream.read1(size)  # type: ignore[attr-defined]
        return data


@contextmanager
def _patience() -> Iterator[None]:
    """Hold the block to a time, in which the other end has to say something."""

    def give_up(*_: object) -> NoReturn:
        raise GoneError(f"nothing came for {_PATIENCE_S:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _shell(command: str) -> tuple[int, str]:
    """Run a command of the inventory; its code and the end of what it said. What it leaves in the background stays."""
    with tempfile.TemporaryFile() as said:  # A pipe would be held open by what it leaves there.
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            return 127, f"{error.strerror or error}"
        try:
            code = process.wait(_COMMAND_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 124, f"it took more than {_COMMAND_S:.0f} s"
        said.seek(max(0, said.seek(0, os.SEEK_END) - _MOST_CHARACTERS))
        text = said.read().decode("utf-8", "replace").strip()
    return code if code >= 0 else 128 - code, text


if __name__ == "__main__":
    main()
