"""The smallest and the largest number in a saved array."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.errors import AssessError
from assess.measure.npy import UNREADABLE
from assess.units import format_quantity

#: A sample is one input of the model; who is told its range does not wait for gigabytes.
_MOST_BYTES: Final = 256 * 2**20


def sample_range(file: Path) -> tuple[float, float] | None:
    """Smallest and largest; None where it holds no finite number.

    Raises:
        AssessError: it is no array of plain numbers, or larger than any sample.
    """
    import numpy as np

    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise ValueError
    except UNREADABLE as error:
        raise AssessError("is no .npy file of plain numbers", where=str(file), hint="numpy.save writes one") from error
    if array.nbytes > _MOST_BYTES:
        size, most = format_quantity(array.nbytes, "B"), format_quantity(_MOST_BYTES, "B")
        raise AssessError(f"holds {size}, a sample has {most} at most", where=str(file), hint="save one input")
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
