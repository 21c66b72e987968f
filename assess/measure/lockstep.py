"""Two processes that take turns: the launches of one pair, or how one of them failed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from assess.measure.passes.lockstep import Side
from assess.measure.plain import decode
from assess.measure.run import private_folder
from assess.measure.timed_run import WORKER, Launch
from assess.sandbox import Ending, Limits

#: A side that was left alone ends by itself as soon as it has loaded its model; nobody waits for longer than that.
_JOIN_S: Final = 5.0
SideName = Literal["baseline", "candidate"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two launches in lockstep.

    Attributes:
        baseline: launch of the baseline.
        other: launch of the candidate; in a placebo, of the baseline once more.
        placebo: whether both are the baseline.
        baseline_led: whether the baseline began.
    """

    baseline: Side
    other: Side
    placebo: bool
    baseline_led: bool


@dataclass(frozen=True, slots=True)
class SideFailed:
    """One side did not go through.

    Attributes:
        side: which model it was.
        kind: "refused" (ONNX Runtime raised), "crashed", "hung", "out of memory", "stopped" (by a signal to us).
        cause: one line for people.
        detail: last lines that it printed, or the runtime's message; data.
        signal: name of the signal that ended it, if this process got one.
    """

    side: SideName
    kind: Literal["refused", "crashed", "hung", "out of memory", "stopped"]
    cause: str
    detail: str = ""
    signal: str = ""


def run_pair(
    baseline: Mapping[str, Any],
    candidate: Mapping[str, Any] | None,
    *,
    baseline_leads: bool,
    limits: Limits,
    launch: Launch,
    heard: Callable[[Mapping[str, str]], object] = lambda versions: None,
) -> Pair | SideFailed:
    """Run two models in lockstep.

    Args:
        baseline: request of the lockstep pass for the baseline, without pipes.
        candidate: the same for the candidate; None for a placebo: the baseline against itself.
        baseline_leads: whether the baseline begins.
        limits: what each side may use.
        launch: runs a worker.
        heard: told the versions of the runtime.

    Raises:
        AssessError: an input or a provider is not one that can be used.
    """
    sides = (baseline, baseline if candidate is None else candidate)
    with private_folder() as name:
        pipes = [Path(name) / "first", Path(name) / "second"]
        for pipe in pipes:
            os.mkfifo(pipe, 0o600)
        requests = [
            {**side, "pass": "lockstep", "inbox": str(inbox), "outbox": str(outbox), "leads": leads}
            for side, inbox, outbox, leads in zip(
                sides, pipes, reversed(pipes), (baseline_leads, not baseline_leads), strict=True
            )
        ]
        # The leader in the main thread, where signals arrive: its end ends the other, which is left alone then.
        order = (0, 1) if baseline_leads else (1, 0)
        endings = _both(requests[order[0]], requests[order[1]], limits, partial(launch, on_progress=_hearing(heard)))
    by_side = dict(zip(order, endings, strict=True))
    names: tuple[SideName, SideName] = ("baseline", "baseline" if candidate is None else "candidate")
    return _pair((by_side[0], by_side[1]), names, placebo=candidate is None, baseline_led=baseline_leads)


def _hearing(heard: Callable[[Mapping[str, str]], object]) -> Callable[[dict[str, Any]], None]:
    def hear(message: dict[str, Any]) -> None:
        versions = known.get("versions") if isinstance(known := message.get("known"), dict) else None
        if isinstance(versions, dict) and all(isinstance(each, str) for each in versions.values()):
            heard(versions)

    return hear


def _both(leading: dict[str, Any], following: dict[str, Any], limits: Limits, launch: Launch) -> tuple[Ending, Ending]:
    ended: list[Ending | BaseException] = []

    def give_up() -> None:
        """Pipes that are gone tell a side that is still loading, or waits, that it is alone."""
        for key in ("inbox", "outbox"):
            Path(leading[key]).unlink(missing_ok=True)

    def follow() -> None:
        try:
            ended.append(launch(WORKER, following, limits))
        except BaseException as error:  # Raised below, in the thread that can be heard.
            ended.append(error)
        give_up()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        first = launch(WORKER, leading, limits)
        give_up()
        thread.join()
    finally:
        give_up()
        thread.join(_JOIN_S)
    if isinstance(second := ended[0], BaseException):
        raise second
    return first, second


def _pair(
    endings: tuple[Ending, Ending], names: tuple[SideName, SideName], *, placebo: bool, baseline_led: bool
) -> Pair | SideFailed:
    failed = [
        found for ending, name in zip(endings, names, strict=True) if (found := _failed(ending, name)) is not None
    ]
    if failed:  # One that was left alone is not to blame, unless nobody else is.
        return min(failed, key=lambda each: each.kind == "stopped")
    try:
        first, second = (decode(Side, ending.answer, "lockstep") for ending in endings)
        _require_batches(first, second)
    except ValueError as error:  # A model may have overrun its worker.
        return SideFailed(names[1], "crashed", f"answered what is not a result: {error}")
    return Pair(first, second, placebo, baseline_led)


def _failed(ending: Ending, side: SideName) -> SideFailed | None:
    if ending.cause != "answered":
        return SideFailed(side, ending.cause, ending.detail, ending.printed, ending.signal)
    if not isinstance(ending.answer, dict):
        return SideFailed(side, "crashed", "answered what is not a result")
    if ending.answer.get("left alone"):
        return SideFailed(side, "stopped", "the other side ended before")
    if "refused" in ending.answer:
        ran_out = ending.answer.get("kind") == "out of memory"
        cause = "ran out of memory" if ran_out else "ONNX Runtime refused it"
        return SideFailed(side, "out of memory" if ran_out else "refused", cause, str(ending.answer["refused"])[:2000])
    return None


def _require_batches(first: Side, second: Side) -> None:
    counts = {len(times) for each in (first, second) for times in (each.fastest_ns, each.median_ns)}
    if len(counts) != 1 or counts == {0}:
        raise ValueError("the two sides have not the same batches")
    if min(*first.fastest_ns, *second.fastest_ns, *first.median_ns, *second.median_ns) <= 0:
        raise ValueError("a batch took no time")
