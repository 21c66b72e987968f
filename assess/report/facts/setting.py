"""Facts: who computed what, with which settings, on which host, and what could not be measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assess.measure.measurement import Host, Measurement
from assess.measure.reached import CommandRan
from assess.measure.sensors import SENSORS
from assess.report.facts.constraints import limits, processor
from assess.report.facts.fact import Fact, Group, Table, percent, several, size
from assess.report.profile import fallbacks, node_table, operator_table, operators_in_short, placement_table, taken

#: Names under which sensors, and what they would have told, are absent: seven of eight lines on most machines.
_SENSED: Final = (*SENSORS, "energy")


def computing(measurement: Measurement) -> Group:
    """Placement and profile."""
    facts: list[Fact] = []
    tables: list[Table] = []
    if (placement := measurement.placement) is not None:
        parts = ", ".join(f"{part.provider} {several(part.nodes, 'node')}" for part in placement.parts)
        facts.append(Fact("placement", f"{parts}; {several(placement.partitions, 'partition')}", brief=True))
        facts += [Fact("", text) for text in fallbacks(placement)]
        tables.append(placement_table(placement))
    if (profile := measurement.profile) is not None:
        facts.append(Fact("time by operator", operators_in_short(profile), brief=True))
        facts += [Fact("", text) for text in taken(profile)]
        tables += [operator_table(profile), node_table(profile)]
    return Group("Who computes what", tuple(facts), tuple(tables))


def setting(measurement: Measurement) -> Group:
    """What was asked for and what took effect; inputs; host."""
    facts: list[Fact] = []
    requested, effective = measurement.requested, measurement.effective
    threads = several(requested.threads, "thread") if requested.threads else "threads as ONNX Runtime chose"
    if effective is not None:
        asked = "" if effective.providers[0] == requested.provider else f" (asked for {requested.provider})"
        version = effective.versions.get("onnxruntime", "of unknown version")
        who = f"{' > '.join(effective.providers)}{asked}, {threads}, ONNX Runtime {version}"
        facts.append(Fact("settings", who, brief=True))
        facts.append(Fact("", _how(measurement)))
    if effective is None and measurement.tool_run is not None:
        least = f"at least {requested.min_count:,} inferences and {requested.min_duration_s:g} s"
        facts.append(Fact("settings", f"{threads.replace('ONNX Runtime', 'the tool')}, {least}"))
    facts += limits(measurement)
    for each in measurement.inputs:
        shape = "x".join(map(str, each.shape)) or "scalar"
        facts.append(Fact("input", f"{each.name} {each.dtype} {shape}, {each.source}, sha256:{each.sha256[:16]}"))
    facts.append(Fact("host", _host(measurement.before)))
    facts += processor(measurement.before)
    if (reached := measurement.reached) is not None:
        brought = f", with the kit {reached.kit}" if reached.kit else ", where nothing of assess runs"
        facts.append(Fact("target", f"{reached.target}, over SSH{brought}", brief=True))
        facts += [Fact("", f"{ran.when}: {ran.command}{_ended(ran)}") for ran in reached.commands]
    return Group("Settings and host", tuple(facts))


def _how(measurement: Measurement) -> str:
    requested, effective = measurement.requested, measurement.effective
    assert effective is not None
    parts = [f"optimisation {effective.optimisation}", f"outputs {effective.binding}"]
    parts += [f"{name}={value}" for name, value in requested.provider_options.items()]
    parts.append(f"{effective.warmup_count:,} to warm up")
    if effective.run_queue_wait is not None:
        parts.append(f"waited for a CPU {percent(effective.run_queue_wait)} of the time")
    return ", ".join(parts)


def _ended(ran: CommandRan) -> str:
    """How a command around the measurement ended, where it did not end well."""
    return f" (ended with {ran.code}: {ran.output.strip() or 'it said nothing'})" if ran.code else ""


def _host(host: Host) -> str:
    parts = [host.board, host.cpu, host.architecture, several(host.cores, "CPU"), host.os]
    parts += [size(host.memory_bytes)] if host.memory_bytes else []
    parts += [f"power mode {host.power_mode}"] if host.power_mode else []
    parts += [f"governor {host.governor}"] if host.governor else []
    return ", ".join(part for part in parts if part)


def absences(measurement: Measurement) -> Group:
    """What could not be measured, each with its reason."""
    return Group("Not measured", tuple(Fact(name, why) for name, why in measurement.absent.items()))


def absences_in_short(measurement: Measurement) -> Iterator[Fact]:
    """The same, but for sensors: their names alone, since most machines lack most of them."""
    named: dict[str, list[str]] = {}
    for name, why in measurement.absent.items():
        if name not in _SENSED:
            named.setdefault(why, []).append(name)
    for why, (first, *others) in named.items():
        yield Fact(first, f"not measured: {why}" if not others else f"and {', '.join(others)} not measured: {why}")
    if lacking := [name for name in _SENSED if name in measurement.absent and name != "energy"]:
        without = f"without {', '.join(lacking)} (run.json says why)"
        known = "not measured: this host is " if "energy" in measurement.absent else ""
        yield Fact("energy and heat", known + without)
    elif "energy" in measurement.absent:
        yield Fact("energy", f"not measured: {measurement.absent['energy']}")
