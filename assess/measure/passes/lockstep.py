"""The lockstep pass: one of two processes that take turns of a few milliseconds, so that both see the same machine.

Whatever the host does - a neighbour, another clock, a warm cache - it does to both sides within milliseconds, and the
ratio of two neighbouring batches does not see it. A batch stands for itself by its fastest inference: an interruption
within it is gone then.
"""

from __future__ import annotations

import gc
import os
import select
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from assess.errors import AssessError
from assess.measure.drive import Count, Plan, closed_loop
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.passes.timed import Watch
from assess.measure.scenarios import SCENARIOS

#: A batch takes about so long: shorter than most of what disturbs a host, longer than a switch of processes.
_BATCH_NS: Final = 5_000_000
_LEAST_IN_BATCH: Final = 3
#: A batch of one has no fastest of several; where one inference takes so long, what disturbs it is small beside it.
_LONG_NS: Final = 100_000_000
#: Blocks - a batch of each side - and the timed span of each side, at least; and what all blocks may take together.
_LEAST_BLOCKS: Final = 20
_LEAST_SPAN_NS: Final = 200_000_000
_MOST_NS: Final = 10_000_000_000
_FEWEST_BLOCKS: Final = 4
#: So often a side that waits looks whether anybody still waits for it.
_LOOK_S: Final = 0.5
#: In percent: what a side keeps of its inferences; the first is the fastest, the last the slowest.
QUANTILES: Final = (0, 10, 50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair, in its own process.

    Attributes:
        fastest_ns: of each batch, in order.
        median_ns: of each batch.
        peak_bytes: most resident memory up to the end of the warm-up; None where the system does not tell, as the next.
        steady_bytes: most resident memory after the warm-up.
        count: inferences in all batches.
        quantiles_ns: of all of them, at `QUANTILES`, by nearest rank.
    """

    fastest_ns: tuple[int, ...]
    median_ns: tuple[int, ...]
    peak_bytes: int | None
    steady_bytes: int | None
    count: int
    quantiles_ns: tuple[int, ...]


class LeftAloneError(Exception):
    """The other side is gone."""


class Peer(Protocol):
    """The other side: words go to it, and come from it."""

    def tell(self, word: int) -> None:
        """Send a number."""

    def hear(self) -> int:
        """Wait for its number; raises `LeftAloneError` if it is gone."""


class Pipes:
    """The other side behind two named pipes in a private folder.

    Args:
        inbox: pipe that is read; made by who started both sides.
        outbox: pipe that is written.
        patience_s: for how long the other side is waited for.
    """

    def __init__(self, inbox: Path, outbox: Path, patience_s: float) -> None:
        self._until, self._inbox = time.monotonic() + patience_s, inbox
        # Not waiting to be opened: each side opens its own first, and only then is there somebody to write to.
        try:
            self._in = os.open(inbox, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError as error:  # Who started both gave up.
            raise LeftAloneError from error
        self._out = self._opened(outbox)

    def _opened(self, outbox: Path) -> int:
        while time.monotonic() < self._until:
            try:
                return os.open(outbox, os.O_WRONLY | os.O_NONBLOCK)
            except FileNotFoundError as error:
                raise LeftAloneError from error
            except OSError:  # Nobody reads it yet.
                time.sleep(0.002)
        raise LeftAloneError

    def tell(self, word: int) -> None:
        """Send a number."""
        try:
            os.write(self._out, word.to_bytes(8, "little"))
        except OSError as error:
            raise LeftAloneError from error

    def hear(self) -> int:
        """Wait for its number."""
        while (left_s := self._until - time.monotonic()) > 0.0:
            ready, _, _ = select.select([self._in], [], [], min(left_s, _LOOK_S))
            if ready:
                with suppress(BlockingIOError):
                    if len(word := os.read(self._in, 8)) == 8:
                        return int.from_bytes(word, "little")
                break
            if not self._inbox.exists():  # A side that ended before it opened the pipe closes nothing.
                break
        raise LeftAloneError


def lockstep_pass(
    request: dict[str, Any],
    tell: Tell,
    engine: Engine,
    kernel: Kernel,
    *,
    meet: Callable[[Path, Path, float], Peer] = Pipes,
) -> dict[str, Any]:
    """Load the model, warm up, and take turns with the other side.

    Args:
        request: "leads" is whether this side begins; "inbox" and "outbox" name the pipes; "cpu", if there, is the
            one that both sides are to run on.
        tell: told the versions of the runtime.
        engine: runtime.
        kernel: system.
        meet: opens the way to the other side.

    Returns:
        The fields of a `Side`; {"left alone": True} if the other side ended before; or {"refused": ..., "kind": ...}.

    Raises:
        AssessError: the runtime has no such execution provider, or the system has no named pipes.
    """
    require_provider(request["provider"], engine)
    if not hasattr(os, "mkfifo"):
        raise AssessError("this system has no named pipes, which a gate needs", hint="run the gate on Linux or macOS")
    if (cpu := request.get("cpu")) is not None:
        os.sched_setaffinity(0, {cpu})
    engine.read_inputs(request["inputs"])
    watch = Watch(kernel.memory)
    watch.restart()
    tell({"known": {"versions": engine.versions}})
    gc.collect()
    gc.disable()

    def flow() -> dict[str, Any]:
        infer, usual_ns = _warm(engine.load(request), request, kernel)
        peak = watch.peak()
        watch.restart()
        peer = meet(Path(request["inbox"]), Path(request["outbox"]), request["timeout_s"])
        peer.tell(usual_ns)
        slower_ns = max(usual_ns, peer.hear())
        in_batch, blocks = plan_blocks(slower_ns)
        batches = take_turns(infer, in_batch, blocks, peer, leads=request["leads"], clock=kernel.clock)
        return asdict(_side(batches, peak, watch.peak()))

    try:
        return answer_or_refusal(engine, flow)
    except LeftAloneError:
        return {"left alone": True}


def _warm(session: Session, request: Mapping[str, Any], kernel: Kernel) -> tuple[Callable[[], object], int]:
    """A call that runs one inference, and the least that it took."""
    session.first()
    _, infer = session.settle()
    if make := SCENARIOS.get(request["scenario"]["kind"]):
        states = make(request["scenario"]).states
        infer = session.feed_back(states) if states else infer
    fastest = _Fastest()
    until_ns = kernel.clock() + _MOST_NS
    plan = Plan(request["warmup_count"], int(request["warmup_duration_s"] * 1e9), until_ns)
    closed_loop(infer, plan, fastest, clock=kernel.clock)
    return infer, max(1, fastest.ns)


class _Fastest(Count):
    def __init__(self) -> None:
        super().__init__()
        self.ns = _MOST_NS

    def append(self, _scheduled: int, start: int, done: int, /) -> None:
        super().append(_scheduled, start, done)
        self.ns = min(self.ns, done - start)


def plan_blocks(inference_ns: int) -> tuple[int, int]:
    """How many inferences a batch has and how many blocks there are, an even number; the same on both sides.

    Args:
        inference_ns: what one takes on the slower side.
    """
    in_batch = max(_LEAST_IN_BATCH, round(_BATCH_NS / inference_ns)) if inference_ns < _LONG_NS else 1
    batch_ns = in_batch * inference_ns
    wanted = max(_LEAST_BLOCKS, -(-_LEAST_SPAN_NS // batch_ns))
    affordable = max(_FEWEST_BLOCKS, _MOST_NS // (2 * batch_ns))
    blocks = min(wanted, affordable)
    return in_batch, blocks + blocks % 2


def take_turns(
    infer: Callable[[], object], in_batch: int, blocks: int, peer: Peer, *, leads: bool, clock: Callable[[], int]
) -> list[list[int]]:
    """The batches of one side, each the durations of its inferences in nanoseconds.

    Who begins alternates from block to block (A B, B A, A B, ...), so that coming first is nobody's advantage. After
    each switch one inference is not timed: caches are the other's.
    """
    batches: list[list[int]] = []
    for block in range(blocks):
        begins = (block % 2 == 0) == leads
        if not begins:
            peer.hear()
            infer()
        durations = []
        for _ in range(in_batch):
            start = clock()
            infer()
            durations.append(clock() - start)
        batches.append(durations)
        if begins:
            peer.tell(block)
    return batches


def _side(batches: list[list[int]], peak_bytes: int | None, steady_bytes: int | None) -> Side:
    medians = tuple(round(statistics.median(batch)) for batch in batches)
    durations = sorted(duration for batch in batches for duration in batch)
    return Side(tuple(map(min, batches)), medians, peak_bytes, steady_bytes, len(durations), _quantiles(durations))


def _quantiles(ascending: list[int]) -> tuple[int, ...]:
    return tuple(ascending[max(0, -(-percent * len(ascending) // 100) - 1)] for percent in QUANTILES)
