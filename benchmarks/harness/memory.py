"""Attributed memory of several models against the kernel's own accounting of the same process.

`python benchmarks/harness/memory.py`: a process for each model goes through the memory pass; wherever the pass reads a
peak, `ru_maxrss` of getrusage is read beside it, and a thread reads /proc/self/smaps_rollup meanwhile, which no peak
may be below. Exit code 1 if parts do not sum to their total, or a peak is more than 1 % off.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

PEAK_OFF = 0.01
BUDGET_S = 3.0
ROOT = Path(__file__).resolve().parents[2]
MB = 1e6
#: Of the shipped models; as their cards have them.
DIMS = {"text-direction": {"x.0": 1, "x.2": 48, "x.3": 192}}


class Check(NamedTuple):
    """One peak: as the pass read it, by `ru_maxrss`, and the most that was seen by adding up pages."""

    mark: int
    rusage: int
    seen: int


class CheckedMark:
    """The pass's own mark, with the others read beside it."""

    method = "VmHWM"

    def __init__(self) -> None:
        from assess.measure.memory import KernelMark
        from assess.measure.resident import read_resident

        self._mark, self._read = KernelMark(), read_resident
        self._seen, self.checks = 0, list[Check]()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        pause = threading.Event()
        while not pause.wait(0.005):
            # The sum in one read: what moves while single mappings are read would count twice.
            self._seen = max(self._seen, self._read((), Path("/proc/self/smaps_rollup")).total)

    def restart(self) -> None:
        self._mark.restart()
        self._seen = 0

    def peak_bytes(self) -> int:
        rusage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        mark = self._mark.peak_bytes()
        self.checks.append(Check(mark, rusage, self._seen))
        return mark


def child(file: str) -> None:
    """The pass in this process; its answer and the checks on standard output."""
    from assess.measure.engine import this_kernel
    from assess.measure.onnx_runtime import OnnxRuntime
    from assess.measure.passes.attribution import memory_pass

    request = json.loads(Path(file).read_text())
    mark = CheckedMark()
    answer = memory_pass(request, lambda message: None, OnnxRuntime(), this_kernel()._replace(memory=mark))
    print(json.dumps({"answer": answer, "checks": mark.checks}))


def attributed(model: Path, dims: dict[str, int], scratch: Path) -> tuple[Any, list[Check]]:
    """The attribution of a model, and the checks of its peaks."""
    from assess.describe.graph import describe
    from assess.measure.attribution import Attribution
    from assess.measure.inputs import prepare
    from assess.measure.plain import decode
    from assess.sandbox import environment

    ready = prepare(
        describe(model, dims=dims), scratch, seed=0, feeds={}, card=None, card_folder=scratch, available_bytes=None
    )
    request = {
        "model": str(model), "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all",
        "budget_s": BUDGET_S, "scratch": str(scratch), "model_files": [str(model)],
        "inputs": [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in ready],
    }  # fmt: skip
    (scratch / "request.json").write_text(json.dumps(request))
    # `ru_maxrss` begins with the peak of whoever called exec: a shell between us is small.
    run = subprocess.run(
        ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, __file__, "--child", str(scratch / "request.json")],
        env=environment(), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = json.loads(run.stdout)
    if "attribution" not in found["answer"]:
        raise SystemExit(f"{model}: {found['answer']}")
    checks = [Check(*check) for check in found["checks"]]
    return decode(Attribution, found["answer"]["attribution"], "attribution"), checks


def built(folder: Path) -> dict[str, Path]:
    """Models of known size: convolutions with large activations, and 100 MB of weights."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)

    def save(name: str, shape: list[int], layers: list[tuple[str, np.ndarray[Any, Any]]]) -> Path:
        nodes, weights, value = [], [], "x"
        for index, (operator, array) in enumerate(layers):
            weights.append(numpy_helper.from_array(array.astype(np.float32), f"w{index}"))
            options = {"pads": [1, 1, 1, 1]} if operator == "Conv" else {}
            nodes.append(
                helper.make_node(operator, [value, f"w{index}"], [f"a{index}"], f"{operator}{index}", **options)
            )
            nodes.append(helper.make_node("Relu", [f"a{index}"], [f"r{index}"], f"Relu{index}"))
            value = f"r{index}"
        ends = [
            helper.make_tensor_value_info(port, TensorProto.FLOAT, size) for port, size in (("x", shape), (value, None))
        ]
        graph = helper.make_graph(nodes, name, ends[:1], ends[1:], weights)
        path = folder / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    def convolutions(channels: int, count: int) -> list[tuple[str, np.ndarray[Any, Any]]]:
        sizes = [3, *[channels] * count]
        return [("Conv", 0.1 * random.standard_normal((out, into, 3, 3))) for into, out in pairwise(sizes)]

    dense = [(4096, 4096), (4096, 2048), (2048, 512)]
    return {
        "6 conv, 48 channels, 256 x 256": save("large", [1, 3, 256, 256], convolutions(48, 6)),
        "4 conv, 16 channels, 64 x 64": save("small", [1, 3, 64, 64], convolutions(16, 4)),
        "MLP of 105 MB": save("mlp", [1, 4096], [("MatMul", 0.02 * random.standard_normal(size)) for size in dense]),
    }


def row(name: str, found: Any) -> str:
    """A row of the table, in MB."""
    at = found.at_steady
    parts = (at.weights, at.arena, at.inputs_and_outputs, at.runtime, at.kept, at.remainder)
    held = "not told" if found.arena_held is None else f"{found.arena_held / MB:.1f}"
    extra = [f"{value / MB:.1f}" if value is not None else "-" for value in (found.second_model, found.update_slot)]
    grown = "no" if not found.growth or not found.growth.is_real else f"{found.growth.bytes_per_10000 / 1e3:.0f} kB"
    cells = [
        f"{found.load_peak / MB:.1f}", f"{found.at_load.temporary / MB:.1f}", f"{found.steady / MB:.1f}",
        *(f"{part / MB:.1f}" for part in parts), held, *extra, grown,
    ]  # fmt: skip
    return f"| {name} | {' | '.join(cells)} |"


def faults(name: str, found: Any, checks: list[Check]) -> list[str]:
    """Where the goals are missed."""
    missed = []
    for whole, parts in ((found.load_peak, found.at_load), (found.steady, found.at_steady)):
        if whole != sum(asdict(parts).values()):
            missed.append(f"{name}: parts sum to {sum(asdict(parts).values())}, not to {whole}")
    for check in checks:
        if abs(check.mark - check.rusage) > PEAK_OFF * check.rusage or check.seen > check.mark * (1 + PEAK_OFF):
            missed.append(f"{name}: peak {check.mark}, ru_maxrss {check.rusage}, seen {check.seen}")
    return missed


def main() -> int:
    missed, off = [], 0.0
    print("MB, above the bare import of ONNX Runtime; one thread\n")
    print(
        "| model | load peak | of it temporary | steady | weights | arena | in, out | runtime | kept | remainder |",
        end="",
    )
    print(" arena holds | second model | update slot | growth |")
    print(f"|---|{'--:|' * 13}")
    with tempfile.TemporaryDirectory() as name:
        models = {path.stem: path for path in sorted((ROOT / "models").glob("*/*.onnx"))} | built(Path(name))
        for title, model in models.items():
            with tempfile.TemporaryDirectory() as scratch:
                found, checks = attributed(model, DIMS.get(title, {}), Path(scratch))
            print(row(title, found), flush=True)
            missed += faults(title, found, checks)
            off = max(off, *(abs(check.mark / check.rusage - 1) for check in checks))
    print(
        f"\npeaks against ru_maxrss of the same process: at most {off:.2%} off, goal {PEAK_OFF:.0%}; parts sum exactly"
    )
    print("\n".join(missed) or "met")
    return int(bool(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    else:
        sys.exit(main())
