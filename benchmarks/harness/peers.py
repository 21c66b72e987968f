"""The same models with one thread through other harnesses, side by side in alternation: the p50 that each reports.

Each peer is installed in an environment of its own below build/peers, with the ONNX Runtime that is installed here.
`python benchmarks/harness/peers.py`. Exit code 1 if our p50 is more than 2 % above the best on the same runtime.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from contenders import TIMED_S, WARM_UP_S, CFloor, bare, ours
from networks import CONVOLUTIONS, MLP, Network, networks

from assess.sandbox import environment

ROUNDS = 7
#: So much above the best of those that drive the same runtime through Python may our median be.
ABOVE_BEST = 1.02
CACHE = Path(__file__).resolve().parents[2] / "build" / "peers"

_SESSION = """
import sys, time
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
x, warm_up_s, timed_s = numpy.load(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
"""

#: As little around `run_with_iobinding` as LoadGen's Python interface allows.
_LOADGEN = f"""{_SESSION}
import mlperf_loadgen as loadgen
binding = session.io_binding()
binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
binding.bind_output("y", "cpu")
session.run_with_iobinding(binding)
binding.bind_ortvalue_output("y", binding.get_outputs()[0])
end, count = time.perf_counter() + warm_up_s, 0
while time.perf_counter() < end:
    session.run_with_iobinding(binding)
    count += 1
def issue(queries):
    for query in queries:
        session.run_with_iobinding(binding)
        loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0)])
settings, log = loadgen.TestSettings(), loadgen.LogSettings()
settings.scenario, settings.mode = loadgen.TestScenario.SingleStream, loadgen.TestMode.PerformanceOnly
settings.min_duration_ms, settings.min_query_count = int(timed_s * 1e3), 100
settings.single_stream_expected_latency_ns = int(warm_up_s / count * 0.8e9)
output = loadgen.LogOutputSettings()
output.outdir, log.log_output, log.enable_trace = sys.argv[5], output, False
sut, samples = loadgen.ConstructSUT(issue, lambda: None), loadgen.ConstructQSL(1, 1, lambda s: None, lambda s: None)
loadgen.StartTestWithLogSettings(sut, samples, settings, log)
"""

#: Polygraphy's command knows no number of threads and prints an average only: its runner, timed by its own clock.
_POLYGRAPHY = f"""{_SESSION}
from polygraphy.backend.onnxrt import OnnxrtRunner
with OnnxrtRunner(session) as runner:
    samples = []
    for span_s in (warm_up_s, timed_s):
        samples.clear()
        end = time.perf_counter() + span_s
        while time.perf_counter() < end:
            runner.infer({{"x": x}})
            samples.append(runner.last_inference_time())
print("p50 ns:", sorted(samples)[len(samples) // 2] * 1e9)
"""


def installed(name: str, *packages: str) -> Path:
    """The folder of programs of a peer's environment, made if it is not there."""
    bin_folder, done = CACHE / name / "bin", CACHE / name / "installed"
    if not done.exists():
        print(f"installing {name} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(CACHE / name)], check=True)
        subprocess.run([bin_folder / "pip", "install", "--quiet", *packages], check=True)
        done.touch()
    return bin_folder


def output_of(command: list[str | Path], folder: Path) -> str:
    """What a program prints; its home is a folder that is thrown away."""
    settings = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env={**settings, "HOME": str(folder)}, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


def loadgen(network: Network, folder: Path) -> float:
    python = CACHE / "loadgen" / "bin" / "python"
    output_of(
        [python, "-c", _LOADGEN, network.path, network.array, str(WARM_UP_S), str(TIMED_S), str(folder)], folder
    )  # fmt: skip
    summary = (folder / "mlperf_log_summary.txt").read_text()
    return number(r"50\.00 percentile latency \(ns\)\s*: (\d+)", summary)


def polygraphy(network: Network, folder: Path) -> float:
    python = CACHE / "polygraphy" / "bin" / "python"
    words = [python, "-c", _POLYGRAPHY, network.path, network.array, str(WARM_UP_S), str(TIMED_S)]
    return number(r"p50 ns: ([\d.]+)", output_of(words, folder))


def benchmark_app(network: Network, folder: Path) -> float:
    """OpenVINO's own runtime; where the CPU has bfloat16 it would take that, so float32 is asked for."""
    words: list[str | Path] = [CACHE / "openvino" / "bin" / "benchmark_app", "-m", network.path, "-i", network.array]
    options = f"-api sync -hint none -nthreads 1 -nstreams 1 -infer_precision f32 -t {max(1, round(TIMED_S))}".split()
    found = re.search(r"Median:\s+([\d.]+) (us|ms)", printed := output_of([*words, *options], folder))
    assert found, printed
    return float(found[1]) * {"us": 1e3, "ms": 1e6}[found[2]]


def alternate(contenders: dict[str, Callable[[Network], float]], network: Network) -> dict[str, list[float]]:
    """Each contender's p50 of each round; the first of a round is another one each time."""
    names, found = list(contenders), {name: list[float]() for name in contenders}
    for index in range(ROUNDS):
        turn = index % len(names)
        order = names[turn:] + names[:turn]
        for name in order if index % 2 else reversed(order):
            found[name].append(contenders[name](network))
    return found


def main() -> int:
    runtime = f"onnxruntime=={version('onnxruntime')}"
    installed("loadgen", "mlcommons-loadgen", runtime, "numpy")
    installed("polygraphy", "polygraphy", runtime, "onnx", "numpy")
    installed("openvino", "openvino", "numpy")
    rows, missed = [], False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = CFloor(folder)
        contenders: dict[str, Callable[[Network], float]] = {
            "assess measure": lambda network: ours(network, folder).p50,
            "bare Python loop": lambda network: bare(network, folder / "y.npy").p50,
            "mlcommons-loadgen": lambda network: loadgen(network, folder),
            "polygraphy": lambda network: polygraphy(network, folder),
            "OpenVINO benchmark_app": lambda network: benchmark_app(network, folder),
        }
        for network in networks(folder, lambda trial: floor(trial, 0.3).p50):
            if network.name not in (MLP, CONVOLUTIONS):
                continue
            found = alternate(contenders, network)
            p50 = {name: statistics.median(values) for name, values in found.items()}
            same = [name for name in p50 if not name.startswith(("assess", "OpenVINO"))]
            best = min(same, key=lambda name: p50[name])
            above = statistics.median(
                mine / other for mine, other in zip(found["assess measure"], found[best], strict=True)
            )
            missed |= above > ABOVE_BEST
            verdict = f"{above:.3f} of {best}, goal {ABOVE_BEST:g}: {'met' if above <= ABOVE_BEST else 'MISSED'}"
            rows.append(
                f"| {network.name} | {' | '.join(f'{value / 1e3:.1f} us' for value in p50.values())} | {verdict} |"
            )
    print(f"| network | {' | '.join(contenders)} | ours against the best on ONNX Runtime |\n|---|{'--:|' * 5}---|")
    print("\n".join(rows))
    print(f"\n{ROUNDS} rounds; load average {os.getloadavg()[0]:.1f}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
