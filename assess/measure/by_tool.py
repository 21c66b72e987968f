"""Let a vendor's own tool time a model, and record what it told: never as if `assess` had measured it itself."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess import __version__
from assess.describe.model import Model
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.files import sha256_of
from assess.measure.frames import closed_loop_frames
from assess.measure.inputs import Feed
from assess.measure.interruption import stopped_by
from assess.measure.measurement import Failure, Host, Measurement, Settings
from assess.measure.runners import RUNNERS
from assess.measure.runners.command import UNITS, names_model
from assess.measure.runners.machine import MOST_PRINTED_BYTES, TAIL_CHARS, Machine, Ran
from assess.measure.runners.runner import FedFile, Order, Runner, Told
from assess.measure.tiers import SUSTAINED
from assess.measure.tool_run import ToolRun, impossible
from assess.providers import CPU

if TYPE_CHECKING:
    from assess.describe.workload import Job

#: How frames arrive in jobs that a tool can say something of: one after the other it can do, a schedule it cannot keep.
_KINDS: Final = ("single", "periodic", "poisson", "trace")
#: A tool tells what it is in a second; a slow board takes a few.
_PROBE_S: Final = 60.0
#: Shells and exec alike report so that a program is there and cannot be run, or is not there.
_NOT_RUN: Final = (126, 127)
_LAST_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is run, and how it is asked."""

    runner: Runner
    order: Order
    file: Path | None
    sha256: str
    is_open: bool
    wants_fidelity: bool


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of one command: what was told, how the tool failed, and why the run is not whole."""

    command: tuple[str, ...]
    ran: Ran
    told: Told
    failure: Failure | None
    incomplete: str


def check_tool(settings: Settings, job: Job, *, with_reference: bool = False) -> None:
    """Refuse what no tool can be asked for.

    Raises:
        AssessError: there is no such runner, or it cannot do what else is asked.
    """
    if settings.runner not in RUNNERS:
        raise AssessError(
            f"there is no runner {settings.runner!r}",
            where="--runner",
            hint=did_you_mean(settings.runner, tuple(RUNNERS)),
        )
    if settings.runner_unit and settings.runner_unit not in UNITS:
        raise AssessError(f"{settings.runner_unit!r} is no unit", where="--runner-unit", hint="s, ms, us or ns")
    if settings.runner_unit and settings.runner != "command":
        raise AssessError("is for --runner command only", where="--runner-unit", hint="other tools have their own")
    others = {
        "--provider": settings.provider != CPU, "--provider-option": settings.provider_options,
        "--custom-ops": settings.custom_ops, "--optimisation": settings.optimisation != "all",
        "--memory-limit": settings.memory_limit_bytes is not None,
        "--cpus": settings.cpus, "--nice-realtime": settings.realtime,
        "--require-full-placement": settings.require_full_placement, "--fidelity": "fidelity" in settings.passes,
        "--reference": with_reference, f"--tier {SUSTAINED.name}": settings.tier == SUSTAINED.name,
    }  # fmt: skip
    for option, given in others.items():
        if given:
            raise AssessError(
                f"{option} is of assess's own harness, and {settings.runner} is to run the model", where="--runner",
                hint="leave one of them out; --runner-command takes further options of the tool",
            )  # fmt: skip
    kind = job.workload.scenario.kind
    if kind not in _KINDS:
        raise AssessError(
            f"{settings.runner} runs one inference after the other, and {job.workload.id} is of kind {kind!r}",
            where="--runner", hint="assess's own harness runs such jobs: leave --runner out",
        )  # fmt: skip


def time_by_tool(
    model: Model,
    model_path: Path,
    job: Job,
    settings: Settings,
    ready: Sequence[Feed],
    machine: Machine,
    *,
    host: Callable[[], Host],
    on_progress: Callable[[str, float | None, float | None], None],
) -> Measurement:
    """Run the tool on a machine, and record what happened - failures too.

    Args:
        model: what `model_path` was described as.
        model_path: the ONNX file; the tool may be given another one by `settings`.
        job: what the run is for.
        settings: how to run it; `runner` is set.
        ready: the inputs as they lie ready.
        machine: where the tool runs.
        host: reads that machine, before and after.
        on_progress: told what is being done.

    Raises:
        AssessError: the tool is not there, or what it told cannot be read.
        KeyboardInterrupt: the run was stopped before anything could be read of it.
    """
    asked = _asked(model, model_path, job, settings, ready, machine)
    on_progress(f"asking {asked.runner.name} what it is", None, None)
    probe = _probe(asked, machine)
    run = partial(_run, asked, probe, machine)
    first = asked.runner.command(asked.order, probe, machine.folder)  # It may refuse: before anything is read or run.
    before = host()
    on_progress(f"running {asked.runner.name}", None, None)
    came = run(first)
    if came.failure is None and asked.runner.more and (count := asked.runner.more(asked.order, came.told)):
        on_progress(f"running {asked.runner.name} for longer", None, None)
        came = run(asked.runner.command(replace(asked.order, count=count), probe, machine.folder))
    _require_untouched(asked, settings, model_path)
    after, told = host(), came.told
    return Measurement(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        workload_id=job.workload.id,
        workload=job.authored,
        requested=replace(settings, passes=()),
        effective=None,
        inputs=tuple(feed.used for feed in ready) if told.fed else (),
        frames=closed_loop_frames(told.service_ns),
        back_to_back_ns=(),
        load_s=told.load_s,
        first_s=told.first_s,
        memory=None,
        before=before,
        after=after,
        failure=came.failure,
        incomplete=came.incomplete,
        tool_run=_record(asked, came),
        absent=_absent(asked, told),
    )


def _require_untouched(asked: _Asked, settings: Settings, model_path: Path) -> None:
    """Refuse a run whose tool wrote into the file that it was given: nobody knows any more what it ran."""
    file = Path(settings.runner_model or model_path)
    if asked.sha256 and sha256_of(file) != asked.sha256:
        raise AssessError(
            f"{asked.runner.name} changed the file that it was to run", where=str(file),
            hint="the file is another one now: have it back from where it came, and give the tool a copy",
        )  # fmt: skip


def _asked(
    model: Model, model_path: Path, job: Job, settings: Settings, ready: Sequence[Feed], machine: Machine
) -> _Asked:
    runner = RUNNERS[settings.runner]
    file = Path(settings.runner_model) if settings.runner_model else model_path
    if runner.suffixes and file.suffix not in runner.suffixes:
        raise AssessError(
            f"{runner.name} runs {' '.join(runner.suffixes)} files, not {file.name}", where="--runner",
            hint="convert the model, and name the file: --runner-model FILE",
        )  # fmt: skip
    sha256 = sha256_of(file)
    is_model = sha256 == model.files[0].sha256
    tool, words = _words(runner, settings.runner_command, machine)
    named = bool(tool) or names_model(words)
    if is_model:
        for each in model.files[1:]:  # What it keeps outside itself has to lie beside it.
            machine.place(model_path.parent / each.name)
    order = Order(
        file=machine.place(file),
        is_model=is_model,
        is_dynamic=bool(model.dims),
        inputs=tuple(_fed(feed, machine) for feed in ready),
        tool=tool,
        words=words,
        count=settings.min_count,
        span_s=settings.min_duration_s,
        warmup_count=settings.warmup_count,
        warmup_s=settings.warmup_duration_s,
        percentile=job.workload.requires.percentile,
        threads=settings.threads,
        timeout_s=settings.timeout_s,
        unit=settings.runner_unit,
    )
    named_file, its_sha256 = (file, sha256) if named else (None, "")
    wants_fidelity = bool(job.workload.requires.fidelity)
    return _Asked(runner, order, named_file, its_sha256, job.workload.scenario.is_open, wants_fidelity)


def _words(runner: Runner, typed: str, machine: Machine) -> tuple[str, tuple[str, ...]]:
    """Path of the tool on the machine, and the other words that were typed."""
    try:
        words = tuple(shlex.split(typed))
    except ValueError as error:
        raise AssessError(f"cannot be taken apart into words: {error}", where="--runner-command") from error
    if not runner.programs:
        return "", words
    named, others = (words[:1], words[1:]) if words and not words[0].startswith("-") else ((), words)
    for program in named or runner.programs:
        if found := machine.find(program):
            return found, others
    raise AssessError(
        f"{' or '.join(named or runner.programs)} is not there", where=f"--runner {runner.name}",
        hint=f'name it where it is not on PATH: --runner-command "/path/to/{runner.programs[0]}"',
    )  # fmt: skip


def _fed(feed: Feed, machine: Machine) -> FedFile:
    """The input as a `.npy` file and as its bare bytes: tools take one or the other."""
    import numpy as np

    raw = feed.file.with_suffix(".bin")
    array = np.load(feed.file, allow_pickle=False)
    if array.dtype.kind != "U":  # Text has no bare bytes that a tool would take.
        array.tofile(raw)
    else:
        raw.touch()
    used = feed.used
    return FedFile(used.name, used.dtype, used.shape, machine.place(raw), machine.place(feed.file))


def _probe(asked: _Asked, machine: Machine) -> str:
    if not asked.runner.probe:
        return ""
    ran = machine.run((asked.order.tool, *asked.runner.probe), _PROBE_S)
    if ran.ended == "stopped":
        raise KeyboardInterrupt(ran.signal)
    _require_run(asked, ran)
    return f"{ran.out}\n{ran.err}"


def _require_run(asked: _Asked, ran: Ran) -> None:
    if ran.code in _NOT_RUN:
        said = (ran.err.strip().splitlines() or [f"exit code {ran.code}"])[-1]
        raise AssessError(
            f"{asked.runner.name} cannot be run: {said}",
            where="--runner-command",
            hint="is it a program, and of this CPU?",
        )


def _run(asked: _Asked, probe: str, machine: Machine, command: tuple[str, ...]) -> _Came:
    ran = machine.run(command, asked.order.timeout_s)
    return _Came(command, ran, *_outcome(asked, probe, ran, machine))


def _outcome(asked: _Asked, probe: str, ran: Ran, machine: Machine) -> tuple[Told, Failure | None, str]:
    """What was told, how the tool failed, and why the run is not whole."""
    name, timeout_s = asked.runner.name, asked.order.timeout_s
    detail = _last_lines(ran.err.strip() or ran.out.strip())
    if ran.ended == "stopped":
        told = _partial(asked, ran)
        if not told.service_ns:
            raise KeyboardInterrupt(ran.signal)
        return told, None, stopped_by(ran.signal, f"after {len(told.service_ns):,} inferences of {name}")
    if ran.ended == "hung":
        return _partial(asked, ran), Failure("timed", "hung", f"{name} still ran after {timeout_s:g} s", detail), ""
    if ran.ended == "flooded":
        cause = f"{name} printed more than {MOST_PRINTED_BYTES // 2**20} MiB, and was ended"
        return Told(), Failure("timed", "crashed", cause, detail), ""
    _require_run(asked, ran)
    if ran.code is not None and ran.code < 0:
        cause = f"{name} was ended by {_signal_name(-ran.code)}"
        return _partial(asked, ran), Failure("timed", "crashed", cause, detail), ""
    if ran.code:
        return _partial(asked, ran), Failure("timed", "refused", f"{name} ended with exit code {ran.code}", detail), ""
    return _possible(asked, asked.runner.read(asked.order, probe, ran, machine)), None, ""


def _possible(asked: _Asked, told: Told) -> Told:
    for why in impossible(told.statistics) if told.statistics else ():
        raise AssessError(f"the statistics that {asked.runner.name} tells cannot be: {why}", where="--runner")
    return told


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_lines(text: str) -> str:
    """What a report has room for of what a tool said last."""
    return "\n".join(text[-TAIL_CHARS:].splitlines()[-_LAST_LINES:])


def _partial(asked: _Asked, ran: Ran) -> Told:
    """What can be read of a tool that did not end well: that it cannot be is no second error."""
    if asked.runner.partial is None:
        return Told()
    try:
        return asked.runner.partial(asked.order, ran)
    except AssessError:
        return Told()


def _record(asked: _Asked, came: _Came) -> ToolRun:
    told = came.told
    return ToolRun(
        name=asked.runner.name,
        version=told.version,
        command=came.command,
        file=asked.file.name if asked.file else "",
        file_sha256=asked.sha256,
        is_model=asked.file is not None and asked.order.is_model,
        includes=told.includes,
        excludes=told.excludes,
        statistics=told.statistics,
        span_s=told.span_s,
        warmup_count=told.warmup_count,
        memory_bytes=told.memory_bytes,
        memory_of=told.memory_of,
        told=told.told,
        printed=f"{came.ran.out}{came.ran.err}"[-TAIL_CHARS:],
    )


def _absent(asked: _Asked, told: Told) -> Mapping[str, str]:
    """What nobody measured in this run, and why: a tool of a vendor looks at the time of inferences only."""
    name = asked.runner.name
    own = f"only assess's own harness looks at it, and {name} ran the model"
    absent: dict[str, Any] = {
        "memory": f"{name} does not tell how much memory the model takes",
        "floor": f"what {name} itself takes of an inference is not known",
        **dict.fromkeys(("outputs", "attribution", "placement", "profile"), own),
        "energy": f"when in the run of {name} the timed inferences were is not known, so no sensor can tell of them",
    }
    if asked.is_open:
        absent["schedule"] = f"{name} runs one inference after the other: the job's schedule was not kept"
    if told.memory_bytes is not None:
        absent["memory"] = f"{name} tells one figure, which tool_run has; by phase there is none"
    if told.load_s is None or told.first_s is None:
        absent["cold start"] = f"{name} does not tell how long it takes to load the model and run it once"
    if told.statistics is not None:
        absent["frames"] = f"{name} tells statistics of its latencies, and no single one"
    if not told.fed:
        absent["inputs"] = f"{name} made up its own inputs"
    if asked.file is None:
        absent["file"] = "the command does not name the model ({model}): which file it ran is not known"
    return {**absent, **told.absent}
