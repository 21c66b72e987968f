"""What a lab gains and costs: three workers against one for cases that sleep, and a client's memory with 10,000 cases.

Scheduler and workers are processes of this host that sleep instead of measuring (`tests/lab_sleeper.py`), so that what
is seen is the lab's own: half a second of sleep for each of 60 cases, 20 ms for each of the 10,000. Goals: three
workers do at least 2.5 times as much as one; the client stays below 500 MB with 10,000 cases queued. Prints Markdown;
exits with 1 if a goal is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2] / "tests"))
import lab_cases  # noqa: E402
import psutil  # noqa: E402

from assess.describe.library import Library  # noqa: E402
from assess.judge.fit_report import FitReport  # noqa: E402
from assess.lab.suite_run import judge_in_lab  # noqa: E402

CASES, SLEEP_S = 60, 0.5
QUEUED, SHORT_S = 10_000, 0.02
LEAST_GAIN, MOST_MB = 2.5, 500.0
DEVICE = "board-a"


def lab(stack: ExitStack, folder: Path, workers: int, sleep_s: float) -> str:
    """The address of a lab of so many workers, all of one device."""
    _, address = stack.enter_context(lab_cases.scheduler())
    for _ in range(workers):
        stack.enter_context(lab_cases.sleeper(address, DEVICE, folder / "log", sleep_s=sleep_s))
    return address


def taken_s(workers: int) -> float:
    """Seconds that so many workers take for all cases, from asking the scheduler to the last verdict."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = lab(stack, folder, workers, SLEEP_S)
        plan = lab_cases.plan(folder, [DEVICE], CASES)
        begun_s = time.perf_counter()
        found = judge_in_lab(plan, Library(), address, save=lambda *_: None)
        if not all(isinstance(each, FitReport) for each in found.outcomes):
            raise SystemExit("a case was not judged")
        return time.perf_counter() - begun_s


def client(address: str, folder: Path) -> None:
    """In a process of its own: all cases; prints its memory when all are queued, at most, and what was judged."""
    plan, process = lab_cases.plan(folder, [DEVICE], QUEUED), psutil.Process()
    queued: list[int] = []

    def save(*_: object) -> None:
        queued.extend([process.memory_info().rss] if not queued else [])

    found = judge_in_lab(plan, Library(), address, save=save)
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    judged = sum(isinstance(each, FitReport) for each in found.outcomes)
    print(json.dumps({"queued_mb": queued[0] / 1e6, "peak_mb": peak / 1e6, "judged": judged}))


def main() -> int:
    if len(sys.argv) == 4 and sys.argv[1] == "--client":
        client(sys.argv[2], Path(sys.argv[3]))
        return 0
    one_s, three_s = taken_s(1), taken_s(3)
    gain = one_s / three_s
    print(f"| {CASES} cases that sleep {SLEEP_S:g} s, to the last verdict | one worker | three workers | gain | goal |")
    print("|---|--:|--:|--:|--:|")
    print(f"| | {one_s:.1f} s | {three_s:.1f} s | {gain:.2f} | {LEAST_GAIN:g} |")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = lab(stack, folder, 3, SHORT_S)
        begun_s = time.perf_counter()
        asked = subprocess.run(
            [sys.executable, str(HERE), "--client", address, str(folder)], stdout=subprocess.PIPE, check=True
        )
        spent_s = time.perf_counter() - begun_s
    memory = json.loads(asked.stdout)
    print(f"\n| {QUEUED:,} cases | resident memory of the client | goal |")
    print("|---|--:|--:|")
    print(f"| queued, none judged | {memory['queued_mb']:.0f} MB | {MOST_MB:.0f} MB |")
    print(f"| at most, until all {memory['judged']:,} are judged ({spent_s:.0f} s) | {memory['peak_mb']:.0f} MB | |")
    met = gain >= LEAST_GAIN and memory["queued_mb"] < MOST_MB and memory["judged"] == QUEUED
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
