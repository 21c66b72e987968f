"""Models of one line, and a world in which each of them takes as long as it is told to."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper
from onnx_models import model_of

from assess.describe.library import Library
from assess.pipeline import find_model
from assess.sandbox import Ending


def saved(path, *, shape=(1, 4), scale=2.0, more=0):
    """y = x * scale, and then so many times Relu."""
    names = ["m", *(f"r{index}" for index in range(more))]
    nodes = [helper.make_node("Mul", ["x", "w"], ["m" if more else "y"])]
    nodes += [
        helper.make_node("Relu", [names[index]], [names[index + 1] if index + 1 < more else "y"])
        for index in range(more)
    ]
    weights = {"w": np.full(shape[1:], scale, np.float32)}
    onnx.save(model_of(nodes, {"x": list(shape)}, ["y"], weights), path)
    return find_model(str(path), Library(), dims={})


class World:
    """Runs lockstep launches of so many nanoseconds by the model's name; other passes answer what is handed in."""

    version = "1.30"
    #: Whether outputs are others each time.
    restless = False

    def __init__(self, takes, *, memory=None, endings=None, drift=0.0):
        self.takes, self.memory, self.endings, self.drift = takes, memory or {}, endings or {}, drift
        self.asked, self.now, self.sentinels = [], 0.0, []

    def __call__(self, module, request, limits, *, on_progress=None, **_):
        name = Path(request["model"]).stem
        if name == "sentinel":
            self.takes.setdefault(name, (500_000, 0.0))
        if request["pass"] != "lockstep":
            folder = Path(request["save"])
            self.runs = getattr(self, "runs", 0) + self.restless
            for index in range(len(request["frames"])):
                np.save(folder / f"{index}-0.npy", np.full((1, 4), self.takes[name][1] + self.runs, np.float32))
            frames = [frame["name"] for frame in request["frames"]]
            return Ending("answered", {"frames": frames, "outputs": ["y"], "unreadable": {}}, "", "")
        self.asked.append((name, request["leads"], request.get("cpu")))
        if name == "sentinel" and self.sentinels:
            self.takes[name] = (self.sentinels.pop(0), 0.0)
        on_progress({"known": {"versions": {"onnxruntime": self.version}}})
        if name in self.endings:
            return self.endings[name]
        self.now += 0.5
        # Which pair it is: no two are quite the same.
        away = 1.0 + 0.001 * ((len(self.asked) // 2 * 7) % 5 - 2) * request["leads"] + self.drift * request["leads"]
        ns = round(self.takes[name][0] * away)
        peak = self.memory.get(name, 10_000_000)
        answer = {
            "count": 12, "quantiles_ns": [ns, ns + 20, ns + 100, ns + 200, ns + 300, ns + 400],
            "fastest_ns": [ns] * 4, "median_ns": [ns + 100] * 4, "peak_bytes": peak, "steady_bytes": peak,
        }  # fmt: skip
        return Ending("answered", answer, "", "")
