"""Processes that write to a history at once, or are killed while they do; a program of its own, since it forks.

`python history_writers.py together WHERE` or `killed WHERE`; prints JSON.
"""

import json
import os
import random
import signal
import sys
import time

from assess.history import Asked, record, trend
from assess.project.history import Quantity, Run

RUNS = 200
ROUNDS = 10
#: A history of any database is opened and written to within this.
LONGEST_S = 0.15


def run(model, number):
    values = {"latency floor": 1e-3 * (number + 1), "latency median": 1.0, "peak memory": 2.0, "file size": 3.0}
    metrics = {name: Quantity(value) for name, value in values.items()}
    created = f"2026-11-29T10:{number // 60:02}:{number % 60:02}+00:00"
    return Run(created, "gate-rerun", model, "ab" * 32, metrics=metrics)


def forked(work):
    """The process id of a child that does the work."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def together(where):
    """Two writers at once, from the making of the history on: how they ended."""

    def write(model):
        for number in range(RUNS):
            record(where, run(model, number))

    children = [forked(lambda model=f"writer-{index}": write(model)) for index in range(2)]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def killed(where):
    """Writers that are killed at random moments: of each, how many runs it saw committed and which there are."""
    draw, found = random.Random(0), []
    for index in range(ROUNDS):
        model = f"killed-{index}"
        reading, writing = os.pipe()

        def write(model=model, reading=reading, writing=writing):
            os.close(reading)
            for number in range(10 * RUNS):
                record(where, run(model, number))
                os.write(writing, b".")

        child = forked(write)
        os.close(writing)
        first = os.read(reading, 1)
        time.sleep(draw.uniform(0.0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged = len(first)
        while more := os.read(reading, 65536):
            acknowledged += len(more)
        os.close(reading)
        metrics = ("latency floor", "latency median", "peak memory", "file size")
        values = [[point.value for point in trend(where, Asked(model, metric)).points] for metric in metrics]
        found.append({"committed": acknowledged, "floors": values[0], "counts": [len(each) for each in values]})
    return found


if __name__ == "__main__":
    _, what, place = sys.argv
    print(json.dumps({"together": together, "killed": killed}[what](place)))  # noqa: T201 - a program
