"""Copies of a model that do more work and say the same: asked of a child, which alone touches what is in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from assess.describe.graph import ask_child, confined
from assess.sandbox import Limits

#: What one node that is added costs, before it is measured: ONNX Runtime 1.32 on a two-core guest took 0.27 us for a
#: Max of 10 floats and 0.17 ns for each further one.
_NODE_S: Final = 0.3e-6
_ELEMENT_S: Final = 0.2e-9
#: So many nodes add an amount that can be set to about 1 %, and are no burden to the loading of a model.
_NODES: Final = 64
#: Where it takes more nodes than this on tensors of a megabyte, the tensors are larger.
_MOST_NODES: Final = 2048
#: Elements of a tensor that is worked on: a megabyte of float32 stays in a cache of the second level; 64 megabytes are
#: for models of seconds.
_IN_CACHE: Final = 2**18
MOST_ELEMENTS: Final = 2**24
#: Reading takes what describing does; the whole file is held, and then its copy beside it.
_MEMORY_BYTES: Final = 2 * 2**30
_TIMES_THE_FILE: Final = 4

Place = Literal["output", "input", "inside"]


@dataclass(frozen=True, slots=True)
class Work:
    """What is added to a model.

    Attributes:
        nodes: so many Max(x, x), one after the other.
        copies: so many copies of the tensor are worked on at once; 1: the tensor itself.
    """

    nodes: int
    copies: int = 1

    def expected_s(self, elements: int) -> float:
        """Seconds that it adds, roughly, to an inference.

        Args:
            elements: of the tensor that is worked on.
        """
        each_s = node_s(elements * self.copies)
        # Copies are made by one node more, and one of them is taken by another.
        return self.nodes * each_s + (each_s + node_s(elements) if self.copies > 1 else 0.0)


@dataclass(frozen=True, slots=True)
class Injected:
    """One copy with more work.

    Attributes:
        path: the file.
        tensor: name of the tensor that is worked on; data.
        place: where it is in the graph.
        elements: of it.
        work: what was added.
    """

    path: Path
    tensor: str
    place: Place
    elements: int
    work: Work

    @property
    def expected_s(self) -> float:
        """Seconds that were added, roughly."""
        return self.work.expected_s(self.elements)


def node_s(elements: int) -> float:
    """Seconds of one node that is added, roughly.

    Args:
        elements: of the tensor that it reads.
    """
    return _NODE_S + _ELEMENT_S * elements


def work_for(added_s: float, elements: int, *, may_copy: bool) -> Work:
    """The work that adds about so many seconds; one node is the least.

    Args:
        added_s: seconds.
        elements: of the tensor.
        may_copy: whether its copies can be worked on: the model's operator set has what that takes.
    """
    direct = Work(max(1, round(added_s / node_s(elements))))
    if direct.nodes <= _NODES or not may_copy:
        return direct
    most = min(MOST_ELEMENTS, max(_IN_CACHE, round(added_s / _MOST_NODES / _ELEMENT_S)))
    wanted = min(most, round((added_s / _NODES - _NODE_S) / _ELEMENT_S))
    copies = round(wanted / elements)
    if copies < 2:
        return direct
    around_s = Work(0, copies).expected_s(elements)
    return Work(max(1, round((added_s - around_s) / node_s(elements * copies))), copies)


def inject(
    path: Path, folder: Path, added_s: Sequence[float], *, dims: Mapping[str, int], timeout_s: float
) -> list[Injected]:
    """Write a copy of a model for each amount of work: its outputs are the same to the last bit.

    External data of the model is linked to beside the copies, or copied where it is on another file system.

    Args:
        path: the ONNX file.
        folder: where the copies go; it is there.
        added_s: seconds that each copy is to take more.
        dims: numbers for the model's symbolic dimensions.
        timeout_s: what reading and writing it may take.

    Raises:
        AssessError: the model cannot be read; it has no tensor of floats whose shape is known; a copy cannot be
            written; or it took more than the limits.
    """
    size = confined.regular_file(path)
    request = {"path": str(path.absolute()), "dims": dict(dims), "folder": str(folder), "added_s": list(added_s)}
    limits = Limits(timeout_s, _MEMORY_BYTES + _TIMES_THE_FILE * size)
    ending = ask_child(path, request, limits, lambda message: None)
    return [_injected(folder, each) for each in ending.answer]


def to_answer(injected: Injected) -> dict[str, Any]:
    """A copy as the child tells it: the file by its name."""
    return {**asdict(injected), "path": injected.path.name}


def _injected(folder: Path, told: Mapping[str, Any]) -> Injected:
    return Injected(folder / told["path"], told["tensor"], told["place"], told["elements"], Work(**told["work"]))
