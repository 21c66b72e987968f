"""Samples kept in a file."""

import pytest

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


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "samples").write_text("mine")
    with pytest.raises(FileExistsError):
        SampleFile(str(tmp_path / "samples"))
