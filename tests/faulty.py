"""A child that does what it is asked to, however bad: `sandbox.run("faulty", {"do": ...}, ...)`."""

import ctypes
import os
import signal
import sys
import time

from assess.child import serve
from assess.errors import AssessError

CHUNK = b"x" * 2**20


def hang():
    while True:
        time.sleep(1)


def take_memory():
    taken = []
    while True:
        taken.append(bytearray(2**24))


def find_bad_input():
    raise AssessError("is bad", where="here", hint="make it good")


def print_a_lot():
    for _ in range(10):
        os.write(1, CHUNK)
        os.write(2, CHUNK)
    sys.stdout.write("the last words\n")
    return "done"


def write_nonsense():
    """As a model could that broke out of its runtime: into the channel, found by its number."""
    for channel in range(3, 20):
        try:
            os.write(channel, b"{not json\n")
        except OSError:
            continue
    time.sleep(60)


def abort_for_memory():
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def handle(request, tell):
    do = request["do"]
    if do == "tell":
        for step in range(3):
            tell({"step": step})
        return "told"
    if do == "echo":
        return request
    if do == "environment":
        return {name: os.environ.get(name) for name in request["names"]}
    return {
        "segfault": lambda: ctypes.string_at(0),
        "abort": os.abort,
        "exit": lambda: os._exit(7),
        "kill": lambda: os.kill(os.getpid(), 9),
        "raise": lambda: 1 // 0,
        "hang": hang,
        "be told to stop": lambda: (os.kill(os.getpid(), signal.SIGTERM), hang()),
        "take memory": take_memory,
        "abort for memory": abort_for_memory,
        "find bad input": find_bad_input,
        "print a lot": print_a_lot,
        "write nonsense": write_nonsense,
        "pid": os.getpid,
    }[do]()


if __name__ == "__main__":
    if os.environ.get("FAULTY") == "before reading":
        sys.exit(3)
    serve(handle)
    if os.environ.get("FAULTY") == "after answering":
        hang()
