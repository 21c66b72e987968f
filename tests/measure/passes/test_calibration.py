"""The calibration pass in exact numbers: a runtime whose models take as long as their size says."""

import gc
import json
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from assess.errors import AssessError
from assess.measure.calibration.models import DEPTHWISE, DISPATCH, PRODUCT, STREAM
from assess.measure.engine import Kernel
from assess.measure.kernel_times import KernelTime
from assess.measure.passes import calibration
from assess.measure.passes.calibration import Timings, Trial, alternate, calibration_pass, why_not_native
from assess.measure.plain import decode

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
US, MS, S = 1_000, 1_000_000, 1_000_000_000
MIB = 2**20


class Model:
    """A loaded model: its operators, and how long it takes by the size of what it is fed."""

    def __init__(self, world, request):
        self.world, self.request = world, request
        self.graph = onnx.load_from_string(request["model"]).graph
        self.fed = {each["name"]: np.empty(world.arrays[each["file"]]) for each in request["inputs"]}

    def first(self):
        self.world.first(self)

    def feed(self, arrays):
        self.fed = dict(arrays)

    def settle(self):
        return "preallocated", self.run

    def run(self):
        self.world.now += self.world.takes(self)
        self.world.ran = self.world.now

    def end_profiling(self):
        operators = [node.op_type for node in self.graph.node] + ["Cast"] * self.world.casts(self)
        events = [self.event(operator, index) for index, operator in enumerate(operators)]
        file = Path(self.request["profile"] + ".json")
        run = {"cat": "Session", "name": "model_run", "dur": 1, "ts": 0}
        file.write_text("[\n" + ",\n".join(map(json.dumps, [*events, run])) + "\n]\n")
        return str(file)

    def event(self, operator, index):
        facts = {"op_name": operator, "provider": self.world.provider}
        name = f"{operator}_{index}_kernel_time"
        return {"cat": "Node", "name": name, "dur": 1, "ts": 2 * index, "tid": 1, "args": facts}


class World:
    """A runtime and its clock."""

    refusals = (RuntimeError,)

    def __init__(self, takes=lambda model: 100 * US, provider=CPU, casts=lambda model: 0, first=lambda model: None):
        self.now, self.ran, self.loaded, self.arrays, self.versions = 0, 0, [], {}, {"onnxruntime": "1.2.3"}
        self.takes, self.provider, self.casts, self.first = takes, provider, casts, first

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9)

    def cpu(self):
        """Threads spin for 35 ms after each inference."""
        return min(self.now, self.ran + 35 * MS)

    def providers(self):
        return [CPU, CUDA]

    def read_inputs(self, inputs):
        for each in inputs:
            self.arrays[each["file"]] = np.load(each["file"]).shape

    def load(self, request):
        self.loaded.append(request)
        return Model(self, request)


def take(world, tmp_path, part=PRODUCT, precision="fp32", told=None, waited=(None, None), **changes):
    request = {
        "part": part, "precision": precision, "budget_s": 6.0, "scratch": str(tmp_path), "provider": CPU,
        "provider_options": {}, "threads": 2, "most_bytes": 256 * MIB, "working_set_bytes": 12 * MIB, **changes,
    }  # fmt: skip
    kernel = Kernel(world.clock, "no memory", lambda: 1, lambda: None, world.sleep)
    try:
        tell = (told if told is not None else []).append
        found = calibration_pass(request, tell, world, kernel, waited_ns=partial(next, iter(waited)), cpu_ns=world.cpu)
        return json.loads(json.dumps(found))  # As the parent gets it.
    finally:
        gc.enable()


def edge(model):
    return model.fed["x"].shape[-1]


def test_each_matrix_is_timed_in_nine_rounds(tmp_path):
    world = World(takes=lambda model: edge(model) * US)
    found = decode(Timings, take(world, tmp_path), "timings")
    assert found == Timings(
        tuple(
            Trial(f"{n} x {n} by {n} x {n}, float32", "MatMul", 2 * n**3, (n * US,) * 9) for n in (256, 512, 1024, 2048)
        )
    )
    assert 5.9 * S < world.now < 6.1 * S


def test_waiting_for_a_cpu_is_a_share_of_the_rounds_of_all_threads(tmp_path):
    world = World(takes=lambda model: 1 * MS)
    found = take(world, tmp_path, waited=(7 * S, 10 * S), threads=2)
    # Two threads, six seconds: of 12 s they waited for 3.
    assert found["waited_share"] == pytest.approx(0.25, rel=0.01)
    assert take(World(), tmp_path, waited=(7 * S, 70 * S), threads=2)["waited_share"] == 1.0
    assert take(World(), tmp_path, waited=(None, None))["waited_share"] is None


def test_what_all_threads_waited_is_read_from_the_kernel(tmp_path):
    assert calibration.all_waited_ns(tmp_path / "none") is None
    for thread, waited in (("1", 30), ("2", 12)):
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(f"1000 {waited} 5\n")
    assert calibration.all_waited_ns(tmp_path) == 42
    (tmp_path / "2" / "schedstat").write_text("\n")
    assert calibration.all_waited_ns(tmp_path) is None


def test_models_run_as_any_would_and_leave_no_file(tmp_path):
    world = World()
    take(world, tmp_path)
    assert {request["optimisation"] for request in world.loaded} == {"all"}
    assert {request["threads"] for request in world.loaded} == {2}
    # The first is only looked at, to see that it runs as it was meant to.
    assert ["profile" in request for request in world.loaded] == [True, False, False, False, False]
    assert list(tmp_path.iterdir()) == []


def test_the_versions_come_first_and_each_round_is_told(tmp_path):
    told = []
    take(World(), tmp_path, told=told)
    assert told[0] == {"known": {"versions": {"onnxruntime": "1.2.3"}}}
    assert told[1:] == [{"rounds": done} for done in range(9)]


def test_a_matrix_that_would_take_too_long_is_left_out(tmp_path):
    # 2 n³ operations at 1 GOPS: 33.6 ms, 268 ms, 2.1 s, 17 s. Six rounds of the second take 3.2 s,
    # since each has a call that is not timed.
    world = World(takes=lambda model: 2 * edge(model) ** 3)
    found = take(world, tmp_path, budget_s=7.0)
    assert [trial["what"][:3] for trial in found["trials"]] == ["256", "512"]
    assert found["skipped"] == {
        "1024 x 1024 by 1024 x 1024, float32": "one inference would take about 2.1 s: too little time",
        "2048 x 2048 by 2048 x 2048, float32": "one inference would take about 17 s: too little time",
    }
    assert world.now < 7.0 * S + 2 * 2 * 512**3 * 2


def test_the_first_round_is_done_however_slow_the_device(tmp_path):
    found = take(World(takes=lambda model: 10 * S), tmp_path, budget_s=1.0)
    assert [trial["round_ns"] for trial in found["trials"]] == [[10 * S]]


def test_a_matrix_that_would_take_too_much_memory_is_left_out(tmp_path):
    found = take(World(), tmp_path, most_bytes=10 * MIB)
    assert [trial["work"] for trial in found["trials"]] == [2 * 256**3, 2 * 512**3]
    assert found["skipped"]["1024 x 1024 by 1024 x 1024, float32"] == (
        "it would need about 32 MiB of memory, more than the share of 10 MiB of what is free"
    )
    assert take(World(), tmp_path, most_bytes=MIB) == {
        "absent": "it would need about 2 MiB of memory, more than the share of 1 MiB of what is free"
    }


def test_memory_that_runs_out_at_a_size_keeps_the_smaller_ones(tmp_path):
    def first(model):
        if edge(model) == 1024:
            raise MemoryError
        if edge(model) == 2048:
            raise RuntimeError("Failed to allocate\nmemory")

    found = take(World(first=first), tmp_path)
    assert [trial["work"] for trial in found["trials"]] == [2 * 256**3, 2 * 512**3]
    assert list(found["skipped"].values()) == [
        "ONNX Runtime refused it: MemoryError",
        "ONNX Runtime refused it: Failed to allocate memory",
    ]


def test_a_precision_that_is_computed_in_another_is_absent(tmp_path):
    world = World(casts=lambda model: 2)
    assert take(world, tmp_path, precision="fp16") == {
        "absent": f"{CPU} has no kernel for it: ONNX Runtime put 2 casts to another precision around it"
    }
    assert len(world.loaded) == 1


def test_a_refused_precision_is_absent_with_the_runtimes_words(tmp_path):
    def first(model):
        raise RuntimeError("NOT_IMPLEMENTED : no MatMul(13)" + "!" * 1000)

    why = take(World(first=first), tmp_path, precision="bf16")["absent"]
    assert why.startswith("ONNX Runtime refused it: NOT_IMPLEMENTED : no MatMul(13)!!!")
    assert len(why) == len("ONNX Runtime refused it: ") + 200 + 3


def test_the_other_element_types_are_tried_where_the_usual_ones_do_not_run(tmp_path):
    def first(model):
        if model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8:
            raise RuntimeError("no uint8 here")

    found = take(World(first=first), tmp_path, precision="int8")
    assert found["trials"][0]["what"] == "256 x 256 by 256 x 256, int8"

    def never(model):
        raise RuntimeError("no such thing" if "uint8" in str(model.request["inputs"]) else "nor this")

    assert take(World(first=never), tmp_path, precision="int8") == {"absent": "ONNX Runtime refused it: no such thing"}


def test_depthwise_convolutions_are_of_their_own_kind(tmp_path):
    found = take(World(), tmp_path, part=DEPTHWISE)
    assert [trial["operator"] for trial in found["trials"]] == ["Conv"] * 5
    assert all("depthwise" in trial["what"] for trial in found["trials"])


def test_chains_run_without_optimisation(tmp_path):
    world = World(takes=lambda model: 2000 + 160 * len(model.graph.node))
    found = take(world, tmp_path, part=DISPATCH)
    assert [(trial["work"], set(trial["round_ns"])) for trial in found["trials"]] == [
        (1, {2160}), (50, {10_000}), (200, {34_000}), (1000, {162_000}),
    ]  # fmt: skip
    assert {request["optimisation"] for request in world.loaded} == {"disabled"}


def test_streams_go_over_parts_of_one_array_and_copying_needs_no_runtime(tmp_path):
    world = World()
    # Copying is real and does not move this clock; looking at it does.
    ticking = iter(range(0, 10**12, 5 * MS))
    world.clock = lambda: world.now + next(ticking)
    found = take(world, tmp_path, part=STREAM)
    assert [trial["operator"] for trial in found["trials"]] == ["Add", "Neg", "MatMul", "numpy.copyto"]
    assert [trial["work"] for trial in found["trials"]] == [12 * MIB, 12 * MIB, 12 * MIB + 4 * (1024 + 3072), 12 * MIB]
    assert found["trials"][3]["what"] == "numpy.copyto of 1572864 float32 by 2 threads: 1 read and 1 written"


def test_a_device_with_memory_of_its_own_is_not_judged_by_copying_on_the_cpu(tmp_path):
    found = take(World(provider=CUDA), tmp_path, part=STREAM, provider=CUDA)
    assert [trial["operator"] for trial in found["trials"]] == ["Add", "Neg", "MatMul"]


def test_two_threads_copy_all_of_the_half():
    base = np.arange(10, dtype=np.float32)
    for threads in (1, 3):
        copied = base.copy()
        task, call = calibration._copy(copied, threads)
        call()
        assert task.work == 40
        assert copied.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]


def kernels(*named):
    return [KernelTime(operator, operator, provider) for operator, provider in named]


def test_what_ran_elsewhere_or_otherwise_is_found_in_the_profile():
    assert why_not_native(kernels(("MatMul", CPU), ("Slice", CPU)), "MatMul", CPU) == ("", "")
    assert why_not_native(kernels(("ReorderInput", CPU), ("Conv", CPU)), "Conv", CPU) == ("", "")
    why, _ = why_not_native(kernels(("MatMulInteger", CPU), ("Slice", CUDA)), "MatMulInteger", CUDA)
    assert why == f"{CUDA} does not take MatMulInteger: it ran on {CPU}"
    why, _ = why_not_native(kernels(("Slice", CPU)), "MatMul", CUDA)
    assert why == f"the profile shows no kernel of {CUDA}"
    why, note = why_not_native(kernels(("TRTKernel_0", CUDA), ("Slice", CPU)), "MatMul", CUDA)
    assert (why, note) == ("", f"{CUDA} compiles the model as a whole: the precision inside is its own choice")


class Calls:
    """Calls of known length, in the order in which they are made."""

    def __init__(self):
        self.now, self.order, self.told = 0, "", []

    def call(self, name, ns):
        def run():
            self.order += name
            self.now += ns

        return run

    def alternate(self, until_ns, *calls):
        return alternate(calls, until_ns, lambda: self.now, self.call("-", 40 * MS), self.told.append)


def test_rounds_alternate_and_share_the_time():
    calls = Calls()
    rounds = calls.alternate(18 * 100 * MS, calls.call("a", 10 * MS), calls.call("b", 20 * MS))
    assert rounds == [[10 * MS] * 9, [20 * MS] * 9]
    # 100 ms a block: 40 until all threads sleep, one untimed call, then timed ones.
    assert calls.order[:12] == "-aaaaaa" + "-bbb" + "-"
    assert calls.now == 18 * 100 * MS
    assert calls.told == [{"rounds": done} for done in range(9)]


def test_rounds_that_no_longer_fit_are_not_begun():
    calls = Calls()
    # Each an untimed call and a timed one.
    assert calls.alternate(5 * S, calls.call("a", S)) == [[S, S, S]]


def test_a_model_waits_until_the_threads_of_the_last_one_sleep(tmp_path):
    world, slept = World(), []
    world.sleep = lambda seconds: slept.append(seconds) or World.sleep(world, seconds)
    take(world, tmp_path, part=DISPATCH)
    # Of 2 ms steps 17 are spun through and the half of one more, which is too much; the next is quiet.
    assert slept == [0.002] * 19 * 9 * 4
    world, slept = World(), []
    world.sleep, world.cpu = lambda seconds: slept.append(seconds) or World.sleep(world, seconds), lambda: world.now
    take(world, tmp_path, part=DISPATCH)
    assert slept == [0.002] * 50 * 9 * 4  # A runtime that never sleeps is not waited for.


def test_an_unknown_provider_is_an_error(tmp_path):
    with pytest.raises(AssessError, match="no TensorrtExecutionProvider"):
        take(World(), tmp_path, provider="TensorrtExecutionProvider")
