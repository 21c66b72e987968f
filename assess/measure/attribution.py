"""Where the memory of a model goes: the record, and the arithmetic that makes it from looks at a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from assess.measure.resident import Resident

#: What looking itself was seen to add in a run of 100 looks at models that do not grow: up to 3 pages; with a margin.
_OWN_BYTES: Final = 8 * 4096
#: Spans that the search for growth is cut into.
_SPANS: Final = 8

_METHODS: Final = {
    "weights": "what a session that has not run added, freed heap handed back: prepacked copies and graph included",
    "arena": "what the kernel got back when the session that had run was released, less weights and outputs",
    "inputs_and_outputs": "bytes of the arrays bound",
    "runtime": "what a session that copies one number left behind, and pages of code",
    "kept": "what the kernel got back by malloc_trim: freed, but kept by the C library",
    "temporary": "the kernel's high-water mark less what was there afterwards",
    "remainder": "what none of these gave back",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """Resident bytes by what they are for.

    Attributes:
        weights: of the loaded model: weights, their prepacked copies, the graph.
        arena: activations and scratch between inferences.
        inputs_and_outputs: bound arrays.
        runtime: ONNX Runtime without a model, and its code.
        kept: freed heap that the C library has not handed back.
        temporary: gone after the peak.
        remainder: what is none of these.
    """

    weights: int
    arena: int
    inputs_and_outputs: int
    runtime: int
    kept: int
    temporary: int
    remainder: int

    @property
    def total(self) -> int:
        """The sum."""
        return sum(asdict(self).values())


@dataclass(frozen=True, slots=True)
class Growth:
    """How the memory that only the process can free grows with inferences.

    Attributes:
        bytes_per_10000: median slope of eight spans, for 10,000 frames; 0 if it falls.
        noise_bytes: half the width of its interval or what looking itself may add, whichever is more: growth up to
            this is none that could be told.
        frames: inferences looked at.
    """

    bytes_per_10000: float
    noise_bytes: float
    frames: int

    @property
    def is_real(self) -> bool:
        """Whether it is more than noise."""
        return self.bytes_per_10000 > self.noise_bytes


@dataclass(frozen=True, slots=True)
class Attribution:
    """Memory of one process above what it had after its imports, in bytes.

    Attributes:
        load_peak: the highest while the session was made.
        run_peak: the highest while it ran.
        steady: resident between inferences.
        at_load: parts of `load_peak`; they sum to it.
        at_steady: parts of `steady`; they sum to it.
        growth: over many inferences; None if there was no time for enough, see `absent`.
        swapped: of the process, swapped out at the end of these.
        arena_held: address space that the arena took for running, by ONNX Runtime's own account; only touched pages of
            it are resident. None if it does not tell.
        second_model: what the same model loaded again and running beside the first added; None if it did not load.
        update_slot: the most that this took on the way: room for an update while the old model serves.
        methods: how each part was found.
        absent: what could not be found, and why.
    """

    load_peak: int
    run_peak: int
    steady: int
    at_load: Parts
    at_steady: Parts
    growth: Growth | None
    swapped: int
    arena_held: int | None = None
    second_model: int | None = None
    update_slot: int | None = None
    methods: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not sum.

        Raises:
            ValueError: they do not.
        """
        for name, whole, parts in (("load", self.load_peak, self.at_load), ("steady", self.steady, self.at_steady)):
            if parts.total != whole:
                raise ValueError(f"parts at {name} sum to {parts.total}, not to {whole}")


class Life(NamedTuple):
    """Looks at one session.

    Attributes:
        loaded: after the model was loaded.
        steady: after many inferences.
        trimmed: after freed heap was handed back.
        gone: after the session was released too.
        load_peak: high-water mark of loading.
        run_peak: high-water mark of running.
        input_bytes: of the arrays fed.
        output_bytes: of the arrays put out.
    """

    loaded: Resident
    steady: Resident
    trimmed: Resident
    gone: Resident
    load_peak: int
    run_peak: int
    input_bytes: int
    output_bytes: int


class Looks(NamedTuple):
    """Looks at a process, in this order.

    Attributes:
        empty: after imports.
        runtime: after a session that does nothing was made and dropped.
        life: of the session that ran.
        weighed: after the model was loaded once more, with freed heap handed back.
    """

    empty: Resident
    runtime: Resident
    life: Life
    weighed: Resident


def attribute(looks: Looks, grown: Growth | None, *, trimmed: bool) -> Attribution:
    """The parts of the memory that the looks saw.

    Args:
        looks: at the process.
        grown: growth, if there was time to see it.
        trimmed: whether the C library could be told to hand back what it keeps.
    """
    empty, life = looks.empty, looks.life
    weights = looks.weighed.owned - life.gone.owned
    left = looks.runtime.anonymous - empty.anonymous
    base = empty.total
    steady, load_peak = max(0, life.steady.total - base), max(0, life.load_peak - base)
    at_steady = _share_out(
        steady,
        inputs_and_outputs=life.input_bytes + life.output_bytes,
        runtime=left + life.steady.code - empty.code,
        weights=weights + life.steady.model - empty.model,
        arena=life.trimmed.owned - life.gone.owned - weights - life.output_bytes,
        kept=life.steady.owned - life.trimmed.owned,
    )
    at_load = _share_out(
        load_peak,
        inputs_and_outputs=life.input_bytes,
        runtime=left + life.loaded.code - empty.code,
        weights=weights + life.loaded.model - empty.model,
        temporary=load_peak,
    )
    methods = dict(_METHODS)
    if not trimmed:
        methods["kept"] = "not told: this C library has no malloc_trim; it is in the other parts"
    return Attribution(
        load_peak=load_peak,
        run_peak=max(steady, life.run_peak - base),
        steady=steady,
        at_load=at_load,
        at_steady=at_steady,
        growth=grown,
        swapped=life.steady.swapped,
        methods=methods,
        absent={} if grown else {"growth": f"fewer than {_SPANS + 1} looks in the time there was"},
    )


def _share_out(whole: int, **wanted: int) -> Parts:
    """Parts in the order given, each at most what is left of the whole; what nobody wants is the remainder."""
    parts = dict.fromkeys(Parts.__dataclass_fields__, 0)
    for name, bytes_ in wanted.items():
        parts[name] = min(max(0, bytes_), whole)
        whole -= parts[name]
    return Parts(**{**parts, "remainder": whole})


def growth(points: Sequence[tuple[int, int]]) -> Growth | None:
    """Growth in (inferences, bytes); None if there are too few points.

    The median of the slopes of eight spans, so that a single step, wherever it is, is no growth; from the second least
    to the second greatest is the interval of a median that holds in 1 - 2 * 9/256 of all cases, 93 %.
    """
    # The first tenth may still settle.
    points = points[len(points) // 10 :]
    if len(points) <= _SPANS:
        return None
    ends = [points[index * (len(points) - 1) // _SPANS] for index in range(_SPANS + 1)]
    slopes = sorted((end[1] - start[1]) / (end[0] - start[0]) for start, end in pairwise(ends))
    slope = (slopes[_SPANS // 2 - 1] + slopes[_SPANS // 2]) / 2
    frames = points[-1][0] - points[0][0]
    noise = max((slopes[-2] - slopes[1]) / 2, _OWN_BYTES / frames)
    return Growth(max(0.0, slope) * 1e4, noise * 1e4, frames)
