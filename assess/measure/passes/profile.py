"""The profile pass: where the time of an inference goes, node by node, and what asking costs.

Writing a profile slows an inference by some 10 us per kernel, so that it is never on in the timed pass. Here two
sessions, one with a profile and one without, run in alternation: their ratio is the overhead.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median_low
from typing import Any, Final

from assess.child import Stopped
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.kernel_times import KernelTime, kernel_times
from assess.measure.passes.timed import SHARE_OF_TIMEOUT
from assess.measure.placement import Given
from assess.providers import CPU

#: Events that a profile may have: 600 bytes each, and ONNX Runtime itself drops those after a million.
MOST_EVENTS: Final = 200_000


@dataclass(frozen=True, slots=True)
class ProfiledNode:
    """A node as it was executed: of the optimised graph, which differs from the model's.

    Attributes:
        name: in the optimised graph.
        operator: there, without its domain.
        provider: who ran it.
        calls: how often, in all runs.
        ns: in sum, without what ran within it.
        own: the model's own nodes that it stands for, the first of them; empty if they are not known.
        more_own: how many more there are.
        macs: multiply-accumulates of one call; None where they are not known.
        arena_bytes: most that the arena had handed out when it was done; None if the profile does not tell.
    """

    name: str
    operator: str
    provider: str
    calls: int
    ns: int
    own: tuple[str, ...] = ()
    more_own: int = 0
    macs: int | None = None
    arena_bytes: int | None = None

    @property
    def macs_per_s(self) -> float | None:
        """Multiply-accumulates per second; None where either is not known or too short to be seen."""
        return self.macs * self.calls / self.ns * 1e9 if self.macs and self.ns else None


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """All executed nodes of one operator and provider.

    Attributes:
        operator: in the optimised graph.
        provider: who ran it.
        nodes: how many there are.
        calls: of all of them, in all runs.
        ns: in sum.
    """

    operator: str
    provider: str
    nodes: int
    calls: int
    ns: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of an inference goes.

    Attributes:
        runs: inferences that were profiled.
        plain_ns: median service time without a profile, in alternation with:
        profiled_ns: median service time while one was written.
        run_ns: time of all profiled inferences, as the profile has it.
        kernel_ns: of that, within kernels.
        mapped_ns: of that, within kernels of which the model's own nodes are known.
        nodes: executed nodes, the slowest first; the rest is summed:
        more_nodes: how many more there are.
        more_ns: their time.
        by_operator: all of them by operator and provider, the slowest first.
        folded: the model's own nodes that were computed when it was loaded.
        absorbed: the model's own nodes that run within another's kernel.
        unseen: the model's own nodes, by name, that no kernel is known to stand for: removed, or of an unknown
            kernel; the first of them.
        more_unseen: how many more there are.
        arena_peak_bytes: most that an arena had handed out; None if the profile does not tell.
        unread: lines of the profile that could not be read.
    """

    runs: int
    plain_ns: int
    profiled_ns: int
    run_ns: int
    kernel_ns: int
    mapped_ns: int
    nodes: tuple[ProfiledNode, ...]
    more_nodes: int = 0
    more_ns: int = 0
    by_operator: tuple[OperatorTime, ...] = ()
    folded: int = 0
    absorbed: int = 0
    unseen: tuple[str, ...] = ()
    more_unseen: int = 0
    arena_peak_bytes: int | None = None
    unread: int = 0

    @property
    def overhead(self) -> float:
        """How many times as long an inference takes while it is profiled."""
        return self.profiled_ns / self.plain_ns

    @property
    def kernel_share(self) -> float:
        """Share of the profiled inferences' time within kernels; the rest is ONNX Runtime's own, and the profile's."""
        return self.kernel_ns / self.run_ns if self.run_ns else 0.0

    @property
    def mapped_share(self) -> float:
        """Share of the kernels' time of which the model's own nodes are known."""
        return self.mapped_ns / self.kernel_ns if self.kernel_ns else 0.0


@dataclass(frozen=True, slots=True)
class ProfileAnswer:
    """What the profile pass answers.

    Attributes:
        runs: inferences that were profiled.
        plain_ns: median service time without a profile, in alternation with:
        profiled_ns: median service time while one was written.
        run_ns: time of all profiled inferences, as the profile has it.
        kernels: executed nodes, by first execution.
        placement: which provider was given what; empty where ONNX Runtime does not tell.
        saved: whether the graph was saved as it was executed.
        stopped: whether it was told to stop.
        arena_peak_bytes: most that an arena had handed out; None if the profile does not tell.
        unread: lines of the profile that could not be read.
    """

    runs: int
    plain_ns: int
    profiled_ns: int
    run_ns: int
    kernels: tuple[KernelTime, ...]
    placement: tuple[Given, ...] = ()
    saved: bool = False
    stopped: bool = False
    arena_peak_bytes: int | None = None
    unread: int = 0


def profile_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Run with a profile and without, in alternation, and add the profile up.

    Keys of the request, beside the common ones: "count" and "duration_s" (the first that is reached ends it),
    "warmup_count" (at most), "executions" (of nodes in one inference, from the model: bounds the profile's size);
    optional: "save_optimised" (a path: the graph as it was executed, to map its nodes to the model's).

    Returns:
        A `ProfileAnswer` as JSON has it or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    engine.read_inputs(request["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    gc.collect()
    gc.disable()
    return answer_or_refusal(engine, lambda: _profile(request, tell, engine, kernel.clock, until_ns))


def _profile(
    request: dict[str, Any], tell: Tell, engine: Engine, clock: Callable[[], int], until_ns: int
) -> dict[str, Any]:
    tell({"phase": "load"})
    common = {key: value for key, value in request.items() if key not in ("profile", "save_optimised")}
    plain = engine.load({**common, "placement": True})
    parts = plain.placement()
    saved = {"save_optimised": request.get("save_optimised")} if _can_be_saved(request["provider"], parts) else {}
    profiled = engine.load({**common, "profile": str(Path(request["scratch"]) / "profile"), **saved})
    tell({"phase": "warm-up"})
    infer, infer_profiled = _settled(plain), _settled(profiled)
    most = max(MOST_EVENTS // max(request["executions"], 1), 4)  # One is the first; two at least are wanted.
    warmup_count = min(request["warmup_count"], most // 4)
    plan = min(request["count"], most - 1 - warmup_count), int(request["duration_s"] * 1e9), until_ns
    for _ in range(warmup_count):
        infer()
        infer_profiled()
    tell({"phase": "profile"})
    plain_ns, profiled_ns, stopped = _alternate(infer, infer_profiled, plan, clock)
    file = Path(profiled.end_profiling())
    with file.open(encoding="utf-8", errors="replace") as lines:
        found = kernel_times(lines, skip=1 + warmup_count)
    file.unlink()
    return {
        **asdict(found),
        "plain_ns": median_low(plain_ns) if plain_ns else 0,
        "profiled_ns": median_low(profiled_ns) if profiled_ns else 0,
        "placement": parts,
        "saved": bool(saved.get("save_optimised")),
        "stopped": stopped,
    }


def _can_be_saved(provider: str, parts: list[dict[str, Any]]) -> bool:
    """Whether nothing was compiled: ONNX Runtime refuses to save, and so to load, what holds compiled nodes."""
    return provider == CPU or (bool(parts) and all(len(part["nodes"]) == 1 for part in parts))


def _settled(session: Session) -> Callable[[], object]:
    session.first()
    return session.settle()[1]


def _alternate(
    one: Callable[[], object], other: Callable[[], object], plan: tuple[int, int, int], clock: Callable[[], int]
) -> tuple[list[int], list[int], bool]:
    """Service times of both, taken in turns: whatever changes on the host meets both. And whether it was stopped."""
    count, duration_ns, until_ns = plan
    times: tuple[list[int], list[int]] = ([], [])
    end = min(clock() + duration_ns, until_ns)
    try:
        # Once at least: without a time there is no overhead to tell.
        while not times[1] or (len(times[1]) < count and clock() < end):
            for infer, taken in zip((one, other), times, strict=True):
                start = clock()
                infer()
                taken.append(clock() - start)
    except Stopped:
        return *times, True
    return *times, False
