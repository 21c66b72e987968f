"""Everything that can be said about the device in numbers, each with range and basis; what cannot, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from assess.describe.device import Device, DeviceRuntime
from assess.describe.model import Model
from assess.describe.workload import Workload
from assess.measure.measurement import Measurement
from assess.measure.validity import validity
from assess.project.estimate import Estimate, Rung
from assess.project.quantile import CONFIDENCE, count_needed, quantile_range
from assess.project.roofline import latency_bound
from assess.project.target import host_name, why_not_the_device

#: Activations of a compiler's own allocation against the liveness peak, MobileNetV2 variants: 0.99 to 1.17 on STM32H7,
#: up to 1.40 on STM32N6's NPU (ST model zoo, stm32ai-modelzoo@6f10965e, Activation RAM).
ON_CHIP_ALLOCATION = 1.4


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is known of a model on a device.

    Attributes:
        known: estimates by name: "service", "memory", "cold start", "on-chip memory", "storage".
        absent: for the other names, why there is none.
        on_device: whether the measurement was taken on the device itself.
        proxy: why it was not; empty if it was or if there is none.
    """

    known: Mapping[str, Estimate]
    absent: Mapping[str, str]
    on_device: bool
    proxy: str


def estimate(
    model: Model, workload: Workload, device: Device, runtime: DeviceRuntime | None, measurement: Measurement | None
) -> Estimates:
    """Carry a measurement, or the bare facts of the model, to the device."""
    proxy = why_not_the_device(measurement.before, device) if measurement else "nothing was measured"
    taken = measurement if measurement is not None and not proxy else None
    outcomes: dict[str, Estimate | str] = {
        "storage": Estimate(model.file_bytes, model.file_bytes, "B", Rung.STATIC, "size of the model's files"),
        "on-chip memory": _on_chip_memory(model),
        "memory": _measured_memory(taken) if taken else _projected_memory(model, measurement),
        "service": _measured_service(taken, workload) if taken else _projected_service(model, device, runtime),
        "cold start": _measured_cold_start(taken) if taken else f"only a run on {device.id} itself can tell",
    }
    return Estimates(
        known={name: found for name, found in outcomes.items() if isinstance(found, Estimate)},
        absent={name: found for name, found in outcomes.items() if isinstance(found, str)},
        on_device=taken is not None,
        proxy="" if taken else proxy,
    )


def _on_chip_memory(model: Model) -> Estimate | str:
    if model.peak_activation_bytes is None:
        return model.absent.get("peak_activation_bytes", "the live activations of the model are not known")
    weights = model.total_weight_bytes
    return Estimate(
        weights + model.peak_activation_bytes,
        weights + ON_CHIP_ALLOCATION * model.peak_activation_bytes,
        "B",
        Rung.PROJECTED,
        "weights as stored and live activations, up to 1.4 times the latter as a compiler places them",
    )


def _projected_memory(model: Model, measurement: Measurement | None) -> Estimate | str:
    low = model.total_weight_bytes + (model.peak_activation_bytes or 0)
    if measurement is None or measurement.memory is None:
        basis = "weights as stored and live activations; the runtime's own share is not known"
        return Estimate(low, math.inf, "B", Rung.PROJECTED, basis)
    peak = float(measurement.memory.model_peak)
    basis = f"from weights and live activations to the peak of ONNX Runtime on {host_name(measurement.before)}"
    return Estimate(min(low, peak), max(low, peak), "B", Rung.PROJECTED, basis)


def _measured_memory(measurement: Measurement) -> Estimate | str:
    if measurement.memory is None:
        return measurement.absent.get("memory", "the run did not get far enough to tell")
    peak = float(measurement.memory.model_peak)
    return Estimate(peak, peak, "B", Rung.MEASURED, f"peak above the empty runtime, {measurement.memory.method}")


def _projected_service(model: Model, device: Device, runtime: DeviceRuntime | None) -> Estimate | str:
    bound = latency_bound(model, device, runtime)
    if isinstance(bound, str):
        return bound
    return Estimate(bound.seconds, math.inf, "s", Rung.PROJECTED, bound.basis)


def _measured_service(measurement: Measurement, workload: Workload) -> Estimate | str:
    if measurement.failure is not None:
        return f"the run failed: {measurement.failure.cause}"
    if reasons := validity(measurement, workload.deadline_s):
        return f"the measurement is not valid: {'; '.join(reasons)}"
    percentile, count = workload.requires.percentile, len(measurement.service_ns)
    low, high = quantile_range([ns * 1e-9 for ns in measurement.service_ns], percentile)
    basis = f"p{percentile:g} of {count} inferences, {CONFIDENCE:.0%} confidence each way"
    if math.isinf(high):
        basis += f"; an upper bound needs {count_needed(percentile) - count} more"
    return Estimate(low, high, "s", Rung.MEASURED, basis)


def _measured_cold_start(measurement: Measurement) -> Estimate | str:
    if measurement.load_s is None or measurement.first_s is None:
        return measurement.absent.get("cold start", "the run did not get as far as a first inference")
    seconds = measurement.load_s + measurement.first_s
    return Estimate(seconds, seconds, "s", Rung.MEASURED, "one start: session and first inference, files in page cache")
