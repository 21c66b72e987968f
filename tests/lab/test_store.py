"""What a worker keeps of what it was sent: each file once, whole, and no more than its disk is to hold."""

import hashlib
import os

import pytest

from assess.errors import AssessError
from assess.lab.store import PART_BYTES, Store


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Sender:
    """Sends parts of files, and counts them."""

    def __init__(self, *contents):
        self.files, self.parts = {sha(each): each for each in contents}, []

    def __call__(self, sha256, offset):
        self.parts.append((sha256[:4], offset))
        return self.files[sha256][offset : offset + PART_BYTES]


def lay_out(store, folder, sender, **files):
    sizes = {sha256: len(content) for sha256, content in sender.files.items()}
    store.lay_out(folder, {name: sha(content) for name, content in files.items()}, sizes, sender)


def test_a_file_is_sent_once_in_parts_whatever_it_is_called(tmp_path):
    large = os.urandom(PART_BYTES + 5)
    store, sender = Store(tmp_path / "kept"), Sender(large)
    for name in ("first", "second"):
        with store.case() as folder:
            lay_out(store, folder, sender, **{name: large})
            assert (folder / name).read_bytes() == large
    assert sender.parts == [(sha(large)[:4], 0), (sha(large)[:4], PART_BYTES)]
    assert list((tmp_path / "kept" / "cases").iterdir()) == []
    lay_out(Store(tmp_path / "kept"), tmp_path, sender, third=large)  # Another process, that shares the folder.
    assert len(sender.parts) == 2


def test_a_kept_file_that_cannot_be_read_any_more_is_had_again(tmp_path, monkeypatch):
    kept, sender = tmp_path / "kept", Sender(b"whole")
    lay_out(Store(kept), tmp_path, sender, first=b"whole")

    def worn_out(path):
        raise AssessError("cannot be read: Input/output error", where=str(path))

    monkeypatch.setattr("assess.lab.store.sha256_of", worn_out)
    lay_out(Store(kept), tmp_path, sender, second=b"whole")
    assert (tmp_path / "second").read_bytes() == b"whole"
    assert len(sender.parts) == 2


def test_an_empty_file_is_one(tmp_path):
    lay_out(Store(tmp_path / "kept"), tmp_path, Sender(b""), empty=b"")
    assert (tmp_path / "empty").read_bytes() == b""


def test_what_changed_on_its_way_is_refused_and_not_kept(tmp_path):
    sender = Sender(b"model")
    sender.files[sha(b"model")] = b"other"
    with pytest.raises(AssessError, match=r"^m.onnx: changed since it was described"):
        Store(tmp_path / "kept").lay_out(tmp_path, {"m.onnx": sha(b"model")}, {sha(b"model"): 5}, sender)
    assert list((tmp_path / "kept" / "files").iterdir()) == []


def test_what_was_damaged_on_the_disk_is_sent_again(tmp_path):
    sender = Sender(b"model")
    lay_out(Store(tmp_path / "kept"), tmp_path, sender, first=b"model")
    (tmp_path / "kept" / "files" / sha(b"model")).write_bytes(b"mod")
    lay_out(Store(tmp_path / "kept"), tmp_path, sender, second=b"model")
    assert (tmp_path / "second").read_bytes() == b"model"
    assert len(sender.parts) == 2


@pytest.mark.parametrize("name", ["../model", "/etc/model", "a/../../model"])
def test_no_file_lies_outside_the_folder_of_its_case(tmp_path, name):
    (tmp_path / "case").mkdir()
    with pytest.raises(AssessError, match="lies outside"):
        lay_out(Store(tmp_path / "kept"), tmp_path / "case", Sender(b"model"), **{name: b"model"})


def test_a_name_of_a_file_that_is_no_sha256_is_refused(tmp_path):
    with pytest.raises(AssessError, match="is no sha256"):
        Store(tmp_path / "kept").lay_out(tmp_path, {"m": "../../etc"}, {"../../etc": 1}, Sender())


def test_what_was_not_used_for_longest_makes_room(tmp_path):
    one, two, three = b"1" * 40, b"2" * 40, b"3" * 40
    store, sender = Store(tmp_path / "kept", most_bytes=100), Sender(one, two, three)
    lay_out(store, tmp_path, sender, one=one, two=two)
    for age, content in ((1, one), (2, two)):  # One was used after two.
        path = tmp_path / "kept" / "files" / sha(content)
        os.utime(path, (1e9 - age, 1e9 - age))
    lay_out(store, tmp_path, sender, three=three)
    assert {path.name for path in (tmp_path / "kept" / "files").iterdir()} == {sha(one), sha(three)}
    assert (tmp_path / "two").read_bytes() == two  # A case that has it keeps it.


def test_what_a_killed_worker_left_is_removed_after_two_days(tmp_path):
    (tmp_path / "cases" / "tmp1").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "tmp2").touch()
    (tmp_path / "files" / sha(b"")).touch()
    now = (tmp_path / "files" / "tmp2").stat().st_mtime
    for later_s, left in ((172_000, {"tmp1", "tmp2", sha(b"")}), (173_000, {sha(b"")})):
        with Store(tmp_path, clock=lambda later_s=later_s: now + later_s).case() as folder:
            assert {path.name for path in tmp_path.glob("*/*")} - {folder.name} == left
