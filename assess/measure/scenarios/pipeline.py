"""Scenario: several models share the host, each at its own rate or released by the output of another one.

One process with a session and a thread for each stage: as components of one ROS 2 container or tasks of one ECU
partition are run, so that memory is that of all stages together, and a stage is released without a copy between
processes. ONNX Runtime lets go of Python's lock while it runs; what is left under it are some microseconds a frame.
No thread watches the clock before a release, since it would hold that lock.
"""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import median_low
from typing import Any, Final

from assess.child import Stopped
from assess.measure.drive import Count, Plan, Queue, closed_loop, open_loop
from assess.measure.engine import Engine, Kernel, Tell, answer_or_refusal, require_provider
from assess.measure.frames import Frames
from assess.measure.pace import Pacer, wake_exactly
from assess.measure.passes.timed import SHARE_OF_TIMEOUT, Watch
from assess.measure.rows import Rows
from assess.measure.scenarios.periodic import every

#: From the start of the threads to the first release: all of them wait for it by then.
_LEAD_NS: Final = 20_000_000
_TELL_EVERY_S: Final = 0.5
#: No stage ends by having had enough frames: all share the host until the common end.
_ENDLESS: Final = 2**62


@dataclass(frozen=True, slots=True)
class StageRun:
    """One stage of a pipeline that was run.

    Attributes:
        name: as the workload names it.
        model: file name of its model.
        sha256: identity of its model.
        rate_hz: of its own frames; None if another stage releases it.
        after: the stage that does; "" if it has a rate.
        probability: that an output of that stage releases it.
        chain: stages from the one with the rate to this one.
        frames: from its own releases, counted from the first release of the pipeline. Only the newest release waits;
            the one that it takes the place of is dropped.
        end_to_end_ns: for each frame that it served, from the release of the chain's first stage to the end here.
        alone_ns: median service time in a closed loop before, with no other stage running; None if it never was.
    """

    name: str
    model: str
    sha256: str
    rate_hz: float | None
    after: str
    probability: float
    chain: tuple[str, ...]
    frames: Frames
    end_to_end_ns: tuple[int, ...] = ()
    alone_ns: int | None = None

    @property
    def interference(self) -> float | None:
        """Median service time in the pipeline over the one alone; None if it did not run in both.

        Alone it runs back to back: a stage with a low rate also pays here for caches and clocks that went cold.
        """
        if not self.alone_ns or not len(self.frames):
            return None
        return median_low(self.frames.service_ns) / self.alone_ns


def chain_of(name: str, after: Mapping[str, str]) -> tuple[str, ...]:
    """Stages from the one that has a rate to the one named; `after` says what each other one comes after."""
    chain = [name]
    while before := after.get(chain[0]):
        chain.insert(0, before)
    return tuple(chain)


def rate_of(stages: Sequence[Mapping[str, Any]], own: str) -> float:
    """Releases a second of the stage `own`, on average if another one releases it."""
    by_name = {stage["name"]: stage for stage in stages}
    chain = chain_of(own, {stage["name"]: stage["after"] for stage in stages})
    rate_hz: float = by_name[chain[0]]["rate_hz"]
    for name in chain[1:]:
        rate_hz *= by_name[name]["probability"]
    return rate_hz


def span_ns(stages: Sequence[Mapping[str, Any]], own: str, min_count: int, min_duration_ns: int) -> int:
    """How long releases go on: the stage `own` has `min_count` of them by then, on average if it is released."""
    return max(min_duration_ns, -int(-min_count * 1e9 // rate_of(stages, own)))


class Mailbox:
    """Holds the newest release; one that it takes the place of is dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: tuple[int, int] | None = None
        self._dropped: list[int] = []
        self._closed = False

    def put(self, release: int, root: int) -> None:
        """Release once: at `release`, because of what was released at `root` at the head of the chain."""
        with self._changed:
            if self._held is not None:
                self._dropped.append(self._held[0])
            self._held = (release, root)
            self._changed.notify()

    def close(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> tuple[list[int], tuple[int, int] | None]:
        """Wait for a release: those that were dropped since the last call, and it; None once it is closed and empty."""
        with self._changed:
            while self._held is None and not self._closed:
                self._changed.wait()
            dropped, self._dropped = self._dropped, []
            held, self._held = self._held, None
            return dropped, held


class _EndedError(Exception):
    """Another stage failed, or the run was stopped: no further inference."""


class _Served:
    """Where a stage's frames are kept; each that is done releases the stages after it."""

    def __init__(self, rows: Rows, children: Sequence[tuple[Mailbox, float, random.Random]]) -> None:
        self._rows, self._children = rows, children
        self.root: int | None = None

    def append(self, scheduled: int, start: int, done: int, /) -> None:
        """Keep one that was served."""
        self._rows.append(scheduled, start, done)
        root = scheduled if self.root is None else self.root
        for mailbox, probability, rng in self._children:
            if rng.random() < probability:
                mailbox.put(done, root)

    def drop(self, scheduled: int, /) -> None:
        """Keep one that was dropped."""
        self._rows.drop(scheduled)

    def __len__(self) -> int:
        return len(self._rows)


def pipeline_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Load all stages, run each alone, then all together.

    Keys of the request beyond those of the timed pass: "stages" [{"name", "model", "inputs", "rate_hz", "after",
    "probability", "frames", "alone", "end_to_end"}], the last three being files that are written; "own", the stage
    whose frames decide how long the run takes.

    Returns:
        As the timed pass.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    for stage in request["stages"]:
        engine.read_inputs(stage["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    watch = Watch(kernel.memory)
    tell({"known": {"versions": engine.versions, **watch.read("baseline", fresh=True)}})
    wake_exactly()  # Threads that are started later inherit it.
    gc.collect()
    gc.disable()
    return answer_or_refusal(engine, lambda: _phases(request, tell, engine, kernel, watch, until_ns))


def _phases(
    request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel, watch: Watch, until_ns: int
) -> dict[str, Any]:
    clock, stages = kernel.clock, request["stages"]
    tell({"phase": "load"})
    start = clock()
    sessions = {stage["name"]: engine.load({**request, **_part(stage)}) for stage in stages}
    load_ns = clock() - start
    effective = sessions[request["own"]].effective()
    tell({"known": {"load_s": load_ns * 1e-9, **watch.read("load_peak"), "effective": effective}})

    tell({"phase": "first inference"})
    watch.restart()
    start = clock()
    for session in sessions.values():
        session.first()
    first_ns = clock() - start
    tell({"known": {"first_s": first_ns * 1e-9, **watch.read("first_peak")}})

    tell({"phase": "warm-up"})
    watch.restart()
    settled = {name: session.settle() for name, session in sessions.items()}
    infer = {name: call for name, (_, call) in settled.items()}
    warm_up = Plan(request["warmup_count"], int(request["warmup_duration_s"] * 1e9), until_ns)
    counts = {name: len(closed_loop(call, warm_up, Count(), clock=clock)) for name, call in infer.items()}
    own = request["own"]
    tell({"known": {"binding": settled[own][0], "warmup_count": counts[own], **kernel.process()}})

    tell({"phase": "back to back"})
    alone = Plan(request["warmup_count"], int(request["back_to_back_s"] * 1e9), until_ns)
    for stage in stages:
        closed_loop(infer[stage["name"]], alone, Rows(stage["alone"]), clock=clock)

    tell({"phase": "timed"})
    stopped = _Together(request, infer, kernel, until_ns).run(tell)
    tell({"known": watch.read("steady_peak")})
    return {"stopped": stopped}


def _part(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": stage["model"], "inputs": stage["inputs"]}


class _Together:
    """All stages at once, a thread each."""

    def __init__(
        self,
        request: Mapping[str, Any],
        infer: Mapping[str, Callable[[], object]],
        kernel: Kernel,
        until_ns: int,
    ) -> None:
        self._request, self._infer, self._clock, self._until_ns = request, infer, kernel.clock, until_ns
        self._stages: Sequence[Mapping[str, Any]] = request["stages"]
        self._mailboxes = {stage["name"]: Mailbox() for stage in self._stages if stage["after"]}
        self._ended = threading.Event()
        self._failed: list[BaseException] = []
        duration_ns = int(request["min_duration_s"] * 1e9)
        self._span_ns = span_ns(self._stages, request["own"], request["min_count"], duration_ns)

    def run(self, tell: Tell) -> bool:
        """Until all releases were served or dropped; True if it was told to stop before."""
        begin_ns = self._clock() + _LEAD_NS
        threads = [
            threading.Thread(target=self._drive, args=(stage, begin_ns), name=stage["name"]) for stage in self._stages
        ]
        stopped = False
        try:
            for thread in threads:
                thread.start()
            self._wait(threads, begin_ns, tell)
        except Stopped:
            stopped = True
        finally:
            self._ended.set()
            for mailbox in self._mailboxes.values():
                mailbox.close()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
        if self._failed:
            raise self._failed[0]
        return stopped

    def _wait(self, threads: Sequence[threading.Thread], begin_ns: int, tell: Tell) -> None:
        for thread in threads:
            while thread.is_alive():
                thread.join(_TELL_EVERY_S)
                done_ns = min(max(self._clock() - begin_ns, 0), self._span_ns)
                if thread.is_alive() and not self._ended.is_set():
                    tell({"done": done_ns / self._span_ns, "left_s": (self._span_ns - done_ns) * 1e-9})

    def _drive(self, stage: Mapping[str, Any], begin_ns: int) -> None:
        """One thread's whole life."""
        after = [child for child in self._stages if child["after"] == stage["name"]]
        try:
            served = _Served(Rows(stage["frames"]), [self._link(child) for child in after])
            if stage["after"]:
                self._when_released(stage, served)
            else:
                self._at_rate(stage, served, begin_ns)
        except _EndedError:
            pass  # Whoever ended it says why.
        except BaseException as error:  # Raised again where the run was started.
            self._failed.append(error)
            self._ended.set()
            for mailbox in self._mailboxes.values():
                mailbox.close()
        finally:
            for child in after:
                self._mailboxes[child["name"]].close()

    def _link(self, child: Mapping[str, Any]) -> tuple[Mailbox, float, random.Random]:
        rng = random.Random(f"{self._request['seed']} {child['name']}")  # noqa: S311 - a schedule, no secret.
        return self._mailboxes[child["name"]], child["probability"], rng

    def _at_rate(self, stage: Mapping[str, Any], served: _Served, begin_ns: int) -> None:
        end_ns = begin_ns + self._span_ns
        releases: Iterator[int] = takewhile(lambda instant: instant < end_ns, every(stage["rate_hz"])(begin_ns))
        open_loop(
            lambda: self._run_one(stage["name"]),
            releases,
            Queue(),
            Plan(_ENDLESS, 0, self._until_ns),
            served,
            clock=self._clock,
            pacer=Pacer(self._clock, self._sleep, 0),
        )

    def _when_released(self, stage: Mapping[str, Any], served: _Served) -> None:
        mailbox, name, clock = self._mailboxes[stage["name"]], stage["name"], self._clock
        end_to_end = Rows(stage["end_to_end"])
        while True:
            dropped, taken = mailbox.take()
            for release in dropped:
                served.drop(release)
            if taken is None:
                return
            release, served.root = taken
            start = clock()
            if start >= self._until_ns:
                served.drop(release)
                continue
            self._run_one(name)
            done = clock()
            end_to_end.append(served.root, start, done)
            served.append(release, start, done)

    def _run_one(self, name: str) -> None:
        if self._ended.is_set():
            raise _EndedError
        self._infer[name]()

    def _sleep(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise _EndedError
