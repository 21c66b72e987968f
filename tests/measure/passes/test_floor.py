"""The floor in exact numbers: a host that oversleeps by so much, and a null model of exactly so long."""

import gc
from dataclasses import asdict
from itertools import chain, repeat
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.measure.engine import Kernel
from assess.measure.null_model import NULL_MODEL
from assess.measure.passes import floor
from assess.measure.passes.floor import Floor, Spread, floor_of, floor_pass, paced, spin_margin, spread
from assess.measure.plain import decode

US, MS = 1_000, 1_000_000
SPREAD = Spread(4000, 2 * US, 3 * US, 5 * US, 9 * US, 40 * US)


class World:
    """A host: its clock moves when somebody sleeps or infers, and each sleep is late by the next of `overslept`."""

    def __init__(self, overslept=(), infer=2 * US, peaks=(50, 80), waited=(0, 15 * MS), tick=0):
        self.now, self.infer, self.tick, self.loaded = 0, infer, tick, {}
        self.overslept, self.peaks, self.waited = chain(overslept, repeat(0)), list(peaks), iter(waited)
        self.versions, self.fed, self.cpu = {"onnxruntime": "fake"}, {}, 0

    refusals, method = (RuntimeError,), "fake"

    def clock(self):
        self.now += self.tick
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9) + next(self.overslept)

    def watch(self, instant):
        self.cpu += max(0, instant - self.now)
        self.now = max(self.now, instant)

    def restart(self):
        pass

    def peak_bytes(self):
        return self.peaks.pop(0)

    def providers(self):
        return ["CPUExecutionProvider"]

    def load(self, request):
        self.loaded = request
        return self

    def feed(self, arrays):
        self.fed = arrays

    def first(self):
        pass

    def settle(self):
        return "preallocated", self.run

    def run(self):
        self.now += self.infer
        self.cpu += self.infer

    def kernel(self, **changes):
        system = Kernel(self.clock, self, lambda: 1, lambda: next(self.waited), self.sleep, self.watch)
        return system._replace(**changes)


def take(world, rate_hz=100.0, told=None, **changes):
    request = {"provider": "CPUExecutionProvider", "threads": 8, "custom_ops": ["lib.so"], "rate_hz": rate_hz}
    tell = (told if told is not None else []).append
    try:
        return floor_pass(request, tell, world, world.kernel(**changes), cpu=lambda: world.cpu)
    finally:
        gc.enable()


def test_each_part_of_the_floor_is_measured():
    # Of 30 sleeps of the first span 25 are 70 us late, 4 by 120 us and one by 3 ms; later ones are late by 130 us,
    # of which the spin of 120 us leaves 10 us.
    world = World([*[70 * US] * 25, *[120 * US] * 4, 3 * MS, *[130 * US] * 100])
    found = decode(Floor, take(world), "floor")
    assert found == Floor(
        period_ns=10 * MS,
        null_loop=Spread(75_000, 2 * US, 2 * US, 2 * US, 2 * US, 2 * US),
        timer_ns=0,
        sleep=Spread(30, 70 * US, 120 * US, 3 * MS, 3 * MS, 3 * MS),
        spin_ns=120 * US,
        lateness=Spread(35, 10 * US, 10 * US, 10 * US, 10 * US, 10 * US),
        late_share=0.0,
        pacing_cpu=35 * 2 * US / (350 * MS + 10 * US + 2 * US),
        run_queue_wait=0.1,
        runtime_bytes=30,
    )


def test_the_null_model_goes_the_way_of_every_model_on_the_cpu():
    world = World()
    take(world)
    wanted = {"model": NULL_MODEL, "provider": "CPUExecutionProvider", "threads": 1, "custom_ops": ()}
    assert wanted.items() <= world.loaded.items()
    assert world.fed["x"].shape == (1,)
    assert world.fed["x"].dtype == "float32"


def test_a_spin_hides_a_late_wake_up_and_costs_a_cpu_for_as_long():
    # 25 us late each time, spun over by the least margin of 50 us: 25 us of watching and 2 us of inference a frame.
    found = take(World([25 * US] * 100))
    assert found["spin_ns"] == 50 * US
    assert found["lateness"]["max_ns"] == 0
    assert found["pacing_cpu"] == pytest.approx(27 / 10_000, rel=1e-4)


def test_the_share_of_late_frames_is_told():
    late = [*[0] * 30, *[2 * MS] * 7]
    found = take(World(late))
    assert found["late_share"] == 7 / 35
    # Frames that start on the dot of 1 ms are not late by more than it.
    assert take(World([*[0] * 30, *[1 * MS + 50 * US] * 7]))["late_share"] == 0.0


@pytest.mark.parametrize(
    ("rate_hz", "period_ns", "asleep", "spun"),
    [
        (None, 10 * MS, 30, 35),
        (1, 50 * MS, 6, 7),
        (30, 33_333_333, 10, 11),
        (1000, MS, 300, 350),
        (10_000, 100 * US, 3000, 3500),
        (1e9, 20 * US, 15_000, 17_500),
    ],
)
def test_it_takes_less_than_a_second_at_any_rate(rate_hz, period_ns, asleep, spun):
    world = World()
    found = take(world, rate_hz)
    assert (found["period_ns"], found["sleep"]["count"], found["lateness"]["count"]) == (period_ns, asleep, spun)
    assert 0.8 < world.now * 1e-9 < 1.0


def test_a_margin_covers_nine_wake_ups_in_ten_within_bounds():
    def margin(p90, period=10 * MS):
        return spin_margin(Spread(30, 1, p90, 9 * MS, 9 * MS, 9 * MS), period)

    assert margin(80 * US) == 80 * US
    assert margin(3 * US) == 50 * US
    assert margin(4 * MS) == 1 * MS
    assert margin(4 * MS, period=1 * MS) == 500 * US
    assert margin(4 * MS, period=20 * US) == 50 * US


def test_percentiles_are_nearest_ranks():
    assert spread(list(range(1000, 0, -1))) == Spread(1000, 500, 900, 990, 999, 1000)
    assert spread([7]) == Spread(1, 7, 7, 7, 7, 7)


def test_the_clocks_own_cost_is_the_time_between_two_readings():
    assert floor._timer_ns(World(tick=40).clock) == 40


def test_releases_are_on_a_fixed_grid_however_late_one_is():
    world = World([5 * MS])
    frames = paced(world.run, 2 * MS, 10 * MS, 0, world.kernel())
    # The first sleep ends 5 ms late: what was released meanwhile follows at once, 2 us each, and is late for that.
    assert frames.lateness == [5 * MS, 3 * MS + 2 * US, 1 * MS + 4 * US, 0, 0]


def test_the_floor_of_a_frame_is_the_loop_and_the_lateness():
    known = Floor(MS, SPREAD, 40, SPREAD, 50 * US, Spread(35, 1 * US, 4 * US, 700 * US, 700 * US, 700 * US), 0.0, 0.1)
    assert floor_of(known, 50) == 3 * US
    assert floor_of(known, 99) == 705 * US
    assert floor_of(known, 99, paced=False) == 5 * US
    # A percentile that is not kept is taken from above: never too little.
    assert floor_of(known, 95) == floor_of(known, 99)
    assert floor_of(known, 99.99) == 740 * US


def test_what_the_system_does_not_tell_is_absent_with_the_reason():
    found = take(World(waited=(None, None)), memory="plan9 tells neither VmHWM nor ru_maxrss")
    assert (found["run_queue_wait"], found["runtime_bytes"]) == (None, None)
    assert found["absent"] == {
        "run queue": "the system does not tell",
        "runtime memory": "plan9 tells neither VmHWM nor ru_maxrss",
    }


def test_the_runtime_and_the_process_are_told_before_anything_is_measured():
    told = []
    take(World(), told=told)
    assert told[0]["known"]["versions"] == {"onnxruntime": "fake"}
    assert told[0]["known"]["providers"] == ["CPUExecutionProvider"]


def test_a_refusal_is_an_answer_and_an_unknown_provider_an_error():
    class Refusing(World):
        def first(self):
            raise RuntimeError("Failed to allocate memory for requested buffer")

    assert take(Refusing())["kind"] == "out of memory"
    with pytest.raises(AssessError, match="no TensorrtExecutionProvider"):
        floor_pass({"provider": "TensorrtExecutionProvider"}, print, World(), World().kernel())


def test_the_timer_slack_of_the_process_is_read(tmp_path: Path):
    (tmp_path / "timerslack_ns").write_text("1\n")
    assert floor._of_this_process(tmp_path / "timerslack_ns")["timer_slack_ns"] == 1
    assert floor._of_this_process(tmp_path / "none")["timer_slack_ns"] is None


def test_the_null_model_is_the_one_that_onnx_would_write():
    import onnx
    from onnx import TensorProto, helper

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "null", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    assert model.SerializeToString(deterministic=True) == NULL_MODEL
    onnx.checker.check_model(onnx.load_from_string(NULL_MODEL), full_check=True)


@pytest.mark.slow
def test_on_a_real_runtime_the_floor_is_microseconds():
    from assess import sandbox

    known = {}
    request = {"pass": "floor", "provider": "CPUExecutionProvider", "memory_limit_bytes": None, "rate_hz": 1000.0}
    limits = sandbox.Limits(60.0, None)
    ending = sandbox.run(
        "assess.measure.worker", request, limits, on_progress=lambda message: known.update(message["known"])
    )
    found = decode(Floor, ending.answer, "floor")
    # Wide bounds: this host may be shared, and its medians still tell a null model from any other.
    assert found.null_loop.p50_ns < 100 * US
    assert found.null_loop.count > 1000
    assert found.lateness.count == 350
    assert found.timer_ns < 10 * US
    assert 0 < found.runtime_bytes < 200e6
    assert known["telemetry"] is False
    assert asdict(found) == {**ending.answer}
