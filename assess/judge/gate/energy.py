"""Energy of an inference, by sensor, where the host has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.measurement import Measurement
from assess.project.signed_rank import Interval
from assess.units import format_quantity

#: What `--allow` and `--skip` call it, whatever the sensor.
ENERGY: Final = "energy"
#: A sensor's way of reading adds up to 5 % to each of the two runs (`measure.energy`).
MARGIN: Final = 0.10


def joules_per_inference(measurement: Measurement) -> dict[str, float]:
    """By sensor; empty where none gave a value."""
    return {each.sensor: each.joules_per_inference for each in measurement.energy if each.inferences}


def judge_energy(baseline: Mapping[str, float], candidate: Mapping[str, float]) -> list[Comparison]:
    """One comparison for each sensor that saw both runs, in joules per inference."""
    return [
        _judged(sensor, before, candidate[sensor])
        for sensor, before in baseline.items()
        if sensor in candidate and before > 0.0
    ]


def _judged(sensor: str, before: float, after: float) -> Comparison:
    change = after / before - 1.0
    said = f"{format_quantity(before, 'J')} -> {format_quantity(after, 'J')} ({change:+.1%}) an inference, one run each"
    verdict, step = GateVerdict.PASS, ""
    if abs(change) > MARGIN:
        verdict = GateVerdict.REGRESSION if change > 0.0 else GateVerdict.IMPROVEMENT
        step = "see what takes it: assess fit" if change > 0.0 else ""
    known = Interval(change, change - MARGIN, change + MARGIN)
    return Comparison(
        f"{ENERGY}: {sensor}", verdict, said, before, after, "J", known, "what sensors may err by", MARGIN, step
    )
