"""The process that runs the model: the only place where ONNX Runtime is imported.

It imports nothing that a bare ONNX Runtime process would not: its memory is the measurement's baseline.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from assess.child import serve
from assess.errors import AssessError
from assess.measure.phases import Tell, live, this_kernel

#: Element types that numpy lacks, as TensorProto.DataType (onnx.proto); their arrays hold the raw bits.
_RAW_TYPES: Final = {
    "bfloat16": 16,
    "float8e4m3fn": 17,
    "float8e4m3fnuz": 18,
    "float8e5m2": 19,
    "float8e5m2fnuz": 20,
    "uint4": 21,
    "int4": 22,
}

#: Lets a session tell afterwards which provider was given which operator; older versions do not know the key.
_RECORD_ASSIGNMENT: Final = "session.record_ep_graph_assignment_info"

_LEVELS: Final = {
    "disabled": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}


class OnnxRuntime:
    """ONNX Runtime as an engine of the phases."""

    def __init__(self) -> None:
        # The sandbox has set it; whoever starts this worker otherwise is not to be spied on either.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import numpy
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as native

        self._numpy, self._runtime = numpy, onnxruntime
        raised = [value for value in vars(native).values() if isinstance(value, type) and issubclass(value, Exception)]
        # ONNX Runtime's own exceptions have no base of their own; its Python layer raises the built-in ones.
        self.refusals: tuple[type[Exception], ...] = (*raised, RuntimeError, ValueError)
        self.versions = {
            "onnxruntime": onnxruntime.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        }
        self._arrays: dict[str, Any] = {}
        self._raw: dict[str, int] = {}

    def providers(self) -> list[str]:
        """Execution providers that this build of ONNX Runtime has."""
        available: list[str] = self._runtime.get_available_providers()
        return available

    def read_inputs(self, inputs: list[dict[str, str]]) -> None:
        """Read the arrays to be fed."""
        for each in inputs:
            self._arrays[each["name"]] = self._numpy.load(each["file"], allow_pickle=False)
            if each["dtype"] in _RAW_TYPES:
                self._raw[each["name"]] = _RAW_TYPES[each["dtype"]]

    def load(self, request: dict[str, Any]) -> OnnxSession:
        """Make a session as asked for."""
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        options.inter_op_num_threads = 1  # Only asked for by parallel execution of branches, which is not used.
        options.graph_optimization_level = getattr(
            self._runtime.GraphOptimizationLevel, _LEVELS[request["optimisation"]]
        )
        recorded = request["provider"] != "CPUExecutionProvider"
        if recorded:
            options.add_session_config_entry(_RECORD_ASSIGNMENT, "1")
        options.log_severity_level = 3  # Errors; warnings would be printed in the timed part.
        # Without enable_fallback=0 a provider that fails is replaced by the CPU, and the figures are of that.
        session = self._runtime.InferenceSession(
            request["model"], options, providers=[request["provider"]], enable_fallback=0
        )
        return OnnxSession(self._runtime, session, self._arrays, self._raw, recorded=recorded)


class OnnxSession:
    """A loaded model, fed through pre-bound inputs and outputs where its types can be bound."""

    def __init__(
        self, runtime: Any, session: Any, arrays: dict[str, Any], raw: dict[str, int], *, recorded: bool
    ) -> None:
        self._runtime, self._session, self._recorded = runtime, session, recorded
        self._feeds = {
            name: runtime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, raw[name]) if name in raw else array
            for name, array in arrays.items()
        }
        ports = [*session.get_inputs(), *session.get_outputs()]
        self._binding = self._bind() if all(_bindable(port.type) for port in ports) else None

    def _bind(self) -> Any:
        binding = self._session.io_binding()
        value_of = self._runtime.OrtValue
        for name, array in self._feeds.items():
            value = array if isinstance(array, value_of) else value_of.ortvalue_from_numpy(array)
            binding.bind_ortvalue_input(name, value)
        for port in self._session.get_outputs():
            binding.bind_output(port.name, "cpu")
        return binding

    def first(self) -> None:
        """Run once; ONNX Runtime allocates the outputs."""
        self._call()()

    def settle(self) -> tuple[str, Callable[[], object]]:
        """Bind the first inference's outputs for good, unless the next one's may have another shape."""
        if self._binding is None:
            return "copied", self._call()
        outputs = self._binding.get_outputs()
        ports = self._session.get_outputs()
        known = {dim for port in self._session.get_inputs() for dim in port.shape if isinstance(dim, str)}
        known -= {"", "?"}  # Some exporters name every open dimension so, whatever its size.
        if not all(_stable(port.shape, value.shape(), known) for port, value in zip(ports, outputs, strict=True)):
            return "runtime", self._call()
        for port, value in zip(ports, outputs, strict=True):
            self._binding.bind_ortvalue_output(port.name, value)
        return "preallocated", self._call()

    def _call(self) -> Callable[[], object]:
        if self._binding is None:
            return partial(self._session.run, None, self._feeds)
        return partial(self._session.run_with_iobinding, self._binding)

    def effective(self) -> dict[str, Any]:
        """Providers and optimisation level as the session itself reports them."""
        level = self._session.get_session_options().graph_optimization_level.name
        return {
            "providers": list(self._session.get_providers()),
            "assigned": _assigned(self._session) if self._recorded else {},
            "optimisation": next((word for word, name in _LEVELS.items() if name == level), level),
        }


def _assigned(session: Any) -> dict[str, int]:
    """Operators per provider: one that is in effect may still have been given none of them."""
    counts: dict[str, int] = {}
    try:
        parts = session.get_provider_graph_assignment_info()
    except AttributeError:  # An older ONNX Runtime does not tell.
        return counts
    for part in parts:
        counts[part.ep_name] = counts.get(part.ep_name, 0) + len(part.get_nodes())
    return counts


def _bindable(type_: str) -> bool:
    """Tensors of numbers; strings, sequences, maps and optionals have no fixed place in memory."""
    return type_.startswith("tensor(") and type_ != "tensor(string)"


def _stable(declared: list[int | str | None], found: list[int], known: set[str]) -> bool:
    """Whether an output has the same shape each time: the declared one, up to dimensions that the inputs fix."""
    return len(declared) == len(found) and all(
        dim == size if isinstance(dim, int) else dim in known for dim, size in zip(declared, found, strict=True)
    )


def handle(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Run one request through all phases.

    Raises:
        AssessError: ONNX Runtime is not there or cannot be loaded, or lacks the execution provider.
    """
    try:
        engine = OnnxRuntime()
    except ImportError as error:
        limit = request["memory_limit_bytes"]
        raise AssessError(
            f"ONNX Runtime cannot be imported: {error}",
            where="" if limit is None else "--memory-limit",
            hint="pip install onnxruntime" if limit is None else "it needs about 300 MiB of address space for itself",
        ) from error
    return live(request, tell, engine, this_kernel())


if __name__ == "__main__":
    serve(handle)
