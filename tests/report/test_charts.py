"""Pictures: what is marked where, how large they get, and that text in them is data."""

import re
from dataclasses import replace

import builders
import whole_run

from assess.judge.fit_report import judge
from assess.measure.frames import Frames
from assess.measure.passes.profile import OperatorTime
from assess.report.charts import charts
from assess.report.charts.svg import axis


def drawn(**changes):
    device = builders.device(runtimes=(builders.runtime(provider=whole_run.NPU),))
    case = builders.case(run=whole_run.whole_run(**changes), job=whole_run.WORKLOAD, on=device)
    return {chart.title: chart.svg for chart in charts(judge(case, run_sha256="ef" * 32, tool="0.1.0"))}


def words(svg):
    return re.findall(r">([^<>]+)</text>", svg)


def test_each_picture_needs_its_data():
    assert list(drawn()) == [
        "Numbers against their limits",
        "Response time of each frame over the run on ACME Rover",
        "How long frames took on ACME Rover",
        "Windows of the run on ACME Rover",
        "What memory is used for, above the process with its imports",
        "Time by operator",
        "Multiply-accumulates by operator",
    ]
    bare = drawn(windows=(), attribution=None, profile=None, memory=None)
    assert [title for title in bare if "run" in title or "frames" in title] == [
        "Response time of each frame over the run on ACME Rover",
        "How long frames took on ACME Rover",
    ]


def test_late_and_dropped_frames_are_marked_apart():
    svg = drawn()["Response time of each frame over the run on ACME Rover"]
    assert {"2 late", "1 dropped", "deadline 10 ms"} <= set(words(svg))
    assert len(re.findall(r'class="rug (late|dropped)"', svg)) == 2
    # Frames 500 and 501 are two ticks of the rug, side by side: 5 s and 5.01 s of 12 s.
    assert re.search(r'class="rug late" d="(M\d+ 212v12)+"', svg)
    assert svg.count("h0") == 1199  # Few enough for a dot each.


def test_a_run_of_any_length_is_a_small_picture():
    starts = tuple(index * 10_000_000 for index in range(30_000))
    done = tuple(start + 4_000_000 + (index * 7919) % 3_000_000 for index, start in enumerate(starts))
    late = tuple(end + 9_000_000 if index % 20 == 0 else end for index, end in enumerate(done))
    svg = drawn(frames=Frames(starts, starts, late))["Response time of each frame over the run on ACME Rover"]
    assert "1,500 late" in words(svg)
    assert len(svg) < 40_000


def test_the_slowest_frame_of_thousands_is_in_the_picture():
    starts = tuple(index * 10_000_000 for index in range(5_000))
    done = [start + 4_000_000 for start in starts]
    done[2500] += 5_000_000
    svg = drawn(frames=Frames(starts, starts, tuple(done)))["Response time of each frame over the run on ACME Rover"]
    band = re.search(r'class="band" d="([^"]+)"', svg)[1]
    heights = [float(low) - float(top) for top, low in re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", band)]
    assert sum(height > 20 for height in heights) == 1


def test_the_distribution_marks_deadline_and_certificate():
    svg = drawn()["How long frames took on ACME Rover"]
    assert {"deadline 10 ms", "certified p99 at most 4.72 ms", "p50 4.37 ms"} <= set(words(svg))
    assert {"response time", "service time", "back to back"} <= set(words(svg))


def test_memory_parts_are_labelled_or_listed():
    svg = drawn()["What memory is used for, above the process with its imports"]
    assert {"load peak", "12 MB", "weights", "6 MB", "runtime", "3 MB", "temporary", "2.4 MB"} <= set(words(svg))
    narrow = "arena 250 kB, inputs and outputs 600 kB, kept by the C library 100 kB, not attributed 50 kB"
    assert f"and, too narrow for a label: {narrow}" in words(svg)


def test_windows_show_heat_and_throttling():
    assert {"throttled", "58 °C", "68 °C"} <= set(words(drawn()["Windows of the run on ACME Rover"]))


def test_names_of_operators_are_data():
    hostile = OperatorTime('<script>"\x1b', "x", 1, 1, 400_000_000)
    svg = drawn(profile=replace(whole_run.PROFILE, by_operator=(hostile,)))["Time by operator"]
    assert "<script" not in svg
    assert "\x1b" not in svg
    assert "&lt;script&gt;&quot;\\x1b" in svg


def test_an_axis_has_round_ticks_and_room():
    found = axis([4_000_000, 25_000_000], 0, 100)
    assert [text for _, text in found.ticks()] == ["5 ms", "10 ms", "20 ms"]
    assert 0 < found.at(4_000_000) < found.at(25_000_000) < 100
    assert [text for _, text in axis([5, 5], 0, 100).ticks()]
