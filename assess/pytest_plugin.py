"""The pytest fixture `assess_gate`: a test gates a model against the accepted one, as `assess gate` does.

pytest imports this file wherever assess is installed; so nothing but pytest is imported before a test asks for a gate.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from assess.describe.library import Library
    from assess.errors import AssessError
    from assess.gate import GatePlan
    from assess.gate.opponent import Opponent
    from assess.judge.gate.report import GateReport
    from assess.pipeline import Subject

#: Of a test's name in the name of a file; file systems take 255 bytes.
_MOST_CHARACTERS: Final = 80
#: Verdicts that say that the newer model is worse, or cannot be run.
_WORSE: Final = ("REGRESSION", "FAILED")
_GOOD: Final = ("PASS", "IMPROVEMENT")
#: Arguments that have another name than the option of the command line.
_ARGUMENTS: Final = {"--dim": "dims", "--input": "inputs"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("assess", "gates of models (assess)")
    group.addoption("--assess-strict", action="store_true", help="a gate that could not tell fails instead of skipping")
    group.addoption("--assess-report", metavar="DIR", help="write JSON and JUnit of each gate into this folder")


@pytest.fixture
def assess_gate(request: pytest.FixtureRequest) -> AssessGate:
    """Gate a model against the accepted one: a regression fails the test, what could not be told skips it."""
    return AssessGate(request.node, request.config)


class AssessGate:
    """What the fixture `assess_gate` is: call it with two models."""

    def __init__(self, item: pytest.Item, config: pytest.Config) -> None:
        self._item = item
        self._strict = bool(config.getoption("--assess-strict"))
        folder = config.getoption("--assess-report")
        self._folder: Path | None = config.invocation_params.dir / folder if folder else None
        self._calls = 0

    def __call__(
        self,
        model: str | Path,
        *,
        against: str | Path | None = None,
        baseline: str | Path | None = None,
        workload: str | Path | None = None,
        device: Sequence[str] = (),
        margin: str | float | None = None,
        budget: str | None = None,
        max_pairs: int | None = None,
        static: bool = False,
        allow: Sequence[str] = (),
        skip: Sequence[str] = (),
        dims: Mapping[str, int] | None = None,
        inputs: Mapping[str, str | Path] | None = None,
        threads: int = 1,
        seed: int = 0,
    ) -> GateReport:
        """Gate a model; only a report of PASS or IMPROVEMENT is returned.

        Args:
            model: the newer model, a file or the id of a shipped one.
            against: the accepted one; or instead of it
            baseline: the file of what was accepted on this machine.
            workload: the job, an id or a file; back to back if None.
            device: ids of devices that the model must still fit, for that job.
            margin: slowdown that is allowed, "3%" or 0.03; the usual one if None.
            budget: measure for so long, e.g. "60 s", and look once, at its end.
            max_pairs: pairs, at most; 20 if None.
            static: compare the files alone; nothing is run.
            allow: metrics that may be worse.
            skip: metrics that are not compared.
            dims: numbers for dynamic dimensions, by name.
            inputs: `.npy` files for inputs, by name.
            threads: intra-op threads; 0 leaves it to ONNX Runtime.
            seed: of generated inputs.
        """
        __tracebackhide__ = True
        from assess.errors import AssessError
        from assess.gate.options import plan_of

        self._calls += 1
        try:
            self._prepare()
            budget_s = _seconds(budget)
            _require_one(against, baseline, budget_s)
            plan = plan_of(
                None if margin is None else str(margin), max_pairs=max_pairs, budget_s=budget_s,
                allow=_several(allow, "allow"), skip=_several(skip, "skip"),
            )  # fmt: skip
            devices = _several(device, "device")
            feeds = {name: Path(file) for name, file in (inputs or {}).items()}
            asked = _Asked(
                str(model), against, baseline, workload, devices, plan, static, dims or {}, feeds, threads, seed
            )
            report = asked.compared(self._waits)
            self._keep(report)
        except AssessError as error:
            refused = error  # Told below, where it is not the cause of what pytest raises.
        else:
            return self._answer(report)
        _refuse(refused)

    def _answer(self, report: GateReport) -> GateReport:
        """The report of a model that is as good; any other ends the test."""
        __tracebackhide__ = True
        from assess.report.gate.terminal import terminal

        verdict, text = report.verdict.value, terminal(report)
        self._item.user_properties.append(("assess gate", _one_line(report)))
        if verdict in _WORSE or (self._strict and verdict not in _GOOD):
            pytest.fail(text, pytrace=False)
        self._item.add_report_section("call", "assess gate", text)  # A failure tells it itself.
        if verdict not in _GOOD:
            pytest.skip(_one_line(report))
        return report

    def _waits(self, holder: str) -> None:
        from assess.clean import clean

        self._item.add_report_section("call", "assess gate", f"waited for another timed run: {clean(holder)}")

    def _prepare(self) -> None:
        """Refuse a folder that cannot be written to before anything is measured."""
        from assess.errors import AssessError
        from assess.files import check_writable

        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made: {error.strerror or error}"
            raise AssessError(problem, where=f"--assess-report {self._folder}") from error
        for ending in ("json", "xml"):
            check_writable(self._file(ending))

    def _keep(self, report: GateReport) -> None:
        from assess.files import write_whole
        from assess.report.gate.json import json
        from assess.report.gate.junit import junit

        if self._folder is not None:
            write_whole(self._file("json"), json(report))
            write_whole(self._file("xml"), junit(report))

    def _file(self, ending: str) -> Path:
        """A file of this call's own, whichever worker of pytest-xdist runs it."""
        assert self._folder is not None
        name = self._item.nodeid
        readable = re.sub(r"[^A-Za-z0-9._]+", "-", name)[-_MOST_CHARACTERS:].strip("-")
        told = hashlib.sha256(name.encode()).hexdigest()[:8]  # Two tests may differ in what is not readable alone.
        return self._folder / f"{readable}-{told}-{self._calls}.{ending}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a call asks: as `AssessGate.__call__` has them, its plan read and nothing looked up."""

    model: str
    against: str | Path | None
    baseline: str | Path | None
    workload: str | Path | None
    devices: Sequence[str]
    plan: GatePlan
    static: bool
    dims: Mapping[str, int]
    feeds: Mapping[str, Path]
    threads: int
    seed: int

    def compared(self, on_wait: Callable[[str], None]) -> GateReport:
        """The flow of `assess gate`."""
        from assess.describe.library import Library, profile_folders
        from assess.gate import SETTINGS, gate, static
        from assess.gate.for_job import ForJob
        from assess.pipeline import find_job

        library = Library(profile_folders([]))
        job = find_job(str(self.workload), library) if self.workload is not None else None
        devices = [library.device(word) for word in self.devices]
        if devices and job is None:
            raise _error("a device is judged for a job", "--device", hint="name one: workload=")
        opponent, newer = self._both(library)
        if self.static:
            return static(opponent, newer, job, self.plan)
        settings = replace(SETTINGS, threads=self.threads, seed=self.seed)
        for_job = ForJob(job, settings, devices, library, self.feeds) if job is not None else None
        return gate(opponent, newer, job, settings, self.plan, feeds=self.feeds, for_job=for_job, on_wait=on_wait)

    def _both(self, library: Library) -> tuple[Opponent, Subject]:
        """What was accepted - the model itself, or what was stored of it - and the newer model."""
        from assess.gate import Rerun, Stored
        from assess.gate.options import find_both
        from assess.measure.baseline_json import read
        from assess.pipeline import find_model

        if self.baseline is None:
            accepted, newer = find_both(self.model, str(self.against), library, self.dims)
            return Rerun(accepted), newer
        stored = Stored(read(Path(self.baseline)))
        return stored, find_model(self.model, library, dims=self.dims)


def _require_one(against: str | Path | None, baseline: str | Path | None, budget_s: float | None) -> None:
    """Refuse both, neither, and a time where a baseline fixes the number of launches."""
    if (against is None) == (baseline is None):
        hint = "against= a model, or baseline= a file"
        raise _error("is compared with one of them", "assess_gate(against=..., baseline=...)", hint=hint)
    if baseline is not None and budget_s is not None:
        problem = "a stored floor is compared with a fixed number of launches"
        raise _error(problem, "--budget", hint="leave it out, or measure both: against=")


def _error(problem: str, where: str, *, hint: str) -> AssessError:
    from assess.errors import AssessError

    return AssessError(problem, where=where, hint=hint)


def _several(words: Sequence[str], name: str) -> Sequence[str]:
    """Metrics; one word alone would be taken letter by letter."""
    from assess.errors import AssessError

    if isinstance(words, str):
        raise AssessError("is one word, not several", where=f"--{name}", hint=f"write ({words!r},)")
    return words


def _seconds(budget: str | None) -> float | None:
    from assess.errors import AssessError
    from assess.units import parse

    try:
        return None if budget is None else parse(budget, "s")
    except ValueError as error:
        raise AssessError(str(error), where="--budget") from error


def _one_line(report: GateReport) -> str:
    """The verdict, and what decided it."""
    from assess.clean import clean
    from assess.report.gate.words import because, subject

    deciding = [each for each in report.comparisons if each.verdict is report.verdict]
    why = f"; {deciding[0].metric}: {because(deciding[0])}" if report.verdict.value not in _GOOD else ""
    return clean(f"{report.verdict.value}: {subject(report)}{why}")


def _refuse(error: AssessError) -> NoReturn:
    """Nothing was judged: told in the words of whoever wrote the test, who has arguments and no options."""
    __tracebackhide__ = True
    where = error.where
    if where.startswith("--") and not where.startswith("--assess"):
        option = where.split()[0]
        argument = _ARGUMENTS.get(option, option.removeprefix("--").replace("-", "_"))
        where = f"assess_gate({argument}=...)"
    hint = f"\nhint: {error.hint}" if error.hint else ""
    pytest.fail(f"nothing was judged: {where + ': ' if where else ''}{error.problem}{hint}", pytrace=False)
