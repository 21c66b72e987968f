"""Resident memory by what backs it."""

import mmap
import sys

import pytest

from assess.measure.resident import Resident, c_library_trim, read_resident

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SMAPS = """\
55d0-55e0 r-xp 00000000 fe:00 12     /usr/lib/lib one.so
Size:                 64 kB
Rss:                  40 kB
Anonymous:             4 kB
Swap:                  0 kB
VmFlags: rd ex mr mw me
7f00-7f10 r--p 00000000 fe:00 13     /models/a b/weights.bin
Rss:                 100 kB
Anonymous:             0 kB
Swap:                  0 kB
7f20-7f30 rw-p 00000000 00:00 0      [heap]
Rss:                 200 kB
Anonymous:           200 kB
Swap:                  8 kB
7f40-7f50 rw-p 00000000 00:00 0
Rss:                  12 kB
Anonymous:            12 kB
Swap:                  0 kB
"""


def test_each_page_is_counted_by_what_backs_it(tmp_path):
    (tmp_path / "smaps").write_text(SMAPS)
    found = read_resident({"/models/a b/weights.bin"}, tmp_path / "smaps")
    assert found == Resident(anonymous=216 * 1024, code=36 * 1024, model=100 * 1024, swapped=8 * 1024)
    assert (found.total, found.owned) == (352 * 1024, 224 * 1024)


def test_without_named_files_all_file_pages_are_code(tmp_path):
    (tmp_path / "smaps").write_text(SMAPS)
    assert read_resident(smaps=tmp_path / "smaps") == Resident(216 * 1024, 136 * 1024, 0, 8 * 1024)


@linux
def test_memory_that_is_touched_is_anonymous():
    before = read_resident()
    with mmap.mmap(-1, 2**24, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        for page in range(0, 2**24, 4096):
            memory[page] = 1
        assert read_resident().anonymous - before.anonymous == pytest.approx(2**24, abs=2**18)


@linux
def test_a_mapped_file_is_known_by_its_path(tmp_path):
    file = tmp_path / "weights.bin"
    file.write_bytes(bytes(2**20))
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        assert sum(memory[::4096]) == 0
        assert read_resident({str(file.resolve())}).model == 2**20


@linux
def test_trimming_is_a_call_or_not_there():
    trim = c_library_trim()
    assert trim is None or trim() in (0, 1)
