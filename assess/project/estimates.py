"""Everything that can be said about the device in numbers, each with range and basis; what cannot, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from assess.describe.device import Device, DeviceRuntime
from assess.describe.model import Model
from assess.describe.runtime import Runtime
from assess.describe.workload import Workload
from assess.measure.counted import counted, last_of_chain
from assess.measure.measurement import Measurement
from assess.measure.validity import untimed_validity, validity, why_no_time
from assess.project.by_tool import tool_latency, tool_memory
from assess.project.estimate import Estimate, Rung
from assess.project.formats import least_weight_bytes
from assess.project.quantile import CONFIDENCE, count_needed, quantile_range
from assess.project.roofline import latency_bound
from assess.project.target import binding_in_effect, host_name
from assess.providers import CPU
from assess.units import format_quantity

#: Activations of a compiler's own allocation against the liveness peak, MobileNetV2 variants: 0.99 to 1.17 on STM32H7,
#: up to 1.40 on STM32N6's NPU (ST model zoo, stm32ai-modelzoo@6f10965e, Activation RAM).
_LEAST_ALLOCATED, _MOST_ALLOCATED = 0.99, 1.40

Name = Literal[
    "latency", "memory", "cold start", "on-chip memory", "on-chip weights", "on-chip activations", "storage",
]  # fmt: skip

_NOT_HERE: Final = "only a run on {device} itself can tell"


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is known of a model on a device.

    Attributes:
        known: estimates by name.
        absent: for the other names, why there is none.
        runtime: the device's runtime that they hold for; None if none is described.
        proxy: why the measurement is not one on the device; empty if it is.
        invalid: why the measurement may not be judged; empty if it may.
    """

    known: Mapping[Name, Estimate]
    absent: Mapping[Name, str]
    runtime: Runtime | None
    proxy: str
    invalid: tuple[str, ...]

    @property
    def on_device(self) -> bool:
        """Whether the measurement was taken on the device itself."""
        return not self.proxy


def estimate(model: Model, workload: Workload, device: Device, measurement: Measurement | None) -> Estimates:
    """Carry a measurement, or the bare facts of the model, to the device."""
    binding, proxy = binding_in_effect(device, measurement)
    runtime = _runtime(device, binding)
    taken = measurement if not proxy else None
    invalid = validity(measurement, workload.deadline_s, workload.requires.percentile) if measurement else ()
    not_valid = _not_valid(invalid)
    untimed = _not_valid(untimed_validity(measurement)) if measurement else ""
    no_time = _not_valid(why_no_time(measurement)) if measurement else ""
    measured: dict[Name, Estimate | str] = {}
    projected = _projected_service(model, device, binding, runtime)
    if taken is not None:
        measured = {
            "memory": untimed or _measured_memory(taken),
            "latency": not_valid or _checked(measured_latency(taken, workload), projected),
            "cold start": untimed or no_time or _measured_cold_start(taken),
        }
    outcomes: dict[Name, Estimate | str] = {
        "storage": Estimate(model.file_bytes, model.file_bytes, "B", Rung.STATIC, "size of the model's files"),
        **_on_chip(model, runtime),
        "memory": _projected_memory(model, runtime, measurement),
        "latency": projected,
        "cold start": _NOT_HERE.format(device=device.id),
        **measured,
    }
    return Estimates(
        known={name: found for name, found in outcomes.items() if isinstance(found, Estimate)},
        absent={name: found for name, found in outcomes.items() if isinstance(found, str)},
        runtime=runtime,
        proxy=proxy,
        invalid=invalid,
    )


def _not_valid(reasons: tuple[str, ...]) -> str:
    return f"the measurement is not valid: {'; '.join(reasons)}" if reasons else ""


def _runtime(device: Device, binding: DeviceRuntime | None) -> Runtime | None:
    return next((runtime for runtime in device.runtimes if binding and runtime.id == binding.id), None)


def _on_chip(model: Model, runtime: Runtime | None) -> dict[Name, Estimate | str]:
    """Weights and live activations, apart and together: which of them a memory holds is the device's."""
    stored, least = model.total_weight_bytes, least_weight_bytes(model, runtime)
    formats = "from the narrowest format that the runtime may use to as stored"
    weights = Estimate(least, stored, "B", Rung.PROJECTED, f"weights, {formats}")
    live = model.peak_activation_bytes
    if live is None:
        why = model.absent.get("peak_activation_bytes", "the live activations of the model are not known")
        return {"on-chip memory": why, "on-chip weights": weights, "on-chip activations": why}
    narrowing = least / stored if stored else 1.0
    low, high = narrowing * _LEAST_ALLOCATED * live, _MOST_ALLOCATED * live
    placed = f"with up to {_MOST_ALLOCATED:g} times the activations as compilers place them"
    together = f"weights and live activations, {formats}, {placed}"
    return {
        "on-chip memory": Estimate(least + low, stored + high, "B", Rung.PROJECTED, together),
        "on-chip weights": weights,
        "on-chip activations": Estimate(low, high, "B", Rung.PROJECTED, f"live activations, {formats}, {placed}"),
    }


def _projected_memory(model: Model, runtime: Runtime | None, measurement: Measurement | None) -> Estimate:
    low: float = least_weight_bytes(model, runtime)
    if measurement is None or measurement.memory is None:
        basis = "at least the weights; the runtime's own share is not known"
        return Estimate(low, math.inf, "B", Rung.PROJECTED, basis)
    peak = float(measurement.memory.model_peak)
    basis = f"from the bare weights to the peak of ONNX Runtime on {host_name(measurement.before)}"
    return Estimate(min(low, peak), max(low, peak), "B", Rung.PROJECTED, basis)


def _measured_memory(measurement: Measurement) -> Estimate | str:
    memory, tool = measurement.memory, measurement.tool_run
    if tool is not None and (told := tool_memory(tool)) is not None:
        return told
    if memory is None:
        return measurement.absent.get("memory", "the run did not get far enough to tell")
    peak, provider = float(memory.model_peak), measurement.requested.provider
    if provider != CPU:
        basis = f"the process's own memory, {memory.method}; what {provider} takes beside it is not seen"
        return Estimate(peak, math.inf, "B", Rung.MEASURED, basis)
    if memory.method != "VmHWM":
        # What stands in for the kernel's mark cannot be reset: what was resident before may hide a part.
        most = float(max(memory.load_peak, memory.first_peak, memory.steady_peak))
        return Estimate(peak, most, "B", Rung.MEASURED, f"peak of the process, {memory.method}")
    return Estimate(peak, peak, "B", Rung.MEASURED, f"peak above the empty runtime, {memory.method}")


def _projected_service(
    model: Model, device: Device, binding: DeviceRuntime | None, runtime: Runtime | None
) -> Estimate | str:
    bound = latency_bound(model, device, binding, runtime)
    if isinstance(bound, str):
        return bound
    return Estimate(bound.seconds, math.inf, "s", Rung.PROJECTED, bound.basis)


def measured_latency(measurement: Measurement, workload: Workload) -> Estimate:
    """The job's percentile of response times, in which a frame that was never served counts as infinitely late.

    Raises:
        ValueError: no frame was released.
    """
    percentile, frames, tool = workload.requires.percentile, counted(measurement), measurement.tool_run
    if tool is not None:
        return tool_latency(tool, measurement, percentile, is_open=workload.scenario.is_open)
    answered = [ns * 1e-9 for ns in frames.response_ns]
    low, high = quantile_range([*answered, *(math.inf for _ in frames.dropped_ns)], percentile)
    count, kind = len(frames) + len(frames.dropped_ns), _kind_of(measurement, workload)
    basis = f"{kind}, p{percentile:g} of {count} frames, {CONFIDENCE:.0%} confidence each way"
    if frames.dropped_ns:
        basis += f", {len(frames.dropped_ns)} of them dropped"
    if count_needed(percentile) > count:
        basis += f"; an upper bound needs {count_needed(percentile) - count} more"
    return Estimate(low, high, "s", Rung.MEASURED, basis)


def _kind_of(measurement: Measurement, workload: Workload) -> str:
    if (chained := last_of_chain(measurement)) is not None:
        return f"end to end from {chained.chain[0]}"
    return "response time" if workload.scenario.is_open else "service time"


def _checked(measured: Estimate, projected: Estimate | str) -> Estimate:
    """The measurement, with a word where it beats what the data sheet allows: then the profile is wrong."""
    if isinstance(projected, str) or measured.high >= projected.low:
        return measured
    allowed = format_quantity(projected.low, "s")
    return replace(measured, basis=f"{measured.basis}; faster than the profile's peaks allow ({allowed}): check them")


def _measured_cold_start(measurement: Measurement) -> Estimate | str:
    """Starts of whole processes where there are any; a warm one, or only a part of it, bounds a cold one from below."""
    cold, warm = (
        [start for start in measurement.starts if start.cache == cache and not start.optimised and not start.invalid]
        for cache in ("cold", "warm")
    )
    if cold:
        totals = [seconds for start in cold for seconds in start.total_s]
        basis = f"process start to first output, {_times(len(totals))}, files not in the page cache"
        return Estimate(min(totals), max(totals), "s", Rung.MEASURED, basis)
    if warm:
        totals = [seconds for start in warm for seconds in start.total_s]
        basis = (
            f"process start to first output, {_times(len(totals))}, files in the page cache: a cold one takes longer"
        )
        return Estimate(min(totals), math.inf, "s", Rung.MEASURED, basis)
    if invalid := next((start.invalid for start in measurement.starts if start.invalid), ""):
        return f"no start gave a valid output: {invalid}"
    if measurement.load_s is None or measurement.first_s is None:
        return measurement.absent.get("cold start", "the run did not get as far as a first inference")
    seconds = measurement.load_s + measurement.first_s
    basis = "one start, files in the page cache: a cold one takes longer"
    return Estimate(seconds, math.inf, "s", Rung.MEASURED, basis)


def _times(count: int) -> str:
    return f"{count} start{'' if count == 1 else 's'}"
