"""The process that runs the model: it takes one request and goes through the pass that the request names.

It imports nothing that a bare ONNX Runtime process would not: its memory is the measurement's baseline. So a pass is
imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from assess.child import Stopped, serve, was_stopped
from assess.errors import AssessError
from assess.measure.engine import Engine, Kernel, Tell, this_kernel

Pass = Callable[[dict[str, Any], Tell, Engine, Kernel], dict[str, Any]]

#: Each pass by name, as "module:function".
_PASSES: Final = {
    "timed": "assess.measure.passes.timed:timed_pass",
    "lockstep": "assess.measure.passes.lockstep:lockstep_pass",
    "floor": "assess.measure.passes.floor:floor_pass",
    "start": "assess.measure.passes.start:start_pass",
    "memory": "assess.measure.passes.attribution:memory_pass",
    "profile": "assess.measure.passes.profile:profile_pass",
    "calibration": "assess.measure.passes.calibration:calibration_pass",
    "outputs": "assess.measure.passes.outputs:outputs_pass",
    "fidelity": "assess.measure.passes.fidelity:fidelity_pass",
    "sampled": "assess.measure.passes.sampled:sampled_pass",
    "generate": "assess.measure.scenarios.generate:generate_pass",
    "context": "assess.measure.scenarios.generate:context_pass",
    "pipeline": "assess.measure.scenarios.pipeline:pipeline_pass",
}


def find(name: str) -> Pass:
    """The pass of a name."""
    module, _, function = _PASSES[name].partition(":")
    found: Pass = getattr(import_module(module), function)
    return found


def handle(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Run the pass that the request names.

    Raises:
        AssessError: ONNX Runtime is not there or cannot be loaded, or lacks the execution provider; or the process was
            to be real-time and may not.
    """
    flow = find(request["pass"])
    kernel = _scheduled(request, this_kernel())
    try:
        from assess.measure.onnx_runtime import OnnxRuntime

        engine = OnnxRuntime()
    except ImportError as error:
        if was_stopped():
            raise Stopped from error
        raise AssessError(f"ONNX Runtime cannot be imported: {error}", hint="pip install onnxruntime") from error
    return flow(request, tell, engine, kernel)


def _scheduled(request: dict[str, Any], kernel: Kernel) -> Kernel:
    """Become real-time where that is asked for, before any other thread is made; and read back what is asked for."""
    if not request.get("cpus") and not request.get("realtime"):
        return kernel
    from assess.measure.own_scheduling import become_real_time, read_back

    why_not = become_real_time(request["timeout_s"]) if request.get("realtime") else None
    return kernel._replace(scheduling=lambda: read_back(why_not))


if __name__ == "__main__":
    serve(handle)
