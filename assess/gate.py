"""The flow of a gate: a newer model against an accepted one, both measured here and now, in turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

from assess import __version__, sandbox
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.judge.gate.comparison import Comparison, GateVerdict, allowed
from assess.judge.gate.exact import FACTS, compare_facts
from assess.judge.gate.latency import CONFIDENCE, LOOKS, MARGIN, Evidence, judge_latency
from assess.judge.gate.memory import judge_memory
from assess.judge.gate.outputs import Tolerance, judge_outputs
from assess.judge.gate.report import GateReport, PairChange
from assess.measure.agreement import Agreement
from assess.measure.alone import alone
from assess.measure.cpus import equal_cpus
from assess.measure.host import available_bytes, read_host
from assess.measure.inputs import Feed, prepare
from assess.measure.lockstep import Pair, SideFailed, run_pair
from assess.measure.measurement import Host, Settings
from assess.measure.passes.lockstep import Side
from assess.measure.reference import ReferenceModel, agree
from assess.measure.run import private_folder
from assess.measure.scenarios.asked import asked
from assess.measure.timed_run import WORKER, Launch, OnProgress, address_space, silent
from assess.measure.variants import Source, sample
from assess.pipeline import Subject
from assess.project.lockstep import LATENCIES, change, typical_s
from assess.providers import CPU
from assess.sandbox import Ending, Limits

#: Of three slots one is a placebo: the baseline against itself.
_EVERY: Final = 3
#: With a budget there is one look, at its end, and the interval need not be shared among several.
_ONE_LOOK: Final = 0.95
#: Fewer pairs, whatever the budget, have no interval at that confidence.
_FEWEST: Final = 6
MEMORIES: Final[Mapping[str, Callable[[Side], int | None]]] = {
    "peak memory": lambda launch: launch.peak_bytes,
    "steady memory": lambda launch: launch.steady_bytes,
}
#: Metrics that need a run, in the order of the report.
MEASURED: Final = ("outputs", *LATENCIES, *MEMORIES)

#: How a gate runs its models unless it is told otherwise: each of many launches has to warm up.
SETTINGS: Final = Settings(warmup_count=30, warmup_duration_s=0.1, timeout_s=120.0)
#: All that a gate compares.
METRICS: Final = (*FACTS, *MEASURED)


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What a gate asks, and how long it may take.

    Attributes:
        margin: slowdown that is allowed, relative.
        looks: after so many pairs it is looked whether they tell; the last is the most there will be.
        budget_s: seconds, instead of looks: one look, at their end; None for looks.
        allowed: metrics that may be worse.
        skipped: metrics that are not compared.
        tolerance: how far outputs may stray.
    """

    margin: float = MARGIN
    looks: tuple[int, ...] = LOOKS
    budget_s: float | None = None
    allowed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def most(self) -> int:
        """Pairs, at most."""
        return self.looks[-1]

    def weighed(self, comparison: Comparison) -> Comparison:
        """The comparison as it weighs: what may be worse is told only."""
        return allowed(comparison) if comparison.metric in self.allowed else comparison


def gate(
    baseline: Subject,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    clock: Callable[[], float] = monotonic,
) -> GateReport:
    """Compare two models: their files, what they put out, and in lockstep how long they take and what memory.

    Args:
        baseline: the accepted model.
        candidate: the newer one, described with the same dimensions.
        job: what they are for; None if nobody said: they are run back to back.
        settings: how they are run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        launch: runs a worker; tests hand in one of their own.
        host: reads the host.
        clock: seconds.

    Raises:
        AssessError: an input or a setting is not one that can be used.
    """
    begun = clock()
    found = static(baseline, candidate, plan)
    wanted = [metric for metric in MEASURED if metric not in plan.skipped]
    if _differs(baseline, candidate):
        why = "the two models do not take the same inputs: nothing can be fed to both"
        found += [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in wanted]
        return _report(baseline, candidate, job, found, span_s=clock() - begun)
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess gate", on_wait):
        begun = clock()  # Not while others were waited for.
        on_progress("preparing the inputs", None, None)
        bench = _Bench(baseline, candidate, job, settings, Path(name), launch, feeds or {})
        if "outputs" in wanted:
            on_progress("comparing the outputs", None, None)
            found.append(plan.weighed(judge_outputs(bench.agreement(), plan.tolerance)))
        timed = [metric for metric in wanted if metric != "outputs"]
        if found and found[-1].metric == "outputs" and found[-1].verdict is not GateVerdict.PASS:
            differ = found[-1].verdict is GateVerdict.REGRESSION
            why = f"not measured, since the outputs {'differ' if differ else 'could not be compared'}"
            found += [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in timed]
            return _report(baseline, candidate, job, found, span_s=clock() - begun)
        here = host()
        more, pairs = _timed(bench, plan, timed, on_progress, clock) if timed else ([], [])
        found += more
    return _report(
        baseline, candidate, job, found, pairs=pairs, host=here, versions=bench.versions, span_s=clock() - begun
    )


def static_report(baseline: Subject, candidate: Subject, job: Job | None, plan: GatePlan) -> GateReport:
    """What the two files alone tell, on any machine; nothing is run, and nothing is said of time and memory."""
    return _report(baseline, candidate, job, static(baseline, candidate, plan), mode="static")


def static(baseline: Subject, candidate: Subject, plan: GatePlan) -> list[Comparison]:
    """What the two files alone tell, on any machine."""
    facts = compare_facts(baseline.model, candidate.model)
    return [plan.weighed(each) for each in facts if each.metric not in plan.skipped]


def _differs(baseline: Subject, candidate: Subject) -> bool:
    ours, theirs = (
        [(port.name, port.dtype, port.shape) for port in each.model.inputs] for each in (baseline, candidate)
    )
    return ours != theirs


def _report(baseline: Subject, candidate: Subject, job: Job | None, found: list[Comparison], **more: Any) -> GateReport:
    pairs = [
        PairChange(pair.placebo, pair.baseline_led, {metric: change(pair, metric) for metric in LATENCIES})
        for pair in more.pop("pairs", ())
    ]
    return GateReport(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        mode=more.pop("mode", "rerun"),
        baseline=baseline.model,
        candidate=candidate.model,
        workload_id=job.workload.id if job else "",
        comparisons=tuple(found),
        pairs=tuple(pairs),
        **more,
    )


class _Bench:
    """Both models, ready to be run in turns."""

    def __init__(
        self,
        baseline: Subject,
        candidate: Subject,
        job: Job | None,
        settings: Settings,
        folder: Path,
        launch: Launch,
        feeds: Mapping[str, Path],
    ) -> None:
        self._subjects = (baseline, candidate)
        self._settings, self._folder, self._launch = settings, folder, launch
        self._ready = self._prepared(feeds)
        self._scenario = {"kind": "single"}
        if job is not None:
            if job.workload.scenario.kind == "pipeline":
                raise AssessError(
                    "a pipeline has several models; a gate compares two", where=f"--workload {job.workload.id}",
                    hint="gate each model of it for a job of its own",
                )  # fmt: skip
            self._scenario = asked(job, seed=settings.seed, tier=settings.tier, scratch=folder)
        self._limits = Limits(settings.timeout_s, address_space(settings))
        # One CPU for both, unless they are to have several, or an accelerator does the work.
        self._cpus = equal_cpus() if settings.threads == 1 and settings.provider == CPU else ()
        self.versions: dict[str, str] = {}

    def _prepared(self, feeds: Mapping[str, Path]) -> list[Feed]:
        subject = self._subjects[1]
        return prepare(
            subject.model, self._folder, seed=self._settings.seed, feeds=feeds, card=subject.card,
            card_folder=subject.card_folder, available_bytes=available_bytes(),
        )  # fmt: skip

    def request(self, subject: Subject) -> dict[str, Any]:
        """What a worker is asked for one of the models, whatever the pass."""
        inputs = [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in self._ready]
        return {
            **asdict(self._settings),
            "model": str(subject.path.resolve()),
            "inputs": inputs,
            "scenario": self._scenario,
            "scratch": str(self._folder),
        }

    def agreement(self) -> Agreement | str:
        """The candidate's outputs against the baseline's, or why they could not be compared."""
        baseline, candidate = self._subjects
        frames = sample(
            Source(candidate.model, self._ready, self._settings.seed, candidate.card, candidate.card_folder),
            self._folder / "sampled",
        )

        def ask(changes: dict[str, Any]) -> Ending:
            return self._launch(WORKER, {**self.request(candidate), **changes}, self._limits)

        reference = ReferenceModel(baseline.model, baseline.path)
        return agree(candidate.model, frames, reference, ask, self._folder / "agreement", candidate.card)

    def pair(self, slot: int, *, placebo: bool, baseline_leads: bool) -> Pair | SideFailed:
        """Run one pair."""
        baseline, candidate = (self.request(subject) for subject in self._subjects)
        if self._cpus:
            cpu = self._cpus[slot // 2 % len(self._cpus)]
            baseline["cpu"] = candidate["cpu"] = cpu
        return run_pair(
            baseline, None if placebo else candidate, baseline_leads=baseline_leads, limits=self._limits,
            launch=self._launch, heard=self.versions.update,
        )  # fmt: skip


def _timed(
    bench: _Bench, plan: GatePlan, metrics: list[str], on_progress: OnProgress, clock: Callable[[], float]
) -> tuple[list[Comparison], list[Pair]]:
    """Pairs until they tell, or there are no more; and what they tell."""
    pairs: list[Pair] = []
    begun = clock()
    for slot, placebo in enumerate(_slots()):
        tested = sum(not pair.placebo for pair in pairs)
        _tell(on_progress, plan, slot, tested, clock() - begun)
        found = bench.pair(slot, placebo=placebo, baseline_leads=slot % 2 == 0)
        if isinstance(found, SideFailed):
            return [_failed(found)], pairs
        pairs.append(found)
        tested += not placebo
        last = _is_last(plan, tested, slot + 1, clock() - begun)
        if last or (plan.budget_s is None and not placebo and tested in plan.looks):
            comparisons = _compared(pairs, metrics, plan)
            if last or not any(_open(each) for each in comparisons):
                return comparisons, pairs
    raise AssertionError("slots do not end")


def _slots() -> Iterator[bool]:
    """Whether each slot is a placebo."""
    slot = 0
    while True:
        yield slot % _EVERY == 0
        slot += 1


def _is_last(plan: GatePlan, tested: int, slots: int, spent_s: float) -> bool:
    if plan.budget_s is None:
        return tested >= plan.most
    return tested >= _FEWEST and spent_s + spent_s / slots > plan.budget_s


def _open(comparison: Comparison) -> bool:
    return comparison.verdict in (GateVerdict.INCONCLUSIVE, GateVerdict.NOISY)


def _compared(pairs: list[Pair], metrics: list[str], plan: GatePlan) -> list[Comparison]:
    tests, placebos = ([pair for pair in pairs if pair.placebo == wanted] for wanted in (False, True))
    confidence = CONFIDENCE if plan.budget_s is None else _ONE_LOOK
    found = []
    for metric in metrics:
        if metric in LATENCIES:
            changes, placebo = ([change(pair, metric) for pair in some] for some in (tests, placebos))
            evidence = Evidence(metric, changes, placebo, *typical_s(tests, metric))
            found.append(judge_latency(evidence, plan.margin, confidence=confidence))
        else:
            found.append(_memory(metric, tests, placebos))
    return [plan.weighed(each) for each in found]


def _memory(metric: str, tests: list[Pair], placebos: list[Pair]) -> Comparison:
    of = MEMORIES[metric]
    before = [of(pair.baseline) for pair in tests] + [
        of(side) for pair in placebos for side in (pair.baseline, pair.other)
    ]
    after = [of(pair.other) for pair in tests]
    known = [[value for value in values if value is not None] for values in (before, after)]
    if not all(known):
        return Comparison(metric, GateVerdict.INCONCLUSIVE, "the system does not tell", next_step=f"--skip {metric!r}")
    return judge_memory(metric, known[0], known[1])


def _failed(side: SideFailed) -> Comparison:
    if side.signal:
        raise KeyboardInterrupt(side.signal)
    details = tuple(side.detail.splitlines()[-5:])
    step = "run it alone: assess measure" if side.side == "candidate" else "give a baseline that runs on this host"
    return Comparison("run", GateVerdict.FAILED, f"the {side.side} {side.cause}", details=details, next_step=step)


def _tell(on_progress: OnProgress, plan: GatePlan, slot: int, tested: int, spent_s: float) -> None:
    """Seconds to the next look, or to the end of the budget."""
    if plan.budget_s is not None:
        share, left_s = min(1.0, spent_s / plan.budget_s), max(0.0, plan.budget_s - spent_s)
    else:
        look = next(look for look in plan.looks if look > tested)
        slots = look + -(-look // (_EVERY - 1))
        share, left_s = slot / slots, spent_s / slot * (slots - slot) if slot else math.nan
    word = f"pair {tested + 1}, {'placebo' if slot % _EVERY == 0 else 'both in turns'}"
    on_progress(word, share, None if math.isnan(left_s) else left_s)
