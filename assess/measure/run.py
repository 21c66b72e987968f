"""Measure a model: prepare its inputs, let a worker run it, and put together what came of it."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess import __version__, sandbox
from assess.describe.model import Model
from assess.errors import AssessError
from assess.measure.host import available_bytes, read_host
from assess.measure.inputs import prepare
from assess.measure.measurement import Effective, Failure, Host, Measurement, Memory, Phase, Settings
from assess.measure.phases import CLOUD, SHARE_OF_TIMEOUT
from assess.measure.plain import decode
from assess.sandbox import Ending, Limits

if TYPE_CHECKING:
    from assess.describe.card import Card

OnProgress = Callable[[str, float | None, float | None], None]
Launch = Callable[..., Ending]

_WORKER: Final = "assess.measure.worker"

#: Address space that a process of ONNX Runtime reserves without using it: 190 MB after imports; each thread adds a
#: stack of 8 MiB and an arena of glibc of up to 128 MiB (64 MiB, aligned to 64 MiB).
_RESERVED_BYTES: Final = 512 * 2**20
_RESERVED_PER_THREAD_BYTES: Final = 136 * 2**20
#: What is left to the rest of the system when the limit is computed, as a share of what is available.
_SHARE_OF_AVAILABLE: Final = 0.9

_DOING: Final[dict[Phase, str]] = {
    "start": "starting",
    "load": "loading the model",
    "first inference": "running the first inference",
    "warm-up": "warming up",
    "timed": "running the timed inferences",
}


@dataclass(slots=True)
class _Told:
    """What the worker told so far; it survives the worker."""

    phase: Phase = "start"
    known: dict[str, Any] = field(default_factory=dict)


def measure(
    model: Model,
    model_path: Path,
    workload_id: str,
    workload_authored: Mapping[str, Any],
    settings: Settings,
    *,
    feeds: Mapping[str, Path] | None = None,
    card: Card | None = None,
    card_folder: Path | None = None,
    on_progress: OnProgress = lambda what, done, left_s: None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
) -> Measurement:
    """Run a model in a process of its own, on this host, and record what happened - failures too.

    Args:
        model: what `model_path` was described as.
        model_path: the file to run; it must not have changed since it was described.
        workload_id: the job that the run is for.
        workload_authored: that job as written.
        settings: how to run it.
        feeds: `.npy` files for inputs by name; the others come from the card or are generated.
        card: the model's card, if it has one.
        card_folder: where the card's samples lie; the model's folder by default.
        on_progress: told what is being done, the share that is done and the seconds left, where these are known.
        launch: runs the worker; tests hand in one that needs no process.
        host: reads the host, before and after.

    Raises:
        AssessError: a setting or an input is not one that can be used; nothing was run then.
    """
    _check(settings)
    with sandbox.ending_cleanly(), _private_folder() as name:
        on_progress("preparing the inputs", None, None)
        _require_unchanged(model, model_path)
        ready = prepare(
            model,
            Path(name),
            seed=settings.seed,
            feeds=feeds or {},
            card=card,
            card_folder=card_folder or model_path.parent,
            available_bytes=available_bytes(),
        )
        before = host()
        request = {
            **asdict(settings),
            "model": str(model_path.resolve()),
            "inputs": [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in ready],
            "samples": str(Path(name) / "samples"),
        }
        told, ending = _ask_worker(request, settings, on_progress, launch)
        after = host()
    return Measurement(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        workload_id=workload_id,
        workload=workload_authored,
        requested=settings,
        inputs=tuple(feed.used for feed in ready),
        before=before,
        after=after,
        **_result(told, ending),
    )


def _private_folder() -> tempfile.TemporaryDirectory[str]:
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
    if settings.memory_limit_bytes is not None and settings.provider != "CPUExecutionProvider":
        raise AssessError(
            f"the memory of {settings.provider} cannot be limited: it reserves address space that it does not use",
            where="--memory-limit",
            hint="leave it out",
        )


def _require_unchanged(model: Model, path: Path) -> None:
    """Refuse a file that is not the one that was described: figures and facts would be of two models."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    if found != model.files[0].sha256:
        raise AssessError("changed since it was described", where=str(path), hint="try again once it is whole")


def _ask_worker(
    request: dict[str, Any], settings: Settings, on_progress: OnProgress, launch: Launch
) -> tuple[_Told, Ending]:
    told = _Told()

    def hear(message: dict[str, Any]) -> None:
        told.phase = next((phase for phase in _DOING if phase == message.get("phase")), told.phase)
        if isinstance(known := message.get("known"), dict):
            told.known.update(known)
            return
        done, left_s = message.get("done"), message.get("left_s")
        if all(value is None or isinstance(value, int | float) for value in (done, left_s)):
            on_progress(_DOING[told.phase], done, left_s)

    on_progress("starting", None, None)
    return told, launch(_WORKER, request, Limits(settings.timeout_s, _address_space(settings)), on_progress=hear)


def _address_space(settings: Settings) -> int | None:
    """What the worker may map: as asked, or a little less than would make the kernel kill somebody.

    Only the CPU provider maps what it uses; drivers of accelerators reserve far more.
    """
    if settings.provider != "CPUExecutionProvider":
        return None
    if settings.memory_limit_bytes is not None:
        return settings.memory_limit_bytes
    available = available_bytes()
    if available is None:
        return None
    threads = settings.threads or os.cpu_count() or 1
    return int(available * _SHARE_OF_AVAILABLE) + _RESERVED_BYTES + threads * _RESERVED_PER_THREAD_BYTES


def _result(told: _Told, ending: Ending) -> dict[str, Any]:
    """What the worker told, as fields of a measurement; nonsense is a crash, since a model may have overrun it."""
    try:
        return _fields(told, ending)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        printed = f"{type(error).__name__}: {error}"
        nonsense = Ending("crashed", None, "answered what is not a result", printed)
        return _fields(_Told(told.phase), nonsense)


def _fields(told: _Told, ending: Ending) -> dict[str, Any]:
    failure, known = _failure(told, ending), told.known
    absent = {}
    memory = _memory(known)
    if memory is None:
        absent["memory"] = decode(str, known.get("no memory", ""), "") or f"the run ended while {_DOING[told.phase]}"
    if "first_s" not in known:
        absent["cold start"] = f"the run ended while {_DOING[told.phase]}"
    if known.get("warmup_count") and known.get("threads") is None:
        absent["threads"] = "the system does not tell"
    return {
        "effective": _effective(known),
        "service_ns": _samples(ending.answer["samples"]) if failure is None else (),
        "load_s": decode(float, known["load_s"], "load_s") if "load_s" in known else None,
        "first_s": decode(float, known["first_s"], "first_s") if "first_s" in known else None,
        "memory": memory,
        "failure": failure,
        "absent": absent,
    }


def _failure(told: _Told, ending: Ending) -> Failure | None:
    doing = _DOING[told.phase]
    if ending.cause != "answered":
        return Failure(told.phase, ending.cause, f"{ending.detail}, while {doing}", ending.printed)
    if "refused" not in ending.answer:
        return None
    refused = decode(str, ending.answer["refused"], "refused")
    if ending.answer["kind"] == "out of memory":
        return Failure(told.phase, "out of memory", f"ran out of memory while {doing}", refused)
    return Failure(told.phase, "refused", f"ONNX Runtime refused while {doing}", refused)


def _samples(answer: Any) -> tuple[int, ...]:
    samples: tuple[int, ...] = tuple(answer)
    if not samples or not all(type(sample) is int and 0 < sample < 2**63 for sample in samples):
        raise ValueError("not all samples are times")
    return samples


def _effective(known: Mapping[str, Any]) -> Effective | None:
    if "warmup_count" not in known:
        return None
    names = ("threads", "binding", "warmup_count", "versions", "run_queue_wait")
    plain = {name: known[name] for name in names if name in known}
    return decode(Effective, {**known["effective"], **plain}, "effective")


def _memory(known: Mapping[str, Any]) -> Memory | None:
    names = ("method", "baseline", "load_peak", "first_peak", "steady_peak")
    if any(name not in known for name in names):
        return None
    return decode(Memory, {name: known[name] for name in names}, "memory")
