"""Processes that describe a model without the wait for their imports: forks of one that has made them.

Importing onnx takes several times what reading a hostile file does. All else is as ever: each file has a process of its
own, a child of the one that asks, which takes its request, its limits and its end from `assess.sandbox`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MODULE = "assess.describe.graph.child"
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Forked:
    """What `assess.sandbox` knows of a `subprocess.Popen`, for a process that is forked and not started."""

    def __init__(self, channel: socket.socket) -> None:
        (asked, self_in), (self_out, said), (self_err, printed) = os.pipe(), os.pipe(), os.pipe()
        theirs = (asked, said, printed)
        socket.send_fds(channel, [b"fork"], theirs)
        for handle in theirs:
            os.close(handle)
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(self_in, "wb"),
            os.fdopen(self_out, "rb"),
            os.fdopen(self_err, "rb"),
        )
        self.pid = int(channel.recv(32))
        self.returncode: int | None = None
        self._handle = os.pidfd_open(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._handle], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(MODULE, timeout or 0.0)
            _, status = os.waitpid(self.pid, 0)
            os.close(self._handle)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.returncode is None:
            signal.pidfd_send_signal(self._handle, number)


class Warm:
    """Stands in for `subprocess.Popen`: forks what describes, starts all else, and may be told to start that too."""

    def __init__(self, server: int, channel: socket.socket) -> None:
        self.server = server
        self.is_cold = False
        self._channel = channel

    def __call__(self, command: list[str], **how: Any) -> Any:
        if self.is_cold or command != [sys.executable, "-P", "-m", MODULE]:
            return _START(command, **how)
        return Forked(self._channel)


_START = subprocess.Popen


@contextmanager
def warm(environment: dict[str, str]) -> Iterator[Warm]:
    """A process that has imported all, ready to be forked; `environment` is that of the processes."""
    ours, theirs = socket.socketpair()
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    # What loses its parent becomes a child of this process, as if it had started it.
    assert prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    with ours, theirs:
        command = [sys.executable, "-P", __file__, str(theirs.fileno())]
        server = _START(command, env=environment, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()
        try:
            yield Warm(server.pid, ours)
        finally:
            ours.close()
            assert server.wait(timeout=10.0) == 0
            prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _serve(channel: socket.socket) -> None:
    """Fork when asked; returns in each fork, and in the server when nobody asks any more."""
    import assess.describe.graph.facts  # noqa: F401

    gc.freeze()  # Else the first collection in a fork would touch, and so copy, all that was imported.
    while True:
        message, handles, _, _ = socket.recv_fds(channel, 16, 3)
        if not message:
            return
        between = os.fork()
        if between == 0:
            _forked(channel, handles)
            return
        os.waitpid(between, 0)
        for handle in handles:
            os.close(handle)


def _forked(channel: socket.socket, handles: list[int]) -> None:
    """In a process between the server and the one that describes: it ends, so that the latter is the asker's child."""
    between = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == between:
        time.sleep(0.0001)
    channel.send(str(os.getpid()).encode())
    channel.close()
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
