"""Facts about each node of a model, asked for only where a profile or a placement is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from assess.describe.graph import DEFAULT_LIMITS, ask_child, confined
from assess.sandbox import Limits

_NO_DIMS: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NodeFact:
    """One node.

    Attributes:
        name: as in the file; of a node without one what ONNX Runtime's profile calls it: operator and index among the
            nodes of its graph that are no Constant, e.g. "Mul_2" (its first output, where functions were expanded).
        operator: "Conv" for the standard domain, otherwise with the domain: "com.microsoft:Gelu".
        inputs: names of what it reads, "" where an optional one is left out.
        outputs: names of what it writes, likewise.
        path: the subgraphs it lies in, outermost first: "branch.then_branch"; empty in the main graph.
        macs: multiply-accumulates of one execution, without its bodies; None where they are not known or not asked for.
        runs: executions in one inference; the body of a loop of unknown length counts once.
        is_named: whether the file gives it a name.
        is_fixed: it computes constants from constants, which a runtime does once, when it loads the model.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    path: tuple[str, ...] = ()
    macs: int | None = None
    runs: int = 1
    is_named: bool = True
    is_fixed: bool = False


def describe_nodes(
    path: Path, *, dims: Mapping[str, int] = _NO_DIMS, limits: Limits = DEFAULT_LIMITS, costs: bool = True
) -> tuple[NodeFact, ...]:
    """The nodes of the model at `path` in the file's order, those of a body after the one that holds it.

    Args:
        path: the ONNX file.
        dims: numbers for symbolic dimensions, e.g. `Model.dims`.
        limits: what the process that reads the model may use.
        costs: whether to infer shapes and count MACs; without, names only are read, and functions are not expanded.

    Raises:
        AssessError: as `describe` does.
    """
    confined.regular_file(path)
    request = {"path": str(path.absolute()), "dims": dict(dims), "nodes": "costs" if costs else "names"}
    ending = ask_child(path, request, limits, lambda message: None)
    return tuple(map(_fact, ending.answer))


def _fact(row: list[Any]) -> NodeFact:
    name, operator, inputs, outputs, path, macs, runs, is_named, is_fixed = row
    return NodeFact(name, operator, tuple(inputs), tuple(outputs), tuple(path), macs, runs, is_named, is_fixed)
