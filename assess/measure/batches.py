"""A model's inputs for another size of the batch: which dimensions are the batch, and arrays of that shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assess.describe.model import Model, Port
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.measure.inputs import Feed, prepare

#: The model with its dynamic dimensions bound to other numbers.
DescribeAt = Callable[[Mapping[str, int]], Model]


@dataclass(frozen=True, slots=True)
class BatchAxes:
    """Where the batch is.

    Attributes:
        dims: dynamic dimensions that are the batch; empty if it is fixed.
        axes: for each input the axes that have the size of the batch.
        fixed: the size of a fixed batch; None if it can be chosen.
    """

    dims: tuple[str, ...]
    axes: Mapping[str, tuple[int, ...]]
    fixed: int | None = None


def batch_axes(model: Model, batch_dim: str, batches: Sequence[int], describe_at: DescribeAt) -> BatchAxes:
    """Find the batch: the dimension that is named, or the dynamic one that the inputs' first axes have.

    A `Model` has numbers only; so each dynamic dimension is bound to another number, to see which axes change.

    Raises:
        AssessError: there is no such dimension, several could be meant, or the batch is fixed at a size not asked for.
    """
    if batch_dim and batch_dim not in model.dims:
        hint = did_you_mean(batch_dim, list(model.dims)) if model.dims else "all its dimensions are fixed"
        raise AssessError(f"the model has no dynamic dimension {batch_dim!r}", where="batch_dim", hint=hint)
    changed = {name: _changed(model, name, describe_at) for name in ([batch_dim] if batch_dim else model.dims)}
    found = {name: axes for name, axes in changed.items() if batch_dim or any(0 in each for each in axes.values())}
    anonymous = {f"{port.name}.0" for port in model.inputs}
    if len(found) > 1 and not found.keys() <= anonymous:
        names = ", ".join(map(repr, found))
        raise AssessError(
            f"which of the dimensions {names} is the batch cannot be told",
            hint="name it with batch_dim in the workload's scenario",
        )
    if found:
        merged = {
            port.name: tuple(sorted({axis for axes in found.values() for axis in axes[port.name]}))
            for port in model.inputs
        }
        return BatchAxes(tuple(found), merged)
    sizes = {port.shape[0] for port in model.inputs if port.shape}
    fixed = sizes.pop() if len(sizes) == 1 else None
    if fixed not in batches:
        size = "" if fixed is None else f" at {fixed}"
        raise AssessError(
            f"the model's batch is fixed{size}: the first dimension of no input is dynamic",
            where=model.name,
            hint="export it with a dynamic batch, or use a workload of kind 'single'",
        )
    return BatchAxes((), {port.name: () for port in model.inputs}, fixed)


def _changed(model: Model, name: str, describe_at: DescribeAt) -> dict[str, tuple[int, ...]]:
    """For each input the axes that change with a dimension."""
    other = describe_at({**model.dims, name: model.dims[name] + 1})
    pairs = zip(model.inputs, other.inputs, strict=True)
    return {
        port.name: tuple(
            axis for axis, sizes in enumerate(zip(port.shape, new.shape, strict=True)) if len({*sizes}) > 1
        )
        for port, new in pairs
    }


def inputs_of_batch(
    model: Model,
    found: BatchAxes,
    batch: int,
    ready: Sequence[Feed],
    folder: Path,
    *,
    seed: int,
    available_bytes: int | None,
) -> list[Feed]:
    """Inputs of a batch: what is generated is generated anew, what comes from files is repeated.

    Raises:
        AssessError: they do not fit into memory, or an input cannot be repeated.
    """
    folder.mkdir()
    ports = tuple(_resized(port, found.axes[port.name], batch) for port in model.inputs)
    feeds = {
        port.name: _repeated(feed, port, folder / f"given-{index}.npy")
        for index, (feed, port) in enumerate(zip(ready, ports, strict=True))
        if feed.used.source != "generated" and found.axes[port.name]
    }
    same = {feed.used.name: feed.file for feed in ready if not found.axes[feed.used.name]}
    asked = replace(model, inputs=tuple(port for port in ports if port.name not in same))
    made = prepare(
        asked, folder, seed=seed, feeds=feeds, card=None, card_folder=folder, available_bytes=available_bytes
    )
    by_name = {feed.used.name: feed for feed in (*ready, *made)}
    return [by_name[port.name] for port in model.inputs]


def _resized(port: Port, axes: Sequence[int], batch: int) -> Port:
    return replace(port, shape=tuple(batch if axis in axes else size for axis, size in enumerate(port.shape)))


def _repeated(feed: Feed, port: Port, file: Path) -> Path:
    """The samples of an array over and over, until it has the shape of a port."""
    import numpy as np

    if port.dtype in ("int4", "uint4"):  # They lie packed, two to a byte.
        raise AssessError(f"input {port.name!r} comes from a file and is {port.dtype}, which cannot be repeated")
    array = np.load(feed.file, allow_pickle=False)
    for axis, size in enumerate(port.shape):
        array = np.take(array, np.arange(size) % array.shape[axis], axis)
    np.save(file, array)
    return file
