"""What a client says of workers, and gives to them, without a scheduler."""

from assess.lab.dask_lab import part_of, why_lost, with_version
from assess.lab.messages import LabWorker
from assess.lab.store import PART_BYTES

RACK = LabWorker("tcp://1", "rack-1", ("pi",))


def test_a_worker_of_another_version_or_of_none_is_unfit_and_one_that_did_not_say_is_asked():
    assert with_version(RACK, {"tcp://1": "0.1.0"}) == RACK
    assert with_version(RACK, {}) == RACK
    assert with_version(RACK, {"tcp://1": "0.2.0"}).unfit == "it has assess 0.2.0, this is 0.1.0"
    assert with_version(RACK, {"tcp://1": None}).unfit == "it has no assess"


def test_a_worker_gets_parts_of_announced_files_only(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"x" * (PART_BYTES + 1))
    assert [len(part_of(path, offset)) for offset in (0, PART_BYTES, PART_BYTES + 1)] == [PART_BYTES, 1, 0]
    assert part_of(None, 0) == part_of(path, -1) == "is no file of this session"
    assert part_of(tmp_path / "gone", 0) == f"{tmp_path}/gone: cannot be read: No such file or directory"


def test_what_a_worker_cannot_even_begin_is_told():
    assert why_lost(ModuleNotFoundError("No module named 'assess.lab'")) == (
        "it cannot be run there: ModuleNotFoundError: No module named 'assess.lab'"
    )
