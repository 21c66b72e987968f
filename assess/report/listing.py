"""What there is of a kind, as a table for people and as JSON (assess.list/1) for programs: the same facts in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from assess.clean import clean
from assess.describe.card import Card, Variant
from assess.describe.device import Device
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.workload import Workload
from assess.report.json_text import json_text
from assess.units import format_quantity

if TYPE_CHECKING:
    from assess.measure.tasks.task import Task

SCHEMA: Final = "assess.list/1"

#: What is told of one thing, by name: what is not known of it is not there.
Facts = Mapping[str, Any]


def listing_json(what: str, found: Sequence[Facts]) -> str:
    """The facts for programs, under the name of what is listed."""
    return json_text({"schema": SCHEMA, what: found})


def listing_text(what: str, found: Sequence[Facts]) -> str:
    """A line for each, in columns; what came from files is data in it."""
    rows = [tuple(map(clean, _CELLS[what](facts))) for facts in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "".join(f"{line}\n" for line in lines)


def device_facts(device: Device) -> Facts:
    """Of a device."""
    memory = device.memory or device.on_chip
    facts: dict[str, Any] = {"id": device.id, "name": device.name, "vendor": device.vendor}
    facts |= {"sectors": device.sectors, "availability": device.availability}
    if device.power_mode:
        facts["power_mode"] = device.power_mode
    if device.power:
        facts["power_w"] = device.power.value
    if memory and memory.capacity:
        facts |= {"memory": memory.kind, "memory_bytes": memory.capacity.value}
    return {**facts, "precisions": sorted({peak.precision for engine in device.engine for peak in engine.peak})}


def workload_facts(job: Workload) -> Facts:
    """Of a workload."""
    facts: dict[str, Any] = {"id": job.id, "name": job.name, "sectors": job.sectors}
    facts |= {"scenario": job.scenario.kind, "percentile": job.requires.percentile}
    return facts if job.deadline_s is None else {**facts, "deadline_s": job.deadline_s}


def partner_facts(partner: Partner) -> Facts:
    """Of a partner."""
    return {"id": partner.id, "name": partner.name, "devices": partner.devices, "workloads": partner.workloads}


def runtime_facts(runtime: Runtime) -> Facts:
    """Of a runtime."""
    facts: dict[str, Any] = {"id": runtime.id, "name": runtime.name, "version": runtime.version}
    facts |= {"provider": runtime.provider} if runtime.provider else {}
    return facts if runtime.operators is None else {**facts, "operators": len(runtime.operators)}


def standard_facts(standard: Standard) -> Facts:
    """Of a standard."""
    return {"id": standard.id, "name": standard.name, "title": standard.title}


def model_facts(card: Card) -> Facts:
    """Of a model that ships, by its card."""
    facts: dict[str, Any] = {"id": card.id, "name": card.name, "licence": card.licence, "role": card.role}
    facts |= {"sectors": card.sectors} if card.sectors else {}
    if card.evaluation and card.evaluation.task:
        facts["task"] = card.evaluation.task
    if card.variant:
        facts["variants"] = [_variant_facts(one) for one in card.variant]
    return facts


def _variant_facts(one: Variant) -> Facts:
    scores = {name: getattr(one, name).value for name in ("score", "retained", "agreement") if getattr(one, name)}
    return {"id": one.id, "precision": one.precision, "parameters": one.parameters, "bytes": one.bytes, **scores}


def task_facts(task: Task) -> Facts:
    """Of a task that models are scored on."""
    return {"id": task.id, "metric": task.metric, "unit": task.unit, "item": task.item, "summary": task.summary}


def _device(facts: Facts) -> tuple[str, ...]:
    memory = format_quantity(facts["memory_bytes"], "B") if "memory_bytes" in facts else "-"
    sectors = ", ".join(facts["sectors"])
    return (facts["id"], sectors, facts.get("power_mode", "-"), memory, facts["availability"], facts["name"])


def _workload(facts: Facts) -> tuple[str, ...]:
    deadline = format_quantity(facts["deadline_s"], "s") if "deadline_s" in facts else "-"
    return facts["id"], ", ".join(facts["sectors"]), f"p{facts['percentile']:g} {deadline}", facts["name"]


def _partner(facts: Facts) -> tuple[str, ...]:
    counts = (f"{len(facts[what])} {what}" for what in ("devices", "workloads"))
    return facts["id"], *counts, facts["name"]


def _runtime(facts: Facts) -> tuple[str, ...]:
    operators = f"{facts['operators']} operators" if "operators" in facts else "operators not public"
    return facts["id"], operators, facts.get("provider", "-"), f"{facts['name']} {facts['version']}"


def _model(facts: Facts) -> tuple[str, ...]:
    variants = facts.get("variants", ())
    kept = [one["retained"] for one in variants if "retained" in one]
    sizes = [format_quantity(one["bytes"], "B") for one in sorted(variants, key=lambda one: float(one["bytes"]))]
    files = f"{len(variants)} files, {sizes[0]} to {sizes[-1]}" if variants else "1 file"
    skill = f"keeps {min(kept):.0%} to {max(kept):.0%}" if kept else "-"
    return facts["id"], facts["licence"], facts["role"], files, skill, facts["name"]


def _shown(*names: str) -> Callable[[Facts], tuple[str, ...]]:
    return lambda facts: tuple(facts[name] for name in names)


#: The columns of each list.
_CELLS: Final[Mapping[str, Callable[[Facts], tuple[str, ...]]]] = {
    "devices": _device,
    "workloads": _workload,
    "partners": _partner,
    "runtimes": _runtime,
    "standards": _shown("id", "name", "title"),
    "models": _model,
    "tasks": _shown("id", "metric", "summary"),
    "criteria": _shown("name", "question"),
    "formats": _shown("name", "suffix", "summary"),
}
