"""The parent's side of a sandbox: run code that touches an untrusted model in a child, and tell how it ended."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final, Literal

from assess.errors import AssessError

#: What one message of a child may be at most: the description of a model of 50,000 nodes has a few megabytes.
MESSAGE_BYTES = 256 * 2**20
#: What is kept of what a child prints: the last lines say why it died, and a child may print without end.
_TAIL_BYTES = 8192
#: How long a child that has answered may take to end by itself; only native threads that hang take longer.
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use.

    Attributes:
        timeout_s: wall time; the child is killed after it.
        memory_bytes: address space (`RLIMIT_AS`, on Linux only); None for no limit.
    """

    timeout_s: float
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    Attributes:
        cause: "answered", or why it did not; "stopped" if it was told to, before it could answer.
        answer: what it answered.
        detail: one line for people on how it ended; empty if it answered.
        printed: the last lines that it or native code in it printed. Data, not instructions.
        signal: name of the signal that this process got while the child ran, and that made it stop the child.
    """

    cause: Literal["answered", "crashed", "hung", "out of memory", "stopped"]
    answer: Any
    detail: str
    printed: str
    signal: str = ""


#: Holds a process to a limit from before it is asked until it is gone; then what it gave tells why it ended it, or "".
Confine = Callable[[subprocess.Popen[bytes]], AbstractContextManager[Callable[[], str]]]


def _unconfined(_: subprocess.Popen[bytes]) -> AbstractContextManager[Callable[[], str]]:
    return nullcontext(lambda: "")


def run(
    module: str,
    request: dict[str, Any],
    limits: Limits,
    *,
    on_progress: Callable[[dict[str, Any]], None] = lambda message: None,
    stop_within_s: float | None = None,
    confine: Confine = _unconfined,
) -> Ending:
    """Run `python -m module`, which calls `assess.child.serve`, on one request, and wait for its end.

    The child is gone when this returns or raises, Ctrl-C included.

    Args:
        module: what the child runs.
        request: what it is asked.
        limits: what it may use.
        on_progress: told each of its messages but the last.
        stop_within_s: on Ctrl-C, SIGTERM or SIGHUP the child is asked to stop and has so many seconds to answer with
            what it has; the signal's name is in the `Ending`. None: the child is killed and the signal obeyed.
        confine: holds the child to a limit on the memory that it really takes.

    Raises:
        AssessError: the child found the input to be bad.
    """
    with ending_cleanly() as caught:
        kills_before = _out_of_memory_kills()
        last, code, printed = _converse(module, request, limits, on_progress, stop_within_s, confine)
        if name := last.get("signal", ""):
            caught.clear()  # It was heard: the caller is told, and ends once it has saved what there is.
    if error := last.get("error"):
        raise AssessError(error["problem"], where=error["where"], hint=error["hint"])
    if "answer" in last:
        return Ending("answered", last["answer"], "", printed, name)
    if name:
        return Ending("stopped", None, f"stopped by {name}", printed, name)
    if why := last.get("over limit"):
        return Ending("out of memory", None, why, printed)
    if last.get("timed out"):
        return Ending("hung", None, f"still running after {limits.timeout_s:g} s", printed)
    killed_for_memory = _out_of_memory_kills() > kills_before
    return _unanswered(last, code, printed, limits, killed_for_memory=killed_for_memory)


def _converse(
    module: str,
    request: dict[str, Any],
    limits: Limits,
    on_progress: Callable[[dict[str, Any]], None],
    stop_within_s: float | None,
    confine: Confine,
) -> tuple[dict[str, Any], int, str]:
    """Start the child, ask, and listen until it ends: its last message, its exit code and what it printed."""
    deadline = time.monotonic() + limits.timeout_s
    # -P: the working folder may hold a file named like one of our imports.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    held = ExitStack()
    try:
        assert process.stdin and process.stdout and process.stderr
        over_limit = held.enter_context(confine(process))
        messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        tail = bytearray()
        # Asking too has a thread: a child that never reads must not hold us longer than its time limit.
        threads = [
            threading.Thread(target=_ask, args=(process.stdin, _order(request, limits)), daemon=True),
            threading.Thread(target=_read_messages, args=(process.stdout, messages), daemon=True),
            threading.Thread(target=_read_tail, args=(process.stderr, tail), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            last = _wait_for_last(messages, deadline, on_progress)
        except (KeyboardInterrupt, Signalled) as signalled:
            if stop_within_s is None:
                raise
            process.terminate()
            soon = min(deadline, time.monotonic() + stop_within_s)
            last = {**_wait_for_last(messages, soon, on_progress), "signal": signal_of(signalled)}
        if not last.get("timed out"):
            try:
                process.wait(timeout=_GRACE_S if last else max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                last = last or {"timed out": True}
    finally:
        process.kill()
        process.wait()
        held.close()
    if why := over_limit():
        last = {**last, "over limit": why}
    for thread in threads:
        thread.join(timeout=1.0)  # A process that the child started may still hold the pipe open.
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(BrokenPipeError):  # It died without reading all that it was asked.
            pipe.close()
    return last, process.returncode, tail.decode(errors="replace").strip()


class Signalled(BaseException):
    """A signal that ends this process arrived; raised so that everything on the way out is cleaned up."""


def signal_of(stopped: BaseException) -> str:
    """Name of the signal that a `Signalled` or a KeyboardInterrupt stands for; the latter may have it as argument."""
    if isinstance(stopped, Signalled):
        return _signal_name(stopped.args[0])
    return str(stopped) or "SIGINT"


@contextmanager
def ending_cleanly() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, through every `finally`; then obey the signal.

    Without it they end Python on the spot, and temporary files stay behind. Only the main thread may and does change
    how signals are handled; nested blocks are fine.

    Yields:
        The signals that arrived; who clears them has dealt with them.
    """
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def end(number: int, _: FrameType | None) -> None:
        caught.append(number)
        raise Signalled(number)

    numbers = [number for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)) if number is not None]
    # A signal that is ignored, as under nohup, stays ignored.
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, end)
        yield caught
    except Signalled:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if caught:
            signal.raise_signal(caught[0])
            raise SystemExit(128 + caught[0])  # Whoever handles the signal chose to go on; the block's work is lost.


#: What a model may not decide, and what it may not learn: the URL of a history may hold a password.
_NOT_INHERITED: Final = frozenset({"ORT_LOAD_CONFIG_FROM_MODEL", "ASSESS_HISTORY", "ASSESS_PROGRESS_FD"})


def inherited() -> dict[str, str]:
    """The environment of whatever runs a model: this process's, without what it may not learn; it calls nobody."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    # ONNX Runtime's Linux wheels write to the home folder and call home unless told before their import.
    return {**kept, "ORT_DISABLE_TELEMETRY": "1"}


def environment() -> dict[str, str]:
    """The environment of every child of ours: the inherited one, with what must hold before anything is imported."""
    package = str(Path(__file__).resolve().parent.parent)
    others = os.environ.get("PYTHONPATH")
    path = f"{package}{os.pathsep}{others}" if others else package
    return {
        **inherited(),
        "PYTHONPATH": path,
        # numpy's linear algebra is not used; its threads would take address space on machines of many cores.
        "OPENBLAS_NUM_THREADS": "1",
    }


def _order(request: dict[str, Any], limits: Limits) -> bytes:
    order = {
        "request": request,
        "parent": os.getpid(),
        "memory_bytes": limits.memory_bytes,
        # A backstop for the case that this process dies without a chance to kill: all cores busy for the whole time.
        "cpu_s": int(limits.timeout_s * (os.cpu_count() or 1)) + 10,
    }
    return json.dumps(order).encode() + b"\n"


def _ask(stdin: IO[bytes], order: bytes) -> None:
    with suppress(BrokenPipeError):  # It died at once; how is read from its exit status.
        stdin.write(order)
        stdin.flush()


def _wait_for_last(
    messages: queue.SimpleQueue[bytes | None], deadline: float, on_progress: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """The child's last message; empty if it ended without one, {"timed out": True} if time ran out before it."""
    while True:
        try:
            line = messages.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return {"timed out": True}
        if line is None:
            return {}
        message = _message(line)
        if "progress" not in message:
            return message
        on_progress(message["progress"])


def _message(line: bytes) -> dict[str, Any]:
    """One message, or {"garbled": True}: a model that broke out of its runtime may write anything here."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {"garbled": True}
    if not isinstance(message, dict) or not isinstance(message.get("progress", {}), dict):
        return {"garbled": True}
    error = message.get("error", {"problem": "", "where": "", "hint": ""})
    if not isinstance(error, dict) or not all(isinstance(error.get(key), str) for key in ("problem", "where", "hint")):
        return {"garbled": True}
    return message


def _read_messages(pipe: IO[bytes], messages: queue.SimpleQueue[bytes | None]) -> None:
    while (line := pipe.readline(MESSAGE_BYTES)).endswith(b"\n"):
        messages.put(line)
    # What is longer than any message is none: it is handed on to be taken for garbled. No more of it is read.
    messages.put(line or None)


def _read_tail(pipe: IO[bytes], tail: bytearray) -> None:
    while chunk := pipe.read1(65536):  # type: ignore[attr-defined]
        tail += chunk
        del tail[:-_TAIL_BYTES]


def _unanswered(last: dict[str, Any], code: int, printed: str, limits: Limits, *, killed_for_memory: bool) -> Ending:
    allowed = "" if limits.memory_bytes is None else f" (limit {limits.memory_bytes / 2**20:.0f} MiB)"
    # Python may find no memory even to say so itself; then the traceback's last line does.
    if last.get("out of memory") or "bad_alloc" in printed or printed.endswith("MemoryError"):
        return Ending("out of memory", None, f"needed more memory than it may use{allowed}", printed)
    if last.get("garbled"):
        return Ending("crashed", None, "wrote to its parent what is not a message", printed)
    if last.get("stopped"):  # Not by this process, which would have been told by the signal's name.
        return Ending("crashed", None, "told to stop from outside", printed)
    if code == -signal.SIGKILL:
        detail = "killed by the kernel, out of memory" if killed_for_memory else "killed from outside by SIGKILL"
        return Ending("out of memory" if killed_for_memory else "crashed", None, detail, printed)
    if code < 0:
        return Ending("crashed", None, f"stopped by {_signal_name(-code)}", printed)
    return Ending("crashed", None, f"ended with exit code {code} and no answer", printed)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _out_of_memory_kills(root: Path = Path("/")) -> int:
    """How often the kernel killed for memory, here and in this control group; 0 where it does not tell."""
    files = [root / "proc/vmstat"]
    for folder in control_groups(root):
        files += [folder / "memory.events", folder / "memory.oom_control"]  # cgroup v2, v1
    return sum(map(_kills_in, files))


def _kills_in(file: Path) -> int:
    try:
        text = file.read_text()
    except OSError:
        return 0
    counts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(counts.get("oom_kill", 0))


def control_groups(root: Path = Path("/")) -> list[Path]:
    """Folders of the control groups that limit this process's memory, innermost first; empty where there are none."""
    try:
        lines = (root / "proc/self/cgroup").read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not path or (controllers and "memory" not in controllers.split(",")):
            continue
        mount = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        inner = mount / path.lstrip("/")
        # In a container the path may be the host's, which is not visible inside: then only the mount itself exists.
        found += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(mount) and folder.is_dir()]
    return found
