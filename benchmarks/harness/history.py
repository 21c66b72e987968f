"""How long a query and a trend of one model take in a history of 100,000 runs: within a process, and as a command.

Half of the runs are of one model, on two machines; the others of 50 models. Each run has nine metrics, and each series
has four levels in what is searched. The database is SQLite, in a temporary folder. Goal: half a second for
what is asked of the database and the search for levels together; the command has the start of Python and the import of
SQLAlchemy, NumPy and ruptures on top. Prints Markdown.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assess.history import Asked, record, trend
from assess.history.store import connected
from assess.history.tables import METRICS, RUNS
from assess.project.history import Run

RUNS_STORED = 100_000
ROUNDS = 11
GOAL_S = 0.5
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (
    "latency floor", "latency median", "latency p99", "peak memory", "steady memory", "load", "first inference",
    "file size", "energy: package",
)  # fmt: skip
CHUNK = 10_000
#: Runs of a level: four of them are in the 500 that are searched.
LEVEL = 125


def rows() -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every run with its metrics."""
    draw = random.Random(0)
    for index in range(RUNS_STORED):
        number = index // 2 % 50
        model, host = ("large.onnx", index // 2 % 2) if index % 2 == 0 else (f"model-{number}.onnx", 0)
        place = index // 4 if index % 2 == 0 else index // 100  # Of the run in its series.
        level = 1.0 + 0.05 * (place // LEVEL % 2)
        run = {
            "id": index + 1, "created": (BEGUN + timedelta(minutes=5 * index)).isoformat(timespec="microseconds"),
            "kind": "gate-rerun", "model": model, "sha256": f"{index % 4000:064x}", "workload_id": "camera-30hz",
            "workload_version": 1, "device_id": "", "host": f"{host:016x}", "settings_key": "0" * 16,
            "onnxruntime": "1.32.0", "tool": "0.1.0", "commit_id": f"{index:040x}", "verdict": "PASS",
        }  # fmt: skip
        values = ((name, 1e-3 * level * draw.gauss(1.0, 0.01)) for name in NAMES)
        metrics = [{"run_id": index + 1, "name": name, "value": value, "unit": "s"} for name, value in values]
        yield run, metrics


def fill(file: Path) -> None:
    record(str(file), Run(BEGUN.isoformat(), "measure", "first.onnx", "0" * 64))
    with connected(str(file), write=True) as connection:
        connection.execute(RUNS.delete())
        runs: list[dict[str, Any]] = []
        metrics: list[dict[str, Any]] = []
        for run, its in rows():
            runs.append(run)
            metrics += its
            if len(runs) == CHUNK:
                connection.execute(RUNS.insert(), runs)
                connection.execute(METRICS.insert(), metrics)
                runs, metrics = [], []


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def command(file: Path, model: str) -> None:
    words = [sys.executable, "-m", "assess", "history", model, "--history", str(file)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.sqlite"
        filled_s = seconds(lambda: fill(file))
        print(f"{RUNS_STORED:,} runs, {file.stat().st_size / 1e6:.0f} MB, written in {filled_s:.0f} s\n")
        print(f"| model | runs | levels | query and trend, median of {ROUNDS} | slowest | command, median of 5 |")
        print("|---|--:|--:|--:|--:|--:|")
        slowest_s = 0.0
        for model in ("model-7.onnx", "large.onnx"):
            found = trend(str(file), Asked(model))  # Imports are done from here on.
            inside = [seconds(lambda: trend(str(file), Asked(model))) for _ in range(ROUNDS)]  # noqa: B023 - run at once
            whole = [seconds(lambda: command(file, model)) for _ in range(5)]  # noqa: B023 - run at once
            slowest_s = max(slowest_s, statistics.median(inside))
            runs = found.older + len(found.points)
            print(
                f"| {model} | {runs:,} | {len(found.levels)} | {statistics.median(inside):.3f} s "
                f"| {max(inside):.3f} s | {statistics.median(whole):.2f} s |"
            )
        one_s = [
            seconds(lambda: record(str(file), Run(BEGUN.isoformat(), "gate-rerun", "new.onnx", "1" * 64)))
            for _ in range(ROUNDS)
        ]
        print(f"\none more run is added in {statistics.median(one_s) * 1e3:.0f} ms")
    print(f"query and trend {slowest_s:.3f} s, goal <= {GOAL_S} s: {'met' if slowest_s <= GOAL_S else 'MISSED'}")
    return int(slowest_s > GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
