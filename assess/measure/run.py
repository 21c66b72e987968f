"""Measure a model: prepare its inputs, let workers run it, and put together what came of it."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess import __version__, sandbox
from assess.describe.model import Model
from assess.errors import AssessError
from assess.files import sha256_of
from assess.measure.by_tool import check_tool, time_by_tool
from assess.measure.constrained import Constrained
from assess.measure.energy import energies
from assess.measure.engine import CLOUD
from assess.measure.extra_passes import Bench, floor, run_extra_passes
from assess.measure.frames import Frames
from assess.measure.host import available_bytes, read_host
from assess.measure.inputs import Feed, prepare
from assess.measure.measurement import Failure, Host, Measurement, Memory, Settings
from assess.measure.missing_instructions import missing_instructions, why_illegal
from assess.measure.monitor import Monitor, Readings
from assess.measure.passes.timed import SHARE_OF_TIMEOUT
from assess.measure.reference import ReferenceModel, check
from assess.measure.runners.local import LocalMachine
from assess.measure.runners.machine import Machine
from assess.measure.scenario_runs import scenario_run
from assess.measure.scenarios.asked import asked
from assess.measure.scenarios.offline import Offline
from assess.measure.sensors import find_sensors
from assess.measure.sensors.sensor import Found
from assess.measure.stages import StageModel
from assess.measure.tiers import SMOKE
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.measure.windows import Window, windows
from assess.units import format_quantity

if TYPE_CHECKING:
    from assess.describe.card import Card
    from assess.describe.workload import Job

#: Before a release the clock is watched for so long, where the host's own lateness is not known.
_SPIN_NS: Final = 200_000
#: Idle power is read for so long: five new values of a sensor that has one a second.
_IDLE_S: Final = 5.0
_ENERGY: Final = ("energy", "power")
#: A run of a minute has windows: heat takes at least that.
_LONG_NS: Final = 60_000_000_000


def measure(
    model: Model,
    model_path: Path,
    job: Job,
    settings: Settings,
    *,
    feeds: Mapping[str, Path] | None = None,
    card: Card | None = None,
    card_folder: Path | None = None,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    sensors: Callable[[], Found] = find_sensors,
    reference: ReferenceModel | Path | None = None,
    stages: Mapping[str, StageModel] | None = None,
    machine: Callable[[str], Machine] = LocalMachine,
) -> Measurement:
    """Run a model in a process of its own, on this host, and record what happened - failures too.

    Args:
        model: what `model_path` was described as.
        model_path: the file to run; it must not have changed since it was described.
        job: what the run is for.
        settings: how to run it.
        feeds: `.npy` files for inputs by name; the others come from the card or are generated.
        card: the model's card, if it has one.
        card_folder: where the card's samples lie; the model's folder by default.
        on_progress: told what is being done, the share that is done and the seconds left, where these are known.
        launch: runs the worker; tests hand in one that needs no process.
        host: reads the host, before and after.
        sensors: finds the host's sensors.
        reference: a model or saved outputs that the outputs are compared with.
        stages: the other models of a pipeline, by stage.
        machine: what a vendor's tool runs on, where one is to run the model; given a private folder of this host.

    Raises:
        AssessError: a setting or an input is not one that can be used; nothing was run then.
    """
    _check(settings)
    around = card_folder or model_path.parent
    prepared = partial(_prepared, model, model_path, settings, feeds or {}, card, around, on_progress)
    if settings.runner:
        check_tool(settings, job, with_reference=reference is not None)
        return _by_tool(prepared, model, model_path, job, settings, machine, host, on_progress)
    held = Constrained(settings, launch)
    if reference is not None:
        check(model, reference)
    with prepared() as (folder, ready):
        before = host()
        request = {
            **asdict(settings),
            **held.changes(settings),
            "model": str(model_path.resolve()),
            "inputs": [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in ready],
            "scenario": asked(job, seed=settings.seed, tier=settings.tier, scratch=folder),
            "spin_ns": _SPIN_NS,
            "scratch": str(folder),
            "frames": str(folder / "frames"),
            "back_to_back": str(folder / "back_to_back"),
        }
        bench = Bench(
            model, model_path, settings, request, ready, card, around, folder, held, on_progress, reference
        )  # fmt: skip
        models = (model, *(stage.model for stage in (stages or {}).values()))
        if (failure := missing_instructions(models, before, settings)) is not None:
            parts = _not_run(failure, before)
        else:
            parts = _passes(bench, job, stages or {}, host, sensors)
    if settings.memory_limit_bytes is not None:
        parts["failure"] = parts["failure"] or _above(parts["memory"], settings.memory_limit_bytes)
    if why := why_illegal(parts["failure"], before):
        parts["failure"] = replace(parts["failure"], detail=f"{parts['failure'].detail}\n{why}".strip())
    scheduling = parts.pop("scheduling", None)
    return Measurement(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        workload_id=job.workload.id,
        workload=job.authored,
        requested=settings,
        inputs=tuple(feed.used for feed in ready),
        before=before,
        memory_limit=held.memory,
        constraints=held.constraints(scheduling),
        **parts,
    )


#: A private folder, and the inputs that lie ready in it.
_Prepared = Callable[[], AbstractContextManager[tuple[Path, Sequence[Feed]]]]


@contextmanager
def _prepared(
    model: Model,
    model_path: Path,
    settings: Settings,
    feeds: Mapping[str, Path],
    card: Card | None,
    card_folder: Path,
    on_progress: OnProgress,
) -> Iterator[tuple[Path, Sequence[Feed]]]:
    """A folder that is gone with the run, and the inputs in it. Of a run that was made, signals are heard in it."""
    with sandbox.ending_cleanly() as caught, private_folder() as name:
        on_progress("preparing the inputs", None, None)
        _require_unchanged(model, model_path)
        folder, free = Path(name), available_bytes()
        ready = prepare(
            model, folder, seed=settings.seed, feeds=feeds, card=card, card_folder=card_folder, available_bytes=free
        )
        yield folder, ready
        caught.clear()  # They were heard, and the run says so: it is to be saved.


def _by_tool(
    prepared: _Prepared,
    model: Model,
    model_path: Path,
    job: Job,
    settings: Settings,
    machine: Callable[[str], Machine],
    host: Callable[[], Host],
    on_progress: OnProgress,
) -> Measurement:
    """The run of a vendor's tool, which makes all of it."""
    with prepared() as (folder, ready):
        there = machine(str(folder))
        return time_by_tool(model, model_path, job, settings, ready, there, host=host, on_progress=on_progress)


def _not_run(failure: Failure, host: Host) -> dict[str, Any]:
    """The fields of a run that was not begun."""
    return {
        "effective": None,
        "frames": Frames(),
        "back_to_back_ns": (),
        "load_s": None,
        "first_s": None,
        "memory": None,
        "after": host,
        "failure": failure,
        "absent": dict.fromkeys(("memory", "cold start", "threads"), f"it was not run: {failure.kind}"),
    }


def _passes(
    bench: Bench,
    job: Job,
    stages: Mapping[str, StageModel],
    host: Callable[[], Host],
    sensors: Callable[[], Found],
) -> dict[str, Any]:
    """All passes in their order: the floor, the timed one under the eyes of the sensors, then the others."""
    parts = floor(bench) if "floor" in bench.settings.passes else {}
    if (found := parts.get("floor")) is not None:
        bench.request = {**bench.request, "spin_ns": found.spin_ns}
    if bench.stopped:  # Nothing has been measured yet.
        raise KeyboardInterrupt
    there = sensors()
    with ExitStack() as held:
        monitor = held.enter_context(Monitor(there))
        idle = _rest(bench, there)
        timed, begun_ns = scenario_run(bench, job, stages)
        after = bench.despite_signals(host)
        bench.despite_signals(held.close)
    watched = bench.despite_signals(lambda: _watched(timed, begun_ns, job, monitor.readings(), idle))
    absent = {**timed["absent"], **parts.get("absent", {}), **watched["absent"]}
    why_not = ""
    if timed["failure"] is not None:
        why_not = f"the run failed before: {timed['failure'].cause}"
    elif timed["incomplete"]:
        why_not = f"the timed part ended early: {timed['incomplete']}"
    more = run_extra_passes(bench, why_not)
    # Why the timed part itself has no figure says more than that a later pass was not run.
    absent = {**absent, **more["absent"], **(timed["absent"] if why_not else {})}
    incomplete = timed["incomplete"] or more.get("incomplete", "")
    return {**parts, **timed, **watched, "after": after, **more, "absent": absent, "incomplete": incomplete}


def _above(memory: Memory | None, limit_bytes: int) -> Failure | None:
    """That the process took more than it may: pages that others share with it are no control group's to count."""
    most = 0 if memory is None else max(memory.load_peak, memory.first_peak, memory.steady_peak)
    if most <= limit_bytes:
        return None
    took, limit = format_quantity(most, "B"), format_quantity(limit_bytes, "B")
    return Failure("timed", "out of memory", f"took {took} of memory, with its runtime, where {limit} are allowed")


def _rest(bench: Bench, there: Found) -> tuple[int, int] | None:
    """A span in which nothing runs, for the idle machine's share of the energy; None where no sensor would see it."""
    if bench.settings.tier == SMOKE.name or not any(each.sensor.quantity in _ENERGY for each in there.probes):
        return None
    bench.on_progress("reading the idle machine", None, None)
    begun = time.perf_counter_ns()
    time.sleep(_IDLE_S)
    return begun, time.perf_counter_ns()


def _watched(
    timed: Mapping[str, Any], begun_ns: int, job: Job, readings: Readings, idle: tuple[int, int] | None
) -> dict[str, Any]:
    """What the sensors saw of the timed part, and its windows where it was long."""
    absent, frames = dict(readings.absent), timed["frames"]
    offline: Offline | None = timed.get("offline")
    batch = next((each.batch for each in offline.batches if each.frames is frames), 1) if offline else 1
    inferences = len(frames) * batch
    energy, unheard = energies(readings, begun_ns, begun_ns + frames.span_ns, inferences, idle=idle)
    if not energy:
        absent["energy"] = "no sensor of energy or power told"
    deadline_s = job.workload.deadline_s
    seen: tuple[Window, ...] = ()
    if frames.span_ns >= _LONG_NS:
        deadline_ns = None if deadline_s is None else round(deadline_s * 1e9)
        seen = windows(frames, deadline_ns=deadline_ns, begun_ns=begun_ns, readings=readings)
    taken = {
        each.sensor.name: max(each.values) - each.values[0] for each in readings.of("device memory") if each.values
    }
    return {"energy": energy, "windows": seen, "device_memory": taken, "absent": {**absent, **unheard}}


def private_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that nobody else can read, gone with the run."""
    try:
        return tempfile.TemporaryDirectory(prefix="assess-")
    except OSError as error:
        raise AssessError(
            f"no temporary folder can be made: {error.strerror or error}", hint="set TMPDIR to a folder"
        ) from error


def _check(settings: Settings) -> None:
    """Refuse settings that no run can have."""
    for name, value in asdict(settings).items():
        least = 1 if name in ("min_count", "warmup_count") else 0
        if isinstance(value, int | float) and not (math.isfinite(value) and value >= least):
            raise AssessError(f"{name} is {value}", hint=f"give a finite number, {least} or more")
    if settings.provider == CLOUD:
        raise AssessError(f"{CLOUD} sends data to a service", where="--provider", hint="assess never does")
    wanted_s, limit_s = settings.warmup_duration_s + settings.min_duration_s, settings.timeout_s * SHARE_OF_TIMEOUT
    if wanted_s > limit_s:
        raise AssessError(
            f"warm-up and timed inferences alone take {wanted_s:g} s, the time limit leaves {limit_s:g} s",
            where="--timeout",
            hint="raise --timeout or lower --min-duration",
        )


def _require_unchanged(model: Model, path: Path) -> None:
    """Refuse a file that is not the one that was described: figures and facts would be of two models."""
    if sha256_of(path) != model.files[0].sha256:
        raise AssessError("changed since it was described", where=str(path), hint="try again once it is whole")
