"""A model run for its job: the budgets, fit for devices, energy, and who runs what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assess import sandbox
from assess.describe.device import Device
from assess.describe.library import Library
from assess.describe.workload import Job
from assess.gate.plan import GatePlan
from assess.judge.gate.budgets import BUDGETS, judge_budgets
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.energy import ENERGY, joules_per_inference, judge_energy
from assess.judge.gate.fit import FIT, judge_fit, kept
from assess.judge.gate.placement import PLACEMENT, judge_placement
from assess.measure.baseline import JobKept
from assess.measure.host import read_host
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.tiers import SMOKE
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject, expected_s, judge, run, settings_of
from assess.project.quantile import count_needed
from assess.providers import CPU

#: A run for the job has as many frames as bound its percentile, unless that takes longer.
_LONGEST_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ForJob:
    """How models are run for their job.

    Attributes:
        job: the job.
        settings: of the gate.
        devices: that the models are judged for.
        library: where other models of the job are found.
        feeds: `.npy` files for inputs, by name.
        launch: runs a worker.
        host: reads the host.
    """

    job: Job
    settings: Settings
    devices: Sequence[Device] = ()
    library: Library | None = None
    feeds: Mapping[str, Path] = field(default_factory=dict)
    launch: Launch = sandbox.run
    host: Callable[[], Host] = read_host

    def run(self, subject: Subject, on_progress: OnProgress = silent) -> Measurement:
        """Run a model for the job.

        Raises:
            AssessError: an input or a setting is not one that can be used.
        """
        return run(
            subject, self.job, self._settings(), feeds=self.feeds, library=self.library, on_progress=on_progress,
            launch=self.launch, host=self.host,
        )  # fmt: skip

    def _settings(self) -> Settings:
        needed = count_needed(self.job.workload.requires.percentile, discarded=1)
        while needed > SMOKE.count and expected_s(self.job, needed, 0.0) > _LONGEST_S:
            needed = max(SMOKE.count, needed // 2)
        asked = self.settings
        return settings_of(
            self.job, SMOKE, count=needed, provider=asked.provider, provider_options=asked.provider_options,
            threads=asked.threads, optimisation=asked.optimisation, seed=asked.seed,
        )  # fmt: skip

    def keep(self, measurement: Measurement) -> JobKept:
        """What is compared of a run."""
        fits = tuple(
            kept(judge(measurement, device, workload=self.job.workload)) for device in self.devices
        )  # fmt: skip
        placed = measurement.placement
        return JobKept(fits, joules_per_inference(measurement), dict(placed.fallen_back) if placed else None)


def asks(for_job: ForJob | None, plan: GatePlan) -> bool:
    """Whether there is anything to be told by a run for the job."""
    if for_job is None:
        return False
    wanted = {name for name in (*BUDGETS, ENERGY, FIT, PLACEMENT) if name not in plan.skipped}
    has_budget = for_job.job.workload.deadline_s is not None and wanted & set(BUDGETS)
    return bool(has_budget or (for_job.devices and FIT in wanted) or for_job.settings.provider != CPU)


def compare_for_job(
    before: Subject | JobKept | None, candidate: Subject, for_job: ForJob, plan: GatePlan, on_progress: OnProgress
) -> list[Comparison]:
    """Run the candidate for its job and, where that is needed, the baseline; and compare.

    Args:
        before: the accepted model, or what was kept of its run; None where nothing was.
        candidate: the newer model.
        for_job: how they are run.
        plan: what is asked.
        on_progress: told what is being done, the share that is done and the seconds left.
    """
    measured = for_job.run(candidate, on_progress)
    found = judge_budgets(measured, for_job.job.workload)
    if measured.failure is None:
        after = for_job.keep(measured)
        needed = after.fits or after.energy or after.fallen_back is not None
        earlier = for_job.keep(for_job.run(before, on_progress)) if isinstance(before, Subject) and needed else before
        if isinstance(earlier, JobKept):
            found += _compared(earlier, after)
    return plan.wanted(found)


def _compared(before: JobKept, after: JobKept) -> list[Comparison]:
    found = []
    if before.fallen_back is not None and after.fallen_back is not None:
        found.append(judge_placement(before.fallen_back, after.fallen_back))
    found += judge_energy(before.energy, after.energy)
    known = {each.device: each for each in before.fits}
    return found + [judge_fit(known[each.device], each) for each in after.fits if each.device in known]
