"""One step of an autoregressive decoder after the other: its cache stays where the runtime put it, and is fed back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from assess.errors import AssessError

_INPUT_IDS: Final = "input_ids"
_MASK: Final = "attention_mask"
_POSITIONS: Final = "position_ids"
_USE_CACHE: Final = "use_cache_branch"
_LOGITS: Final = "logits"

#: Inputs that this file makes for each step; the others are fed as they were prepared.
MADE: Final = (_INPUT_IDS, _MASK, _POSITIONS, _USE_CACHE)


class Decoder:
    """A session of ONNX Runtime that generates greedily.

    The cache is never copied: what one step puts out is bound as what the next one reads. ONNX Runtime allocates it
    anew in each step, one token longer; that is part of what a token costs with such a model.
    """

    def __init__(self, values: Any, session: Any, cache: Mapping[str, str], feeds: Mapping[str, Any], device: str):
        """Look at the ports of a session.

        Args:
            values: ONNX Runtime's `OrtValue`.
            session: its session.
            cache: inputs (keys) that are fed from outputs (values).
            feeds: arrays for inputs that are neither cache nor among `MADE`.
            device: where the cache lives.

        Raises:
            AssessError: an input has a shape or type that a decoder's has not.
        """
        self._values, self._session, self._cache, self._device = values, session, cache, device
        self._inputs = {port.name: port for port in session.get_inputs()}
        self._outputs = [port.name for port in session.get_outputs()]
        if _LOGITS not in self._outputs:
            raise AssessError("the decoder has no output 'logits'", hint="export it for text generation")
        batch = self._inputs[_INPUT_IDS].shape[0]
        self._empty = {name: _empty_shape(self._inputs[name], batch) for name in cache}
        self._binding = session.io_binding()
        # A value made of an array borrows its memory, and the binding of ONNX Runtime 1.22 keeps neither of them.
        self._fed: dict[str, Any] = {}
        for name, value in feeds.items():
            if name not in cache and name not in MADE:
                self._feed(name, value if isinstance(value, values) else values.ortvalue_from_numpy(value))
        self._at = {name: index for index, name in enumerate(self._outputs)}
        self._length = 0

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        return self._length

    @property
    def cache_bytes(self) -> int:
        """What the cache takes that the last step put out, all layers together."""
        found = self._binding.get_outputs()
        sizes = {name: _CACHE_TYPES[self._inputs[name].type][1] for name in self._cache}
        return sum(math.prod(found[self._at[output]].shape()) * sizes[name] for name, output in self._cache.items())

    def restart(self) -> None:
        """Begin anew with an empty cache."""
        self._length = 0
        for name, shape in self._empty.items():
            element = _element_type(self._inputs[name].type)
            value = self._values.ortvalue_from_shape_and_type(shape, element, self._device, 0)
            self._binding.bind_ortvalue_input(name, value)

    def step(self, tokens: Sequence[int]) -> int:
        """Read so many tokens more, and say which one is the likeliest to come next."""
        self._bind(tokens)
        binding = self._binding
        # Else the runtime takes the buffer of the last step, and refuses to put a longer output into it.
        for name in self._outputs:
            binding.bind_output(name, "cpu" if name == _LOGITS else self._device)
        self._session.run_with_iobinding(binding)
        found = binding.get_outputs()
        for name, output in self._cache.items():
            binding.bind_ortvalue_input(name, found[self._at[output]])
        self._length += len(tokens)
        return int(found[self._at[_LOGITS]].numpy()[0, -1].argmax())

    def _bind(self, tokens: Sequence[int]) -> None:
        import numpy as np

        count, past = len(tokens), self._length
        made: dict[str, Callable[[], Any]] = {
            _INPUT_IDS: lambda: [tokens],
            _MASK: lambda: np.ones((1, past + count)),
            _POSITIONS: lambda: [range(past, past + count)],
            _USE_CACHE: lambda: [past > 0],
        }
        for name, make in made.items():
            if (port := self._inputs.get(name)) is not None:
                array: Any = np.asarray(make(), _NUMPY[port.type])
                self._feed(name, self._values.ortvalue_from_numpy(array))

    def _feed(self, name: str, value: Any) -> None:
        self._binding.bind_ortvalue_input(name, value)
        self._fed[name] = value


_NUMPY: Final = {
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
}
#: Types of a cache, and bytes of an element: those of numpy by name, bfloat16 and the 8-bit floats as
#: TensorProto.DataType (onnx.proto). `OrtValue.tensor_size_in_bytes` came only after ONNX Runtime 1.22.
_CACHE_TYPES: Final[Mapping[str, tuple[str | int, int]]] = {
    "tensor(float)": ("float32", 4),
    "tensor(float16)": ("float16", 2),
    "tensor(int8)": ("int8", 1),
    "tensor(uint8)": ("uint8", 1),
    "tensor(bfloat16)": (16, 2),
    "tensor(float8e4m3fn)": (17, 1),
    "tensor(float8e5m2)": (19, 1),
}


def _element_type(type_: str) -> Any:
    import numpy as np

    if type_ not in _CACHE_TYPES:
        raise AssessError(f"a cache of type {type_} cannot be fed back")
    found, _ = _CACHE_TYPES[type_]
    return found if isinstance(found, int) else np.dtype(found)


def _empty_shape(port: Any, batch: int | str | None) -> list[int]:
    """The shape of a cache without tokens: one sequence, and zero where the length of what was read stands.

    Raises:
        AssessError: it cannot be told which dimension that is.
    """
    opened = [
        axis
        for axis, dim in enumerate(port.shape)
        if not isinstance(dim, int) and dim != batch and "batch" not in str(dim)
    ]
    if len(opened) != 1:
        raise AssessError(
            f"cache {port.name!r} has shape {port.shape}: which dimension grows with the text cannot be told",
            hint="export the decoder with one dynamic dimension, named past_sequence_length, beside the batch",
        )
    return [dim if isinstance(dim, int) else 0 if axis in opened else 1 for axis, dim in enumerate(port.shape)]
