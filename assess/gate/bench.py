"""The models of a gate, ready to be run in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.agreement import Agreement
from assess.measure.cpus import equal_cpus
from assess.measure.host import available_bytes
from assess.measure.inputs import Feed, prepare
from assess.measure.lockstep import Pair, SideFailed, run_pair
from assess.measure.measurement import Settings
from assess.measure.reference import ReferenceModel, agree
from assess.measure.scenarios.asked import asked
from assess.measure.sentinel import sentinel_files
from assess.measure.timed_run import WORKER, Launch, address_space
from assess.measure.variants import Source, Variation, sample
from assess.pipeline import Subject
from assess.providers import CPU
from assess.sandbox import Ending, Limits


class Bench:
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
        self._frames: list[Variation] = []
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

    def frames(self) -> list[Variation]:
        """What outputs are compared on."""
        if not self._frames:
            candidate = self._subjects[1]
            self._frames = sample(
                Source(candidate.model, self._ready, self._settings.seed, candidate.card, candidate.card_folder),
                self._folder / "sampled",
            )
        return self._frames

    def ask(self, changes: dict[str, Any]) -> Ending:
        """Run another pass on the candidate.

        Raises:
            KeyboardInterrupt: this process got a signal to end.
        """
        return self._ask(self._subjects[1], changes)

    def agreement(self, *, with_itself: bool = False) -> Agreement | str:
        """Outputs of the candidate, or of the baseline once more, against the baseline's; or why there is none.

        Raises:
            KeyboardInterrupt: this process got a signal to end.
        """
        baseline, candidate = self._subjects
        ours = baseline if with_itself else candidate
        folder = self._folder / ("repeated" if with_itself else "agreement")
        reference = ReferenceModel(baseline.model, baseline.path)
        return agree(ours.model, self.frames(), reference, partial(self._ask, ours), folder, ours.card)

    def _ask(self, subject: Subject, changes: dict[str, Any]) -> Ending:
        ending = self._launch(WORKER, {**self.request(subject), **changes}, self._limits)
        if ending.signal:
            raise KeyboardInterrupt(ending.signal)
        return ending

    def pair(self, slot: int, *, placebo: bool, baseline_leads: bool) -> Pair | SideFailed:
        """Run one pair."""
        baseline, candidate = (self.request(subject) for subject in self._subjects)
        return self._in_turns(slot, baseline, None if placebo else candidate, baseline_leads)

    def sentinel(self, slot: int) -> int | SideFailed:
        """Floor of the sentinel, run with itself as the models are run, in nanoseconds; or how it failed."""
        request = {**self.request(self._subjects[0]), **sentinel_files(self._folder)}
        found = self._in_turns(slot, request, None, slot % 2 == 0)
        if isinstance(found, SideFailed):
            return found
        return min(*found.baseline.fastest_ns, *found.other.fastest_ns)

    def _in_turns(
        self, slot: int, baseline: dict[str, Any], candidate: dict[str, Any] | None, leads: bool
    ) -> Pair | SideFailed:
        if self._cpus:
            cpu = self._cpus[slot // 2 % len(self._cpus)]
            for request in (baseline, candidate or baseline):
                request["cpu"] = cpu
        return run_pair(
            baseline, candidate, baseline_leads=leads, limits=self._limits, launch=self._launch,
            heard=self.versions.update,
        )  # fmt: skip
