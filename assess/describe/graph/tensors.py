"""Initializers and constants: what they declare, what the file holds of them, and where external data lies."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import SparseTensorProto, TensorProto, numpy_helper

from assess.describe.dtypes import name_of, stored_bytes
from assess.describe.graph import confined
from assess.describe.graph.skeleton import Payload, Skeleton
from assess.errors import AssessError

#: More dimensions, or more elements, than any tensor can have; sizes stay within 64 bits.
_MOST_DIMS: Final = 64
_MOST_ELEMENTS: Final = 2**60

#: Values of small tensors are kept, as they may be shapes, axes, scales or trip counts.
_KNOWN_ELEMENTS: Final = 1024


@dataclass
class Tensors:
    """Reads the tensors of one model.

    Attributes:
        path: the ONNX file.
        skeleton: what was read of it.
        problems: tensors that hold more or less than they declare.
        external: files with external data and their sizes, by location.
    """

    path: Path
    skeleton: Skeleton
    problems: list[str] = field(default_factory=list)
    external: dict[str, int] = field(default_factory=dict)

    def check(self, tensor: TensorProto, what: str) -> tuple[str, tuple[int, ...]]:
        """Check a tensor against its payload; its dtype and shape.

        Raises:
            AssessError: dimensions that no tensor can have, or external data that is missing or out of bounds.
        """
        shape = tuple(tensor.dims)
        elements = self._elements(shape, what)
        dtype = name_of(tensor.data_type)
        if tensor.data_location == TensorProto.EXTERNAL:
            self._check_external(tensor, what, stored_bytes(dtype, elements))
        else:
            self._check_payload(tensor, what, dtype, elements)
        return dtype, shape

    def known(self, tensor: TensorProto) -> npt.NDArray[Any] | None:
        """The elements of a small tensor; None if they are many, in another file, or not as declared."""
        if tensor.data_location == TensorProto.EXTERNAL or tensor.doc_string.startswith(self.skeleton.mark):
            return None
        if len(tensor.dims) > 8 or self._elements(tuple(tensor.dims), "a tensor") > _KNOWN_ELEMENTS:
            return None
        try:
            return np.asarray(numpy_helper.to_array(tensor))
        except (ValueError, TypeError, KeyError):  # What is wrong with it is a problem already, see `check`.
            return None

    def check_sparse(self, sparse: SparseTensorProto, what: str) -> tuple[str, tuple[int, ...], int, dict[str, int]]:
        """Dtype, dense shape, stored elements, and stored bytes by dtype, of a sparse tensor: values and indices."""
        dtype, values = self.check(sparse.values, what)
        index_dtype, indices = self.check(sparse.indices, f"{what} (indices)")
        shape = tuple(sparse.dims)
        self._elements(shape, what)
        counts = (self._elements(values, what), self._elements(indices, what))
        sizes = {dtype: stored_bytes(dtype, counts[0]) or 0}
        sizes[index_dtype] = sizes.get(index_dtype, 0) + (stored_bytes(index_dtype, counts[1]) or 0)
        return dtype, shape, sum(counts), sizes

    def _elements(self, shape: tuple[int, ...], what: str) -> int:
        product = 1
        for dim in shape:
            if dim < 0:
                raise AssessError(f"{what} has the dimension {dim}", where=str(self.path))
            product *= dim
        if len(shape) > _MOST_DIMS or product > _MOST_ELEMENTS:
            text = "x".join(str(dim) for dim in shape[:8])
            raise AssessError(f"{what} has the absurd shape {text}", where=str(self.path))
        return product

    def _check_payload(self, tensor: TensorProto, what: str, dtype: str, elements: int) -> None:
        payload = self._payload(tensor)
        needed = stored_bytes(dtype, elements)
        if payload.raw_bytes or (needed and not payload.elements):
            if needed is not None and payload.raw_bytes != needed:
                self._problem(what, dtype, tensor, f"{needed} bytes", f"{payload.raw_bytes}")
            return
        expected = _typed_elements(dtype, elements)
        if expected is not None and payload.elements != expected:
            self._problem(what, dtype, tensor, f"{expected} numbers", f"{payload.elements}")

    def _problem(self, what: str, dtype: str, tensor: TensorProto, needed: str, held: str) -> None:
        shape = "x".join(str(dim) for dim in tensor.dims) or "scalar"
        self.problems.append(f"{what} declares {dtype} {shape}, which needs {needed}; the file holds {held}")

    def _payload(self, tensor: TensorProto) -> Payload:
        mark = self.skeleton.mark
        if tensor.doc_string.startswith(mark):
            return self.skeleton.payloads[int(tensor.doc_string[len(mark) :])]
        typed = (
            tensor.float_data, tensor.int32_data, tensor.string_data, tensor.int64_data, tensor.double_data,
            tensor.uint64_data,
        )  # fmt: skip
        return Payload(len(tensor.raw_data), sum(len(numbers) for numbers in typed))

    def _check_external(self, tensor: TensorProto, what: str, needed: int | None) -> None:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "").removeprefix("./")
        if location not in self.external:
            with confined.open_beside(self.path, location, what) as file:
                self.external[location] = os.fstat(file.fileno()).st_size
        size = self.external[location]
        offset, length = self._whole(entries, "offset", what) or 0, self._whole(entries, "length", what)
        end = offset + (length if length is not None else needed or 0)
        if end > size:
            raise AssessError(
                f"{what} has its data in {location!r} up to byte {end}, but the file has {size}",
                where=str(self.path),
                hint="copy or download the data file again",
            )
        if needed is not None and length is not None and length != needed:
            self._problem(what, name_of(tensor.data_type), tensor, f"{needed} bytes", f"{length}")

    def _whole(self, entries: dict[str, str], key: str, what: str) -> int | None:
        text = entries.get(key)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise AssessError(f"{what} has the external data {key} {text!r}, not a whole number", where=str(self.path))
        return int(text)


def _typed_elements(dtype: str, elements: int) -> int | None:
    """How many numbers the typed fields hold for so many elements (onnx.proto, TensorProto)."""
    if dtype.startswith("complex"):
        return 2 * elements
    if dtype in ("int4", "uint4", "float4e2m1"):  # Two in each int32 element.
        return (elements + 1) // 2
    if dtype in ("int2", "uint2"):
        return (elements + 3) // 4
    return None if dtype.startswith(("type ", "undefined", "float6e")) else elements
