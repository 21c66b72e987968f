"""A diagnosis, rendered and concluded in exact words; the world is a folder and a worker that answers as told."""

import json
from dataclasses import asdict, replace

import builders
import pytest

from assess.measure.conditions import Condition
from assess.measure.diagnosis import Diagnosis, diagnose
from assess.measure.passes.floor import Floor, Spread
from assess.report.doctor import doctor_json, doctor_text
from assess.sandbox import Ending

FLOOR = Floor(
    period_ns=10_000_000,
    null_loop=Spread(75_000, 2_000, 2_100, 3_000, 9_000, 40_000),
    timer_ns=50,
    sleep=Spread(30, 60_000, 90_000, 3_000_000, 3_000_000, 3_000_000),
    spin_ns=90_000,
    lateness=Spread(300, 1_000, 5_000, 97_000, 400_000, 400_000),
    late_share=0.0,
    pacing_cpu=0.009,
    run_queue_wait=0.25,
    runtime_bytes=10_400_000,
)
CONDITIONS = (
    Condition("run queue", "bad", "waited 25.0% of the time", "others had the CPU", "ps | head"),
    Condition("load", "could be better", "1.00 on 2 CPUs", "others work here", "ps | head"),
    Condition("governor", "not known", "", "no cpufreq in /sys"),
    Condition("hypervisor", "good", "none\x1b[2J"),
)
TEXT = """\
ACME Rover Board: aarch64, 6 CPUs, 1 GB, Linux 6.8

  floor
    null model        p50 2 us, p99 3 us, p99.9 9 us, most 40 us of 75,000 back to back; the timer
                      takes 50 ns of it
    sleep alone       late by p50 60 us, p99 3 ms, p99.9 3 ms, most 3 ms of 30, frames every 10 ms
    as we pace        late by p50 1 us, p99 97 us, p99.9 400 us, most 400 us of 300; 0.0% later than
                      1 ms
    cost of pacing    0.9% of one CPU; the last 90 us of each wait is a spin
    runtime           10.4 MB of memory for a session of the null model, beyond the imports

  bad
    run queue         waited 25.0% of the time: others had the CPU
                      -> ps | head

  could be better
    load              1.00 on 2 CPUs: others work here
                      -> as for run queue

  not known
    governor          no cpufreq in /sys

  good
    hypervisor        none\\x1b[2J

FIT  the host itself takes 100 us of a frame at 100 Hz (p99): 1% of the deadline of 10 ms, 10% may
  be; the shortest deadline that it can certify is 1 ms.
"""


def diagnosis(floor=FLOOR, **changes):
    known = {"rate_hz": 100.0, "deadline_s": 0.010, "why_no_floor": "", **changes}
    return Diagnosis(builders.host(), "CPUExecutionProvider", floor=floor, conditions=CONDITIONS, **known)


def conclusion(found):
    return " ".join(doctor_text(found).split("\n\n")[-1].split())


def test_the_whole_text_in_a_hundred_columns():
    assert doctor_text(diagnosis()) == TEXT
    assert max(map(len, TEXT.splitlines())) <= 100


def test_colours_are_only_those_asked_for():
    assert "\x1b[31mbad\x1b[0m" in doctor_text(diagnosis(), colour=True)
    assert "\x1b" not in doctor_text(diagnosis())


def test_a_floor_of_a_tenth_of_the_deadline_is_the_most():
    assert diagnosis(deadline_s=0.001).fit is True
    short = diagnosis(deadline_s=0.0009)
    assert short.fit is False
    assert conclusion(short).startswith("NOT FIT the host itself takes 100 us of a frame at 100 Hz (p99): 11.1% of")


def test_without_a_deadline_only_the_floor_is_told():
    found = diagnosis(deadline_s=None, rate_hz=None)
    assert found.fit is None
    assert conclusion(found) == (
        "FLOOR the host itself takes 100 us of a frame (p99); the shortest deadline that it can certify is 1 ms."
    )


def test_without_a_floor_nothing_is_concluded():
    found = diagnosis(None, why_no_floor="stopped by SIGSEGV")
    assert (found.fit, found.floor_s, found.shortest_deadline_s) == (None, None, None)
    assert conclusion(found) == "FLOOR could not be measured: stopped by SIGSEGV"


def test_json_has_the_same():
    found = json.loads(doctor_json(diagnosis()))
    assert (found["schema"], found["fit"], found["floor_p99_s"]) == ("assess.doctor/1", True, pytest.approx(100e-6))
    assert found["floor"] == json.loads(json.dumps(asdict(FLOOR)))
    assert found["conditions"][2] == {
        "name": "governor", "standing": "not known", "found": "", "because": "no cpufreq in /sys", "remedy": "",
    }  # fmt: skip
    assert json.loads(doctor_json(diagnosis(None, why_no_floor="x")))["floor"] is None


def worker(ending, root, stat=""):
    """In place of `sandbox.run`: tells the versions, lets CPU time pass on the host, and ends as told."""

    def launch(module, request, limits, *, on_progress):
        assert (module, request["pass"], request["rate_hz"]) == ("assess.measure.worker", "floor", 100.0)
        on_progress({"known": {"versions": {"onnxruntime": "1.32.0"}, "providers": ["X"], "telemetry": False}})
        (root / "proc/stat").write_text(stat)
        return ending

    return launch


def examine(root, ending):
    (root / "proc").mkdir()
    (root / "proc/stat").write_text("cpu  100 0 50 800 10 0 5 35 7 0\n")
    return diagnose(
        rate_hz=100.0,
        deadline_s=0.01,
        provider="X",
        on_progress=lambda *_: None,
        launch=worker(ending, root, "cpu  150 0 60 1700 10 0 5 75 9 0\n"),
        host=builders.host,
        root=root,
    )


def test_a_diagnosis_joins_what_the_worker_told_and_the_host_shows(tmp_path):
    found = examine(tmp_path, Ending("answered", json.loads(json.dumps(asdict(FLOOR))), "", ""))
    assert found.floor == FLOOR
    shown = {condition.name: condition.found for condition in found.conditions}
    assert shown["ONNX Runtime"] == "1.32.0 with X; telemetry off"
    assert shown["steal"] == "4.00% of the CPU time while the floor was measured"
    assert shown["run queue"] == "waited 25.0% of the time"


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        (
            Ending("crashed", None, "stopped by SIGILL", "warning\nillegal hardware"),
            "stopped by SIGILL: illegal hardware",
        ),
        (Ending("hung", None, "still running after 60 s", ""), "still running after 60 s"),
        (Ending("answered", {"refused": "no", "kind": "refused"}, "", ""), "ONNX Runtime refused the null model: no"),
    ],
)
def test_a_worker_that_fails_leaves_the_conditions(tmp_path, ending, why):
    found = examine(tmp_path, ending)
    assert (found.floor, found.why_no_floor, found.fit) == (None, why, None)
    assert any(condition.name == "steal" and condition.standing == "bad" for condition in found.conditions)


def test_under_an_emulator_no_deadline_can_be_measured_however_long():
    host = builders.host(emulator="qemu-aarch64-st, in user mode")
    found = replace(diagnosis(deadline_s=10.0), host=host)
    assert (found.fit, found.shortest_deadline_s) == (False, None)
    assert conclusion(found) == (
        "NOT FIT the processor is emulated, by qemu-aarch64-st, in user mode: no deadline can be measured here; "
        "outputs, differences of memory, detection and instruction sets are real."
    )
    assert doctor_text(found).startswith("ACME Rover Board, emulated: aarch64")
    assert json.loads(doctor_json(found))["host"]["emulator"] == "qemu-aarch64-st, in user mode"
