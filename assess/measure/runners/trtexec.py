"""trtexec of NVIDIA's TensorRT: single latencies, from the JSON that it exports.

Its versions differ in what a latency is unless they are told, so that everything that decides is asked for by its name:
copies are timed by default up to version 10 and not from 11 on, spinning and CUDA graphs the other way round, and up to
8.4 the exported times begin with the warm-up. What an option is called is read from the tool's own --help.
Format: samples/common/sampleReporting.cpp and sampleOptions.cpp of github.com/NVIDIA/TensorRT, 7.2.1 to 11.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from assess.errors import AssessError
from assess.measure import strict_json
from assess.measure.runners.machine import MOST_WRITTEN_BYTES, Machine, Ran
from assess.measure.runners.runner import Order, Runner, Told, refuse_own, unreadable
from assess.units import format_quantity

_TIMES: Final = "times.json"
#: Files are read into inputs byte by byte: of these types a binding has the same.
_FED: Final = frozenset({"float32", "float16", "int32", "int8", "uint8", "bool"})
#: Before it a binding of int64 was one of int32.
_INT64_FROM: Final = 10

_TIMED_HOW: Final = "it decides what a latency is or how many there are"
_OWN: Final = {
    **dict.fromkeys(("iterations", "duration", "warmUp", "idleTime", "sleepTime", "infStreams", "streams"), _TIMED_HOW),
    **dict.fromkeys(("exposeDMA", "noDataTransfers", "includeDataTransfers", "useSpinWait", "noSpinWait"), _TIMED_HOW),
    **dict.fromkeys(("onnx", "loadEngine"), "the model is given, or --runner-model"),
    **dict.fromkeys(("loadInputs", "shapes"), "--input and --dim say it"),
    "exportTimes": "the times are read from there",
    "threads": _TIMED_HOW,
}  # fmt: skip

#: Copies, computation and copies, as versions name them.
_STEPS: Final = (("h2dMs", "inMs"), ("computeMs",), ("d2hMs", "outMs"))
_COPIES: Final = "the copy of the inputs to the device, the computation, and the copy of the outputs back, added up"
_COMPUTATION: Final = "the computation on the device only: copies were not timed"
_EXCLUDES: Final = "the time in which the host enqueues it, and what passes between those steps"
#: Lines of "=== Inference Options ===" and others that say what took effect.
_SAID: Final = ("Precision", "Data transfers", "ExposeDMA", "Spin-wait", "CUDA Graph", "DLACore", "Selected Device")


def command(order: Order, probe: str, folder: str) -> tuple[str, ...]:
    """Its command line, with the options that its --help (`probe`) knows."""
    refuse_own(order.words, _OWN, "trtexec")
    if "--exportTimes" not in probe:
        raise AssessError(
            "did not answer --help as trtexec does", where=order.tool or "trtexec", hint="name it in --runner-command"
        )
    newer = "--includeDataTransfers" in probe  # From 11 on, whose defaults are the other way round.
    asked = [
        f"--{'onnx' if order.file.endswith('.onnx') else 'loadEngine'}={order.file}",
        f"--iterations={order.count}",
        f"--duration={order.span_s:g}",
        f"--warmUp={round(order.warmup_s * 1000)}",
        f"--{'infStreams' if '--infStreams' in probe else 'streams'}=1",
        "--exposeDMA",
        "--useSpinWait",
        f"--exportTimes={folder}/{_TIMES}",
    ]
    asked += ["--includeDataTransfers"] * newer
    asked += ["--noCudaGraph"] * (newer and "--useCudaGraph" not in order.words)
    asked += [f"{name}=0" for name in ("--idleTime", "--sleepTime") if name in probe]
    if order.is_model and order.is_dynamic:
        asked.append("--shapes=" + ",".join(f"{fed.name}:{'x'.join(map(str, fed.shape))}" for fed in order.inputs))
    if _feeds(order, _version(probe)):
        asked.append("--loadInputs=" + ",".join(f"{fed.name}:{fed.raw}" for fed in order.inputs))
    return (order.tool, *asked, *order.words)


def _feeds(order: Order, version: str) -> bool:
    """Whether it can be given the run's own inputs: not an engine, whose inputs nobody described."""
    known = _FED | ({"int64"} if _major(version) >= _INT64_FROM else frozenset())
    plain = all(not set(":,'") & set(fed.name + fed.raw) and fed.dtype in known for fed in order.inputs)
    return order.is_model and bool(order.inputs) and plain


def read(order: Order, probe: str, ran: Ran, machine: Machine) -> Told:
    """The latencies that it wrote, without those of the warm-up."""
    data = machine.read(f"{machine.folder}/{_TIMES}", MOST_WRITTEN_BYTES)
    if data is None:
        raise unreadable("trtexec", "wrote no times", ran)
    try:
        rows = _rows(strict_json.loads(data.decode()))
        timed = [row for row in rows if row["startComputeMs"] >= order.warmup_s * 1000]
        steps = [[_step(row, names) for names in _STEPS] for row in timed]
    except (ValueError, KeyError) as error:
        raise unreadable("trtexec", f"the times that it wrote are none: {error}", ran) from error
    if not timed:
        raise unreadable("trtexec", f"all {len(rows)} inferences that it wrote times of are of the warm-up", ran)
    said = dict(re.findall(rf"\[I\] ({'|'.join(_SAID)}): *(.+)", ran.out))
    with_copies = said.get("Data transfers", "Enabled").strip() == "Enabled" and any(each[0] for each in steps)
    version = _version(ran.out) or _version(probe)
    return Told(
        service_ns=tuple(max(1, round(row["latencyMs"] * 1e6)) for row in timed),
        includes=_COPIES if with_copies else _COMPUTATION,
        excludes=_EXCLUDES,
        version=version,
        fed=_feeds(order, _version(probe)),
        span_s=_span_s(timed),
        warmup_count=_whole(r"Warmup completed (\d+) queries", ran.out),
        load_s=_seconds(ran.out),
        told={name: value.strip() for name, value in said.items() if value.strip()} | _enqueued(timed, version),
    )


def _rows(data: Any) -> Sequence[Mapping[str, float]]:
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise ValueError("not a list of objects")
    for index, row in enumerate(data):
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in row.values()):
            raise ValueError(f"inference {index} has a time that is no number")
        if not row["latencyMs"] > 0:
            raise ValueError(f"inference {index} took {row['latencyMs']:g} ms")
    return data


def _step(row: Mapping[str, float], names: Sequence[str]) -> float:
    return next(row[name] for name in (*names, "computeMs") if name in row)


def _span_s(rows: Sequence[Mapping[str, float]]) -> float | None:
    first = [rows[0][name] for name in ("startH2dMs", "startEnqMs", "startComputeMs") if name in rows[0]]
    last = [value for name, value in rows[-1].items() if name.startswith("end") and name != "endToEndMs"]
    return max(0.0, max(last) - min(first)) / 1000 if first and last else None


def _enqueued(rows: Sequence[Mapping[str, float]], version: str) -> dict[str, str]:
    """What the host took to enqueue; up to 7 the names of these times were mixed up with those of the copies."""
    if _major(version) < 8 or not all("startEnqMs" in row and "endEnqMs" in row for row in rows):
        return {}
    taken = median(row["endEnqMs"] - row["startEnqMs"] for row in rows)
    return {"enqueueing, median": format_quantity(max(0.0, taken) / 1000, "s")}


def _version(text: str) -> str:
    """From what it logs, or from its banner: v8601 is 8.6.1, v100900 is 10.9.0."""
    if said := re.search(r"TensorRT version: (\d+(?:\.\d+)+)", text):
        return said[1]
    banner = re.search(r"TensorRT\.trtexec \[TensorRT v(\d{4,6})\]", text)
    if not banner:
        return ""
    number = int(banner[1])
    major, rest = divmod(number, 1000 if number < 10_000 else 10_000)
    return f"{major}.{rest // 100}.{rest % 100}"


def _major(version: str) -> int:
    return int(version.partition(".")[0] or 0)


def _whole(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None


def _seconds(text: str) -> float | None:
    """To read or build the engine; in all versions "... in 0.0357642 sec."."""
    found = re.search(r"Engine (?:deserialized|built|loaded) in ([\d.]+) sec", text)
    return float(found[1]) if found else None


TRTEXEC: Final = Runner("trtexec", ("trtexec",), (".onnx", ".engine", ".plan", ".trt"), ("--help",), command, read)
