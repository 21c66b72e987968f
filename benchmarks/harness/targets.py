"""What a board over SSH costs: bytes of the first push, seconds beside the measurement, latencies against local ones.

The board is a plain sshd on loopback (`tests/boards`), so that what is seen is assess's own: connecting, asking,
starting Python there, sending, fetching, judging. Goals: the first push has less than 60 MB; a second `fit --on` of an
unchanged model takes less than 3 s beyond the measurement itself, which is the same run by `pipeline.run` in this
process; a periodic run of 1,000 frames has the latencies of a local one, told as ratios of medians in alternation.
Prints Markdown; exits with 1 if a goal is missed.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2] / "tests"))
import boards  # noqa: E402

from assess.describe.library import Library  # noqa: E402
from assess.pipeline import default_tier, find_job, find_model, run, settings_of  # noqa: E402

MODEL, JOB, DEVICE = "wafer-map", "camera-30hz", "raspberry-pi-5-8gb"
PERIODIC, FRAMES = "joint-control-1khz", 1000
ROUNDS, PAIRS = 5, 4
MOST_MB, MOST_S = 60.0, 3.0


def assess(*words: str, environment: dict[str, str]) -> tuple[float, str]:
    """Seconds that a command took, and what it said on standard error."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "assess", *words], capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return time.perf_counter() - begun, done.stderr


def sent_mb(said: str) -> float:
    """Megabytes that a command says it has sent."""
    found = re.search(r"sent to .*: ([0-9.]+) MB", said)
    return float(found[1]) if found else 0.0


def measured_s() -> float:
    """Seconds of the measurement itself, here and in this process."""
    library = Library()
    job = find_job(JOB, library)
    subject = find_model(MODEL, library, dims={})
    settings = settings_of(job, default_tier([library.device(DEVICE)]))
    begun = time.perf_counter()
    run(subject, job, settings, feeds={}, library=library)
    return time.perf_counter() - begun


def median_us(*words: str, environment: dict[str, str]) -> float:
    """Median service time of a periodic run, us."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.json"
        more = ("--workload", PERIODIC, "--min-count", str(FRAMES), "--tier", "smoke", "-o", str(file), *words)
        assess("measure", MODEL, *more, environment=environment)
        return float(json.loads(file.read_text())["frames"]["derived"]["service"]["p50"]) / 1000.0


def main() -> int:
    """Measure, print, and tell whether the goals are met."""
    missed = []
    with boards.start("plain") as board:
        there, on = board.environment, ("--on", board.address)
        first_s, said = assess("target", "prepare", board.address, environment=there)
        first_mb = sent_mb(said)
        fit = ("fit", MODEL, "--device", DEVICE, "--workload", JOB, *on)
        assess(*fit, environment=there)
        beside, again_mb = [], 0.0
        for _ in range(ROUNDS):
            took_s, said = assess(*fit, environment=there)
            again_mb = max(again_mb, sent_mb(said))
            beside.append(took_s - measured_s())
        ratios = [median_us(*on, environment=there) / median_us(environment=there) for _ in range(PAIRS)]
    print("| what | figure | goal |\n|---|--:|--:|")
    print(f"| first push, kit and wheels | {first_mb:.1f} MB, {first_s:.1f} s | < {MOST_MB:.0f} MB |")
    spread = f"{min(beside):.2f} to {max(beside):.2f}"
    print(f"| second fit, beside the measurement | {statistics.median(beside):.2f} s ({spread}) | < {MOST_S:.0f} s |")
    print(f"| second fit, sent | {again_mb:.1f} MB | |")
    told = ", ".join(f"{each:.3f}" for each in sorted(ratios))
    print(f"| {FRAMES:,} frames at 1 kHz, median there / here | {told} | 1 within noise |")
    missed += ["the first push"] if not 0.0 < first_mb < MOST_MB else []
    missed += ["the second fit"] if statistics.median(beside) >= MOST_S else []
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
