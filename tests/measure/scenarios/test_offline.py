"""Throughput by batch: which dimension is the batch, what is fed, and which batch is the best."""

from dataclasses import replace

import builders
import numpy as np
import pytest
import real_runs
from fakes import MS, FakeClock, FakeEngine, RefusedError, kernel, launch
from onnx import helper
from onnx_models import model_of, port

from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.batches import batch_axes, inputs_of_batch
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.inputs import prepare
from assess.measure.measurement import Settings
from assess.measure.rows import Rows
from assess.measure.scenario_runs import offline_run
from assess.measure.scenarios.offline import BatchRun, Offline
from assess.sandbox import Ending, Signalled

#: Inputs by name: each axis is a number or the name of a dynamic dimension.
IMAGES = {"image": ("n", 3, 4)}


def model(inputs, dims):
    ports = tuple(Port(name, "float32", tuple(dims.get(size, size) for size in axes)) for name, axes in inputs.items())
    return builders.model(inputs=ports, dims=dims)


def axes(inputs, dims, batch_dim="", batches=(1, 4)):
    return batch_axes(model(inputs, dims), batch_dim, batches, lambda other: model(inputs, other))


def test_the_dynamic_first_dimension_of_the_inputs_is_the_batch():
    found = axes({"image": ("n", 3, "width"), "scale": (2,)}, {"n": 1, "width": 8})
    assert (found.dims, found.axes, found.fixed) == (("n",), {"image": (0,), "scale": ()}, None)


def test_a_dimension_that_is_named_is_the_batch_wherever_it_stands():
    found = axes({"audio": (1, "clips", 80), "mask": ("clips",)}, {"clips": 2}, "clips")
    assert found.axes == {"audio": (1,), "mask": (0,)}


def test_first_dimensions_without_names_are_the_batch_together():
    found = axes({"a": ("a.0", 3), "b": ("b.0", 5)}, {"a.0": 1, "b.0": 1})
    assert (found.dims, found.axes) == (("a.0", "b.0"), {"a": (0,), "b": (0,)})


@pytest.mark.parametrize(
    ("inputs", "dims", "batch_dim", "problem", "hint"),
    [
        (IMAGES, {"n": 1}, "m", "no dynamic dimension 'm'", "expected one of 'n'"),
        (IMAGES, {"n": 1, "batch": 1}, "bach", "no dynamic dimension 'bach'", "did you mean 'batch'?"),
        ({"a": ("n", 3), "b": ("m", 3)}, {"n": 1, "m": 1}, "", "which of the dimensions 'n', 'm' is", "batch_dim"),
        ({"a": (2, 3)}, {}, "", "the model's batch is fixed at 2", "export it with a dynamic batch"),
        ({"a": (2, 3), "b": (3,)}, {}, "", "the model's batch is fixed: ", "export it with a dynamic batch"),
        ({"a": (2, 3)}, {}, "n", "no dynamic dimension 'n'", "all its dimensions are fixed"),
    ],
)
def test_a_batch_that_cannot_be_chosen_is_refused(inputs, dims, batch_dim, problem, hint):
    with pytest.raises(AssessError) as caught:
        axes(inputs, dims, batch_dim)
    assert problem in caught.value.problem
    assert hint in caught.value.hint


def test_a_fixed_batch_runs_at_its_own_size():
    assert axes({"a": (4, 3), "b": (4,)}, {}).fixed == 4


def test_files_are_repeated_and_the_rest_is_generated_anew(tmp_path):
    wanted = model({"image": ("n", 2), "noise": ("n", 2), "scale": (2,)}, {"n": 2})
    np.save(tmp_path / "image.npy", np.array([[1, 2], [3, 4]], np.float32))
    scratch, feeds = tmp_path / "scratch", {"image": tmp_path / "image.npy"}
    scratch.mkdir()
    ready = prepare(wanted, scratch, seed=0, feeds=feeds, card=None, card_folder=tmp_path, available_bytes=None)
    found = batch_axes(
        wanted, "", (5,), lambda dims: model({"image": ("n", 2), "noise": ("n", 2), "scale": (2,)}, dims)
    )
    made = inputs_of_batch(wanted, found, 5, ready, scratch / "five", seed=0, available_bytes=None)
    image, noise, scale = (np.load(feed.file) for feed in made)
    assert image.tolist() == [[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]]
    assert (noise.shape, len({tuple(row) for row in noise.tolist()})) == ((5, 2), 5)
    assert made[2] == ready[2]
    assert scale.shape == (2,)


def test_the_best_batch_is_that_of_the_highest_throughput():
    runs = [BatchRun(n, closed_loop_frames((took * MS,) * 10)) for n, took in ((1, 2), (4, 4), (8, 8), (16, 20))]
    assert [run.throughput for run in runs] == [500.0, 1000.0, 1000.0, 800.0]
    assert [run.service_ns for run in runs] == [2 * MS, 4 * MS, 8 * MS, 20 * MS]
    assert Offline(("n",), (*runs, BatchRun(32, Frames(), absent="out of memory"))).best.batch == 4
    assert Offline(("n",), (BatchRun(32, Frames(), absent="out of memory"),)).best is None


def write_frames(request):
    """As a worker that is much faster than the others, before it crashes."""
    rows = Rows(request["frames"])
    for start in range(0, 30_000, 1000):
        rows.append(start, start, start + 1000)


@pytest.fixture
def bench(tmp_path):
    """Of a model with a dynamic batch; each batch takes 1 ms and 1 ms more for each inference, unless it is told."""
    wanted = model(IMAGES, {"n": 1})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ready = prepare(wanted, scratch, seed=0, feeds={}, card=None, card_folder=tmp_path, available_bytes=None)
    settings = Settings(min_count=50, min_duration_s=0.1)
    request = {
        "provider": "CPUExecutionProvider", "timeout_s": 600.0, "warmup_count": 10, "warmup_duration_s": 0.0,
        "min_count": 50, "min_duration_s": 0.1, "spin_ns": 0, "back_to_back_s": 0.0,
    }  # fmt: skip

    def make(failing=None, asked=None):
        def start(module, request, limits, **options):
            batch = np.load(request["inputs"][0]["file"]).shape[0]
            if asked is not None:
                asked.append(batch)
            if isinstance(failing, dict) and batch in failing:
                if isinstance(failing[batch], Ending):
                    if failing[batch].cause == "crashed":
                        write_frames(request)
                    return failing[batch]
                if isinstance(failing[batch], AssessError | KeyboardInterrupt | Signalled):
                    raise failing[batch]
                engine = FakeEngine(clock := FakeClock(), first=failing[batch])
            else:
                engine = FakeEngine(clock := FakeClock(), runs=iter(lambda: (1 + batch) * MS, None))
            return launch(engine, kernel(clock))(module, request, limits, **options)

        made = real_runs.Bench(
            wanted, tmp_path / "m.onnx", settings, request, ready, None, tmp_path, scratch, start, lambda *told: None
        )
        return made

    return make


def offline(bench, batches=(1, 4, 8)):
    job = real_runs.job({"kind": "offline", "batches": list(batches)})
    return offline_run(bench, job, lambda dims: model(IMAGES, dims))[0]


def test_each_batch_in_exact_numbers(bench):
    asked = []
    found = offline(bench(asked=asked))
    assert asked == [1, 4, 8]
    runs = found["offline"].batches
    assert [(run.batch, len(run.frames), run.service_ns) for run in runs] == [
        (1, 50, 2 * MS),
        (4, 50, 5 * MS),
        (8, 50, 9 * MS),
    ]
    assert [run.throughput for run in runs] == [500.0, 800.0, pytest.approx(888.9, abs=0.1)]
    assert [run.memory_bytes for run in runs] == [40, 40, 40]
    assert found["offline"].dims == ("n",)
    assert found["frames"] == runs[2].frames
    assert (found["failure"], found["incomplete"], found["absent"]) == (None, "", {})


def test_a_batch_that_fails_is_absent_and_the_others_count(bench):
    found = offline(bench({8: RefusedError("std::bad_alloc")}))
    assert found["failure"] is None
    assert found["offline"].best.batch == 4
    assert found["offline"].batches[2].absent == "ran out of memory while running the first inference"
    assert found["absent"] == {"batch of 8": "ran out of memory while running the first inference"}


def test_if_no_batch_runs_the_first_failure_is_the_runs(bench):
    found = offline(bench(dict.fromkeys((1, 4, 8), RefusedError("no"))))
    assert (found["failure"].kind, found["failure"].detail) == ("refused", "no")
    assert found["offline"].best is None


def test_batches_before_a_stop_are_kept(bench):
    asked = []
    found = offline(bench({4: Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")}, asked))
    assert asked == [1, 4]
    assert [run.absent for run in found["offline"].batches] == ["", *["the run was stopped before"] * 2]
    assert found["incomplete"] == "stopped by SIGINT before all batches were tried"
    assert len(found["frames"]) == 50


@pytest.mark.parametrize(
    ("signalled", "name"), [(KeyboardInterrupt(), "SIGINT"), (Signalled(15), "SIGTERM")], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_between_two_batches_keeps_those_before(bench, signalled, name):
    found = offline(bench({4: signalled}))
    assert found["incomplete"] == f"stopped by {name} before all batches were tried"
    assert (found["offline"].best.batch, len(found["frames"])) == (1, 50)


CRASHED = Ending("crashed", None, "stopped by SIGSEGV", "")


def test_a_batch_that_crashed_is_never_the_best(bench):
    found = offline(bench({8: CRASHED}))
    assert len(found["offline"].batches[2].frames) == 30
    assert found["offline"].batches[2].throughput > found["offline"].batches[1].throughput
    assert (found["offline"].best.batch, found["failure"]) == (4, None)
    assert found["frames"] == found["offline"].batches[1].frames


def test_if_all_batches_crashed_the_run_did(bench):
    found = offline(bench(dict.fromkeys((1, 4, 8), CRASHED)))
    assert found["offline"].best is None
    assert (found["failure"].kind, len(found["frames"])) == ("crashed", 30)
    assert found["failure"].cause == "stopped by SIGSEGV, while starting"


def test_inputs_that_do_not_fit_into_memory_cost_only_their_batch(bench):
    found = offline(bench({8: AssessError("the inputs need 9 GB, 4 GB are available")}))
    assert (found["offline"].best.batch, found["failure"], found["incomplete"]) == (4, None, "")
    assert found["absent"] == {"batch of 8": "the inputs need 9 GB, 4 GB are available"}


def test_if_no_batch_can_be_tried_the_first_error_is_told(bench):
    with pytest.raises(AssessError, match="first"):
        offline(bench({1: AssessError("first"), 4: AssessError("second"), 8: AssessError("third")}))


def test_a_stop_before_anything_was_measured_is_none(bench):
    with pytest.raises(KeyboardInterrupt):
        offline(bench({1: Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")}))


@pytest.mark.slow
def test_a_real_model_runs_at_each_batch(tmp_path):
    weight = np.eye(64, dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    dense = model_of(nodes, {"x": ["batch", 64]}, [port("y", ["batch", 64])], {"w": weight})
    wanted = real_runs.job({"kind": "offline", "batches": [1, 16, 256]})
    found = real_runs.run(tmp_path, dense, wanted, dims={"batch": 1})
    runs = found["offline"].batches
    assert found["failure"] is None
    assert found["offline"].dims == ("batch",)
    assert [(run.batch, run.absent, len(run.frames) >= 20) for run in runs] == [(n, "", True) for n in (1, 16, 256)]
    # 64 KiB in and out: such a batch cannot be slower an inference than one alone.
    assert runs[2].throughput > runs[0].throughput
    assert found["effective"].binding == "preallocated"


@pytest.mark.slow
def test_a_graph_that_only_claims_a_dynamic_batch_fails_at_the_others(tmp_path):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    stiff = model_of(nodes, {"x": ["batch", 6]}, [port("y", [2, 3])], {"shape": np.array([2, 3], np.int64)})
    wanted = real_runs.job({"kind": "offline", "batches": [1, 2]})
    found = real_runs.run(tmp_path, stiff, wanted, dims={"batch": 1})
    assert found["failure"] is None
    assert [run.absent for run in found["offline"].batches] == [
        "", "ONNX Runtime refused while running the first inference",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_fixed_batch_runs_and_the_others_say_what_to_do(tmp_path):
    wanted = real_runs.job({"kind": "offline", "batches": [1, 2, 4]})
    found = real_runs.run(tmp_path, real_runs.relu((2, 3)), wanted, settings=replace(real_runs.BRIEF, min_count=5))
    assert [run.absent for run in found["offline"].batches] == [
        "the model's batch is fixed at 2: export it with a dynamic one", "",
        "the model's batch is fixed at 2: export it with a dynamic one",
    ]  # fmt: skip
    assert found["offline"].best.batch == 2
