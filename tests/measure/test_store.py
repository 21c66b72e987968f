"""Samples kept in a file."""

import os
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.measure.store import SampleFile


@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 8193, 20_000])
def test_samples_come_back_in_order(tmp_path, count):
    store = SampleFile(str(tmp_path / "samples"))
    for sample in range(count):
        store.append(sample)
    assert len(store) == count
    assert store.read() == list(range(count))


def test_the_largest_sample_fits(tmp_path):
    store = SampleFile(str(tmp_path / "samples"))
    store.append(2**63 - 1)
    assert store.read() == [2**63 - 1]


def test_a_full_disk_is_no_fault_of_the_model():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to write to")
    store = SampleFile("/dev/full", flags=os.O_WRONLY)
    with pytest.raises(AssessError, match="samples could not be written: No space left"):
        for sample in range(8192):
            store.append(sample)


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "samples").write_text("mine")
    with pytest.raises(FileExistsError):
        SampleFile(str(tmp_path / "samples"))
