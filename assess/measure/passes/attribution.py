"""The memory pass: where the memory of a model goes, in a process of its own.

The process lives as any other would, and only then are the parts given back: freed heap that the C library kept, then
the session. A second session that has not run yet parts the weights from what running adds. Nothing is estimated.
"""

from __future__ import annotations

import gc
import json
from array import array
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from assess.measure.attribution import Attribution, Growth, Life, Looks, attribute, growth
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.memory import PeakMemory
from assess.measure.null_model import INPUT, NULL_MODEL
from assess.measure.resident import Resident, c_library_trim, read_resident

#: Memory is settled well after the second inference, which adds the block of the memory pattern to what the first took.
_SETTLING: Final = 20
#: Growth is looked for over so many inferences, or the budget; a page more in 20,000 is 2 kB in 10,000.
_FRAMES: Final = 20_000
_LOOKS: Final = 100

Look = Callable[[Collection[str]], Resident]


def memory_pass(
    request: dict[str, Any],
    tell: Tell,
    engine: Engine,
    kernel: Kernel,
    look: Look = read_resident,
    trim: Callable[[], object] | None = None,
) -> dict[str, Any]:
    """Attribute the memory of a model.

    Request keys of its own: "budget_s" (of the search for growth), "model_files" (absolute paths; mapped pages of these
    are weights).

    Returns:
        {"attribution": an `Attribution`}; {"absent": why} where the system does not tell; or, if the runtime refused,
        {"refused": its message, "kind": of failure}. The attribution is told as {"known": {"attribution": ...}} before
        the second model is loaded: that may take more memory than there is.
    """
    require_provider(request["provider"], engine)
    if isinstance(kernel.memory, str) or kernel.memory.method != "VmHWM":
        why = kernel.memory if isinstance(kernel.memory, str) else f"it has only {kernel.memory.method}"
        return {"absent": f"the system does not tell what is resident by kind: {why}"}
    world = _World(request, engine, kernel, kernel.memory, look, trim or c_library_trim())
    return answer_or_refusal(engine, lambda: {"attribution": _attribution(world, tell)})


@dataclass(frozen=True, slots=True)
class _World:
    request: Mapping[str, Any]
    engine: Engine
    kernel: Kernel
    mark: PeakMemory
    read: Look
    trim: Callable[[], object] | None

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        return (MemoryError, OSError, ValueError, *self.engine.refusals)

    def look(self) -> Resident:
        return self.read(frozenset(self.request.get("model_files", ())))

    def trimmed(self) -> Resident:
        """What is resident once nothing freed is kept."""
        gc.collect()
        if self.trim is not None:
            self.trim()
        return self.look()

    def load(self, **changes: Any) -> Session:
        return self.engine.load({**self.request, **changes})


def _attribution(world: _World, tell: Tell) -> dict[str, Any]:
    world.trimmed()  # Reading takes memory of its own the first time.
    empty = world.trimmed()
    _null(world)
    runtime = world.trimmed()
    world.engine.read_inputs(world.request["inputs"])
    tell({"phase": "load"})
    life, grown = _one_life(world, tell)
    tell({"phase": "second model"})
    first = world.load()
    looks = Looks(empty, runtime, life, world.trimmed())
    found = attribute(looks, grown, trimmed=world.trim is not None)
    ended = dict.fromkeys(("second model", "arena held"), "the process ended before it could be told")
    tell({"known": {"attribution": asdict(replace(found, absent={**found.absent, **ended}))}})
    found = _with_another(world, found, first)
    del first
    gc.collect()
    return asdict(_with_account(world, found))


def _null(world: _World) -> None:
    """Load and run a model that does nothing, and drop it: what stays is the runtime's."""
    import numpy

    session = world.load(model=NULL_MODEL, inputs=[], custom_ops=())
    session.feed({INPUT: numpy.zeros(1, numpy.float32)})
    session.first()


def _one_life(world: _World, tell: Tell) -> tuple[Life, Growth | None]:
    """Load, run and release one session, looking at each step."""
    world.mark.restart()
    session = world.load()
    load_peak, loaded = world.mark.peak_bytes(), world.look()
    tell({"phase": "first inference"})
    world.mark.restart()
    infer = _settled(session)
    tell({"phase": "growth"})
    points = _grow(world, infer)
    run_peak, steady = world.mark.peak_bytes(), world.look()
    bound = _bytes_of_inputs(world.request["inputs"]), _bytes_of(session.outputs())
    trimmed = world.trimmed()
    del session, infer
    return Life(loaded, steady, trimmed, world.trimmed(), load_peak, run_peak, *bound), growth(points)


def _settled(session: Session) -> Callable[[], object]:
    session.first()
    _, infer = session.settle()
    for _ in range(_SETTLING):
        infer()
    return infer


def _grow(world: _World, infer: Callable[[], object]) -> list[tuple[int, int]]:
    """(inferences so far, bytes that only this process can free), again and again."""
    clock, span_ns = world.kernel.clock, int(world.request["budget_s"] * 1e9)
    # Made beforehand, and of one piece: a list that grows would be taken for the model's growth.
    at, owned = array("q", [0] * 3 * _LOOKS), array("q", [0] * 3 * _LOOKS)
    count = frames = 0
    next_ns = start = clock()
    while frames < _FRAMES and clock() - start < span_ns and count < len(at):
        infer()
        frames += 1
        if frames % (_FRAMES // _LOOKS) == 0 or clock() >= next_ns:
            at[count], owned[count] = frames, world.look().owned
            count += 1
            next_ns = clock() + span_ns // _LOOKS
    return list(zip(at[:count], owned[:count], strict=True))


def _with_another(world: _World, found: Attribution, first: Session) -> Attribution:
    """Load the model again while it serves, as a second model or an update would."""
    try:
        first_infer = _settled(first)
        one = world.look()
        world.mark.restart()
        second = world.load()
        second_infer = _settled(second)
        first_infer()
        peak, two = world.mark.peak_bytes(), world.look()
        del second, second_infer
    except world.failures as error:
        why = f"a second one could not be loaded beside it: {error or 'out of memory'}"
        return replace(found, absent={**found.absent, "second model": why})
    more = max(0, two.total - one.total)
    return replace(found, second_model=more, update_slot=max(more, peak - one.total))


def _with_account(world: _World, found: Attribution) -> Attribution:
    """With the arena's own account of itself, if it can be had."""
    try:
        held, why = _arena_held(world), "this version of ONNX Runtime does not write it into its profile"
    except world.failures as error:
        held, why = None, f"no profile could be taken: {error}"
    return replace(
        found, arena_held=held, absent=found.absent if held is not None else {**found.absent, "arena held": why}
    )


def _arena_held(world: _World) -> int | None:
    """Bytes that the arena took for running, by its own account in a profile (ONNX Runtime 1.32; not in 1.22)."""
    session = world.load(profile=str(Path(world.request["scratch"]) / "arena"))
    _settled(session)
    file = Path(session.end_profiling())
    try:
        events = json.loads(file.read_bytes())
    finally:
        file.unlink(missing_ok=True)
    found = [args for event in events if isinstance(args := event.get("args"), dict) and "mem_arena_held" in args]
    if not found:
        return None
    # Weights may be in the arena too: what it held before the first operator is not for running.
    before = int(found[0]["mem_arena_held"]) - int(found[0]["mem_arena_held_delta"])
    return max(0, max(int(args["mem_arena_held"]) for args in found) - before)


def _bytes_of_inputs(inputs: list[dict[str, str]]) -> int:
    import numpy

    return sum(int(numpy.load(each["file"], mmap_mode="r", allow_pickle=False).nbytes) for each in inputs)


def _bytes_of(arrays: Mapping[str, Any]) -> int:
    """Of arrays; sequences and maps, which have no size of their own, are left to the remainder."""
    return sum(int(getattr(array, "nbytes", 0)) for array in arrays.values())
