"""How quickly and in how little memory a model is described, side by side with onnx-tool and onnx's shape inference.

Every figure is of a whole process, imports included, that does one thing to one model: its wall time and the largest
peak of memory of it and of its children. The contenders take turns, so that whatever else the machine does falls on
all of them alike. Prints a Markdown table. `python benchmarks/harness/static.py --help` tells the rest.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

#: Nobody needs a machine brought to its knees: what asks for more memory than this has failed.
_MOST_BYTES = 8 * 2**30
_LIMIT = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({_MOST_BYTES}, {_MOST_BYTES}))\n"

#: After the work, each process tells its own peak; ru_maxrss of itself would be that of who started it.
_TELL = """
import json, resource
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"peak_kib": max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss), "macs": macs}))
"""
_ASSESS = """
import sys
from pathlib import Path
from assess.describe.graph import describe
macs = describe(Path(sys.argv[1])).macs
"""
_ONNX_TOOL = """
import sys, onnx_tool
model = onnx_tool.Model(sys.argv[1], {"verbose": False})
model.graph.shape_infer(None)
model.graph.profile()
macs = float(model.graph.macs[0])
"""
_ONNX = """
import sys, onnx
onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1], load_external_data=False), data_prop=True)
macs = None
"""
_CONTENDERS = {"assess": _ASSESS, "onnx-tool": _ONNX_TOOL, "onnx infer_shapes": _ONNX}


@dataclass(frozen=True)
class Run:
    """One process: what it took, or why it failed."""

    seconds: float
    peak_bytes: int
    macs: float | None
    failed: str = ""


def run_once(script: str, model: Path, timeout_s: float) -> Run:
    """Run one contender on one model."""
    start = time.perf_counter()
    try:
        command = [sys.executable, "-c", _LIMIT + script + _TELL, str(model)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return Run(timeout_s, 0, None, f"not done after {timeout_s:g} s")
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        reason = f"signal {-done.returncode}" if done.returncode < 0 else last
        return Run(seconds, 0, None, f"{reason[:80]} (limit {_MOST_BYTES / 2**30:.0f} GiB)")
    told = json.loads(done.stdout.splitlines()[-1])
    return Run(seconds, told["peak_kib"] * 1024, told["macs"])


def chain(nodes: int, path: Path) -> None:
    """MatMul and Relu in alternation, on eight small weights."""
    weights = [onnx.numpy_helper.from_array(np.zeros((16, 16), np.float32), f"w{i}") for i in range(8)]
    made = [
        helper.make_node("MatMul", [f"t{i}", f"w{i % 8}"], [f"t{i + 1}"])
        if i % 2 == 0
        else helper.make_node("Relu", [f"t{i}"], [f"t{i + 1}"])
        for i in range(nodes)
    ]
    _save(made, 16, nodes, weights, path)


def multiplications(count: int, size: int, path: Path) -> None:
    """Matrices of weights in the file itself."""
    random = np.random.default_rng(1)
    weights = [onnx.numpy_helper.from_array(random.random((size, size), np.float32), f"w{i}") for i in range(count)]
    _save(_matmuls(count), size, count, weights, path)


def sparse_external(count: int, size: int, path: Path) -> None:
    """Matrices of weights in a file beside it, which is one large hole."""
    with path.with_suffix(".bin").open("wb") as file:
        file.truncate(count * size * size * 4)
    weights = []
    for i in range(count):
        tensor = TensorProto(name=f"w{i}", data_type=1, data_location=TensorProto.EXTERNAL, dims=[size, size])
        for key, value in (("location", path.with_suffix(".bin").name), ("offset", i * size * size * 4)):
            tensor.external_data.add(key=key, value=str(value))
        tensor.external_data.add(key="length", value=str(size * size * 4))
        weights.append(tensor)
    _save(_matmuls(count), size, count, weights, path)


def _matmuls(count: int) -> list[onnx.NodeProto]:
    return [helper.make_node("MatMul", [f"t{i}", f"w{i}"], [f"t{i + 1}"]) for i in range(count)]


def _save(nodes: list[onnx.NodeProto], size: int, last: int, weights: list[TensorProto], path: Path) -> None:
    first = helper.make_tensor_value_info("t0", 1, [1, size])
    end = helper.make_tensor_value_info(f"t{last}", 1, [1, size])
    graph = helper.make_graph(nodes, "graph", [first], [end], weights)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def models(folder: Path, *, large: bool) -> dict[str, Path]:
    """The models that are compared, made in `folder`."""
    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"
    made: dict[str, Path] = {"light_resnet50, 415 nodes": light}
    recipes: dict[str, Callable[[Path], None]] = {
        "85 MB of weights, 21 nodes": lambda path: multiplications(21, 1024, path),
        **{f"chain of {n} nodes": lambda path, n=n: chain(n, path) for n in (1000, 5000, 20000, 50000)},  # type: ignore[misc]
    }
    if large:
        recipes["10.7 GB external (sparse)"] = lambda path: sparse_external(10, 16384, path)
    for index, (name, recipe) in enumerate(recipes.items()):
        path = folder / f"model{index}.onnx"
        recipe(path)
        made[name] = path
    return made


def rows(name: str, model: Path, rounds: int, timeout_s: float) -> list[str]:
    """The lines of the table for one model: medians of `rounds` runs in alternation."""
    runs: dict[str, list[Run]] = {contender: [] for contender in _CONTENDERS}
    for _ in range(rounds):
        for contender, script in _CONTENDERS.items():
            if not any(run.failed for run in runs[contender]):
                runs[contender].append(run_once(script, model, timeout_s))
    ours = statistics.median(run.seconds for run in runs["assess"])
    ours_bytes = statistics.median(run.peak_bytes for run in runs["assess"])
    lines = []
    for contender, made in runs.items():
        if failed := next((run.failed for run in made if run.failed), ""):
            lines.append(f"| {name} | {contender} | failed: {failed.replace('|', '/')} | | | | |")
            continue
        seconds = statistics.median(run.seconds for run in made)
        peak = statistics.median(run.peak_bytes for run in made)
        macs = "" if made[0].macs is None else f"{made[0].macs / 1e6:.2f}"
        lines.append(
            f"| {name} | {contender} | {seconds:.2f} | {seconds / ours:.2f} | {peak / 1e6:.0f} |"
            f" {peak / ours_bytes:.2f} | {macs} |"
        )
    return lines


def main() -> None:
    """Make the models, let the contenders take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--timeout", type=float, default=120.0, metavar="S")
    parser.add_argument("--large", action="store_true", help="also 10.7 GB of external data; peers may need as much")
    options = parser.parse_args()
    print(
        f"{platform.machine()}, Python {platform.python_version()}, onnx {onnx.__version__}, rounds {options.rounds}\n"
    )
    print("| model | contender | time, s | x assess | peak, MB | x assess | MMACs |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models(Path(folder), large=options.large).items():
            rounds = 1 if "GB" in name else options.rounds
            print("\n".join(rows(name, model, rounds, options.timeout)), flush=True)


if __name__ == "__main__":
    main()
