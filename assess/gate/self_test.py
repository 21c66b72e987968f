"""The flow of a gate's self-test: gates of a model against itself and against copies of it that do known work more."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from assess import __version__, sandbox
from assess.describe.graph import DEFAULT_LIMITS
from assess.describe.graph.injected import Injected, inject
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.gate.bench import Bench
from assess.gate.plan import GatePlan
from assess.gate.timed import failed, timed, timeless
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import PairChange
from assess.judge.gate.self_test import LEVELS, GateRun, Level, SelfTest
from assess.measure.alone import alone
from assess.measure.host import read_host
from assess.measure.lockstep import Pair, SideFailed
from assess.measure.measurement import Host, Settings
from assess.measure.run import private_folder
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject
from assess.project.lockstep import LATENCIES, change, relative, typical_s

#: Two rounds of a model below a millisecond, whose gate takes 7 to 20 s.
BUDGET_S: Final = 180.0
#: What the work is calibrated by.
_FLOOR: Final = LATENCIES[0]
#: Both orders once.
_CALIBRATING_PAIRS: Final = 2
#: The estimate is not corrected by more: beyond that the pairs told noise.
_MOST_OFF: Final = 4.0


class Inject(Protocol):
    """Writes copies of a model that do more work, as `assess.describe.graph.injected.inject` does."""

    def __call__(
        self, path: Path, folder: Path, added_s: Sequence[float], *, dims: Mapping[str, int], timeout_s: float
    ) -> list[Injected]:
        """One copy for each of `added_s`."""


def self_test(
    subject: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    budget_s: float = BUDGET_S,
    *,
    feeds: Mapping[str, Path] | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    clock: Callable[[], float] = monotonic,
    write: Inject = inject,
) -> SelfTest:
    """Gate a model against itself, and against copies that take 2, 5 and 10 % more, until the time is spent.

    Args:
        subject: the model.
        job: what it is for; None if nobody said: it is run back to back.
        settings: how it is run.
        plan: of every gate; its time and what it allows are left out.
        budget_s: seconds for all; every level has one gate, however long that takes.
        feeds: `.npy` files for inputs, by name.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        launch: runs a worker; tests hand in one of their own.
        host: reads the host.
        clock: seconds.
        write: writes the copies.

    Raises:
        AssessError: no work can be added to the model, or an input or a setting is not one that can be used.
    """
    metrics = _metrics(plan)
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess gate --self-test", on_wait):
        run = _Run(clock, on_progress, budget_s, replace(plan, budget_s=None, allowed=frozenset()), metrics)
        here = host()
        if without := timeless(here, metrics):
            raise AssessError(without[0].because, where="--self-test", hint="test the gate on the device itself")
        stage = _Stage(subject, job, settings, Path(name), launch, feeds or {}, write)
        levels, versions = run.all(stage)
        span_s = clock() - run.begun
    return SelfTest(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=subject.model,
        workload_id=job.workload.id if job else "",
        metrics=tuple(metrics),
        margin=plan.margin,
        most_pairs=plan.most,
        budget_s=budget_s,
        levels=tuple(levels),
        baseline_s=run.baseline_s,
        failure=run.failure,
        host=here,
        versions=versions,
        span_s=span_s,
    )


def _metrics(plan: GatePlan) -> list[str]:
    if plan.margin >= LEVELS[-1]:
        raise AssessError(
            f"a self-test slows the model by {LEVELS[-1]:.0%} at most, which a margin of {plan.margin:.0%} allows",
            where="--margin", hint=f"ask for less than {LEVELS[-1]:.0%}",
        )  # fmt: skip
    metrics = [metric for metric in LATENCIES if metric not in plan.skipped]
    if not metrics:
        raise AssessError("a self-test is of latencies, and none is left", where="--skip", hint="skip one at most")
    return metrics


class _Stage:
    """The model and its copies, each ready to be run against the model."""

    def __init__(
        self,
        subject: Subject,
        job: Job | None,
        settings: Settings,
        folder: Path,
        launch: Launch,
        feeds: Mapping[str, Path],
        write: Inject,
    ) -> None:
        self._subject, self._job, self._settings, self._folder = subject, job, settings, folder
        self._launch, self._feeds, self._write = launch, feeds, write
        self._made = count()

    def bench(self, path: Path | None = None) -> Bench:
        """The model against the copy at `path`; None: against itself."""
        candidate = replace(self._subject, path=path) if path else self._subject
        folder = self._fresh()
        return Bench(self._subject, candidate, self._job, self._settings, folder, self._launch, self._feeds)

    def copies(self, added_s: Sequence[float]) -> list[Injected]:
        """A copy for each amount of work, in seconds."""
        dims = self._subject.model.dims
        return self._write(
            self._subject.path, self._fresh(), added_s, dims=dims, timeout_s=DEFAULT_LIMITS.timeout_s
        )  # fmt: skip

    def _fresh(self) -> Path:
        folder = self._folder / str(next(self._made))
        folder.mkdir()
        return folder


@dataclass
class _Run:
    """One self-test as it goes on."""

    clock: Callable[[], float]
    on_progress: OnProgress
    budget_s: float
    plan: GatePlan
    metrics: list[str]
    begun: float = field(init=False)
    baseline_s: float = 0.0
    failure: Comparison | None = None

    def __post_init__(self) -> None:
        self.begun = self.clock()  # Not while others were waited for.

    def all(self, stage: _Stage) -> tuple[list[Level], Mapping[str, str]]:
        """Calibrate, and then gate level by level until the time is spent or something fails."""
        plain = stage.bench()
        levels = [Level(aim) for aim in LEVELS]
        injected = self._calibrated(stage, plain)
        if injected is None:
            return levels, plain.versions
        levels[1:] = [replace(level, injected=each) for level, each in zip(levels[1:], injected, strict=True)]
        benches = [plain, *(stage.bench(each.path) for each in injected)]
        for number in count():
            which = number % len(levels)
            if number >= len(levels) and self._spent_s + levels[which].gate_s > self.budget_s:
                break
            found = self._gate(benches[which], f"gate {number + 1}, {_said(levels[which].aim)}")
            if found is None:
                break
            levels[which] = replace(levels[which], gates=(*levels[which].gates, found))
        return levels, plain.versions

    @property
    def _spent_s(self) -> float:
        return self.clock() - self.begun

    def _tell(self, what: str) -> None:
        left_s = max(0.0, self.budget_s - self._spent_s)
        self.on_progress(what, min(1.0, self._spent_s / self.budget_s), left_s)

    def _calibrated(self, stage: _Stage, plain: Bench) -> list[Injected] | None:
        """Copies whose work was estimated, and then corrected by what the largest really added; None on a failure."""
        self._tell("how long the model takes")
        alone = self._pairs(plain, 1, placebo=True)
        if not alone:
            return None
        self.baseline_s = typical_s(alone, _FLOOR)[0]
        estimated = stage.copies([aim * self.baseline_s for aim in LEVELS[1:]])
        self._tell("how long the added work takes")
        pairs = self._pairs(stage.bench(estimated[-1].path), _CALIBRATING_PAIRS, placebo=False)
        if not pairs:
            return None
        added_s = self.baseline_s * relative(statistics.fmean(change(pair, _FLOOR) for pair in pairs))
        cheaper = estimated[-1].expected_s / max(added_s, estimated[-1].expected_s / _MOST_OFF)
        shutil.rmtree(estimated[-1].path.parent)
        return stage.copies([aim * self.baseline_s * max(cheaper, 1.0 / _MOST_OFF) for aim in LEVELS[1:]])

    def _pairs(self, bench: Bench, wanted: int, *, placebo: bool) -> list[Pair]:
        """So many pairs; none if one of them fails."""
        pairs = []
        for slot in range(wanted):
            found = bench.pair(slot, placebo=placebo, baseline_leads=slot % 2 == 0)
            if isinstance(found, SideFailed):
                self.failure = failed(found, "the model" if placebo or found.side == "baseline" else "its slower copy")
                return []
            pairs.append(found)
        return pairs

    def _gate(self, bench: Bench, said: str) -> GateRun | None:
        """One gate as `assess gate` runs it; None if a model did not go through."""
        begun = self.clock()

        def tell(what: str, _share: float | None, _left_s: float | None) -> None:
            self._tell(f"{said}: {what}")

        comparisons, pairs = timed(bench, self.plan, self.metrics, tell, self.clock)
        if comparisons[0].verdict is GateVerdict.FAILED:
            self.failure = comparisons[0]
            return None
        changes = tuple(
            PairChange(pair.placebo, pair.baseline_led, {metric: change(pair, metric) for metric in LATENCIES})
            for pair in pairs
        )
        return GateRun({each.metric: each.verdict for each in comparisons}, changes, self.clock() - begun)


def _said(aim: float) -> str:
    return f"{aim:+.0%}" if aim else "unchanged"
