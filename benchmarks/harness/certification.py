"""How often a certificate is given to a process that must not have it, and how often to one that should have it.

Simulates runs of frames whose misses are independent or come in bursts, at exactly the miss rate that must not be
certified and at a tenth of it, and counts the certificates: plain (misses taken as independent, MLPerf LoadGen's rule)
beside the burst-aware ones of assess/judge/certificate.py. 10,000 runs for each figure, fixed seeds. Prints Markdown.
`tests/judge/test_certificate.py` asserts what the first table shows.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from assess.judge.certificate import ASSUMED_BURST, GAP, frames_for_certificate, mean_burst
from assess.project.binomial import trials_needed
from assess.project.quantile import miss_rate

SEED = 20261123
TRIALS = 10_000
#: Runs that are measured on until they pass.
LOOKERS = 2_000
#: Cells of one chunk of the simulation: what fits into a CPU's cache goes fastest.
CELLS = 400_000
PERCENTILES = (99.0, 99.9)

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Process:
    """How misses come: runs of misses, good frames in between; stationary from the first frame on.

    Attributes:
        name: for the table.
        burst: misses of one burst, on average.
        lengths: how many misses a burst has: "geometric" (a two-state Markov chain), "fixed", or "heavy" (one burst in
            five is long, the others are single misses). "broken" is geometric with good frames inside the burst.
    """

    name: str
    burst: float
    lengths: str = "geometric"


INDEPENDENT = Process("independent misses", 1.0, "fixed")
PROCESSES = (
    INDEPENDENT,
    Process("bursts of 2", 2.0),
    Process("bursts of 5", 5.0),
    Process("bursts of 5, all alike", 5.0, "fixed"),
    Process("bursts of 5, one in five of 21", 5.0, "heavy"),
    Process("bursts of 5, broken by good frames", 5.0, "broken"),
    Process("bursts of 20", 20.0),
    Process("bursts of 20, all alike", 20.0, "fixed"),
    Process("bursts of 50", 50.0),
)


@dataclass(frozen=True)
class Runs:
    """Of each simulated run what its certificate depends on.

    Attributes:
        misses: frames missed.
        episodes: groups of them.
        exposed: frames in which an episode could have begun.
    """

    misses: Array
    episodes: Array
    exposed: Array


def simulate(process: Process, rate: float, frames: int, trials: int, seed: int) -> Runs:
    """Count misses and episodes of `trials` runs of a process that misses `rate` of its frames."""
    draw = np.random.default_rng(seed)
    columns = columns_needed(process, rate, frames)
    rows = max(1, CELLS // columns)
    parts = []
    for done in range(0, trials, rows):
        between, lengths = gaps_and_runs(process, rate, min(rows, trials - done), columns, draw)
        parts.append(count(between, lengths, frames))
    return Runs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Runs.__dataclass_fields__))


def gaps_and_runs(
    process: Process, rate: float, rows: int, columns: int, draw: np.random.Generator
) -> tuple[Array, Array]:
    """Good frames before each run of misses, and the run's length, one simulated run a row."""
    shape = (rows, columns)
    # Good frames in which a burst may begin are what the bursts, and the good frames within them, leave over.
    inside = 3.0 if process.lengths == "broken" else 0.0
    good = process.burst / rate - process.burst - inside
    # Independent misses may follow each other directly; a burst is over when a good frame comes.
    between = (
        draw.geometric(1.0 / (good + 1.0), shape) - 1 if process.burst == 1.0 else draw.geometric(1.0 / good, shape)
    )
    if process.lengths == "broken":
        # Runs of 2 on average; after each, three times in five, the burst goes on behind 2 good frames on average.
        going_on = draw.random(shape) < 0.6
        between = np.where(going_on, draw.geometric(0.5, shape), between)
        runs = draw.geometric(0.5, shape)
    elif process.lengths == "heavy":
        runs = np.where(draw.random(shape) < 0.8, 1, 21)
    elif process.lengths == "fixed":
        runs = np.full(shape, int(process.burst))
    else:
        runs = draw.geometric(1.0 / process.burst, shape)
    if process.burst > 1.0:
        # Stationary: as often as not within a burst, the run begins there (exact where lengths are geometric).
        between[:, 0] = np.where(draw.random(rows) < rate, 0, between[:, 0])
    return between, runs


def columns_needed(process: Process, rate: float, frames: int) -> int:
    runs = frames * rate / process.burst * (2.5 if process.lengths == "broken" else 1.0)
    return int(runs + 10.0 * (2.5 * runs) ** 0.5 + 20.0)


def count(between: Array, lengths: Array, frames: int) -> Runs:
    """What the first `frames` frames of each row hold: `between` good frames, `lengths` misses, and so on."""
    ends = np.cumsum(between + lengths, axis=1)
    if (ends[:, -1] < frames).any():
        raise AssertionError("too few columns: the simulated runs end early")
    starts = np.minimum(ends - lengths, frames)
    ends = np.minimum(ends, frames)
    misses = ends - starts
    first = np.ones((len(between), 1), bool)
    fresh = (starts < frames) & np.concatenate([first, between[:, 1:] > GAP], axis=1)
    # After a run no episode can begin until GAP good frames have passed, or the next run comes.
    following = np.concatenate([starts[:, 1:], first * frames], axis=1)
    closed = np.where(misses > 0, np.minimum(following - ends, GAP), 0)
    return Runs(misses.sum(axis=1), fresh.sum(axis=1), frames - closed.sum(axis=1))


@cache
def needed(rate: float, most: int) -> Array:
    """`trials_needed` for every count up to `most`."""
    return np.array([trials_needed(count, rate) for count in range(most + 1)])


def plain(runs: Runs, frames: int, rate: float) -> Array:
    """Which runs the plain rule certifies."""
    return _needed(runs.misses, rate) <= frames


def certified(runs: Runs, rate: float) -> Array:
    """Which runs the burst-aware rule certifies."""
    bursts = _mean_burst(runs.misses, runs.episodes)
    return np.floor(runs.exposed / bursts) >= _needed(runs.episodes, rate)


def holds_to(runs: Runs, rate: float) -> Array:
    """Up to which mean burst each run certifies."""
    return runs.exposed / _needed(runs.episodes, rate)


def claimed(runs: Runs, rate: float) -> Array:
    """Which runs certify up to the mean burst that the process really has: misses to an episode."""
    return holds_to(runs, rate) >= runs.misses.sum() / runs.episodes.sum()


def _needed(counts: Array, rate: float) -> Array:
    return needed(rate, -(-(int(counts.max()) + 1) // 500) * 500)[counts]


_mean_burst = np.vectorize(mean_burst, otypes=[float])


def run_lengths(percentile: float) -> dict[str, int]:
    """The numbers of frames looked at, by what is special about them."""
    least = trials_needed(0, miss_rate(percentile)) * int(ASSUMED_BURST)
    return {
        "just enough": least,
        "advised": frames_for_certificate(percentile),
        "ten times": 10 * least,
        "100,000": 100_000,
    }


def _table(title: str, share: float) -> None:
    print(f"\n{title}\n")
    print("| percentile | misses | " + " | ".join(f"{name}" for name in run_lengths(99.0)) + " |")
    print("|---|---|" + "--:|" * len(run_lengths(99.0)))
    for percentile in PERCENTILES:
        rate = miss_rate(percentile)
        for process in PROCESSES:
            cells = []
            for frames in run_lengths(percentile).values():
                runs = simulate(process, rate * share, frames, TRIALS, SEED)
                figures = [plain(runs, frames, rate), certified(runs, rate)]
                if share == 1.0:
                    figures.append(claimed(runs, rate))
                cells.append(" / ".join(f"{100.0 * figure.mean():.1f}" for figure in figures))
            print(f"| p{percentile:g} | {process.name} | " + " | ".join(cells) + " |", flush=True)


def _extended() -> None:
    print(
        f"\nMeasured on until it passes, a look after every 10 % more, up to ten times the frames; "
        f"{LOOKERS:,} runs, p99:\n"
    )
    print("| misses | false burst-aware certificates in % |\n|---|--:|")
    rate = miss_rate(99.0)
    looks = [round(run_lengths(99.0)["just enough"] * 1.1**i) for i in range(25)]
    for process in PROCESSES[:3]:
        columns = columns_needed(process, rate, looks[-1])
        between, lengths = gaps_and_runs(process, rate, LOOKERS, columns, np.random.default_rng(SEED))
        passed = np.any([certified(count(between, lengths, frames), rate) for frames in looks], axis=0)
        print(f"| {process.name} | {100.0 * passed.mean():.1f} |")


def main() -> int:
    start = time.perf_counter()
    print(f"{TRIALS:,} runs each. Frames: " + "; ".join(f"p{p:g} {run_lengths(p)}" for p in PERCENTILES))
    _table(
        "False certificates in %, at exactly the rate that must not pass: plain / burst-aware / claimed for this burst",
        1.0,
    )
    _table("Certificates in % at a tenth of that rate: plain / burst-aware", 0.1)
    _extended()
    print(f"\n{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
