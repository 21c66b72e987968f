"""The one next step when something is too large or too slow, in numbers."""

from __future__ import annotations

from assess.describe.model import Model
from assess.judge.case import Case
from assess.judge.finding import Limit
from assess.project.estimate import Estimate, Rung
from assess.project.formats import least_weight_bytes
from assess.units import format_quantity

#: Share of the deadline below which even the slowest inference leaves the blame to what came before it.
_FAST = 0.5
_FLOAT_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


def smaller(case: Case, found: Estimate, limit: Limit) -> str:
    """What would bring the bytes that were found under a limit; activations and overhead stay as they are."""
    model = case.model
    now, then = model.total_weight_bytes, int8_weight_bytes(model)
    if then < now:
        # A projection's low end has the weights in the narrowest format that the runtime may hold them in already.
        counted = least_weight_bytes(model, case.estimates.runtime) if found.rung is Rung.PROJECTED else now
        fits = found.low - max(0, counted - then) <= limit.value
        outcome = "fits" if fits else f"still above {format_quantity(limit.value, 'B')} with all else"
        return f"INT8 would bring {format_quantity(now, 'B')} of weights to {format_quantity(then, 'B')}: {outcome}"
    if now > limit.value:
        return f"distil a student of at most {format_quantity(limit.value, 'B')} of weights"
    return "a smaller input or batch: the weights alone would fit"


def _not_the_model(case: Case) -> str:
    """What to do where inferences themselves are fast enough: frames waited, or were dropped."""
    deadline_s, run = case.workload.deadline_s, case.measurement
    if deadline_s is None or run is None or not case.estimates.on_device or not len(run.frames) or run.stages:
        return ""
    slowest = max(run.service_ns) * 1e-9
    if slowest > _FAST * deadline_s:
        return ""
    return (
        f"not the model: no inference took more than {format_quantity(slowest, 's')}; frames began late or were "
        "dropped: `assess doctor` says what to do about the host"
    )


def int8_weight_bytes(model: Model) -> int:
    """Bytes of the weights with every float weight in 8 bits; scales add less than 1 % and are left out."""
    return sum(count // _FLOAT_BYTES.get(dtype, 1) for dtype, count in model.weight_bytes.items())


def faster(case: Case) -> str:
    """Where the time must come from, when the deadline is missed."""
    if waited := _not_the_model(case):
        return waited
    model = case.model
    costed = [group for group in model.operators if group.macs]
    if not costed:
        return "profile the model on the device"
    heavy = max(costed, key=lambda group: group.count * (group.macs or 0))
    by_type = sum(group.count * (group.macs or 0) for group in costed if group.type == heavy.type)
    share = f"{heavy.type} holds {by_type / model.macs:.0%} of {format_quantity(model.macs, 'MAC')}"
    if not case.estimates.on_device:
        return f"{share}: the peak of the engine that it would run on is too low; distil or quantise"
    return f"{share}: quantise, distil, or allow more --threads"
