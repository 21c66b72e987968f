"""The smallest and the largest number in a saved array."""

from __future__ import annotations

import zipfile
from pathlib import Path

from assess.errors import AssessError


def sample_range(file: Path) -> tuple[float, float] | None:
    """Smallest and largest; None where it holds no finite number.

    Raises:
        AssessError: it is no array of plain numbers.
    """
    import numpy as np

    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise ValueError
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError, OverflowError, zipfile.BadZipFile) as error:
        raise AssessError("is no .npy file of plain numbers", where=str(file), hint="numpy.save writes one") from error
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
