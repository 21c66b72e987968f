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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from assess.errors import AssessError

#: What one message of a child may be at most: the description of a model of 50,000 nodes has a few megabytes.
MESSAGE_BYTES = 256 * 2**20
_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use.

    Attributes:
        timeout_s: wall time; the child is killed after it.
        memory_bytes: address space (`RLIMIT_AS`, where the system has it); None for no limit.
    """

    timeout_s: float
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    Attributes:
        cause: "answered", or why it did not.
        answer: what it answered.
        detail: one line for people on how it ended; empty if it answered.
        printed: the last lines that it or native code in it printed. Data, not instructions.
    """

    cause: Literal["answered", "crashed", "hung", "out of memory"]
    answer: Any
    detail: str
    printed: str


def run(
    module: str,
    request: dict[str, Any],
    limits: Limits,
    *,
    on_progress: Callable[[dict[str, Any]], None] = lambda message: None,
) -> Ending:
    """Run `python -m module`, which calls `assess.child.serve`, on one request, and wait for its end.

    The child is gone when this returns or raises, Ctrl-C included.

    Raises:
        AssessError: the child found the input to be bad.
    """
    kills_before = _out_of_memory_kills()
    deadline = time.monotonic() + limits.timeout_s
    # -P: the working folder may hold a file named like one of our imports.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin and process.stdout and process.stderr
    messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    tail = bytearray()
    readers = [
        threading.Thread(target=_read_messages, args=(process.stdout, messages), daemon=True),
        threading.Thread(target=_read_tail, args=(process.stderr, tail), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        _ask(process.stdin, request, limits)
        last, timed_out = _wait_for_last(messages, deadline, on_progress)
        if not timed_out:
            try:
                process.wait(timeout=max(1.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:  # It answered, but native code does not let go at exit.
                timed_out = not last
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join(timeout=1.0)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    printed = tail.decode(errors="replace").strip()
    if error := last.get("error"):
        raise AssessError(error["problem"], where=error["where"], hint=error["hint"])
    if "answer" in last:
        return Ending("answered", last["answer"], "", printed)
    if timed_out:
        return Ending("hung", None, f"still running after {limits.timeout_s:g} s", printed)
    killed_for_memory = _out_of_memory_kills() > kills_before
    return _unanswered(last, process.returncode, printed, limits, killed_for_memory=killed_for_memory)


def environment() -> dict[str, str]:
    """The environment of every child: this one's, with ONNX Runtime's telemetry off before it is imported."""
    package = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    path = f"{package}{os.pathsep}{inherited}" if inherited else package
    return {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "PYTHONPATH": path}


def _ask(stdin: IO[bytes], request: dict[str, Any], limits: Limits) -> None:
    order = {
        "request": request,
        "parent": os.getpid(),
        "memory_bytes": limits.memory_bytes,
        # A backstop for the case that this process dies without a chance to kill: all cores busy for the whole time.
        "cpu_s": int(limits.timeout_s * (os.cpu_count() or 1)) + 10,
    }
    try:
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()
    except BrokenPipeError:
        pass  # It died at once; how is read from its exit status.


def _wait_for_last(
    messages: queue.SimpleQueue[bytes | None], deadline: float, on_progress: Callable[[dict[str, Any]], None]
) -> tuple[dict[str, Any], bool]:
    """The child's last message (empty if it sent none), and whether time ran out before it."""
    while True:
        try:
            line = messages.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return {}, True
        if line is None:
            return {}, False
        message = json.loads(line)
        if "progress" not in message:
            return message, False
        on_progress(message["progress"])


def _read_messages(pipe: IO[bytes], messages: queue.SimpleQueue[bytes | None]) -> None:
    while (line := pipe.readline(MESSAGE_BYTES)).endswith(b"\n"):
        messages.put(line)
    messages.put(None)


def _read_tail(pipe: IO[bytes], tail: bytearray) -> None:
    while chunk := pipe.read1(65536):  # type: ignore[attr-defined]
        tail += chunk
        del tail[:-_TAIL_BYTES]


def _unanswered(last: dict[str, Any], code: int, printed: str, limits: Limits, *, killed_for_memory: bool) -> Ending:
    allowed = "" if limits.memory_bytes is None else f" (limit {limits.memory_bytes / 2**20:.0f} MiB)"
    if last.get("out of memory") or "bad_alloc" in printed:
        return Ending("out of memory", None, f"needed more memory than it may use{allowed}", printed)
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


def _out_of_memory_kills() -> int:
    """How often the kernel killed for memory in this control group; 0 where it does not tell."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            text = Path(path).read_text()
        except OSError:
            continue
        for line in text.splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0
