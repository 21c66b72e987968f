"""A real agent on a board of its own folder; what it can be asked is made up, and takes no time."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

import assess

#: Stands for the calls of a board: Python reads it at its start.
CALLS = """
import sys, types

def echo(asked, tell):
    tell("echoing", 0.5, float("inf"))
    tell("echoing", 1.0, 0.0)
    return {"say": asked["say"], "here": sorted(str(p) for p in __import__("pathlib").Path().rglob("*"))}

def write(asked, tell):
    from pathlib import Path
    for name, text in asked["write"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return {}

def count(asked, tell):
    from pathlib import Path
    number = len(list(Path(asked["folder"]).iterdir()))
    (Path(asked["folder"]) / str(number)).touch()
    __import__("time").sleep(asked.get("span_s", 0))
    return {"run": number}

def wait(asked, tell):
    import time
    tell("waiting", None, None)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        return {"partial": True}

def lost(asked, tell):
    import time
    tell("waiting", None, None)
    time.sleep(60)

def stubborn(asked, tell):
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tell("waiting", None, None)
    time.sleep(60)

def parent(asked, tell):
    import subprocess
    subprocess.Popen(["sleep", "61"])
    tell("waiting", None, None)
    if asked.get("ends"):
        return {}
    __import__("time").sleep(60)

def locked(asked, tell):
    from assess.measure.alone import alone
    with alone("a gate", lambda holder: tell("waits for " + holder, None, None)):
        return {}

def die(asked, tell):
    import os, signal
    print("last words", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)

def refuse(asked, tell):
    from assess.errors import AssessError
    raise AssessError("no such input", where="--input", hint="name one")

def fail(asked, tell):
    from assess.errors import ProcessFailedError
    raise ProcessFailedError("the model crashed")

def bug(asked, tell):
    raise ZeroDivisionError("a bug")

known = [echo, write, count, wait, lost, stubborn, parent, locked, die, refuse, fail, bug]
fake = types.ModuleType("assess.target.board.calls")
fake.CALLS = {each.__name__: each for each in known}
sys.modules["assess.target.board.calls"] = fake
import assess.measure.board_lock as lock
lock._shared = lambda: __import__("pathlib").Path(__import__("os").environ["LOCKS"])
"""


def lay_out(folder):
    """A kit in a folder of a board, with those calls; its tag."""
    site = folder / "kit/tag/site"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").write_text(CALLS)
    (site / "assess").symlink_to(Path(assess.__file__).resolve().parent)
    return "tag"


class Agent:
    """A running agent, and what it said."""

    def __init__(self, folder, **changes):
        if not (folder / "kit").exists():
            lay_out(folder)
        environment = {"PYTHONPATH": str(folder / "kit/tag/site"), "LOCKS": str(folder), "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assess.target.board.agent", str(folder / "home")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
            env={**environment, **changes},
        )  # fmt: skip
        self.seen = psutil.Process(self.process.pid)
        self.told = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (*self.children(), self.seen):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.process.wait()

    def say(self, **message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, call, **asked):
        usual = {"key": call, "files": [], "outputs": [], "limit_s": 30.0, "lock": None, "is_kept": True}
        self.say(**{**usual, "call": call, **asked})
        return self

    def hear(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def until(self, name):
        """What it says under a name; what it said before is kept."""
        while (message := self.hear()) is not None:
            self.told.append(message)
            if name in message:
                return message[name]
        raise AssertionError(f"no {name}, only {self.told}; {self.process.stderr.read().decode()}")

    def outcome(self, *, thanks=True):
        found = self.until("outcome")
        found["bytes"] = {file["path"]: self.process.stdout.read(file["size"]) for file in found.get("files", ())}
        if thanks:
            self.say(thanks=True)
        return found

    def close(self):
        """The link is lost, and that is seen."""
        self.process.stdin.close()

    def children(self):
        with contextlib.suppress(psutil.NoSuchProcess):
            return self.seen.children(recursive=True)
        return []

    def ended(self, within_s=10.0):
        """What it ended with, and how long that took."""
        begun = time.monotonic()
        return self.process.wait(within_s), time.monotonic() - begun
