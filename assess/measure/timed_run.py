"""Ask a worker for the timed pass, and make of what it told and wrote the fields of a measurement."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.constraint import Scheduling
from assess.measure.frames import Frames, read_frames
from assess.measure.host import available_bytes
from assess.measure.interruption import stopped_by
from assess.measure.measurement import Effective, Failure, Memory, Phase, Settings
from assess.measure.plain import decode
from assess.providers import CPU
from assess.sandbox import Ending, Limits, Signalled, signal_of

OnProgress = Callable[[str, float | None, float | None], None]
Launch = Callable[..., Ending]
#: Fields that one scenario has more than others, from what its worker told and the frames it wrote.
More = Callable[[Mapping[str, Any], Frames], dict[str, Any]]

WORKER: Final = "assess.measure.worker"

#: Address space that a process of ONNX Runtime reserves without using it: 190 MB after imports; each thread adds a
#: stack of 8 MiB and an arena of glibc of up to 128 MiB (64 MiB, aligned to 64 MiB).
_RESERVED_BYTES: Final = 512 * 2**20
_RESERVED_PER_THREAD_BYTES: Final = 136 * 2**20
#: What is left to the rest of the system when the limit is computed, as a share of what is available.
_SHARE_OF_AVAILABLE: Final = 0.9
#: A worker that is told to stop ends its inference, reads its memory and answers; then it is killed.
_STOP_WITHIN_S: Final = 5.0

_DOING: Final[dict[Phase, str]] = {
    "start": "starting",
    "load": "loading the model",
    "first inference": "running the first inference",
    "warm-up": "warming up",
    "back to back": "running back to back",
    "timed": "running the timed inferences",
}


def silent(what: str, done: float | None, left_s: float | None) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Told:
    """What the worker told so far; it survives the worker.

    Attributes:
        phase: that it was in.
        known: facts by name.
        ended: why the run is not whole where the worker's ending does not say so; "" if it does, or it is whole.
    """

    phase: Phase = "start"
    known: dict[str, Any] = field(default_factory=dict)
    ended: str = ""


def timed_run(
    request: Mapping[str, Any],
    settings: Settings,
    on_progress: OnProgress,
    launch: Launch,
    more: More = lambda known, frames: {},
) -> tuple[dict[str, Any], int]:
    """The fields of a measurement that the timed pass gives, failures included; and the clock at the first release.

    Args:
        request: for the worker; "frames" and "back_to_back" name the files that it writes, "pass" is another pass than
            the timed one.
        settings: limits of the worker.
        on_progress: told what is being done, the share that is done and the seconds left, where these are known.
        launch: runs the worker.
        more: what else becomes of what the worker told; nonsense may raise KeyError, TypeError or ValueError.

    Raises:
        AssessError: an input or a provider is not one that can be used, or no frame could be written.
        KeyboardInterrupt: the run was stopped before anything was measured; its argument names the signal.
    """
    told = Told()

    def hear(message: dict[str, Any]) -> None:
        if (phase := next((known for known in _DOING if known == message.get("phase")), None)) is not None:
            told.phase = phase
        if isinstance(known := message.get("known"), dict):
            told.known.update(known)
            return
        done, left_s = message.get("done"), message.get("left_s")
        if all(value is None or isinstance(value, int | float) for value in (done, left_s)):
            on_progress(_DOING[told.phase], done, left_s)

    on_progress("starting", None, None)
    limits = Limits(settings.timeout_s, address_space(settings))
    error: AssessError | None = None
    try:
        ending = launch(WORKER, {"pass": "timed", **request}, limits, on_progress=hear, stop_within_s=_STOP_WITHIN_S)
    except AssessError as found:
        error, ending = found, Ending("stopped", None, found.problem, "")
    except (KeyboardInterrupt, Signalled) as stopped:  # While it was begun or had ended by itself; it is gone now.
        ending = Ending("stopped", None, "", "", signal_of(stopped))
    if error:
        told.ended = str(AssessError(error.problem, hint=error.hint))  # Not where: a file that is gone with the run.
    try:
        return _read(request, told, ending, more, error)
    except (KeyboardInterrupt, Signalled) as stopped:  # Reading takes a moment: what lies there is not lost to it.
        told.ended = told.ended or stopped_by(signal_of(stopped), "after the timed part")
        return _read(request, told, ending, more, error)


def _read(
    request: Mapping[str, Any], told: Told, ending: Ending, more: More, error: AssessError | None
) -> tuple[dict[str, Any], int]:
    begun_ns, frames = read_frames(Path(request["frames"]))
    _, back_to_back = read_frames(Path(request["back_to_back"]))
    if not len(frames) and (error or ending.signal):
        raise error or KeyboardInterrupt(ending.signal)
    return {**_result(told, ending, frames, more), "back_to_back_ns": back_to_back.service_ns}, begun_ns


def address_space(settings: Settings) -> int | None:
    """What the worker may map: a little less than would make the kernel kill somebody.

    Only the CPU provider maps what it uses; drivers of accelerators reserve far more. Where the user sets a limit it is
    on what the worker really takes (`MemoryGuard`), and this one is not needed.
    """
    if settings.provider != CPU or settings.memory_limit_bytes is not None:
        return None
    available = available_bytes()
    if available is None:
        return None
    threads = settings.threads or os.cpu_count() or 1
    return int(available * _SHARE_OF_AVAILABLE) + _RESERVED_BYTES + threads * _RESERVED_PER_THREAD_BYTES


def _result(told: Told, ending: Ending, frames: Frames, more: More) -> dict[str, Any]:
    """What the worker told, as fields of a measurement; nonsense is a crash, since a model may have overrun it."""
    try:
        return {**_fields(told, ending, frames), **more(told.known, frames)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        printed = f"{type(error).__name__}: {error}"
        nonsense = Ending("crashed", None, "answered what is not a result", printed)
        return {**_fields(Told(told.phase, ended=told.ended), nonsense, Frames()), **more({}, Frames())}


def _fields(told: Told, ending: Ending, frames: Frames) -> dict[str, Any]:
    require_times(frames)
    failure, known = _failure(told, ending, frames), told.known
    absent = {}
    memory = _memory(known)
    ended = f"the run ended while {_DOING[told.phase]}"
    if memory is None:
        absent["memory"] = decode(str, known.get("no memory", ""), "") or ended
    if "first_s" not in known:
        absent["cold start"] = ended
    if known.get("warmup_count") and known.get("threads") is None:
        absent["threads"] = "the system does not tell"
    return {
        "effective": _effective(known),
        "frames": frames,
        "load_s": decode(float, known["load_s"], "load_s") if "load_s" in known else None,
        "first_s": decode(float, known["first_s"], "first_s") if "first_s" in known else None,
        "memory": memory,
        "scheduling": decode(Scheduling, known["scheduling"], "scheduling") if "scheduling" in known else None,
        "failure": failure,
        "incomplete": told.ended or _incomplete(ending, f"{frames.span_ns * 1e-9:.3g} s"),
        "absent": absent,
    }


def _incomplete(ending: Ending, after: str) -> str:
    if ending.signal:
        return stopped_by(ending.signal, f"after {after}")
    if isinstance(ending.answer, dict) and ending.answer.get("stopped") is True:
        return f"the worker was told to stop from outside after {after}"
    return ""


def _failure(told: Told, ending: Ending, frames: Frames) -> Failure | None:
    doing = _DOING[told.phase]
    if ending.cause == "stopped":
        return None
    if ending.cause != "answered":
        return Failure(told.phase, ending.cause, f"{ending.detail}, while {doing}", ending.printed)
    if "refused" not in ending.answer:
        if not len(frames) or not isinstance(ending.answer, dict):
            raise ValueError("no frame was written")
        return None
    refused = decode(str, ending.answer["refused"], "refused")
    if ending.answer["kind"] == "out of memory":
        return Failure(told.phase, "out of memory", f"ran out of memory while {doing}", refused)
    return Failure(told.phase, "refused", f"ONNX Runtime refused while {doing}", refused)


def require_times(frames: Frames) -> None:
    """A model that overran the worker may have written anything into the file."""
    released = start = done = 0
    for released_, start_, done_ in zip(frames.scheduled_ns, frames.start_ns, frames.done_ns, strict=True):
        if not (released <= released_ <= start_ < done_ < 2**63 and start_ >= done >= start):
            raise ValueError("not all frames are times in order")
        released, start, done = released_, start_, done_


def _effective(known: Mapping[str, Any]) -> Effective | None:
    if "warmup_count" not in known:
        return None
    names = ("threads", "binding", "warmup_count", "versions", "run_queue_wait", "spin_ns")
    plain = {name: known[name] for name in names if name in known}
    return decode(Effective, {**known["effective"], **plain}, "effective")


def _memory(known: Mapping[str, Any]) -> Memory | None:
    names = ("method", "baseline", "load_peak", "first_peak", "steady_peak")
    if any(name not in known for name in names):
        return None
    return decode(Memory, {name: known[name] for name in names}, "memory")
