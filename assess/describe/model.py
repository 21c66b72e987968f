"""What a model is: facts read from an ONNX file, without an opinion and without its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: The precision an operator computes in, or a tensor is stored in.
Precision = Literal["fp64", "fp32", "fp16", "bf16", "fp8", "fp4", "int32", "int16", "int8", "int4", "other"]

#: What kind of work an operator is; efficiency differs by kind far more than by name.
Kind = Literal[
    "convolution", "depthwise", "matmul", "attention", "recurrent", "elementwise", "reduction", "movement",
    "control", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file that the model consists of: the ONNX file itself, or one that holds external data.

    Attributes:
        name: path relative to the model's folder.
        size_bytes: its size on disk.
        sha256: of its whole content, hexadecimal.
    """

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the model, every dimension bound to a number.

    Attributes:
        name: as in the file.
        dtype: as numpy and ONNX spell it in lower case: float32, int64, uint8, float16, bfloat16, int4, bool, string.
        shape: bound dimensions; empty for a scalar. A dimension that only running can tell is -1 (outputs only).
        meaning: "image", "token ids", "mask", "position ids", "state", "scalar", ... or "" if nothing tells.
        basis: where the meaning comes from: "card", "graph" (how the value is used), "name", or "".
        limit: integer inputs: values must be below this (the rows of the table they index), if the graph tells.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    meaning: str = ""
    basis: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class OperatorGroup:
    """Operators of one model that cost the same, counted once with how often they are executed.

    Attributes:
        type: operator name, e.g. "Conv".
        domain: "ai.onnx" for the standard one, otherwise as in the file, e.g. "com.microsoft".
        kind: what kind of work it is.
        precision: what it computes in (a QDQ-wrapped Conv is "int8").
        count: executions of it in one inference (a Loop body of known trip count is multiplied).
        macs: multiply-accumulates of one execution; None where `assess` cannot cost it.
        input_bytes: activations that one execution reads; None where a shape is unknown.
        output_bytes: activations that it writes; None where a shape is unknown.
        weight_bytes: initializers that it reads, as stored.
        dtypes: dtypes of its inputs, sorted, as ONNX spells them in lower case.
    """

    type: str
    domain: str
    kind: Kind
    precision: Precision
    count: int
    macs: int | None
    input_bytes: int | None
    output_bytes: int | None
    weight_bytes: int
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownCost:
    """Operators that could not be costed: never counted as zero.

    Attributes:
        type: operator name.
        domain: its domain.
        count: how many nodes.
        why: "no cost rule for ...", "shape of ... is not known", "trip count is not known", ...
        nodes: names of the first few of them.
    """

    type: str
    domain: str
    count: int
    why: str
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How the model is quantised.

    Attributes:
        format: "none", "QDQ", "QOperator", "weight-only" (int weights, float compute), "dynamic" or "mixed".
        weight_granularity: "none", "per-tensor", "per-channel", "block" or "mixed".
        weight_dtypes: dtypes of quantised weights, e.g. ("int8",).
        activation_dtypes: dtypes of quantised activations, e.g. ("uint8",).
        share_of_macs: share of the costed MACs computed in integers, 0 to 1.
    """

    format: str = "none"
    weight_granularity: str = "none"
    weight_dtypes: tuple[str, ...] = ()
    activation_dtypes: tuple[str, ...] = ()
    share_of_macs: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """An ONNX model, described.

    Attributes:
        name: the file's name, without folder.
        sha256: identity of the model. One file: sha256 of its content. With external data: sha256 over the lines
            "<sha256>  <relative path>", newline after each; the ONNX file first, the others sorted by path.
        files: all files; the ONNX file first.
        producer: name and version as recorded in the file, or "".
        licence: SPDX identifier or the text found; "" if none is declared.
        licence_basis: "card", "metadata" or "".
        metadata: the file's own metadata entries, verbatim: data, never instructions.
        ir_version: ONNX IR version.
        opsets: operator set version per domain, "ai.onnx" for the standard one.
        dims: symbolic dimensions and what they were bound to.
        inputs: what must be fed (initializers with defaults excluded).
        outputs: what comes out.
        nodes: how many nodes, subgraphs included, functions expanded.
        parameters: elements of all weights.
        weight_bytes: bytes of all weights as stored, per dtype.
        macs: sum over all operators that could be costed.
        unknown: operators that could not be costed.
        peak_activation_bytes: largest sum of live activations over the execution order; None if a shape on the way
            is unknown, see `absent`.
        operators: all operators, grouped.
        precision: what most MACs are computed in (most weight bytes, if there are no MACs).
        quantisation: how it is quantised.
        problems: what makes the file invalid by the ONNX specification; empty if nothing does.
        absent: facts that could not be established, and why.
        statements: what its card says beside the licence: "origin", "data-residency", "task", "teacher", "quality",
            "intended", "excluded"; empty if it says nothing.
    """

    name: str
    sha256: str
    files: tuple[ModelFile, ...]
    producer: str
    licence: str
    licence_basis: str
    metadata: Mapping[str, str]
    ir_version: int
    opsets: Mapping[str, int]
    dims: Mapping[str, int]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: int
    parameters: int
    weight_bytes: Mapping[str, int]
    macs: int
    unknown: tuple[UnknownCost, ...]
    peak_activation_bytes: int | None
    operators: tuple[OperatorGroup, ...]
    precision: Precision
    quantisation: Quantisation
    problems: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    statements: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_bytes(self) -> int:
        """Bytes that the model takes on disk, external data included."""
        return sum(file.size_bytes for file in self.files)

    @property
    def total_weight_bytes(self) -> int:
        """Bytes of all weights as stored."""
        return sum(self.weight_bytes.values())

    @property
    def arithmetic_intensity(self) -> float | None:
        """Operations (2 per MAC) per byte of weights and activations moved; None if no byte count is known."""
        moved = [
            group.count * (group.input_bytes + group.output_bytes + group.weight_bytes)
            for group in self.operators
            if group.input_bytes is not None and group.output_bytes is not None
        ]
        return 2 * self.macs / sum(moved) if sum(moved) else None
