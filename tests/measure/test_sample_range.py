"""The range of a sample: whatever the file holds, one clear complaint, and no gigabytes."""

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.sample_range import sample_range


def header(tmp_path, text):
    """A `.npy` file of version 1 with this header."""
    file = tmp_path / "s.npy"
    padded = text.encode() + b" " * (118 - len(text)) + b"\n"
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded)
    return file


def test_smallest_and_largest_of_what_is_finite(tmp_path):
    np.save(tmp_path / "s.npy", np.array([3.0, np.nan, -1.5, np.inf]))
    assert sample_range(tmp_path / "s.npy") == (-1.5, 3.0)
    np.save(tmp_path / "s.npy", np.array([np.nan]))
    assert sample_range(tmp_path / "s.npy") is None


@pytest.mark.parametrize(
    "text",
    [
        "{'descr':'<f4','fortran_order':False,'shape':(6,4),\'\'\'", "(" * 100, "{[]:1}", "{1:1,'a':2}",
        "{'descr':'<f4','fortran_order':False,'shape':(True,4)}",
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(tmp_path, text):
    with pytest.raises(AssessError, match=r"is no \.npy file of plain numbers"):
        sample_range(header(tmp_path, text))


def test_what_is_larger_than_any_sample_is_not_read(tmp_path):
    file = header(tmp_path, "{'descr':'<f4','fortran_order':False,'shape':(8000000000,)}")
    with file.open("r+b") as opened:
        opened.truncate(32_000_000_200)  # Takes no room on the disk.
    with pytest.raises(AssessError, match=r"holds 32 GB, a sample has 268 MB at most"):
        sample_range(file)
