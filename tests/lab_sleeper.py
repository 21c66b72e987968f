"""A worker of a lab that sleeps instead of measuring, and writes down when: what tests and benchmarks of labs start."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import lab_cases

from assess import __version__
from assess.lab.bench import Bench, Measure
from assess.lab.store import Store
from assess.lab.worker import Offer, serve
from assess.portfolio import PlannedRun


def sleeping(log: Path, name: str, sleep_s: float) -> Measure:
    """Takes so long for each case, and tells progress ten times."""

    def write(what: str) -> None:
        with log.open("a") as file:  # One short line at a time: they do not mix.
            file.write(f"{what} {time.time()} {name}\n")

    def measure(subject, job, settings, library, tell):
        write("begin")
        for step in range(10):
            tell("sleeping", step / 10, sleep_s * (1 - step / 10))
            time.sleep(sleep_s / 10)
        write("end")
        return lab_cases.made(PlannedRun(job, settings, None, ()), subject)

    return measure


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("devices")
    parser.add_argument("log", type=Path)
    parser.add_argument("--sleep-s", type=float, default=0.2)
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--most-file-bytes", type=int)
    words = parser.parse_args()
    if words.most_file_bytes:  # As a disk that takes no more.
        resource.setrlimit(resource.RLIMIT_FSIZE, (words.most_file_bytes, words.most_file_bytes))
    name = f"{words.devices}-{os.getpid()}"
    store = Store(words.log.parent / f"store-{name}")
    bench = Bench(sleeping(words.log, name, words.sleep_s), store, version=words.version)
    told = f"offers {words.devices}"
    offer = Offer(words.address, tuple(words.devices.split(",")), words.devices)
    serve(offer, bench, lambda known: sys.stderr.write(f"{known} {told}\n"))


if __name__ == "__main__":
    main()
