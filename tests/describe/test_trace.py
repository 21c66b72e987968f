"""Release times from a CSV file."""

import os

import pytest

from assess.describe import trace
from assess.describe.trace import read_trace
from assess.errors import AssessError


@pytest.fixture
def read(tmp_path):
    def write(text):
        path = tmp_path / "shutter.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_trace(path)

    return write


@pytest.mark.parametrize(
    "text",
    [
        "0\n0.01\n0.03\n",
        "100.5\n100.51\n100.53",
        "seconds\n0\n0.01\n0.03\n",
        "seconds,camera\n0,left\n0.01,right\n0.03,left\n",
        "# recorded by hand\n\n0\n  # twice\n0.01\n\n0.03\n",
        "# recorded by hand\nseconds\n0\n0.01\n0.03\n",
        "\ufeffseconds\n0\n0.01\n0.03\n",
        "0\r\n0.01\r\n0.03\r\n",
        '"-0.02"\n"-1e-2"\n"0.01"\n',
    ],
)
def test_releases_are_counted_from_the_first(read, text):
    assert read(text) == (0, 10_000_000, 30_000_000)


def test_a_byte_order_mark_does_not_hide_the_first_release(read):
    assert read("\ufeff0\n0.01\n") == (0, 10_000_000)


def test_releases_at_one_instant_are_allowed(read):
    assert read("1\n1\n") == (0, 0)


def test_nanoseconds_survive_a_day(read):
    assert read("0\n86400.000000001\n") == (0, 86_400_000_000_001)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has fewer than two releases"),
        ("seconds\n", "has fewer than two releases"),
        ("1\n", "has fewer than two releases"),
        ("1\n2\n1.5\n", "line 3: 1.5 is before the release above it"),
        ("seconds\n1\ntwo\n", "line 3: 'two' is no time"),
        ("seconds\ncamera\n1\n2\n", "line 2: 'camera' is no time"),
        ("1\nnan\n", "line 2: 'nan' is no time"),
        ("1\ninf\n", "line 2: 'inf' is no time"),
        ("0\n1e10\n", "line 2: '1e10' is no time"),
        ("1\n" + "9" * 200 + "\n", f"line 2: '{'9' * 39} is no time"),
        (b"\xff\xfe1\n", "is not a CSV file"),
        ("1\n" + "x" * 200_000 + "\n", "is not a CSV file"),
        ("1\n2\x00\n", "line 2: "),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(read, text, problem):
    with pytest.raises(AssessError) as caught:
        read(text)
    assert problem in caught.value.problem
    assert caught.value.where.endswith("shutter.csv")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(AssessError, match="cannot be read: No such file"):
        read_trace(tmp_path / "gone.csv")


def test_a_file_without_end_is_not_read_to_its_end(read, monkeypatch):
    monkeypatch.setattr(trace, "_MOST_ROWS", 5)
    assert len(read("\n".join(map(str, range(5))))) == 5
    with pytest.raises(AssessError, match="has more than 5 releases"):
        read("\n".join(map(str, range(6))))


def test_times_since_1970_keep_their_nanoseconds(tmp_path):
    (tmp_path / "t.csv").write_text("1764000000.000000001\n1764000000.033333334\n")
    assert read_trace(tmp_path / "t.csv") == (0, 33_333_333)


def test_a_broken_first_line_is_no_header(tmp_path):
    (tmp_path / "t.csv").write_text("0.0.1\n1\n2\n")
    with pytest.raises(AssessError, match=r"line 1: '0\.0\.1' is no time"):
        read_trace(tmp_path / "t.csv")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(AssessError, match="is no plain file"):
        read_trace(tmp_path / "t.csv")
