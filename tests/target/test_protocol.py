"""What two ends of a link say: messages that arrive whole or not at all, and files that lead nowhere else."""

import hashlib
import io
import json
import os
from pathlib import Path

import pytest

from assess.target.protocol import (
    GoneError,
    SentFile,
    announced,
    described,
    hear,
    receive,
    say,
    send_bytes,
    sent_files,
)


def sent(data=b"weights", path="model.onnx", size=None):
    return SentFile(path, hashlib.sha256(data).hexdigest(), len(data) if size is None else size)


def test_what_is_said_is_heard():
    stream = io.BytesIO()
    say(stream, {"say": "größer", "list": [1, 2.5, None]})
    stream.seek(0)
    assert hear(stream) == {"say": "größer", "list": [1, 2.5, None]}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "it said nothing more"),
        (b'{"cut": "off', "it said nothing more"),
        (b"Welcome to Raspberry Pi\n", "said what is no message: 'Welcome to Raspberry Pi\\\\n'"),
        (b"\xff\xfe\n", "said what is no message"),
        (b"[1, 2]\n", "said what is no message"),
        (b"null\n", "said what is no message"),
        (b"[" * 100_000 + b"\n", "said what is no message"),
    ],
)
def test_what_is_no_message_is_an_end(line, why):
    with pytest.raises(GoneError, match=why):
        hear(io.BytesIO(line))


def test_a_line_without_an_end_takes_no_more_than_its_limit(monkeypatch):
    monkeypatch.setattr("assess.target.protocol._MOST_BYTES", 1000)
    stream = io.BytesIO(b"x" * 5000)
    with pytest.raises(GoneError, match="nothing more"):
        hear(stream)
    assert stream.tell() == 1000


def test_nobody_hears_what_is_said_to_a_closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as stream, pytest.raises(GoneError, match="Broken pipe"):
        say(stream, {})


def test_a_number_that_json_lacks_is_no_lost_link():
    with pytest.raises(ValueError, match="not JSON compliant"):
        say(io.BytesIO(), {"left_s": float("inf")})


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a/..", "", ".", "a\0b", "a\\..\\b"], ids=repr)
def test_a_path_that_leads_out_of_its_folder_is_refused(path):
    with pytest.raises(ValueError, match="leads out of the folder"):
        sent_files([{"path": path, "sha256": "0" * 64, "size": 1}])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("model.onnx", "files: is no list"),
        ([{"path": "a", "sha256": "0" * 64}], "files.0.size: missing key"),
        ([{"path": "a", "sha256": "0" * 64, "size": -1}], "files.0.size: -1 is negative"),
        ([{"path": "a", "sha256": "0" * 64, "size": 1.5}], "files.0.size: expected a whole number"),
        ([{"path": "a", "sha256": "../../x", "size": 1}], "is no sha256"),
        ([{"path": "a", "sha256": "G" * 64, "size": 1}], "is no sha256"),
        ([{"path": "a", "sha256": "0" * 64, "size": 1, "mode": 511}], "files.0.mode: unknown key"),
        ([["a"]], "files.0: expected an object"),
    ],
)
def test_what_announces_no_file_is_refused(data, why):
    with pytest.raises(ValueError, match=why):
        sent_files(data)


def test_announced_files_are_those_that_were_described(tmp_path):
    (tmp_path / "it's a model.onnx").write_bytes(b"weights")
    file = described(tmp_path / "it's a model.onnx", "model/it's a model.onnx")
    assert file == sent(path="model/it's a model.onnx")
    assert sent_files(json.loads(json.dumps(announced([file])))) == (file,)


def test_a_file_arrives_as_it_was_sent(tmp_path):
    source, stream, told = tmp_path / "source", io.BytesIO(), []
    data = bytes(range(256)) * 10_000
    source.write_bytes(data)
    send_bytes(stream, source, len(data), told.append)
    assert (sum(told), max(told)) == (2_560_000, 2**20)
    stream.seek(0)
    assert receive(stream, sent(data), tmp_path / "arrived") == ""
    assert (tmp_path / "arrived").read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrived", "source"]


def test_a_file_that_has_become_shorter_is_not_sent_to_its_end(tmp_path):
    (tmp_path / "source").write_bytes(b"short")
    with pytest.raises(OSError, match="has become shorter"):
        send_bytes(io.BytesIO(), tmp_path / "source", 6)


def test_a_stream_that_ends_within_a_file_leaves_nothing(tmp_path):
    with pytest.raises(GoneError, match="in the middle of a file"):
        receive(io.BytesIO(b"wei"), sent(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_than_those_announced_are_not_kept_and_the_next_message_is_heard(tmp_path):
    stream = io.BytesIO(b"WEIGHTS" + b'{"next": 1}\n')
    assert receive(stream, sent(), tmp_path / "model") == "its bytes are not those that were announced"
    assert list(tmp_path.iterdir()) == []
    assert hear(stream) == {"next": 1}


def test_a_full_disk_is_told_and_the_next_message_is_heard(tmp_path, monkeypatch):
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: real(Path("/dev/full"), mode))
    stream = io.BytesIO(b"weights" + b'{"next": 1}\n')
    assert receive(stream, sent(), tmp_path / "model") == "No space left on device"
    assert hear(stream) == {"next": 1}


def test_a_folder_that_is_not_there_is_told_and_the_next_message_is_heard(tmp_path):
    stream = io.BytesIO(b"weights" + b'{"next": 1}\n')
    assert receive(stream, sent(), tmp_path / "none" / "model") == "No such file or directory"
    assert hear(stream) == {"next": 1}


def test_a_place_that_is_taken_by_a_folder_is_told(tmp_path):
    (tmp_path / "model").mkdir()
    assert receive(io.BytesIO(b"weights"), sent(), tmp_path / "model") == "Is a directory"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_two_processes_that_take_the_same_file_do_not_meet(tmp_path, monkeypatch):
    class Other:
        """A stream in the middle of which another process begins to take the same file."""

        def read(self, size):
            part = tmp_path / f".model.{os.getpid()}.part"
            assert part.exists()
            monkeypatch.setattr(os, "getpid", lambda: 4242)
            assert receive(io.BytesIO(b"weights"), sent(), tmp_path / "model") == ""
            return b"weights"

    assert receive(Other(), sent(), tmp_path / "model") == ""
    assert (tmp_path / "model").read_bytes() == b"weights"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
