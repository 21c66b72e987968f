"""A lower bound of the latency on a device, from nothing but its data sheet: a roofline.

Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009. The bound assumes the best of everything: every operator at
the dense peak of the fastest format that the runtime may use, weights read once in the narrowest, reading and computing
at the same time, activations never leaving the chip, nothing to launch. Weights are taken to be read from memory in
every inference; those that the chip has no room for, where they are streamed, over the host's link. Where a model has
an If, its dearer branch is meant: the deadline must hold for that one too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assess.describe.device import Device, DeviceRuntime, Engine
from assess.describe.model import Model, OperatorGroup, Precision
from assess.describe.quantity import SourcedBandwidth, SourcedOps
from assess.describe.runtime import Runtime
from assess.project.formats import BITS, FLOATS, computed_in, least_weight_bytes
from assess.units import format_quantity

#: Fast algorithms compute a float convolution with up to so many times fewer multiplications than counted: Winograd
#: F(4x4, 3x3), Lavin & Gray, CVPR 2016.
_WINOGRAD: Final = 4.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A roofline's outcome.

    Attributes:
        seconds: an inference on the device takes at least this.
        basis: the peaks that it stands on, one line.
    """

    seconds: float
    basis: str


def latency_bound(model: Model, device: Device, binding: DeviceRuntime | None, runtime: Runtime | None) -> Bound | str:
    """The bound, or why there is none.

    Operators without known cost add nothing: the result stays a lower bound.
    """
    engines = [device.engine_of(binding)] if binding is not None else list(device.engine)
    arithmetic, used = 0.0, dict[str, SourcedOps]()
    costed = [group for group in model.operators if group.macs]
    if not costed:
        return "the model has no operator whose arithmetic is known"
    for group in costed:
        found = _peak(group.precision, engines, runtime)
        if isinstance(found, str):
            return f"{found} for {device.id}"
        precision, peak = found
        used[precision] = peak
        arithmetic += group.count * _operations(group, precision) / peak.value
    memory = device.memory or device.on_chip
    bandwidth = memory.bandwidth if memory else None
    read = _weights_read(costed, model, runtime)
    reading = read / bandwidth.value if bandwidth else 0.0
    link, streamed = _streamed(device, read)
    streaming = streamed / link.value if link else 0.0
    basis = _basis(used, bandwidth.value if bandwidth else None, link if streamed else None, streamed)
    return Bound(max(arithmetic, reading, streaming), basis)


def _streamed(device: Device, read: float) -> tuple[SourcedBandwidth | None, float]:
    """The link that weights are sent over in every inference, and at least how many bytes of them."""
    chip = device.on_chip
    if device.memory is not None or chip is None or chip.weights_beyond != "streamed":
        return None, 0.0
    room = chip.weight_capacity or chip.capacity
    if room is None or chip.host_link is None:
        return None, 0.0
    return chip.host_link, max(0.0, read - room.value)


def _peak(precision: Precision, engines: list[Engine], runtime: Runtime | None) -> tuple[Precision, SourcedOps] | str:
    """The highest peak that operators written in `precision` may be computed at."""
    formats = computed_in(precision, runtime)
    names = ", ".join(engine.name for engine in engines) or "no engine"
    peaks = [(name, peak) for engine in engines for name in formats if (peak := engine.dense(name)) is not None]
    if not peaks:
        return f"no dense {' or '.join(formats)} peak is known ({names})"
    # Half the width is at least as fast and often far faster: without its peak there is no bound.
    narrowest = min(BITS[name] for name in formats)
    if precision in FLOATS and narrowest not in {BITS[name] for name, _ in peaks}:
        return f"the {narrowest}-bit peak, which a runtime may use, is not known ({names})"
    return max(peaks, key=lambda item: item[1].value)


def _operations(group: OperatorGroup, computed: Precision) -> float:
    operations = 2.0 * (group.macs or 0)
    return operations / _WINOGRAD if group.kind == "convolution" and computed in FLOATS else operations


def _weights_read(costed: list[OperatorGroup], model: Model, runtime: Runtime | None) -> float:
    """Bytes of the weights that the costed operators read, each once; tables that are looked up are left out."""
    stored = model.total_weight_bytes
    read = min(sum(group.count * group.weight_bytes for group in costed), stored)
    return read * least_weight_bytes(model, runtime) / stored if stored else 0.0


def _basis(used: dict[str, SourcedOps], bandwidth: float | None, link: SourcedBandwidth | None, streamed: float) -> str:
    peaks = ", ".join(f"{format_quantity(peak.value, 'op/s')} {name}" for name, peak in sorted(used.items()))
    memory = f" and {format_quantity(bandwidth, 'B/s')}" if bandwidth else ""
    sent = ""
    if link:
        sent = f", with {format_quantity(streamed, 'B')} of weights streamed at {format_quantity(link.value, 'B/s')}"
    numbers = [*used.values(), *([link] if link else [])]
    recalled = ", a recalled number" if any(number.is_recalled for number in numbers) else ""
    return f"roofline at {peaks}{memory}{sent}{recalled}: a lower bound"
