"""A device drawn for the terminal, whole; `GOLDEN=write pytest tests/report/drawn` writes it anew."""

import os
from pathlib import Path

import pytest

from assess.describe.library import Library
from assess.report.drawn import drawn
from assess.report.drawn.bars import bar, parted

GOLDEN = Path(__file__).parents[2] / "golden"

DEVICE = """
name = "ACME Rover"
vendor = "ACME"
sectors = ["robotics"]
availability = "shipping"
summary = "A rover."
power_mode = "25W"
power = { value = "25 W", source = "DS", grade = "A" }
storage = { value = "64 GB", source = "DS", grade = "A" }

[sources]
DS = { where = "ACME Rover data sheet, rev 3" }
CAL = { where = "calibration" }
REC = { where = "recalled, not read" }

[identity]
board = ["ACME Rover Board"]
power_mode = ["25W"]

[memory]
kind = "unified"
capacity = { value = "8 GB", source = "DS", grade = "A" }
reserved = { value = "2 GB", source = "DS", grade = "B" }
bandwidth = { value = "100 GB/s", source = "DS", grade = "A" }
measured_bandwidth = { value = "80 GB/s", source = "CAL", grade = "A" }

[[engine]]
name = "gpu"
kind = "gpu"
units = { value = 16, source = "DS", grade = "A" }
clock = { value = "1 GHz", source = "DS", grade = "A" }

[[engine.peak]]
precision = "fp16"
dense = { value = "10 TOPS", source = "REC", grade = "R" }

[[engine.peak]]
precision = "int8"
dense = { value = "20 TOPS", source = "DS", grade = "A" }
sparse = { value = "40 TOPS", source = "DS", grade = "A" }
measured = { value = "12 TOPS", source = "CAL", grade = "A" }

[[engine]]
name = "cpu"
kind = "cpu"

[[engine.peak]]
precision = "fp32"
measured = { value = "500 GOPS", source = "CAL", grade = "A" }

[[runtime]]
id = "acme-rt"
engine = "gpu"
dispatch = { value = "4 us", source = "CAL", grade = "A" }

[thermal]
of = "ambient"
low = { value = "-25 degC", source = "DS", grade = "A" }
high = { value = "80 degC", source = "DS", grade = "A" }

[[standard]]
id = "aec-q100"
level = "grade 2"
source = "DS"
grade = "A"
"""

SLOW = """
extends = "acme-rover"
name = "ACME Rover (10 W)"
power_mode = "10W"
power = { value = "10 W", source = "DS", grade = "A" }

[identity]
power_mode = ["10W"]

[[engine]]
name = "gpu"

[[engine.peak]]
precision = "int8"
dense = { value = "8 TOPS", source = "DS", grade = "A" }
"""

RUNTIME = """
name = "ACME runtime"
version = "4.2"
source = "manual"

[operators]
Add = {}
Conv = {}
"""


@pytest.fixture
def library(tmp_path):
    for name, text in {
        "devices/acme-rover": DEVICE,
        "devices/acme-rover-10w": SLOW,
        "runtimes/acme-rt": RUNTIME,
    }.items():
        file = tmp_path / f"{name}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return Library([tmp_path])


def test_a_device_whole(library):
    text = drawn(library.device("acme-rover"), [library.device("acme-rover-10w")], 100)
    golden = GOLDEN / "device-drawn.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_mode_is_shown_among_the_others_the_one_of_most_power_first(library):
    text = drawn(library.device("acme-rover-10w"), [library.device("acme-rover")], 100)
    assert text[text.index("power modes") :].split("\n\n")[0].splitlines() == [
        "power modes",
        "                gpu int8  gpu fp16  memory",
        "     25W  25 W  20 TOPS   10 TOPS   100 GB/s  acme-rover",
        "  *  10W  10 W  8 TOPS    -         -         acme-rover-10w",
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_every_shipped_device_is_drawn_within_its_columns(width):
    library = Library()
    for id_ in library.ids("devices"):
        modes = [library.device(str(other)) for other in library.modes_of(library.path("devices", id_))]
        for line in drawn(library.device(id_), modes, width).splitlines():
            # Only a word that fits into no line is longer: an address of a source.
            assert len(line) <= width or max(map(len, line.split())) > width - 10, f"{id_}: {line}"


def test_hostile_text_steers_no_terminal(library, tmp_path):
    file = tmp_path / "devices" / "acme-rover.toml"
    file.write_text(
        DEVICE.replace('"gpu"\nkind', '"g\\u001b[31m"\nkind')
        .replace('engine = "gpu"', 'engine = "g\\u001b[31m"')
        .replace("A rover.", "A \\u202e rover")
    )
    text = drawn(Library([tmp_path]).device("acme-rover"), [], 100)
    assert all(char.isprintable() for char in text.replace("\n", ""))


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, ""), (0.0001, "▏"), (0.5, "████"), (0.52, "████▏"), (1.0, "████████"), (7.0, "████████")],
)
def test_bars_show_whatever_is_more_than_nothing(share, text):
    assert bar(share, 8) == text


def test_bars_of_two_parts():
    assert [parted(share, 8) for share in (0.0, 0.01, 0.5, 1.0)] == ["░░░░░░░░", "▓░░░░░░░", "▓▓▓▓░░░░", "▓▓▓▓▓▓▓▓"]


def chart(library, **changes):
    """The chart of the rover with parts of its text replaced."""
    file = library.path("devices", "acme-rover")
    text = DEVICE
    for old, new in changes.items():
        text = text.replace({"bandwidth": BANDWIDTH, "peaks": PEAKS}[old], new)
    file.write_text(text)
    drawing = drawn(Library([file.parents[1]]).device("acme-rover"), [], 100)
    start = drawing.find("roofline")
    return drawing[start:].split("\n\n")[0] if start >= 0 else ""


BANDWIDTH = 'bandwidth = { value = "100 GB/s", source = "DS", grade = "A" }\nmeasured'
PEAKS = """precision = "int8"
dense = { value = "20 TOPS", source = "DS", grade = "A" }
sparse = { value = "40 TOPS", source = "DS", grade = "A" }
measured ="""


def test_the_bound_that_is_drawn_is_the_one_that_latency_is_projected_with(library):
    lines = chart(library).splitlines()
    assert lines[0] == "roofline of gpu at 100 GB/s, 80 GB/s reached"
    assert lines[-4:] == [
        "  a fp16     10 TOPS from 100 operations per byte on",
        "  b int8     20 TOPS from 200 operations per byte on",
        "  B int8     12 TOPS reached from 150 operations per byte on",
        "  / a b: what latency is projected with; . A B: what was reached",
    ]


def test_a_calibrated_board_has_a_chart_of_what_was_reached(library):
    lines = chart(
        library,
        bandwidth="measured",
        peaks='precision = "int8"\nmeasured =',
    ).splitlines()
    assert lines[0] == "roofline of gpu at 80 GB/s reached"
    assert "/" not in "".join(lines[1:-1])
    assert lines[-3:] == [
        "  a fp16     10 TOPS from 125 operations per byte on",
        "  B int8     12 TOPS reached from 150 operations per byte on",
        "  This is what was reached; latency is projected with published numbers only.",
    ]


def test_of_published_numbers_alone_nothing_is_said_to_be_reached(library):
    text = chart(
        library,
        peaks='precision = "int8"\ndense =',
        bandwidth='bandwidth = { value = "100 GB/s", source = "DS", grade = "A" }\n#',
    )
    assert "reached" not in text
    assert text.endswith("  b int8     12 TOPS from 120 operations per byte on")
