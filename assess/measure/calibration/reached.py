"""What a machine reached in a calibration: the records, made whole from what each part of it told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, cast

from assess.measure.calibration.figures import Figure, best, dispatch, rate
from assess.measure.calibration.models import DEPTHWISE, DISPATCH, STREAM
from assess.measure.passes.calibration import Timings

Kind = Literal["matrix product", "convolution", "depthwise convolution"]

#: Name of what a call of the session costs.
_CALL: Final = "call"


class Part(NamedTuple):
    """What is measured in one go.

    Attributes:
        kind: one of those in `calibration.models`.
        precision: of arithmetic; "" for the other kinds.
    """

    kind: str
    precision: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind} {self.precision}".rstrip()


class Told(NamedTuple):
    """What a part told.

    Attributes:
        part: which.
        timings: what it measured, or why it did not.
        runtime_version: of ONNX Runtime; "" if it did not get that far.
        times_cache: of bandwidth: over how many times the last-level cache it was measured.
    """

    part: Part
    timings: Timings | str
    runtime_version: str = ""
    times_cache: float = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Arithmetic of one kind in one precision, at the shape where it was fastest.

    Attributes:
        kind: of arithmetic.
        precision: "fp32", "fp16", "bf16" or "int8".
        shape: where the peak was reached.
        operator: of ONNX.
        operations_per_s: the peak that was reached and held; a multiply-accumulate is two operations.
        note: what is uncertain; "" for nothing.
    """

    kind: Kind
    precision: str
    shape: str
    operator: str
    operations_per_s: Figure
    note: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the machine at hand reached. Parts that it lacks are in `absent`, by name.

    Attributes:
        provider: execution provider that ran it.
        threads: intra-op threads.
        runtime_version: of ONNX Runtime; "" if no process told.
        rates: arithmetic, by kind and then precision.
        streams: memory bandwidth, the highest first; several ways of going over more bytes than the caches hold.
        dispatch: seconds that an operator costs beside its arithmetic.
        call: seconds that a call of the session costs beside its operators.
        wall_s: what it all took.
        why_shared: what shows that others used the host meanwhile, which holds for every figure; "" for nothing.
        absent: what was not measured, and why.
    """

    provider: str
    threads: int
    runtime_version: str
    rates: tuple[Rate, ...]
    streams: tuple[Figure, ...]
    dispatch: Figure | None
    call: Figure | None
    wall_s: float
    why_shared: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_figures(self) -> bool:
        """Whether anything was measured at all."""
        return bool(self.rates or self.streams or self.dispatch)

    @property
    def bandwidth(self) -> Figure | None:
        """Memory bandwidth: the highest of `streams` that nothing disturbed; if none is so, the highest."""
        quiet = (stream for stream in self.streams if not stream.why_noisy)
        return next(quiet, self.streams[0] if self.streams else None)

    def disturbed(self, figure: Figure) -> str:
        """What disturbed one of these figures: itself, its part, or all that was measured; "" for nothing."""
        return "; ".join(filter(None, (figure.why_noisy, self.why_shared)))

    def rate(self, kind: Kind, precision: str) -> Rate | None:
        """The arithmetic of a kind in a precision; None if it is absent."""
        return next((each for each in self.rates if (each.kind, each.precision) == (kind, precision)), None)

    def peak(self, precision: str) -> Rate | None:
        """The faster of matrix product and convolution in a precision: what the engine really reached."""
        dense = [each for each in self.rates if each.precision == precision and each.kind != DEPTHWISE]
        return max(dense, key=lambda each: each.operations_per_s.value, default=None)


def calibration(parts: Sequence[Told], *, provider: str, threads: int, wall_s: float, why_shared: str) -> Calibration:
    """What the parts told, as figures and reasons; the other arguments are as in `Calibration`."""
    streams = [stream for told in parts if told.part.kind == STREAM for stream in _streams(told)]
    costs = {name: cost for told in parts if told.part.kind == DISPATCH for name, cost in _costs(told)}
    call, operator = costs.get(_CALL), costs.get(DISPATCH)
    return Calibration(
        provider=provider,
        threads=threads,
        runtime_version=next((told.runtime_version for told in parts if told.runtime_version), ""),
        rates=tuple(rate for told in parts if told.part.kind not in (STREAM, DISPATCH) for rate in _rates(told)),
        streams=tuple(sorted(streams, key=lambda figure: -figure.value)),
        dispatch=operator if isinstance(operator, Figure) else None,
        call=call if isinstance(call, Figure) else None,
        wall_s=wall_s,
        why_shared=why_shared,
        absent={name: why for told in parts for name, why in _absent(told)},
    )


def _streams(told: Told) -> Iterator[Figure]:
    if isinstance(told.timings, str):
        return
    over = f"; {told.times_cache:.1f} times the last-level cache"
    for trial in told.timings.trials:
        words = f"{trial.what}; what a cache reads before it is overwritten is not counted{over}"
        yield rate(trial, "B/s", words, told.timings.waited_share)


def _costs(told: Told) -> Iterator[tuple[str, Figure | str]]:
    """What a call and an operator cost, by name, or why that is not known."""
    if isinstance(told.timings, str):
        return
    lengths = ", ".join(str(chain.work) for chain in told.timings.trials)
    words = f"line through the times of chains of {lengths} operators on one number"
    call, operator = dispatch(told.timings.trials, words, told.timings.waited_share)
    yield _CALL, call
    yield DISPATCH, operator


def _rates(told: Told) -> Iterator[Rate]:
    if isinstance(told.timings, str):
        return
    peak = best(told.timings.trials)
    words = f"{peak.operator}, {peak.what}: the fastest of {len(told.timings.trials)} shapes"
    figure = rate(peak, "op/s", words, told.timings.waited_share)
    kind = cast(Kind, told.part.kind)
    yield Rate(kind, told.part.precision, peak.what, peak.operator, figure, told.timings.note)


def _absent(told: Told) -> Iterator[tuple[str, str]]:
    if isinstance(told.timings, str):
        yield told.part.name, told.timings
    elif told.part.kind == STREAM:
        yield from ((f"{told.part.name} ({what})", why) for what, why in told.timings.skipped.items())
    elif told.part.kind == DISPATCH:
        yield from ((name, cost) for name, cost in _costs(told) if isinstance(cost, str))
