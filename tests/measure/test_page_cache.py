"""Files in and out of the page cache."""

import os
import sys

import pytest

from assess.measure.page_cache import Cached, cached_bytes, drop, look, warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs posix_fadvise and mincore")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(os.urandom(2**20 + 5))
    return path


def in_memory(path):
    """Whether a file system cannot push files out, because it has no disk."""
    return drop([path]).cached_bytes > 0


def test_what_was_written_is_cached_to_the_last_byte(file):
    assert cached_bytes(file) == 2**20 + 5


def test_a_dropped_file_is_gone_until_it_is_read(file):
    if in_memory(file):
        pytest.skip("the temporary folder is in memory")
    assert drop([file]) == Cached(2**20 + 5, 0)
    warm([file])
    assert look([file]) == Cached(2**20 + 5, 2**20 + 5, str(file))


def test_a_file_that_is_mapped_and_used_stays_and_is_named(file, tmp_path):
    import mmap

    (tmp_path / "empty").touch()
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        assert len(memory[:]) == 2**20 + 5
        left = drop([tmp_path / "empty", file])
    assert (left.cached_bytes, left.largest, left.share) == (2**20 + 5, str(file), 1.0)


def test_nothing_has_no_share(tmp_path):
    (tmp_path / "empty").touch()
    assert look([tmp_path / "empty"]).share == 0.0


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        drop([tmp_path / "gone"])


def test_a_system_that_cannot_says_so(monkeypatch, file):
    monkeypatch.delattr(os, "posix_fadvise")
    with pytest.raises(OSError, match="no posix_fadvise"):
        drop([file])
