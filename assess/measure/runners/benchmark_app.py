"""benchmark_app of Intel's OpenVINO, the one in C++ and the one in Python: statistics, as it prints them.

No version of it tells single latencies: -report_type and -json_stats have the same five figures, and so has -pcseq
for each shape. Its defaults time several requests at once, for throughput: one at a time is asked for.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Final

from assess.measure.runners.machine import Machine, Ran
from assess.measure.runners.runner import Order, Runner, Told, refuse_own, unreadable
from assess.measure.tool_run import Statistics

_HOW: Final = "it decides what a latency is or how many there are"
_OWN: Final = {
    **dict.fromkeys(("niter", "number_iterations", "t", "time", "latency_percentile", "max_irate"), _HOW),
    **dict.fromkeys(("api", "api_type", "hint", "perf_hint", "nireq", "number_infer_requests", "inference_only"), _HOW),
    **dict.fromkeys(("nstreams", "number_streams", "b", "batch_size", "pcseq", "no_warmup"), _HOW),
    **dict.fromkeys(("m", "path_to_model"), "the model is given, or --runner-model"),
    **dict.fromkeys(("i", "paths_to_input", "shape", "data_shape"), "--input and --dim say it"),
    **dict.fromkeys(("nthreads", "number_threads"), "--threads says it"),
}  # fmt: skip

_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
#: Two decimals, in whatever unit.
_STEP: Final = 0.01
_COUNT: Final = re.compile(r"Count: +(\d+) iterations")
_LEVEL: Final = re.compile(r"^\[ INFO \] +(Median|Average|Min|Max|(\d{1,3}) percentile): +([\d.]+) (ms|us|s)\s*$", re.M)
#: Properties of the compiled model that decide what was run; the precision may be another one than the model's.
_SAID: Final = ("INFERENCE_PRECISION_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS", "EXECUTION_DEVICES")


def command(order: Order, _: str, __: str) -> tuple[str, ...]:
    """Its command line: one request at a time, as many as are asked for and as long."""
    refuse_own(order.words, _OWN, "benchmark_app")
    asked = ["-m", order.file, "-hint", "none", "-nstreams", "1", "-api", "sync", "-nireq", "1"]
    asked += ["-niter", str(order.count), "-t", str(max(1, math.ceil(order.span_s)))]
    if order.percentile == int(order.percentile):
        asked += ["-latency_percentile", str(int(order.percentile))]
    device = _device(order.words)
    asked += [] if device else ["-d", "CPU"]
    if order.threads and device.upper() in ("", "CPU"):
        asked += ["-nthreads", str(order.threads)]
    if order.is_model and order.is_dynamic:
        asked += ["-shape", ",".join(f"{fed.name}[{','.join(map(str, fed.shape))}]" for fed in order.inputs)]
    if _feeds(order):
        asked += ["-i", *(f"{fed.name}:{fed.npy}" for fed in order.inputs)]
    return (order.tool, *asked, *order.words)


def _device(words: tuple[str, ...]) -> str:
    for word, value in pairwise((*words, "")):
        if word in ("-d", "--target_device"):
            return value
    return ""


def _feeds(order: Order) -> bool:
    """Whether it can be given the run's own inputs: a name or path may hold what it takes for the end of one."""
    plain = all(not set(":, ") & set(fed.name + fed.npy) and fed.dtype not in _NOT_FED for fed in order.inputs)
    return order.is_model and bool(order.inputs) and plain


#: numpy has no such types of its own.
_NOT_FED: Final = ("bfloat16", "int4", "uint4", "float8e4m3fn", "float8e5m2", "string")


def read(order: Order, _: str, ran: Ran, __: Machine) -> Told:
    """The five figures of its last step, and what it says of the compiled model."""
    counted = _COUNT.search(ran.out)
    levels = {name: (float(value), unit, percent) for name, percent, value, unit in _LEVEL.findall(ran.out)}
    if counted is None or not {"Average", "Min", "Max"} <= levels.keys():
        raise unreadable("benchmark_app", "printed no latencies that can be read", ran)
    seconds = {name: value * _UNITS[unit] for name, (value, unit, _) in levels.items()}
    step = _STEP * max(_UNITS[unit] for _, unit, _ in levels.values())
    full = re.search(r"in (inference only|full) mode", ran.out)
    filling = ", and filling the inputs" if full and full[1] == "full" else ""
    return Told(
        statistics=Statistics(
            int(counted[1]), seconds["Min"], seconds["Max"], seconds["Average"], seconds.get("Median"),
            {percent: seconds[name] for name, (_, _, percent) in levels.items() if percent}, step,
        ),
        includes=f"the inference of one request, from its start to its end{filling}",
        excludes="" if filling else "filling the inputs, and copying the outputs out of the runtime's memory",
        version=_found(r"^\[ INFO \] Build \.+ (\d+(?:\.\d+)+)", ran.out),
        fed=_feeds(order) and "with random values" not in ran.out,
        span_s=_ms(r"Duration: +([\d.]+) ms", ran.out),
        warmup_count=1,
        load_s=_sum(_ms(r"Read model took ([\d.]+) ms", ran.out), _ms(r"Compile model took ([\d.]+) ms", ran.out)),
        first_s=_ms(r"First inference took ([\d.]+) ms", ran.out),
        told={name: found for name in _SAID if (found := _found(rf"\b{name}: +(.+?)\s*$", ran.out))},
    )  # fmt: skip


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.M)
    return match[1] if match else ""


def _ms(pattern: str, text: str) -> float | None:
    found = _found(pattern, text)
    return float(found) / 1000 if found else None


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


BENCHMARK_APP: Final = Runner(
    "benchmark_app", ("benchmark_app",), (".onnx", ".xml", ".blob", ".tflite", ".pb", ".pdmodel"), (), command, read
)
