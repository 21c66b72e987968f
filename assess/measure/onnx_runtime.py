"""ONNX Runtime as the engine of the passes: the only place where it is imported, and only in a process of its own."""

from __future__ import annotations

import ctypes
import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.errors import AssessError
from assess.providers import CPU

if TYPE_CHECKING:
    from assess.measure.decoder import Decoder

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

#: Where a provider keeps values, as ONNX Runtime names it; the others use the CPU's memory.
_DEVICES: Final = {
    "CUDAExecutionProvider": "cuda",
    "TensorrtExecutionProvider": "cuda",
    "NvTensorRTRTXExecutionProvider": "cuda",
    "MIGraphXExecutionProvider": "cuda",
    "DmlExecutionProvider": "dml",
}

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
        began_ns = time.perf_counter_ns()
        import numpy
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as native

        self.imported_ns = (began_ns, time.perf_counter_ns())
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
        self._inputs: list[dict[str, str]] = []

    def providers(self) -> list[str]:
        """Execution providers that this build of ONNX Runtime has."""
        available: list[str] = self._runtime.get_available_providers()
        return available

    def read_inputs(self, inputs: list[dict[str, str]]) -> None:
        """Read the arrays to be fed."""
        for each in inputs:
            # By file: two models of a pipeline may have inputs of one name.
            self._arrays[each["file"]] = self._numpy.load(each["file"], allow_pickle=False)
            self._inputs.append(each)

    def load(self, request: Mapping[str, Any]) -> OnnxSession:
        """Make a session as asked for; see `Engine.load`."""
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        options.inter_op_num_threads = 1  # Only asked for by parallel execution of branches, which is not used.
        options.graph_optimization_level = getattr(
            self._runtime.GraphOptimizationLevel, _LEVELS[request["optimisation"]]
        )
        # With the CPU alone there is nothing to tell, and telling takes memory: only a pass that asks gets it.
        recorded = request["provider"] != CPU or request.get("placement", False)
        if recorded:
            options.add_session_config_entry(_RECORD_ASSIGNMENT, "1")
        options.log_severity_level = 3  # Errors; warnings would be printed in the timed part.
        if prefix := request.get("profile"):
            options.enable_profiling, options.profile_file_prefix = True, prefix
        if path := request.get("save_optimised"):
            options.optimized_model_filepath = path
        for library in request.get("custom_ops", ()):
            options.register_custom_ops_library(str(Path(library).resolve()))  # Else the linker would look elsewhere.
        provider = (request["provider"], dict(request.get("provider_options", {})))
        # Without enable_fallback=0 a provider that fails is replaced by the CPU, and the figures are of that.
        session = self._runtime.InferenceSession(request["model"], options, providers=[provider], enable_fallback=0)
        inputs = request.get("inputs", self._inputs)
        arrays = {each["name"]: self._arrays[each["file"]] for each in inputs}
        raw = {each["name"]: _RAW_TYPES[each["dtype"]] for each in inputs if each["dtype"] in _RAW_TYPES}
        return OnnxSession(self._runtime, session, arrays, raw, recorded=recorded)


class OnnxSession:
    """A loaded model, fed through pre-bound inputs and outputs where its types can be bound."""

    def __init__(
        self, runtime: Any, session: Any, arrays: Mapping[str, Any], raw: Mapping[str, int], *, recorded: bool
    ) -> None:
        self._runtime, self._session, self._raw, self._recorded = runtime, session, raw, recorded
        names = {port.name for port in session.get_inputs()}
        self._feeds = {name: self._value(name, array) for name, array in arrays.items() if name in names}
        ports = [*session.get_inputs(), *session.get_outputs()]
        self._binding: Any = self._bind() if all(_bindable(port.type) for port in ports) else None
        self._run_bound = None if self._binding is None else _bound_call(runtime, session, self._binding)
        self._states: list[tuple[str, str, Any, Any]] = []
        self._changing: list[str] = []
        self._copied: list[Any] = []

    def _value(self, name: str, array: Any) -> Any:
        """What is fed for an array: types that numpy lacks need a value of the runtime's own."""
        if name not in self._raw:
            return array
        return self._runtime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, self._raw[name])

    def _bind(self) -> Any:
        binding = self._session.io_binding()
        for name, value in self._feeds.items():
            binding.bind_ortvalue_input(name, self._bound(value))
        for port in self._session.get_outputs():
            binding.bind_output(port.name, "cpu")
        return binding

    def _bound(self, value: Any) -> Any:
        kind = self._runtime.OrtValue
        return value if isinstance(value, kind) else kind.ortvalue_from_numpy(value)

    def feed(self, arrays: Mapping[str, Any]) -> None:
        """Replace inputs, by name, from the next inference on; the others stay."""
        for name, array in arrays.items():
            self._feeds[name] = self._value(name, array)
            if self._binding is not None:
                self._binding.bind_ortvalue_input(name, self._bound(self._feeds[name]))

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
        pairs = list(zip(ports, outputs, strict=True))
        self._changing = [port.name for port, value in pairs if not _stable(port.shape, value.shape(), known)]
        if self._changing:
            return "runtime", self._run_rebound
        for port, value in pairs:
            self._binding.bind_ortvalue_output(port.name, value)
        return "preallocated", self._call()

    def feed_back(self, states: Mapping[str, str]) -> Callable[[], object]:
        """Feed inputs (values) from the outputs named (keys): two buffers each, which change places every time.

        To be called after `settle`.

        Raises:
            AssessError: an output has not the type and shape of its input, or cannot be bound.
        """
        if self._binding is None:
            raise AssessError("states can be fed back only if all inputs and outputs are tensors of numbers")
        names = [port.name for port in self._session.get_outputs()]
        outputs = dict(zip(names, self._binding.get_outputs(), strict=True))
        for output, input_ in states.items():
            written, read = outputs[output], self._bound(self._feeds[input_])
            if (written.shape(), written.element_type()) != (read.shape(), read.element_type()):
                raise AssessError(
                    f"output {output!r} has shape {written.shape()}, input {input_!r} has {read.shape()}",
                    hint="a state has one shape; for a growing cache use a workload of kind 'generate'",
                )
            # A copy: the array that was fed belongs to the caller.
            own = self._runtime.OrtValue.ortvalue_from_shape_and_type(read.shape(), read.element_type())
            self._states.append((output, input_, written, own))
        self._changing = [name for name in self._changing if name not in states]
        return self._swap_and_run

    def _call(self) -> Callable[[], object]:
        return self._run_bound or self._run_copied

    def _run_copied(self) -> None:
        self._copied = self._session.run(None, self._feeds)

    def _run_rebound(self) -> None:
        # Else the runtime takes the last inference's buffer, and refuses to put an output of another shape into it.
        for name in self._changing:
            self._binding.bind_output(name, "cpu")
        self._call()()

    def _swap_and_run(self) -> None:
        # Before and not after: `outputs` are those of the last inference.
        for index, (output, input_, written, read) in enumerate(self._states):
            self._binding.bind_ortvalue_input(input_, written)
            self._binding.bind_ortvalue_output(output, read)
            self._states[index] = (output, input_, read, written)
        self._run_rebound()

    def outputs(self) -> dict[str, Any]:
        """What the last inference put out, by name; types that numpy lacks as their raw bits."""
        names = [port.name for port in self._session.get_outputs()]
        values = self._copied if self._binding is None else self._binding.get_outputs()
        return dict(zip(names, map(self._as_array, values), strict=True))

    def _as_array(self, value: Any) -> Any:
        if hasattr(value, "data_type") and value.data_type() == "tensor(bfloat16)":
            return _raw_bfloat16(value)
        try:
            return value.numpy() if hasattr(value, "numpy") else value
        except (RuntimeError, NotImplementedError) as error:
            raise AssessError(
                f"an output of the model cannot be read as an array: {error}",
                hint="let the model put out tensors of plain numbers",
            ) from error

    def decoder(self, cache: Mapping[str, str]) -> Decoder:
        """The model as a decoder whose caches (inputs, keys) are fed from outputs (values); see `Decoder`."""
        from assess.measure.decoder import Decoder  # Only this scenario needs it.

        device = _DEVICES.get(self._session.get_providers()[0], "cpu")
        return Decoder(self._runtime.OrtValue, self._session, cache, self._feeds, device)

    def effective(self) -> dict[str, Any]:
        """Providers and optimisation level as the session itself reports them."""
        level = self._session.get_session_options().graph_optimization_level.name
        counts: dict[str, int] = {}
        for part in self.placement():
            counts[part["provider"]] = counts.get(part["provider"], 0) + len(part["nodes"])
        return {
            "providers": list(self._session.get_providers()),
            "assigned": counts,
            "optimisation": next((word for word, name in _LEVELS.items() if name == level), level),
        }

    def placement(self) -> list[dict[str, Any]]:
        """Parts of the graph and the provider of each; empty if not asked for, or in an older version."""
        if not self._recorded:
            return []
        try:
            parts = self._session.get_provider_graph_assignment_info()
        except AttributeError:
            return []
        return [
            {
                "provider": part.ep_name,
                "nodes": [{"name": node.name, "operator": _spelled(node)} for node in part.get_nodes()],
            }
            for part in parts
        ]

    def end_profiling(self) -> str:
        """End the profile that `load` was asked for, and say which file holds it."""
        file: str = self._session.end_profiling()
        return file


def _bound_call(runtime: Any, session: Any, binding: Any) -> Callable[[], object]:
    """A call that runs one inference through a binding, with as little around the C API as this version allows.

    `InferenceSession.run_with_iobinding` looks after captured graphs of WebGPU and makes options of the run each time:
    of 1.8 us for an identity model, 0.7 us are Python's. What it calls at last is taken here, options made once; they
    are private parts, so where one is missing, or a graph is captured, the public way is gone.
    """
    native, bound = getattr(session, "_sess", None), getattr(binding, "_iobinding", None)
    run = getattr(native, "run_with_iobinding", None)
    captures = getattr(native, "is_webgpu_graph_capture_enabled", bool)
    if run is None or bound is None or captures():
        return partial(session.run_with_iobinding, binding)
    return partial(run, bound, runtime.RunOptions())


def _spelled(node: Any) -> str:
    """An operator with its domain, unless that is the standard one."""
    operator: str = node.op_type
    return operator if node.domain in ("", "ai.onnx") else f"{node.domain}:{operator}"


def _bindable(type_: str) -> bool:
    """Tensors of numbers; strings, sequences, maps and optionals have no fixed place in memory."""
    return type_.startswith("tensor(") and type_ != "tensor(string)"


def _raw_bfloat16(value: Any) -> Any:
    """The bits of a value on the CPU, which ONNX Runtime makes no array of."""
    import numpy

    shape = value.shape()
    count = math.prod(shape)
    if count == 0:
        return numpy.zeros(shape, numpy.uint16)
    bits = (ctypes.c_uint16 * count).from_address(value.data_ptr())
    return numpy.frombuffer(bits, numpy.uint16).reshape(shape)


def _stable(declared: list[int | str | None], found: list[int], known: set[str]) -> bool:
    """Whether an output has the same shape each time: the declared one, up to dimensions that the inputs fix."""
    return len(declared) == len(found) and all(
        dim == size if isinstance(dim, int) else dim in known for dim, size in zip(declared, found, strict=True)
    )
