"""Facts: which tool of a vendor ran the model, what its latencies include, and what it told of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from assess.measure.measurement import Measurement
from assess.measure.tool_run import Statistics, ToolRun
from assess.report.facts.fact import Fact, Group, levels, several, size


def tool_facts(measurement: Measurement) -> Group:
    """The tool of a run by one; nothing of any other run."""
    tool = measurement.tool_run
    return Group("By whom", tuple(_facts(tool)) if tool else ())


def _facts(tool: ToolRun) -> Iterator[Fact]:
    file = "" if tool.is_model else f", of {tool.file}, another file than the model" if tool.file else ""
    yield Fact("measured by", f"{tool.title}, not by assess's own harness{file}", brief=True)
    if tool.file and not tool.is_model:
        yield Fact("", f"{tool.file} sha256:{tool.file_sha256[:16]}; the facts of the model are those of the ONNX file")
    without = f"; without {tool.excludes}" if tool.excludes else ""
    if tool.includes:
        yield Fact("a latency is", f"{tool.includes}{without}", brief=True)
    if tool.statistics is not None:
        yield Fact("service time", spread(tool.statistics), brief=True)
    if tool.memory_bytes is not None:
        yield Fact("memory", f"{size(tool.memory_bytes)}: {tool.memory_of}", brief=True)
    warm = "" if tool.warmup_count is None else f"{tool.warmup_count:,} to warm up"
    told = [f"{name}: {value}" for name, value in tool.told.items()]
    if said := [*([warm] if warm else []), *told]:
        yield Fact("it says", ", ".join(said))
    yield Fact("command", shlex.join(tool.command))


def spread(found: Statistics) -> str:
    """What was told, in order."""
    names = {0.0: "fastest", 100.0: "slowest"}
    named = [(names.get(level, f"p{level:g}"), seconds * 1e9) for level, seconds in found.levels]
    mean = [] if found.mean_s is None else [("mean", found.mean_s * 1e9)]
    return f"{levels(*named, *mean)} of {several(found.count, 'inference')}, as the tool tells it"
