"""Three ways to time one model, each in a process of its own: the C API, a loop in Python, and `assess measure`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from networks import Network

from assess.measure.record import read
from assess.sandbox import environment

HERE = Path(__file__).resolve().parent
WARM_UP_S = 0.2
TIMED_S = 0.7
COUNT = 50

#: What somebody writes who wants the figure and nothing else; the memory is read where `assess` reads it.
BARE = """
import json, re, sys, time
import onnxruntime

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

model, array, result, warm_up_s, duration_s, count = *sys.argv[1:4], *map(float, sys.argv[4:])
import numpy
x = numpy.load(array)
after_imports = peak()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
binding = session.io_binding()
binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
binding.bind_output("y", "cpu")
session.run_with_iobinding(binding)
binding.bind_ortvalue_output("y", binding.get_outputs()[0])
run, clock, samples = session.run_with_iobinding, time.perf_counter_ns, []
end = clock() + warm_up_s * 1e9
while clock() < end:
    run(binding)
end = clock() + duration_s * 1e9
while clock() < end or len(samples) < count:
    start = clock()
    run(binding)
    samples.append(clock() - start)
highest = peak() - samples.__sizeof__() - 32 * len(samples)
print(json.dumps({"p50": sorted(samples)[len(samples) // 2], "imports": after_imports, "highest": highest}))
numpy.save(result, binding.get_outputs()[0].numpy())
"""

#: The job of `assess measure`: back to back, as the others do it.
JOB = """
name = "Back to back"
version = 1
sectors = ["robotics"]
why = "Compared with others, who know no rate."
source = "benchmarks/harness"
[scenario]
kind = "single"
[requires]
"""


class Seen(NamedTuple):
    """One process: median in nanoseconds, share of the time it waited for a CPU, two peaks in bytes where read."""

    p50: float
    waited: float = 0.0
    imports: int = 0
    highest: int = 0


class CFloor:
    """The C API of the very library that the installed wheel carries, driven by `c_floor.c`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._program = folder, folder / "c_floor"
        found = find_spec("onnxruntime")
        assert found is not None
        assert found.origin is not None
        (self._library,) = (Path(found.origin).parent / "capi").glob("libonnxruntime.so.*")
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise SystemExit("no C compiler: the floor cannot be measured (Debian: apt install gcc)")
        source = HERE / "c_floor.c"
        subprocess.run([compiler, "-O2", "-Wall", "-o", self._program, source, "-ldl"], check=True)

    def __call__(self, network: Network, timed_s: float = TIMED_S) -> Seen:
        """Time a network; its output is left in a file for `same_output`."""
        raw = self._folder / "c.x"
        np.load(network.array).tofile(raw)
        numbers = [WARM_UP_S, timed_s, COUNT, len(network.shape), *network.shape]
        command = [self._program, self._library, network.path, raw, self._folder / "c.y", *map(str, numbers)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        found, p50, waited = done.stdout.split()
        assert found == version("onnxruntime"), f"the library says {found}"
        return Seen(float(p50), float(waited))

    def same_output(self, network: Network) -> bool:
        """Whether the C API and Python put out the same: then the functions taken by place are the right ones."""
        self(network, 0.0)
        ours = np.fromfile(self._folder / "c.y", np.float32).reshape(network.shape)
        bare(network, self._folder / "bare.npy", 0.0)
        return np.allclose(ours, np.load(self._folder / "bare.npy"), rtol=1e-5, atol=1e-6) and bool(np.any(ours))


def bare(network: Network, result: Path, timed_s: float = TIMED_S) -> Seen:
    """The loop that people write in Python."""
    numbers = [WARM_UP_S, timed_s, COUNT]
    command = [sys.executable, "-P", "-c", BARE, network.path, network.array, result, *map(str, numbers)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return Seen(**json.loads(done.stdout))


def ours(network: Network, folder: Path, timed_s: float = TIMED_S) -> Seen:
    """The command as a user gives it; what it wrote to its file is what counts."""
    job, run = folder / "back-to-back.toml", folder / "run.json"
    job.write_text(JOB)
    command = [
        sys.executable, "-m", "assess", "measure", network.path, "--workload", job, "--output", run,
        "--input", f"x={network.array}", "--tier", "smoke", "--skip", "floor",
        "--min-count", str(COUNT), "--min-duration", f"{timed_s} s",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):  # 3: the host was too busy for a valid measurement; the ratios say how much.
        raise SystemExit(done.stderr)
    found = read(run)
    assert found.memory is not None
    assert found.effective is not None
    p50 = sorted(found.service_ns)[len(found.service_ns) // 2]
    waited = found.effective.run_queue_wait or 0.0
    return Seen(p50, waited, found.memory.baseline, found.memory.baseline + found.memory.model_peak)
