"""benchmark_model of LiteRT (TensorFlow Lite), its successor benchmark_litert_model, and litert-benchmark of its wheel.

All tell statistics only. The two in C++ have the same options and lines; the one in Python has others, and which it is
its --help says. Formats: tflite/tools/benchmark of github.com/google-ai-edge/LiteRT and tensorflow/lite/tools/benchmark
before it; ai_edge_litert/tools/benchmark_litert_model.py of the wheel 2.3.0.
"""

from __future__ import annotations

import math
import re
from typing import Final

from assess.errors import AssessError
from assess.measure.runners.machine import Machine, Ran
from assess.measure.runners.runner import Order, Runner, Told, refuse_own, unreadable
from assess.measure.tool_run import Statistics

_HOW: Final = "it decides what a latency is or how many there are"
_OWN: Final = {
    **dict.fromkeys(("num_runs", "min_secs", "max_secs", "warmup_runs", "warmup_min_secs", "run_delay"), _HOW),
    **dict.fromkeys(("run_frequency", "dry_run", "gpu_invoke_loop_times", "enable_op_profiling"), _HOW),
    **dict.fromkeys(("graph", "model"), "--runner-model says it"),
    "num_threads": "--threads says it",
    "report_peak_memory_footprint": "a thread that looks at memory takes time from the model",
}  # fmt: skip
_INVOKE: Final = "one call of the interpreter, from its start to its end"
_NOT_INVOKE: Final = "filling the inputs, and reading the outputs"

_NUMBER: Final = r"([\d.]+(?:e[+-]?\d+)?)"
_LINE: Final = re.compile(rf"count=(\d+)(?: first={_NUMBER})? curr=.*$", re.M)
_TIMINGS: Final = re.compile(rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}")
_MEMORY: Final = re.compile(rf"(?:Memory footprint delta from the start of the tool|Peak memory footprint) \(MB\): "
                            rf"init={_NUMBER} overall={_NUMBER}")  # fmt: skip
_MEMORY_OF: Final = "growth of the tool's own memory to the end of the run, which it calls approximate"
#: Microseconds are whole ones; the tool in Python prints milliseconds with two decimals.
_US: Final = 1e-6
_MS_STEP: Final = 1e-5
#: Inferences of a second run, at most: of 1.5 us each, which are faster than its figures can tell.
_MOST: Final = 1_000_000


def command(order: Order, probe: str, _: str) -> tuple[str, ...]:
    """Its command line, in the options of the tool that its --help (`probe`) is of."""
    refuse_own(order.words, _OWN, "benchmark_model")
    if not order.file.endswith(".tflite"):
        raise AssessError(
            "runs .tflite files only", where="--runner benchmark_model",
            hint="convert the model, and name the file: --runner-model FILE.tflite",
        )  # fmt: skip
    threads = [f"--num_threads={order.threads}"] if order.threads else []
    if "--graph" in probe:
        asked = [
            f"--graph={order.file}",
            f"--num_runs={order.count}",
            f"--min_secs={order.span_s:g}",
            f"--max_secs={order.timeout_s:g}",
            f"--warmup_runs={order.warmup_count}",
            f"--warmup_min_secs={order.warmup_s:g}",
            "--run_delay=-1",
            "--enable_op_profiling=false",
        ]
    elif "--result_json" in probe:
        asked = [f"--model={order.file}", f"--num_runs={order.count}", f"--warmup_runs={order.warmup_count}"]
    else:
        raise AssessError(
            "did not answer --help as benchmark_model or litert-benchmark does", where=order.tool,
            hint="name the tool in --runner-command",
        )  # fmt: skip
    return (order.tool, *asked, *threads, *order.words)


def read(_: Order, probe: str, ran: Ran, __: Machine) -> Told:
    """The figures of the timed inferences, which come after those of the warm-up."""
    return _read_cpp(ran) if "--graph" in probe else _read_python(ran)


def _read_cpp(ran: Ran) -> Told:
    text = f"{ran.out}\n{ran.err}"  # What it logs goes to one or the other, by platform.
    lines, timings = list(_LINE.finditer(text)), _TIMINGS.search(text)
    if len(lines) < 2 or timings is None:
        raise unreadable("benchmark_model", "printed no statistics of warm-up and timed inferences", ran)
    values = {name: float(value) for name, value in re.findall(rf"(\w+)={_NUMBER}", lines[-1][0])}
    if not {"count", "min", "max", "avg"} <= values.keys():
        raise unreadable("benchmark_model", "printed statistics without min, max or avg", ran)
    memory = _MEMORY.search(text)
    return Told(
        statistics=Statistics(
            int(values["count"]), values["min"] * _US, values["max"] * _US, values["avg"] * _US,
            values["median"] * _US if "median" in values else None,
            {name[1:]: value * _US for name, value in values.items() if re.fullmatch(r"p\d{1,2}", name)}, _US,
        ),
        includes=_INVOKE,
        excludes=_NOT_INVOKE,
        warmup_count=int(lines[-2][1]),
        load_s=float(timings[1]) * _US,
        first_s=float(timings[2]) * _US,
        memory_bytes=round(float(memory[2]) * 2**20) if memory else None,
        memory_of=_MEMORY_OF if memory else "",
        told=_delegated(text),
        absent={"version": "benchmark_model does not tell its version"},
    )  # fmt: skip


def _delegated(text: str) -> dict[str, str]:
    """What a delegate took of the graph; the rest runs on the CPU, which the tool does not call a failure."""
    found = re.search(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \((\w+)\)", text)
    return {"delegate": f"{found[3]} took {found[1]} of {found[2]} nodes"} if found else {}


def _read_python(ran: Ran) -> Told:
    found = dict(re.findall(r"^Inference \((\w+)\): +([\d.]+) ms", ran.out, re.M))
    counted = re.search(r"^Inference \(avg\): .*\((\d+) runs\)", ran.out, re.M)
    if counted is None or not {"avg", "min", "max"} <= found.keys():
        raise unreadable("litert-benchmark", "printed no latencies that can be read", ran)
    seconds = {name: float(value) / 1000 for name, value in found.items()}
    warmup = re.search(r"^Warmup \(avg\): .*\((\d+) runs\)", ran.out, re.M)
    accelerated = re.search(r"^Fully accelerated: +(\w+)", ran.out, re.M)
    return Told(
        statistics=Statistics(
            int(counted[1]), seconds["min"], seconds["max"], seconds["avg"], seconds.get("median"),
            {name[1:]: value for name, value in seconds.items() if re.fullmatch(r"p\d{1,2}", name)}, _MS_STEP,
        ),
        includes=f"{_INVOKE}, from Python",
        excludes=_NOT_INVOKE,
        warmup_count=int(warmup[1]) if warmup else None,
        load_s=_ms(r"^Model initialization: +([\d.]+) ms", ran.out),
        first_s=_ms(r"^Warmup \(first\): +([\d.]+) ms", ran.out),
        told={"fully accelerated": accelerated[1]} if accelerated else {},
        absent={"version": "litert-benchmark does not tell its version"},
    )  # fmt: skip


def more(order: Order, told: Told) -> int:
    """litert-benchmark takes a number of inferences only: how many last as long as is asked for."""
    found = told.statistics
    if found is None or found.step_s != _MS_STEP or found.mean_s is None:
        return 0
    each_s = max(found.mean_s, found.step_s / 2)
    return min(_MOST, math.ceil(order.span_s / each_s)) if found.count * each_s < order.span_s else 0


def _ms(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text, re.M)
    return float(found[1]) / 1000 if found else None


BENCHMARK_MODEL: Final = Runner(
    "benchmark_model", ("benchmark_model", "benchmark_litert_model", "litert-benchmark"), (".tflite",), ("--help",),
    command, read, more=more,
)  # fmt: skip
