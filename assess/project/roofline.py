"""A lower bound of the latency on a device, from nothing but its data sheet: a roofline per operator.

Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009. The bound assumes what no device reaches: every operator
at the dense peak or at full bandwidth, weights read once, activations never leaving the chip, nothing to launch.
"""

from __future__ import annotations

from dataclasses import dataclass

from assess.describe.device import Device, DeviceRuntime
from assess.describe.model import Model, Precision
from assess.describe.quantity import SourcedOps
from assess.units import format_quantity

#: A runtime may compute a float model in any float format that it has (TF32 and FP16 are defaults of TensorRT and
#: QNN): a bound must take the fastest of them.
_FLOATS: tuple[Precision, ...] = ("fp32", "fp16", "bf16")


@dataclass(frozen=True, slots=True)
class Bound:
    """A roofline's outcome.

    Attributes:
        seconds: no inference on the device can be faster than this.
        compute_s: the part of it that is limited by arithmetic; the rest is limited by reading weights.
        basis: the peaks that it stands on, one line.
    """

    seconds: float
    compute_s: float
    basis: str


def latency_bound(model: Model, device: Device, runtime: DeviceRuntime | None) -> Bound | str:
    """The bound, or why there is none.

    Operators without known cost add nothing: the result stays a lower bound.
    """
    engines = [device.engine_of(runtime)] if runtime is not None else list(device.engine)
    memory = device.memory or device.on_chip
    bandwidth = memory.bandwidth if memory else None
    total = compute = 0.0
    used: dict[str, SourcedOps] = {}
    for group in model.operators:
        if not group.macs:
            continue
        peaks = [
            (precision, peak)
            for engine in engines
            for precision in _as_computed(group.precision)
            if (peak := engine.dense(precision)) is not None
        ]
        if not peaks:
            names = ", ".join(engine.name for engine in engines) or "no engine"
            return f"no dense {group.precision} peak is known for {device.id} ({names})"
        precision, peak = max(peaks, key=lambda item: item[1].value)
        used[precision] = peak
        arithmetic = 2 * group.macs / peak.value
        reading = group.weight_bytes / bandwidth.value if bandwidth else 0.0
        total += group.count * max(arithmetic, reading)
        compute += group.count * arithmetic if arithmetic >= reading else 0.0
    if not total:
        return "the model has no operator whose arithmetic is known"
    return Bound(total, compute, _basis(used, bandwidth.value if bandwidth else None))


def _as_computed(precision: Precision) -> tuple[Precision, ...]:
    return _FLOATS if precision in _FLOATS else (precision,)


def _basis(used: dict[str, SourcedOps], bandwidth: float | None) -> str:
    peaks = ", ".join(f"{format_quantity(peak.value, 'op/s')} {name}" for name, peak in sorted(used.items()))
    memory = f" and {format_quantity(bandwidth, 'B/s')}" if bandwidth else ""
    return f"roofline at {peaks}{memory}: a bound that no device reaches"
