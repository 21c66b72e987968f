"""A model run for its job: the budgets, fit for devices, energy, and who runs what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assess.describe.device import Device
from assess.describe.library import Library
from assess.describe.workload import Job
from assess.gate.plan import GatePlan
from assess.gate.world import WORLD, World
from assess.judge.gate.budgets import BUDGETS, also_exceeded, judge_budgets
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.energy import ENERGY, joules_per_inference, judge_energy
from assess.judge.gate.fit import FIT, judge_fit, stored_fit
from assess.judge.gate.placement import PLACEMENT, judge_placement
from assess.measure.baseline import StoredRun
from assess.measure.interruption import was_stopped
from assess.measure.measurement import Failure, Measurement, Settings
from assess.measure.tiers import SMOKE
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, expected_s, judge, run, settings_of
from assess.project.quantile import count_needed
from assess.providers import CPU

#: A run for the job has as many frames as bound its percentile, unless that takes longer.
_LONGEST_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class ForJob:
    """How models are run for their job.

    Attributes:
        job: the job.
        settings: of the gate.
        devices: that the models are judged for.
        library: where other models of the job are found.
        feeds: `.npy` files for inputs, by name.
        world: launches and hosts.
        run_for: runs a model for a job, as `pipeline.run` does: on this host, unless it is that of a target.
    """

    job: Job
    settings: Settings
    devices: Sequence[Device] = ()
    library: Library | None = None
    feeds: Mapping[str, Path] = field(default_factory=dict)
    world: World = WORLD
    run_for: Callable[..., Measurement] = run

    def run(self, subject: Subject, each_s: float | None, on_progress: OnProgress = silent) -> Measurement:
        """Run a model for the job.

        Args:
            subject: the model.
            each_s: seconds of one inference, as far as it is known; None: what the job allows it.
            on_progress: told what is being done, the share that is done and the seconds left.

        Raises:
            AssessError: an input or a setting is not one that can be used.
            KeyboardInterrupt: this process got a signal to end; what was measured until then is no answer.
        """
        measured = self.run_for(
            subject, self.job, self.settings_for_it(each_s), feeds=self.feeds, library=self.library,
            on_progress=on_progress, launch=self.world.launch, host=self.world.host,
        )  # fmt: skip
        if was_stopped(measured):
            raise KeyboardInterrupt
        return measured

    def settings_for_it(self, each_s: float | None = None) -> Settings:
        """As many frames as bound the job's percentile with none above, or those of 20 s; and no pass but the floor.

        Args:
            each_s: seconds of one inference, which decide where no schedule does.
        """
        count = count_needed(self.job.workload.requires.percentile)
        lasting_s = expected_s(self.job, count, 0.0)
        if each_s is not None and self.job.workload.scenario.kind == "single":
            lasting_s = count * each_s
        if lasting_s > _LONGEST_S:
            count = max(1, round(count * _LONGEST_S / lasting_s))
        asked = self.settings
        return settings_of(
            self.job, SMOKE, count=count, provider=asked.provider, provider_options=asked.provider_options,
            threads=asked.threads, optimisation=asked.optimisation, seed=asked.seed,
        )  # fmt: skip

    def stored(self, measurement: Measurement) -> StoredRun:
        """What is compared of a run."""
        frames, placed = measurement.frames, measurement.placement
        return StoredRun(
            len(frames) + len(frames.dropped_ns),
            tuple(stored_fit(judge(measurement, device, workload=self.job.workload)) for device in self.devices),
            joules_per_inference(measurement),
            dict(placed.fallen_back) if placed else None,
        )


def asks(for_job: ForJob | None, plan: GatePlan) -> bool:
    """Whether there is anything to be told by a run for the job."""
    if for_job is None:
        return False
    wanted = {name for name in (*BUDGETS, ENERGY, FIT, PLACEMENT) if name not in plan.skipped}
    has_budget = for_job.job.workload.deadline_s is not None and wanted & set(BUDGETS)
    placed = for_job.settings.provider != CPU and PLACEMENT in wanted
    return bool(
        has_budget or (for_job.devices and FIT in wanted) or placed or (ENERGY in wanted and for_job.world.metered())
    )


def compare_for_job(
    before: Subject | StoredRun | None,
    candidate: Subject,
    for_job: ForJob,
    plan: GatePlan,
    each_s: float | None,
    on_progress: OnProgress,
) -> list[Comparison]:
    """Run the candidate for its job and, where that is needed, the baseline; and compare.

    Args:
        before: the accepted model, or what was kept of its run; None where nothing was.
        candidate: the newer model.
        for_job: how they are run.
        plan: what is asked.
        each_s: seconds of one inference of the candidate, as far as it is known.
        on_progress: told what is being done, the share that is done and the seconds left.
    """
    workload = for_job.job.workload
    measured = for_job.run(candidate, each_s, on_progress)
    if measured.failure is not None:
        return [_failed(measured.failure)]
    found, after = judge_budgets(measured, workload), for_job.stored(measured)
    exceeded = any(each.verdict is GateVerdict.REGRESSION for each in found)
    earlier = before
    if isinstance(before, Subject) and (exceeded or after.fits or after.energy or after.fallen_back is not None):
        run = for_job.run(before, each_s, on_progress)
        if run.failure is not None:
            return plan.wanted(found) + _not_run_before(after, f"the accepted model was {run.failure.cause}", plan)
        found, earlier = also_exceeded(found, judge_budgets(run, workload)), for_job.stored(run)
    if isinstance(earlier, StoredRun):
        return plan.wanted([*found, *_compared(earlier, after)])
    return plan.wanted(found) + _not_run_before(after, "the baseline has no run for the job", plan)


def _not_run_before(after: StoredRun, why: str, plan: GatePlan) -> list[Comparison]:
    """What was asked of both and is known of the candidate alone: it is told that nothing is told."""
    metrics = [f"{FIT}: {each.device}" for each in after.fits]
    metrics += [PLACEMENT] if after.fallen_back is not None else []
    return plan.wanted(_unknown(metric, why) for metric in metrics)


def _unknown(metric: str, why: str) -> Comparison:
    step = "accept the model again for this job and device, or leave it out with --skip"
    return Comparison(metric, GateVerdict.NOT_COMPARABLE, why, next_step=step)


def _failed(failure: Failure) -> Comparison:
    """A candidate that does not go through its job has failed, whatever was asked of it."""
    details = tuple(failure.detail.splitlines()[-5:])
    said = f"for its job the candidate was {failure.cause}"
    return Comparison("run", GateVerdict.FAILED, said, details=details, next_step="run it alone: assess measure")


def _compared(before: StoredRun, after: StoredRun) -> list[Comparison]:
    found = []
    if before.fallen_back is not None and after.fallen_back is not None:
        found.append(judge_placement(before.fallen_back, after.fallen_back))
    elif after.fallen_back is not None:
        found.append(_unknown(PLACEMENT, "the baseline does not tell who ran what"))
    found += judge_energy(before.energy, after.energy)
    known = {each.device: each for each in before.fits}
    for each in after.fits:
        if each.device in known:
            found.append(judge_fit(known[each.device], each))
        else:
            found.append(_unknown(f"{FIT}: {each.device}", "the baseline was not judged for this device"))
    return found
