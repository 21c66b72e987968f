"""Small real models, described and run as their scenario asks, in real processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import builders
import numpy as np
import onnx
from onnx import helper
from onnx_models import model_of, port

from assess import sandbox
from assess.describe.graph import describe
from assess.describe.workload import Job, Workload
from assess.measure.extra_passes import Bench
from assess.measure.inputs import prepare
from assess.measure.measurement import Settings
from assess.measure.scenario_runs import scenario_run
from assess.measure.scenarios.asked import asked
from assess.measure.stages import worker_inputs

BRIEF = Settings(
    min_count=20, min_duration_s=0.05, warmup_duration_s=0.02, back_to_back_s=0.02, timeout_s=30.0, threads=1
)


def saved(folder: Path, model: onnx.ModelProto, name: str = "model.onnx") -> Path:
    onnx.save(model, folder / name)
    return folder / name


def job(scenario: dict[str, Any], folder: Path = Path(), requires: dict[str, Any] | None = None) -> Job:
    authored = {**builders.WORKLOAD, "scenario": scenario, **({} if requires is None else {"requires": requires})}
    return Job(Workload.model_validate({**authored, "id": "a-job"}), authored, folder)


def bench(
    folder: Path,
    path: Path,
    wanted: Job,
    *,
    settings: Settings = BRIEF,
    dims: Any = None,
    feeds: Any = None,
    **more: Any,
) -> Bench:
    """As `measure` makes it."""
    model = describe(path, dims=dims or {})
    scratch = folder / "scratch"
    scratch.mkdir()
    ready = prepare(
        model, scratch, seed=settings.seed, feeds=feeds or {}, card=None, card_folder=folder, available_bytes=None
    )
    request = {
        **asdict(settings),
        "model": str(path),
        "inputs": worker_inputs(ready),
        "scenario": asked(wanted, seed=settings.seed, tier="", scratch=scratch),
        "spin_ns": 100_000,
        "scratch": str(scratch),
        "frames": str(scratch / "frames"),
        "back_to_back": str(scratch / "back_to_back"),
    }
    launch = more.get("launch", sandbox.run)
    return Bench(model, path, settings, request, ready, None, folder, scratch, launch, lambda *told: None)


def run(folder: Path, model: onnx.ModelProto | Path, wanted: Job, stages: Any = None, **options: Any) -> dict[str, Any]:
    path = model if isinstance(model, Path) else saved(folder, model)
    return scenario_run(bench(folder, path, wanted, **options), wanted, stages or {})[0]


def stopping(after_s: float = 0.2) -> Any:
    """In place of `sandbox.run`: Ctrl-C some time after the timed part has begun."""

    def start(*asked: Any, on_progress: Any, **options: Any) -> Any:
        def hear(message: dict[str, Any]) -> None:
            on_progress(message)
            if message.get("phase") == "timed":
                threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT)).start()

        return sandbox.run(*asked, on_progress=hear, **options)

    return start


def relu(shape: Sequence[int | str] = (2, 3)) -> onnx.ModelProto:
    return model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": list(shape)}, [port("y", shape)])


def slow(repeats: int, size: int = 256) -> onnx.ModelProto:
    """Matrix products one after the other: `repeats` of 17 MMAC."""
    weight = np.eye(size, dtype=np.float32)
    nodes = [helper.make_node("MatMul", [f"x{n}" if n else "x", "w"], [f"x{n + 1}"]) for n in range(repeats)]
    return model_of(nodes, {"x": [size, size]}, [port(f"x{repeats}", (size, size))], {"w": weight})


VOCABULARY, WIDTH, HEADS, LAYERS, LONGEST = 17, 8, 2, 2, 64


def decoder(*, merged: bool = False, rename: tuple[str, str] = ("past_key_values", "present")) -> onnx.ModelProto:
    """A decoder of two layers with a cache, as Hugging Face Optimum names its ports; `merged` wants a branch chosen."""
    rng = np.random.default_rng(3)
    each = WIDTH // HEADS
    weights: dict[str, Any] = {
        "words": rng.standard_normal((VOCABULARY, WIDTH)).astype(np.float32),
        "places": rng.standard_normal((LONGEST, WIDTH)).astype(np.float32),
        "split": np.array([0, 0, HEADS, each], np.int64),
        "join": np.array([0, 0, WIDTH], np.int64),
        "zero": np.int64(0),
        "one": np.int64(1),
        "two": np.array([2], np.int64),
        "last": np.array([-1], np.int64),
        "axes": np.array([1, 3], np.int64),
        "heads": np.array([0, 1, 2], np.int64),
        "seen": np.float32(0.0),
        "hidden": np.float32(-1e9),
        "out": rng.standard_normal((WIDTH, VOCABULARY)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["word"]),
        helper.make_node("Gather", ["places", "position_ids"], ["place"]),
        helper.make_node("Add", ["word", "place"], ["x0"]),
        # A position sees those up to itself.
        helper.make_node("Shape", ["attention_mask"], ["all"]),
        helper.make_node("Gather", ["all", "one"], ["total"]),
        helper.make_node("Range", ["zero", "total", "one"], ["keys"]),
        helper.make_node("Unsqueeze", ["keys", "heads"], ["keys4"]),
        helper.make_node("Unsqueeze", ["position_ids", "axes"], ["queries4"]),
        helper.make_node("LessOrEqual", ["keys4", "queries4"], ["sees"]),
        helper.make_node("Where", ["sees", "seen", "hidden"], ["mask"]),
    ]
    inputs: dict[str, Any] = {
        "input_ids": (("batch_size", "sequence_length"), "int64"),
        "attention_mask": (("batch_size", "total_sequence_length"), "int64"),
        "position_ids": (("batch_size", "sequence_length"), "int64"),
    }
    outputs = [port("logits", ("batch_size", "sequence_length", VOCABULARY))]
    past, present = rename
    for n in range(LAYERS):
        nodes += _layer(n, past, present, weights, rng)
        for part in ("key", "value"):
            inputs[f"{past}.{n}.{part}"] = ["batch_size", HEADS, "past_sequence_length", each]
            outputs.append(port(f"{present}.{n}.{part}", ("batch_size", HEADS, "total_sequence_length", each)))
    nodes.append(helper.make_node("MatMul", [f"x{LAYERS}", "out"], ["plain" if merged else "logits"]))
    if merged:
        inputs["use_cache_branch"] = ((1,), "bool")
        # Without a past the other branch would be taken: other logits, if the wrong one is.
        nodes += [
            helper.make_node("Shape", ["past_key_values.0.key"], ["shape"]),
            helper.make_node("Gather", ["shape", "two"], ["past"]),
            helper.make_node("Cast", ["past"], ["has_past"], to=onnx.TensorProto.BOOL),
            helper.make_node("Equal", ["has_past", "use_cache_branch"], ["right"]),
            helper.make_node("Neg", ["plain"], ["wrong"]),
            helper.make_node("Where", ["right", "plain", "wrong"], ["logits"]),
        ]
    return model_of(nodes, inputs, outputs, weights)


def _layer(n: int, past: str, present: str, weights: dict[str, Any], rng: Any) -> list[onnx.NodeProto]:
    nodes = []
    for part in ("query", "key", "value"):
        weights[f"{part}{n}"] = rng.standard_normal((WIDTH, WIDTH)).astype(np.float32)
        nodes += [
            helper.make_node("MatMul", [f"x{n}", f"{part}{n}"], [f"{part}{n}.flat"]),
            helper.make_node("Reshape", [f"{part}{n}.flat", "split"], [f"{part}{n}.split"]),
            helper.make_node("Transpose", [f"{part}{n}.split"], [f"{part}{n}.new"], perm=[0, 2, 1, 3]),
        ]
    for part in ("key", "value"):
        names = [f"{past}.{n}.{part}", f"{part}{n}.new"]
        nodes.append(helper.make_node("Concat", names, [f"{present}.{n}.{part}"], axis=2))
    return [
        *nodes,
        helper.make_node("Transpose", [f"{present}.{n}.key"], [f"turned{n}"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", [f"query{n}.new", f"turned{n}"], [f"score{n}"]),
        helper.make_node("Add", [f"score{n}", "mask"], [f"masked{n}"]),
        helper.make_node("Softmax", [f"masked{n}"], [f"weight{n}"], axis=-1),
        helper.make_node("MatMul", [f"weight{n}", f"{present}.{n}.value"], [f"read{n}"]),
        helper.make_node("Transpose", [f"read{n}"], [f"back{n}"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [f"back{n}", "join"], [f"joined{n}"]),
        helper.make_node("Add", [f"x{n}", f"joined{n}"], [f"x{n + 1}"]),
    ]


DIMS = {"batch_size": 1, "sequence_length": 1, "total_sequence_length": 5, "past_sequence_length": 4}
