"""What a run measured as numbers, for programs: seconds, bytes, hertz, joules, shares of one; `_ns` are nanoseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assess.describe.workload import Workload
from assess.judge.cadence import cadence
from assess.judge.deadline import deadline_record
from assess.judge.stationarity import drift
from assess.judge.timing import output_age, period_jitter, release_jitter
from assess.measure.counted import paced
from assess.measure.fidelity import Fidelity
from assess.measure.measurement import Measurement
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.windows import plateau, why_no_plateau
from assess.project.quantile import quantiles
from assess.project.skill import mean, retained


def run_numbers(measurement: Measurement, workload: Workload) -> dict[str, Any]:
    """The numbers of a run; null stands for what is not there, and `absent` says why."""
    numbers = {
        **_whole(measurement),
        **_times(measurement, workload),
        **_resources(measurement),
        "outputs": _optional(measurement.outputs, "spread", "noise", "threshold"),
        "agreement": _optional(measurement.agreement, "is_equal"),
        "fidelity": fidelity_numbers(measurement.fidelity),
        "placement": _optional(measurement.placement, "on_asked_nodes", "on_asked_macs"),
        "profile": _optional(measurement.profile, "overhead", "kernel_share", "mapped_share"),
        **_scenario(measurement),
        "absent": dict(measurement.absent),
    }
    return {name: _finite(value) for name, value in numbers.items()}


def _whole(measurement: Measurement) -> dict[str, Any]:
    return {
        "created": measurement.created,
        "incomplete": measurement.incomplete or None,
        "failure": _optional(measurement.failure),
        "tool_run": _optional(measurement.tool_run),
        "requested": asdict(measurement.requested),
        "effective": _optional(measurement.effective),
        "before": asdict(measurement.before),
        "after": asdict(measurement.after),
    }


def _times(measurement: Measurement, workload: Workload) -> dict[str, Any]:
    frames = measurement.frames
    record, beat = deadline_record(measurement, workload), cadence(measurement)
    is_open = paced(measurement, workload)
    is_paced = is_open and len(frames) > 1
    return {
        "frames": {"served": len(frames), "dropped": len(frames.dropped_ns), "span_ns": frames.span_ns},
        "response_ns": _quantiles(frames.response_ns) if is_open else None,
        "service_ns": _quantiles(frames.service_ns),
        "back_to_back_ns": _quantiles(measurement.back_to_back_ns),
        "drift": drift(frames.response_ns if is_open else frames.service_ns) or None,
        "deadline": _optional(record),
        "cadence": _optional(beat, "penalty"),
        "release_jitter": asdict(release_jitter(frames.scheduled_ns, frames.start_ns)) if is_paced else None,
        "period_jitter": asdict(period_jitter(frames.scheduled_ns, frames.start_ns)) if is_paced else None,
        "output_age": _optional(output_age(frames.scheduled_ns, frames.done_ns, frames.dropped_ns))
        if is_paced
        else None,
        "floor": _optional(measurement.floor),
    }


def _resources(measurement: Measurement) -> dict[str, Any]:
    seen = measurement.windows
    return {
        "load_s": measurement.load_s,
        "first_s": measurement.first_s,
        "starts": [_with(each, "median_s", "worst_s") for each in measurement.starts],
        "memory": _optional(measurement.memory, "model_peak"),
        "memory_limit": _optional(measurement.memory_limit),
        "constraints": _optional(measurement.constraints),
        "attribution": _optional(measurement.attribution),
        "device_memory": dict(measurement.device_memory),
        "energy": [
            _with(each, "watts", "joules_per_inference", "above_idle_joules_per_inference")
            for each in measurement.energy
        ],
        "windows": [asdict(each) for each in seen],
        "plateau": _optional(plateau(seen), "ratio"),
        "why_no_plateau": (why_no_plateau(seen) or None) if seen else None,
    }


def _scenario(measurement: Measurement) -> dict[str, Any]:
    offline, generation = measurement.offline, measurement.generation
    return {
        "batches": [
            {
                "batch": each.batch,
                "frames": len(each.frames),
                "throughput": each.throughput,
                "service_ns": each.service_ns,
                "memory_bytes": each.memory_bytes,
                "absent": each.absent or None,
            }
            for each in (offline.batches if offline else ())
        ],
        "generation": None
        if generation is None
        else {
            "sequences": generation.sequences,
            "prompt_tokens": generation.prompt_tokens,
            "new_tokens": generation.new_tokens,
            "first_token_ns": _quantiles(generation.first_token_ns),
            "token_ns": _quantiles(generation.token_ns),
            "tokens_per_s": generation.tokens_per_s,
            "cache_bytes_per_token": generation.cache_bytes_per_token,
            "contexts": [asdict(each) for each in generation.contexts],
        },
        "stages": [_stage(each) for each in measurement.stages],
    }


def fidelity_numbers(found: Fidelity | None) -> dict[str, Any] | None:
    """Means with their 95 % intervals; the items are in the run."""
    if found is None:
        return None
    what = {name: getattr(found, name) for name in ("task", "metric", "unit", "higher_is_better", "item", "seed")}
    series = {name: getattr(found, name) for name in ("model", "teacher", "chance", "agreement")}
    units = {"agreement": "1"}
    means = {
        name: asdict(mean(values, units.get(name, found.unit))) if values else None for name, values in series.items()
    }
    better = found.higher_is_better
    kept = retained(found.model, found.teacher, found.chance, higher_is_better=better) if found.teacher else None
    return {
        **what,
        "items": len(found.model),
        **means,
        "retained": None if kept is None else asdict(kept),
        "caution": found.caution or None,
    }


def _stage(stage: StageRun) -> dict[str, Any]:
    return {
        "name": stage.name,
        "model": stage.model,
        "sha256": stage.sha256,
        "rate_hz": stage.rate_hz,
        "after": stage.after or None,
        "probability": stage.probability,
        "chain": list(stage.chain),
        "served": len(stage.frames),
        "dropped": len(stage.frames.dropped_ns),
        "service_ns": _quantiles(stage.frames.service_ns),
        "end_to_end_ns": _quantiles(stage.end_to_end_ns),
        "alone_ns": stage.alone_ns,
        "interference": stage.interference,
    }


def _quantiles(times_ns: Sequence[int]) -> dict[str, Any] | None:
    if not times_ns:
        return None
    return {
        "count": len(times_ns),
        "min": min(times_ns),
        "max": max(times_ns),
        "quantiles": [asdict(each) for each in quantiles(times_ns)],
    }


def _with(record: Any, *derived: str) -> dict[str, Any]:
    """The fields of a record, and what is derived from them."""
    return {**asdict(record), **{name: getattr(record, name) for name in derived}}


def _optional(record: Any, *derived: str) -> dict[str, Any] | None:
    return None if record is None else _with(record, *derived)


def _finite(value: Any) -> Any:
    """JSON has no infinity: null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value
