"""Calibrating as a whole: a fake of the workers and of the clock, in exact numbers; and once for real."""

from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.measure.calibration.calibrate import PARTS, calibrate
from assess.measure.calibration.models import CONVOLUTION, DEPTHWISE, DISPATCH, PRECISIONS, PRODUCT, STREAM
from assess.sandbox import Ending

MIB = 2**20
GIB = 2**30


def trial(what, work, *round_ns, operator="MatMul"):
    return {"what": what, "operator": operator, "work": work, "round_ns": list(round_ns)}


def answered(*trials, skipped=None, note=""):
    return Ending("answered", {"trials": list(trials), "skipped": skipped or {}, "note": note}, "", "")


CHAINS = answered(*(trial(f"{n} of Neg", n, *[2000 + 160 * n] * 6, operator="Neg") for n in (1, 50, 200, 1000)))
STREAMS = answered(trial("Add", 12_000, *[1200] * 6), trial("Neg", 12_000, *[1000] * 6))


class World:
    """Workers that answer as told and take as long as they may, unless told otherwise."""

    def __init__(self, tmp_path, takes=lambda request, limits: request["budget_s"] + 0.5, **endings):
        self.now, self.asked, self.limits, self.takes = 100.0, [], [], takes
        self.endings = {PRODUCT: answered(trial("small", 4000, *[2] * 6), trial("large", 9000, *[3] * 6))}
        self.endings |= {CONVOLUTION: answered(trial("conv", 5000, *[2] * 6, operator="Conv"))}
        self.endings |= {DEPTHWISE: answered(trial("dw", 1000, *[2] * 6)), STREAM: STREAMS, DISPATCH: CHAINS}
        self.endings |= endings
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc/meminfo").write_text(f"MemAvailable: {4 * GIB // 1024} kB\n")
        self.root = tmp_path

    def launch(self, module, request, limits, *, on_progress):
        assert module == "assess.measure.worker"
        self.asked.append(request)
        self.limits.append(limits)
        on_progress({"known": {"versions": {"onnxruntime": "1.2.3"}}})
        self.now += min(self.takes(request, limits), limits.timeout_s)
        ending = self.endings[request["part"]]
        return ending(request) if callable(ending) else ending

    def calibrate(self, **changes):
        shares = iter(changes.pop("shares", (1.0, 1.0)))
        asked = {"threads": 2, "precisions": ("fp32",), **changes}
        return calibrate(
            launch=self.launch, clock=lambda: self.now, share=lambda: next(shares), root=self.root, **asked
        )


def noisy(found):
    """Of the figures that something disturbed, by name: what."""
    figures = {f"{each.kind} {each.precision}": each.operations_per_s for each in found.rates}
    named = {**figures, STREAM: found.bandwidth, DISPATCH: found.dispatch, "call": found.call}
    return {name: why for name, figure in named.items() if figure and (why := found.disturbed(figure))}


def test_each_part_becomes_a_figure(tmp_path):
    found = World(tmp_path).calibrate()
    product = found.rate(PRODUCT, "fp32")
    assert (product.shape, product.operator, product.operations_per_s.value) == ("large", "MatMul", 3e12)
    assert product.operations_per_s.method == "MatMul, large: the fastest of 2 shapes"
    assert [rate.kind for rate in found.rates] == [PRODUCT, CONVOLUTION, DEPTHWISE]
    assert found.rate(DEPTHWISE, "fp32").operations_per_s.value == 5e11
    assert found.peak("fp32") is product
    assert [stream.value for stream in found.streams] == [12e9, 10e9]
    assert found.bandwidth is found.streams[0]
    assert found.bandwidth.method == (
        "Neg; what a cache reads before it is overwritten is not counted; 8.0 times the last-level cache"
    )
    assert (found.dispatch.value, found.call.value) == pytest.approx((160e-9, 2e-6))
    assert (found.provider, found.threads, found.runtime_version) == ("CPUExecutionProvider", 2, "1.2.3")
    assert (noisy(found), found.why_shared, found.absent) == ({}, "", {})


def test_parts_share_the_time_by_weight_and_what_one_leaves_goes_to_the_rest(tmp_path):
    # Weights 3, 2, 3, 2, 1: of 55 s the first may take 15 and takes 4; the second 2 / 8 of the 51 that are left.
    world = World(tmp_path, takes=lambda request, limits: 4.0 if request["part"] == STREAM else request["budget_s"])
    found = world.calibrate(budget_s=55.0)
    assert [request["part"] for request in world.asked] == list(PARTS)
    assert [request["budget_s"] for request in world.asked] == pytest.approx([15, 12.75, 19.125, 12.75, 6.375])
    assert [limits.timeout_s for limits in world.limits][:2] == pytest.approx([1.5 * 15 + 10, 1.5 * 12.75 + 10])
    assert found.wall_s == pytest.approx(55.0)


@pytest.mark.parametrize("budget_s", [60.0, 5.0])
def test_hanging_parts_do_not_hold_it_longer_than_15_s_over_its_time(tmp_path, budget_s):
    hung = Ending("hung", None, "still running after 19 s", "")
    world = World(tmp_path, takes=lambda request, limits: 1e9, **dict.fromkeys(PARTS, hung))
    found = world.calibrate(precisions=PRECISIONS, budget_s=budget_s)
    assert budget_s <= found.wall_s <= budget_s + 15.0
    assert set(found.absent.values()) == {"hung: still running after 19 s", f"no time was left of {budget_s:g} s"}
    assert len(found.absent) == 2 + 3 * 4


def test_a_part_that_fails_takes_nothing_from_the_others(tmp_path):
    def product(request):
        if request["precision"] == "fp16":
            return Ending("crashed", None, "stopped by SIGSEGV", "first line\nassertion failed")
        if request["precision"] == "bf16":
            return Ending("answered", {"refused": "bad_alloc", "kind": "out of memory"}, "", "")
        if request["precision"] == "int8":
            return Ending("answered", {"absent": "no kernel"}, "", "")
        return answered(trial("large", 9000, *[3] * 6))

    found = World(tmp_path, **{PRODUCT: product}).calibrate(precisions=PRECISIONS)
    assert found.absent == {
        "matrix product fp16": "crashed: stopped by SIGSEGV: assertion failed",
        "matrix product bf16": "bad_alloc",
        "matrix product int8": "no kernel",
    }
    assert [rate.precision for rate in found.rates if rate.kind == PRODUCT] == ["fp32"]
    assert found.rate(PRODUCT, "fp16") is None
    assert found.dispatch is not None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "the pass answered what is not a result"),
        ([1], "the pass answered what is not a result"),
        ({"trials": 3}, "the pass answered what is not a result: timings.trials: expected a list, found 3"),
        ({"trials": []}, "the clock of this system is too coarse: an inference took no time"),
        ({"trials": [trial("x", 1)]}, "the clock of this system is too coarse: an inference took no time"),
        ({"trials": [trial("x", 1, 5, 0)]}, "the clock of this system is too coarse: an inference took no time"),
    ],
)
def test_an_answer_that_is_none_is_absent(tmp_path, answer, why):
    world = World(tmp_path, **{PRODUCT: Ending("answered", answer, "", "")})
    assert world.calibrate().absent["matrix product fp32"] == why


def test_an_unknown_provider_is_an_error(tmp_path):
    def refuse(request):
        raise AssessError("this ONNX Runtime has no XExecutionProvider", where="--provider", hint="")

    with pytest.raises(AssessError, match="XExecutionProvider"):
        World(tmp_path, **{STREAM: refuse}).calibrate(provider="XExecutionProvider")


def test_what_disturbed_a_figure_is_told_of_that_figure(tmp_path):
    shaken = answered(trial("large", 9000, 3, 3, 3, 3, 3, 6), note="compiled")
    chains = answered(*(trial(f"{n}", n, *(2000 + each * n for each in (160, 160, 300))) for n in (1, 1000)))
    found = World(tmp_path, **{PRODUCT: shaken, DISPATCH: chains}).calibrate()
    assert noisy(found) == {
        "matrix product fp32": "rounds differ by 100%, more than 15%: something disturbed the host",
        "call": "only 3 of at least 6 rounds fitted into the time",
        "dispatch": "only 3 of at least 6 rounds fitted into the time",
    }
    product = found.rate(PRODUCT, "fp32")
    assert found.disturbed(product.operations_per_s) == noisy(found)["matrix product fp32"]
    assert found.disturbed(found.bandwidth) == ""
    assert product.note == "compiled"


def test_a_host_that_others_share_disturbs_every_figure(tmp_path):
    shared = "this process got 99% of a CPU before and 50% after: others share it"
    shaken = answered(trial("large", 9000, 3, 3, 3, 3, 3, 6))
    found = World(tmp_path, **{PRODUCT: shaken}).calibrate(shares=(0.99, 0.5))
    assert found.why_shared == shared
    assert noisy(found) == {
        "matrix product fp32": f"rounds differ by 100%, more than 15%: something disturbed the host; {shared}",
        **dict.fromkeys(
            ("convolution fp32", "depthwise convolution fp32", "memory bandwidth", "dispatch", "call"), shared
        ),
    }


def test_the_bandwidth_is_the_highest_that_nothing_disturbed(tmp_path):
    shaken, few = trial("Add", 12_000, *[800] * 5, 1000), trial("Neg", 12_000, *[900] * 5)
    quiet, slower = trial("copy", 12_000, *[1000] * 6), trial("MatMul", 12_000, *[1200] * 6)
    found = World(tmp_path, **{STREAM: answered(slower, shaken, quiet, few)}).calibrate(parts=(STREAM,))
    assert [stream.value for stream in found.streams] == pytest.approx([15e9, 13.333e9, 12e9, 10e9], rel=1e-4)
    assert (found.bandwidth, noisy(found)) == (found.streams[2], {})


def test_where_all_were_disturbed_the_bandwidth_is_the_highest(tmp_path):
    shaken = answered(trial("Neg", 12_000, *[1000] * 5), trial("Add", 12_000, *[800] * 5, 1000))
    found = World(tmp_path, **{STREAM: shaken}).calibrate(parts=(STREAM,))
    assert found.bandwidth is found.streams[0]
    assert noisy(found) == {"memory bandwidth": "rounds differ by 25%, more than 15%: something disturbed the host"}


def test_threads_that_waited_for_a_cpu_are_told_even_if_all_rounds_agree(tmp_path):
    def waiting(share):
        return Ending("answered", {"trials": [trial("large", 9000, *[3] * 6)], "waited_share": share}, "", "")

    assert noisy(World(tmp_path, **{PRODUCT: waiting(0.05)}).calibrate()) == {}
    assert noisy(World(tmp_path, **{PRODUCT: waiting(0.5)}).calibrate()) == {
        "matrix product fp32": "threads had to wait for a CPU in 50% of the time, more than 5%: others were running"
    }


def test_each_figure_of_a_part_tells_that_its_threads_waited(tmp_path):
    chains = Ending("answered", {**CHAINS.answer, "waited_share": 0.25}, "", "")
    streams = Ending("answered", {**STREAMS.answer, "waited_share": 0.75}, "", "")
    found = World(tmp_path, **{DISPATCH: chains, STREAM: streams}).calibrate(parts=(DISPATCH, STREAM))
    why = "threads had to wait for a CPU in {} of the time, more than 5%: others were running"
    assert [found.disturbed(figure) for figure in (found.call, found.dispatch)] == [why.format("25%")] * 2
    assert [found.disturbed(figure) for figure in found.streams] == [why.format("75%")] * 2
    assert found.bandwidth.value == 12e9


def test_a_stream_that_was_left_out_is_absent_by_what_it_does(tmp_path):
    streams = answered(trial("Add", 12_000, *[1200] * 6), skipped={"Neg: 1 read and 1 written": "too little time"})
    found = World(tmp_path, **{STREAM: streams}).calibrate(parts=(STREAM,))
    assert found.absent == {"memory bandwidth (Neg: 1 read and 1 written)": "too little time"}


def test_chains_that_tell_no_slope_leave_dispatch_absent(tmp_path):
    found = World(tmp_path, **{DISPATCH: answered(trial("1", 1, 2000))}).calibrate()
    assert (found.dispatch, found.call) == (None, None)
    assert found.absent == dict.fromkeys(("call", "dispatch"), "chains of two lengths at least are needed")


def test_only_the_parts_asked_for_are_measured(tmp_path):
    world = World(tmp_path)
    found = world.calibrate(parts=(DISPATCH,), provider_options={"a": "b"})
    assert [request["part"] for request in world.asked] == [DISPATCH]
    assert world.asked[0]["provider_options"] == {"a": "b"}
    assert world.asked[0]["most_bytes"] == GIB
    assert (found.bandwidth, found.peak("fp32"), found.absent) == (None, None, {})
    assert not Path(world.asked[0]["scratch"]).exists()


def test_progress_tells_the_share_done_and_the_time_left(tmp_path):
    heard = []
    World(tmp_path).calibrate(budget_s=55.0, on_progress=lambda *told: heard.append(told))
    assert heard[0] == ("measuring memory bandwidth", 0.0, 55.0)
    # Each part is told as it begins, and again with each message of its worker.
    assert heard[2] == ("measuring dispatch", 15.5 / 55, 39.5)
    assert [what for what, _, _ in heard[::2]] == [
        "measuring memory bandwidth",
        "measuring dispatch",
        "measuring matrix product fp32",
        "measuring convolution fp32",
        "measuring depthwise convolution fp32",
    ]


def test_the_working_set_is_chosen_by_the_cache(tmp_path):
    folder = tmp_path / "sys/devices/system/cpu/cpu0/cache/index3"
    folder.mkdir(parents=True)
    for name, text in (("level", "3"), ("type", "Unified"), ("size", "16384K"), ("shared_cpu_list", "0-1")):
        (folder / name).write_text(text)
    world = World(tmp_path)
    assert world.calibrate(parts=(STREAM,)).bandwidth.method.endswith("; 8.0 times the last-level cache")
    assert world.asked[0]["working_set_bytes"] == 128 * MIB
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 65536 kB\n")
    found = world.calibrate(parts=(STREAM,))
    assert found.absent["memory bandwidth"].startswith("64 MiB of memory are free")
    assert len(world.asked) == 1


def test_a_board_that_does_not_tell_its_cache_is_taken_to_have_64_mib(tmp_path):
    world = World(tmp_path)
    world.calibrate(parts=(STREAM,))
    assert world.asked[0]["working_set_bytes"] == 512 * MIB


@pytest.mark.slow
def test_the_machine_at_hand_is_calibrated_within_its_time():
    found = calibrate(budget_s=10.0, precisions=("fp32", "fp16", "int8"), threads=1)
    assert found.wall_s < 25.0
    assert 1e8 < found.peak("fp32").operations_per_s.value < 1e14
    assert 1e8 < found.peak("int8").operations_per_s.value < 1e14
    assert found.rate(PRODUCT, "int8").operator == "MatMulInteger"
    assert found.rate(CONVOLUTION, "int8").operator == "QLinearConv"
    # With casts it would be a figure of fp32. A processor that multiplies fp16 itself has a figure, one that does not
    # has a reason.
    for kind in (PRODUCT, CONVOLUTION, DEPTHWISE):
        assert (found.rate(kind, "fp16") is None) == (f"{kind} fp16" in found.absent)
    assert 1e8 < found.bandwidth.value < 1e12
    assert len(found.streams) + sum("memory bandwidth (" in name for name in found.absent) == 4
    assert 50e-9 < found.dispatch.value < 1e-3
    assert 0 < found.call.value < 1e-3
    assert found.runtime_version.startswith("1.")
    for figure in (found.dispatch, found.call, *found.streams, *(rate.operations_per_s for rate in found.rates)):
        assert 0 < figure.low <= figure.value <= figure.high


@pytest.mark.slow
def test_a_provider_that_is_not_there_is_an_error_for_real():
    with pytest.raises(AssessError, match="no TensorrtExecutionProvider"):
        calibrate(provider="TensorrtExecutionProvider", budget_s=5.0, parts=(DISPATCH,))
