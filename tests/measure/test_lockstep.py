"""A pair of processes: which leads, what is recorded, and who is to blame when one of them fails."""

import sys

import pytest
from onnx_models import model_of

from assess import sandbox
from assess.measure.lockstep import Pair, SideFailed, run_pair
from assess.sandbox import Ending, Limits

LAUNCH = {
    "fastest_ns": [100, 100], "median_ns": [110, 110], "peak_bytes": 2, "steady_bytes": 3,
    "count": 6, "quantiles_ns": [100, 100, 110, 115, 120, 120],
}  # fmt: skip
LIMITS = Limits(60.0, None)


def launch(asked=None, **endings):
    """In place of the sandbox: answers by the model that is asked for."""

    def run(module, request, limits, *, on_progress):
        assert (module, request["pass"]) == ("assess.measure.worker", "lockstep")
        if asked is not None:
            asked.append(request)
        on_progress({"known": {"versions": {"onnxruntime": "1.30"}}})
        return endings.get(request["model"], Ending("answered", LAUNCH, "", ""))

    return run


def pair(placebo=False, leads=True, **how):
    candidate = None if placebo else {"model": "new"}
    return run_pair({"model": "old"}, candidate, baseline_leads=leads, limits=LIMITS, launch=launch(**how))


def test_each_side_reads_what_the_other_writes_and_one_leads():
    asked = []
    found = pair(asked=asked, leads=False)
    assert isinstance(found, Pair) and not found.placebo and not found.baseline_led
    by_model = {each["model"]: each for each in asked}
    assert by_model["old"]["inbox"] == by_model["new"]["outbox"] != by_model["new"]["inbox"]
    assert (by_model["old"]["leads"], by_model["new"]["leads"]) == (False, True)


def test_a_placebo_is_the_baseline_with_itself():
    asked = []
    found = pair(placebo=True, asked=asked)
    assert found.placebo and [each["model"] for each in asked] == ["old", "old"]


def test_versions_are_heard():
    heard = {}
    run_pair({"model": "old"}, None, baseline_leads=True, limits=LIMITS, launch=launch(), heard=heard.update)
    assert heard == {"onnxruntime": "1.30"}


LEFT = Ending("answered", {"left alone": True}, "", "")


@pytest.mark.parametrize(
    ("endings", "failed"),
    [
        ({"new": Ending("crashed", None, "stopped by SIGSEGV", "last words"), "old": LEFT},
         SideFailed("candidate", "crashed", "stopped by SIGSEGV", "last words")),
        ({"old": Ending("answered", {"refused": "no kernel", "kind": "refused"}, "", ""), "new": LEFT},
         SideFailed("baseline", "refused", "ONNX Runtime refused it", "no kernel")),
        ({"new": Ending("answered", {"refused": "bad_alloc", "kind": "out of memory"}, "", ""), "old": LEFT},
         SideFailed("candidate", "out of memory", "ran out of memory", "bad_alloc")),
        ({"new": Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")},
         SideFailed("candidate", "stopped", "stopped by SIGINT", "", "SIGINT")),
    ],
)  # fmt: skip
def test_who_failed_is_named_and_not_who_was_left_alone(endings, failed):
    assert pair(**endings) == failed


@pytest.mark.parametrize(
    "answer", ["nonsense", {**LAUNCH, "fastest_ns": [100]}, {**LAUNCH, "median_ns": [0, 1]}, {"fastest_ns": []}]
)
def test_an_answer_that_is_no_launch_is_a_crash(answer):
    found = pair(new=Ending("answered", answer, "", ""))
    assert isinstance(found, SideFailed) and found.kind == "crashed"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="named pipes and limits as Linux has them")
def test_real_processes_take_turns_and_a_broken_one_ends_both(tmp_path):
    from onnx import helper, save

    save(model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 4]}, ["y"]), tmp_path / "m.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"none")
    np = pytest.importorskip("numpy")
    np.save(tmp_path / "x.npy", np.ones((1, 4), np.float32))
    request = {
        "model": str(tmp_path / "m.onnx"), "provider": "CPUExecutionProvider", "provider_options": {}, "threads": 1,
        "optimisation": "all", "custom_ops": [], "scenario": {"kind": "single"}, "warmup_count": 30,
        "warmup_duration_s": 0.01, "timeout_s": 60.0,
        "inputs": [{"name": "x", "dtype": "float32", "file": str(tmp_path / "x.npy")}],
    }  # fmt: skip
    found = run_pair(request, None, baseline_leads=True, limits=LIMITS, launch=sandbox.run)
    assert isinstance(found, Pair)
    assert len(found.baseline.fastest_ns) == len(found.other.fastest_ns) >= 20
    broken = {**request, "model": str(tmp_path / "broken.onnx")}
    failed = run_pair(request, broken, baseline_leads=True, limits=LIMITS, launch=sandbox.run)
    assert (failed.side, failed.kind) == ("candidate", "refused")
