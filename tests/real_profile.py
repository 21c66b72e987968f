"""Profile a model through a real worker process, as a run does."""

from pathlib import Path

import numpy as np

from assess.describe.graph import describe
from assess.describe.graph.nodes import describe_nodes
from assess.measure.passes.profile import ProfileAnswer
from assess.measure.plain import decode
from assess.measure.read_profile import profile_keys, read_profile
from assess.sandbox import Limits, run


def answer_of(folder, model, *, provider="CPUExecutionProvider", options=None, **changes):
    """What the profile pass answers, and the request."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    described = describe(path)
    inputs = []
    for port in described.inputs:
        file = folder / f"{port.name}.npy"
        np.save(file, np.ones(port.shape, port.dtype))
        inputs.append({"name": port.name, "dtype": port.dtype, "file": str(file)})
    request = {
        "model": str(path), "inputs": inputs, "provider": provider, "provider_options": options or {}, "threads": 1,
        "optimisation": "all", "timeout_s": 120, "memory_limit_bytes": None, "custom_ops": [],
        "scratch": str(folder), "warmup_count": 10, **profile_keys(described, folder), "count": 30, **changes,
    }  # fmt: skip
    ending = run("assess.measure.worker", request, Limits(120, None))
    assert ending.cause == "answered", ending
    return ending.answer, request


def profile_of(folder, model, **settings):
    """Profile and placement."""
    answer, request = answer_of(folder, model, **settings)
    assert "refused" not in answer, answer
    found = decode(ProfileAnswer, answer, "profile")
    optimised = describe_nodes(Path(request["save_optimised"]), costs=False) if found.saved else ()
    return read_profile(found, describe_nodes(folder / "model.onnx"), optimised, request["provider"])
