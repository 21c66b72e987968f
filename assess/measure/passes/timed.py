"""The timed pass: load, first inference, warm-up, back to back, then the job's own scenario; and what is read in each.

Each fact is told as it is known, and each frame is in a file as soon as it is done: a crash takes nothing with it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Final

from assess.child import Stopped
from assess.measure.drive import Count, Plan, Progress, Queue, closed_loop, open_loop
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.memory import PeakMemory
from assess.measure.pace import Pacer, wake_exactly
from assess.measure.rows import Rows
from assess.measure.scenarios import SCENARIOS
from assess.measure.scenarios.scenario import Scenario

#: Share of the time limit after which no inference is started: a model that is slow but runs then ends with the
#: samples it has instead of being stopped without any. The rest is for starting Python and for the last inference.
SHARE_OF_TIMEOUT: Final = 0.8
#: From the end of the back-to-back span to the first release. Under a real-time scheduling class Linux takes the CPU
#: away for 50 ms in each second that was used up (sched_rt_runtime_us), which must not fall on the first frames.
_LEAD_NS: Final = 150_000_000


def timed_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Go through all phases, telling each as it begins and each fact as it is known.

    Returns:
        {"stopped": whether it was told to stop} or, if the runtime refused, {"refused": its message, "kind": of
        failure}. The frames are in the files "frames" and "back_to_back" of the request.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    engine.read_inputs(request["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    watch = Watch(kernel.memory)
    tell({"known": {"versions": engine.versions, **watch.read("baseline", fresh=True)}})
    wake_exactly()
    # Collecting garbage now and then would cost single inferences a pause that is ours, not the model's.
    gc.collect()
    gc.disable()
    return answer_or_refusal(engine, lambda: _phases(request, tell, engine, kernel, watch, until_ns))


def _phases(
    request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel, watch: Watch, until_ns: int
) -> dict[str, Any]:
    clock = kernel.clock
    tell({"phase": "load"})
    start = clock()
    session = engine.load(request)
    load_ns = clock() - start
    tell({"known": {"load_s": load_ns * 1e-9, **watch.read("load_peak"), "effective": session.effective()}})

    tell({"phase": "first inference"})
    watch.restart()
    start = clock()
    session.first()
    first_ns = clock() - start
    tell({"known": {"first_s": first_ns * 1e-9, **watch.read("first_peak")}})

    tell({"phase": "warm-up"})
    watch.restart()
    scenario = SCENARIOS[request["scenario"]["kind"]](request["scenario"])
    binding, infer = _settled(session, scenario)
    warm_up = Plan(request["warmup_count"], int(request["warmup_duration_s"] * 1e9), until_ns)
    warmup_count = len(closed_loop(infer, warm_up, Count(), clock=clock))
    tell({"known": {"binding": binding, "warmup_count": warmup_count, **kernel.process()}})

    if scenario.releases is not None:
        tell({"phase": "back to back"})
        tell({"known": {"spin_ns": request["spin_ns"]}})
        plan = Plan(request["warmup_count"], int(request["back_to_back_s"] * 1e9), until_ns)
        closed_loop(infer, plan, Rows(request["back_to_back"]), clock=clock)

    tell({"phase": "timed"})
    waited, start = kernel.waited_ns(), clock()
    stopped = _timed(request, scenario, infer, kernel, until_ns, _telling(tell))
    share = run_queue_share(waited, kernel.waited_ns(), clock() - start)
    tell({"known": {**watch.read("steady_peak"), "run_queue_wait": share}})
    return {"stopped": stopped}


def _telling(tell: Tell) -> Progress:
    return lambda done, left_s: tell({"done": done, "left_s": left_s})


def _settled(session: Session, scenario: Scenario) -> tuple[str, Callable[[], object]]:
    binding, infer = session.settle()
    return binding, session.feed_back(scenario.states) if scenario.states else infer


def _timed(
    request: dict[str, Any],
    scenario: Scenario,
    infer: Callable[[], object],
    kernel: Kernel,
    until_ns: int,
    progress: Progress,
) -> bool:
    """Drive the scenario; True if it was told to stop before its end."""
    plan = Plan(request["min_count"], int(request["min_duration_s"] * 1e9), until_ns)
    frames = Rows(request["frames"])
    try:
        if scenario.releases is None:
            closed_loop(infer, plan, frames, clock=kernel.clock, progress=progress, enough=scenario.enough)
        else:
            open_loop(
                infer,
                scenario.releases(kernel.clock() + _LEAD_NS),
                Queue(**request["scenario"]["queue"]),
                plan,
                frames,
                clock=kernel.clock,
                pacer=Pacer(kernel.clock, kernel.sleep, request["spin_ns"], kernel.watch),
                progress=progress,
                enough=scenario.enough,
            )
    except Stopped:
        return True
    return False


class Watch:
    """Reads the high-water mark, or says once why there is none."""

    def __init__(self, memory: PeakMemory | str) -> None:
        self._memory = memory

    def restart(self) -> None:
        """Count from what is resident now."""
        if not isinstance(self._memory, str):
            self._memory.restart()

    def peak(self) -> int | None:
        """The highest since `restart`; None where the system does not tell."""
        return None if isinstance(self._memory, str) else self._memory.peak_bytes()

    def read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        """The highest since `restart` as what is told under a name; `fresh`: what is resident now."""
        if isinstance(self._memory, str):
            return {"no memory": self._memory}
        if fresh:
            self._memory.restart()
        return {"method": self._memory.method, name: self._memory.peak_bytes()}


def run_queue_share(before: int | None, after: int | None, span_ns: int) -> float | None:
    """Share of a span that a thread was ready to run in but had no CPU, from readings of `Kernel.waited_ns`."""
    return None if before is None or after is None or span_ns <= 0 else (after - before) / span_ns
