"""How often a gate is wrong, and how long it takes: ours, and what others offer, on the same pairs of models in turn.

`python benchmarks/harness/gate.py --rounds 20` compares each of four models with itself and with 2, 5 and 10 % slower
variants, by every tool, in an order that is shuffled anew each round; `--loaded` burns one core meanwhile. Every
comparison becomes a line of a file at once (`--record`); `--report FILE ...` makes the tables of such files. Exit code
1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gate_models import MODELS, SAME, VARIANTS, write
from gate_peers import INCONCLUSIVE, Answer, Ended, Pair
from gate_table import Calibration, Gate, Record, goals, line, mend, read, tables
from gate_tools import ASSESS, LONGER, TOOLS, Tool, run_gate

SEED = 20261129
RECORDS = Path(__file__).resolve().parents[2] / "build" / "gate"

#: Ends by itself if whoever started it is gone, however that ended.
_BURN = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


class Case(NamedTuple):
    """One comparison to come; the longer gate is no case of its own: it follows where ours could not tell."""

    tool: str
    model: str
    variant: str


class Bench:
    """Runs comparisons and keeps what they came to.

    Args:
        folder: for models and projects; thrown away at the end.
        record: file that every result is appended to at once.
        loaded: whether a neighbour burns one core.
        longer: whether a longer gate follows where ours could not tell.
        tools: by name; tests hand in some of their own.
    """

    def __init__(
        self, folder: Path, record: Path, *, loaded: bool, longer: bool, tools: Mapping[str, Tool] = TOOLS
    ) -> None:
        self._folder, self._file, self._tools = folder, record, tools
        self._loaded, self._longer = loaded, longer

    def compare(self, case: Case) -> tuple[Gate, ...]:
        """Ask a tool about an accepted model and a variant; one record, or two with the longer gate's."""
        answer, seconds = self._asked(case.tool, case)
        found = [self._kept(case.tool, case, answer, seconds)]
        if case.tool == ASSESS and self._longer:
            if answer.kind == INCONCLUSIVE:
                answer, more_s = self._asked(LONGER, case)
                seconds += more_s
            found.append(self._kept(LONGER, case, answer, seconds))
        return tuple(found)

    def calibrate(self, model: str, variant: str, span_s: float) -> Calibration:
        """How much slower a variant really is: the pairs of one long gate.

        Raises:
            SystemExit: it did not go through.
        """
        with self._pair(model, variant) as pair:
            ended = run_gate(pair, "--budget", f"{span_s:g} s")
        found = _calibration(model, variant, ended, loaded=self._loaded)
        self._keep(found)
        return found

    def _asked(self, tool: str, case: Case) -> tuple[Answer, float]:
        with self._pair(case.model, case.variant) as pair:
            self._tools[tool].prepare(pair)
            start = time.perf_counter()
            answer = self._tools[tool].compare(pair)
            return answer, time.perf_counter() - start

    @contextmanager
    def _pair(self, model: str, variant: str) -> Iterator[Pair]:
        accepted = write(self._folder, model, "accepted")
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            yield Pair(accepted, write(self._folder, model, variant), Path(name))

    def _kept(self, tool: str, case: Case, answer: Answer, seconds: float) -> Gate:
        gate = Gate(
            tool, case.model, case.variant, self._loaded, answer.kind, answer.said, round(seconds, 3),
            round(answer.span_s, 3), round(os.getloadavg()[0], 2),
        )  # fmt: skip
        self._keep(gate)
        return gate

    def _keep(self, record: Record) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line(record))


def _calibration(model: str, variant: str, ended: Ended, *, loaded: bool) -> Calibration:
    try:
        report = json.loads(ended.out)
        changes = {each["metric"]: each["change"] for each in report["comparisons"]}
        tested = sum(not pair["placebo"] for pair in report["pairs"])
        return Calibration(
            model, variant, loaded, tested,
            {metric: (change["centre"], change["low"], change["high"]) for metric, change in changes.items()},
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{model} +{variant} %: could not be calibrated: {ended.last_line}") from error


def in_turn(rounds: int, tools: Sequence[str], models: Sequence[str], variants: Sequence[str]) -> Iterator[Case]:
    """Every case once a round, in an order that is shuffled anew each round, the same in every run."""
    asked = [tool for tool in tools if tool != LONGER]
    cases = [Case(tool, model, variant) for tool in asked for model in models for variant in variants]
    for number in range(rounds):
        random.Random(SEED + number).shuffle(cases)
        yield from list(cases)


@contextmanager
def neighbour(wanted: bool) -> Iterator[None]:
    """A process that burns one core until this is left, however it is left."""
    if not wanted:
        yield
        return
    burner = subprocess.Popen([sys.executable, "-c", _BURN, str(os.getpid())])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


class Watch:
    """Says on stderr what came of each comparison and for how long it will go on, and whether time is up."""

    def __init__(self, cases: Sequence[Case], limit_s: float) -> None:
        self._cases, self._limit_s, self._start = list(cases), limit_s, time.monotonic()
        self._spent: dict[tuple[str, str], list[float]] = {}
        self._done = 0

    @property
    def is_up(self) -> bool:
        return time.monotonic() - self._start >= self._limit_s

    def heard(self, case: Case, gates: Sequence[Gate]) -> None:
        """Tell of a comparison."""
        self._done += 1
        self._spent.setdefault((case.tool, case.model), []).append(gates[-1].seconds)
        told = ", then ".join(dict.fromkeys(f"{gate.said} ({gate.answer})" for gate in gates))
        left_s = self._left_s()
        left = f"{left_s / 60.0:.0f} min" if left_s >= 120.0 else f"{left_s:.0f} s"
        print(
            f"[{self._done}/{len(self._cases)}] {case.model} {case.variant} {case.tool}: {told}, "
            f"{gates[-1].seconds:.1f} s; about {left} left", file=sys.stderr,
        )  # fmt: skip

    def _left_s(self) -> float:
        usual = statistics.mean(second for seconds in self._spent.values() for second in seconds)
        left = sum(
            statistics.mean(self._spent.get((case.tool, case.model), [usual])) for case in self._cases[self._done :]
        )
        return max(0.0, min(left, self._limit_s - (time.monotonic() - self._start)))


def measure(asked: argparse.Namespace, record: Path) -> None:
    """Calibrate what is not in the record yet, and compare until all is done or time is up."""
    cases = list(in_turn(asked.rounds, asked.tools, asked.models, asked.variants))
    known = {
        (each.model, each.variant, each.loaded)
        for each in (read([record]) if record.exists() else [])
        if isinstance(each, Calibration)
    }
    with tempfile.TemporaryDirectory() as name, neighbour(asked.loaded):
        bench = Bench(Path(name), record, loaded=asked.loaded, longer=LONGER in asked.tools)
        watch = Watch(cases, 60.0 * asked.minutes)
        for model in asked.models:
            for variant in asked.variants:
                missing = variant != SAME and (model, variant, asked.loaded) not in known
                if missing and asked.calibrate and not watch.is_up:
                    print(f"calibrating {model} +{variant} %, {asked.calibrate:g} s", file=sys.stderr)
                    bench.calibrate(model, variant, asked.calibrate)
        for case in cases:
            if watch.is_up:
                print("time is up", file=sys.stderr)
                break
            watch.heard(case, bench.compare(case))


def asked_for() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop, and report, after so many")
    for name, known in (("models", MODELS), ("tools", TOOLS), ("variants", VARIANTS)):
        parser.add_argument(f"--{name}", type=_some(known), default=list(known), help=",".join(known))
    parser.add_argument("--loaded", action="store_true", help="burn one core meanwhile")
    parser.add_argument("--calibrate", type=float, default=30.0, metavar="SECONDS",
                        help="for each slower variant not in the record; 0: not at all")  # fmt: skip
    parser.add_argument("--record", type=Path, help="append to this file")
    parser.add_argument("--report", type=Path, nargs="+", metavar="FILE", help="the tables of these; nothing is run")
    asked = parser.parse_args()
    if LONGER in asked.tools and ASSESS not in asked.tools:
        parser.error(f"--tools: {LONGER} follows {ASSESS} where that cannot tell: name both")
    return asked


def _some(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Reads names that are parted by commas."""

    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return found

    return names


def report(records: Sequence[Record]) -> int:
    """Print tables and goals; 1 if one is missed."""
    if not records:
        print("nothing was measured")
        return 1
    print(tables(records, {name: tool.how for name, tool in TOOLS.items()}))
    reached = goals(records)
    print("\n".join(map(str, reached)))
    return int(any(goal.met is False for goal in reached))


def main() -> int:
    asked = asked_for()
    if asked.report:
        return report(read(asked.report))
    record: Path = asked.record or RECORDS / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    mend(record)
    print(f"records: {record}", file=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # As Ctrl-C: nothing is left running.
    stopped = False
    try:
        measure(asked, record)
    except KeyboardInterrupt:
        stopped = True
    missed = report(read([record]) if record.exists() else [])
    return 130 if stopped else missed


if __name__ == "__main__":
    sys.exit(main())
