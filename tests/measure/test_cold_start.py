"""Cold starts: variants in turn, what cannot be made cold, and what the figures are."""

from dataclasses import asdict
from pathlib import Path

import pytest
from onnx import helper, save
from onnx_models import model_of

from assess import sandbox
from assess.errors import AssessError
from assess.measure.cold_start import PageCache, Start, cold_starts, package_files
from assess.measure.page_cache import Cached
from assess.measure.plain import decode
from assess.measure.timed_run import silent
from assess.sandbox import Ending, Limits

LIMITS = Limits(60.0, None)


class World:
    """Workers whose totals are told beforehand, and a page cache that obeys or not."""

    def __init__(self, tmp_path, totals=(3.0, 1.0, 2.0), *, stays=0, saves=True, answer=None):
        self.tmp_path, self.stays, self.saves, self.answer = tmp_path, stays, saves, answer
        self.totals = {key: iter(totals) for key in ("warm m", "cold m", "warm optimised", "cold optimised")}
        self.log, self.state, self.requests = [], "", []

    def drop(self, files):
        files = list(files)
        if files and "onnxruntime" in str(files[-1]):
            self.state, self.files = "cold", files
            return Cached(1000, self.stays, "/x/m.onnx")
        return Cached(1000, 80)

    def warm(self, files):
        self.state = "warm"

    def launch(self, module, request, limits, *, on_progress):
        assert (module, limits, request["pass"], request["spawned_ns"]) == (
            "assess.measure.worker", LIMITS, "start", 77,
        )  # fmt: skip
        self.requests.append(request)
        if "save_optimised" in request:
            if self.saves:
                Path(request["save_optimised"]).touch()
            return Ending("answered", self.steps(9.0), "", "")
        key = f"{self.state} {Path(request['model']).stem}"
        self.log.append(key)
        if self.answer is not None:
            return self.answer
        return Ending("answered", self.steps(next(self.totals[key])), "", "")

    def steps(self, total):
        return {
            "exec_to_import_s": 0.25, "import_s": 0.25, "load_s": total - 0.75, "first_s": 0.25, "total_s": total,
            "invalid": "",
        }  # fmt: skip

    def run(self, **options):
        request = {"model": str(self.tmp_path / "m.onnx"), "optimisation": "all", "scratch": str(self.tmp_path)}
        files = [self.tmp_path / "m.onnx", self.tmp_path / "w.bin"]
        return cold_starts(
            request,
            files,
            LIMITS,
            launch=self.launch,
            on_progress=silent,
            cache=PageCache(self.drop, self.warm),
            clock=lambda: 77,
            **options,
        )


def test_variants_take_turns_and_the_median_start_is_told_in_steps(tmp_path):
    world = World(tmp_path)
    starts, absent = world.run()
    assert world.log == ["warm m", "cold m", "warm optimised", "cold optimised"] * 3
    assert absent == {}
    note = "8% of numpy stayed in the page cache"
    assert starts == tuple(
        Start(cache, optimised, 0.25, 0.25, 1.25, 0.25, (3.0, 1.0, 2.0), note if cache == "cold" else "")
        for optimised in (False, True)
        for cache in ("warm", "cold")
    )
    assert (starts[0].median_s, starts[0].worst_s) == (2.0, 3.0)


def test_the_saved_model_is_loaded_without_optimising_it_again(tmp_path):
    world = World(tmp_path)
    world.run(count=1)
    assert [(Path(each["model"]).name, each["optimisation"]) for each in world.requests] == [
        ("m.onnx", "all"), ("m.onnx", "all"), ("m.onnx", "all"),
        ("optimised.onnx", "disabled"), ("optimised.onnx", "disabled"),
    ]  # fmt: skip
    assert world.files[:2] == [tmp_path / "optimised.onnx", tmp_path / "w.bin"]


def test_what_stays_in_the_cache_is_not_called_cold(tmp_path):
    starts, absent = World(tmp_path, stays=11).run()
    assert [start.cache for start in starts] == ["warm", "warm"]
    why = (
        "could not be made cold: 1% of the files stayed in the page cache, most of all m.onnx: "
        "another process has it open, or it lies in memory"
    )
    assert absent == {"cold start": why, "cold start of the optimised model": why}


def test_a_system_that_cannot_drop_files_still_starts_warm(tmp_path):
    world = World(tmp_path)

    def drop(files):
        raise OSError("this system has no posix_fadvise")

    world.drop = drop
    starts, absent = world.run()
    assert [start.cache for start in starts] == ["warm", "warm"]
    assert absent["cold start"] == "the page cache cannot be steered: this system has no posix_fadvise"


def test_without_a_saved_model_only_the_other_is_started(tmp_path):
    starts, absent = World(tmp_path, saves=False).run()
    assert [start.optimised for start in starts] == [False, False]
    assert absent["warm start of the optimised model"] == "the runtime saved no optimised model"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Ending("answered", {"refused": "bad", "kind": "refused"}, "", ""), "ONNX Runtime refused: bad"),
        (Ending("hung", None, "still running after 60 s", ""), "still running after 60 s"),
        (Ending("answered", [], "", ""), "no answer"),
        (Ending("answered", {"total_s": "soon"}, "", ""), "answered what is not a result: ValueError"),
        (Ending("answered", {"total_s": -1.0, "invalid": ""}, "", ""), "answered what is not a result: KeyError"),
    ],
)
def test_a_start_that_fails_is_absent_with_its_reason(tmp_path, answer, why):
    starts, absent = World(tmp_path, answer=answer).run()
    assert starts == ()
    assert absent["cold start"] == absent["warm start"] == why


def test_a_run_that_is_stopped_keeps_what_was_started(tmp_path):
    world = World(tmp_path)

    def launch(*args, **options):
        if len(world.requests) == 6:  # The second warm start, after all that came before.
            return Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")
        return World.launch(world, *args, **options)

    request = {"model": "m.onnx", "optimisation": "all", "scratch": str(tmp_path)}
    cache = PageCache(world.drop, world.warm)
    starts, absent = cold_starts(request, [], LIMITS, launch=launch, on_progress=silent, cache=cache, clock=lambda: 77)
    assert [len(start.total_s) for start in starts] == [2, 1, 1, 1]
    assert absent == {}
    world = World(tmp_path)
    stopped = Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")
    starts, absent = cold_starts(
        request, [], LIMITS, launch=lambda *args, **options: stopped, on_progress=silent, cache=cache
    )
    assert starts == ()
    assert set(absent.values()) == {"stopped by SIGINT"}


def test_an_error_of_the_worker_is_a_reason(tmp_path):
    world = World(tmp_path)

    def launch(*args, **options):
        raise AssessError("this ONNX Runtime has no X")

    world.launch = launch
    assert world.run()[1]["cold start"] == "this ONNX Runtime has no X"


def test_a_first_output_that_is_not_valid_is_told(tmp_path):
    world = World(tmp_path)
    world.steps = lambda total: {**World.steps(world, total), "invalid": "output 'y' has NaN or Inf"}
    assert world.run()[0][0].invalid == "output 'y' has NaN or Inf"


def test_a_start_survives_its_json():
    start = Start("cold", True, 0.1, 0.2, 0.3, 0.4, (1.0, 2.0), "note")
    assert decode(Start, {**asdict(start), "total_s": [1.0, 2.0]}, "") == start


def test_packages_are_found_without_their_import():
    names = {path.name for path in package_files("onnxruntime")}
    assert any(name.endswith(".so") or name.endswith(".pyd") for name in names)
    assert package_files("no_such_package") == []


@pytest.mark.slow
def test_a_real_model_is_started(tmp_path):
    import numpy as np

    model = tmp_path / "m.onnx"
    save(model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 8]}, ["y"]), model)
    np.save(tmp_path / "x.npy", np.ones((1, 8), np.float32))
    request = {
        "model": str(model), "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all",
        "memory_limit_bytes": None, "scratch": str(tmp_path),
        "inputs": [{"name": "x", "dtype": "float32", "file": str(tmp_path / "x.npy")}],
    }  # fmt: skip
    starts, absent = cold_starts(request, [model], LIMITS, launch=sandbox.run, on_progress=silent, count=1)
    assert {(start.cache, start.optimised) for start in starts} >= {("warm", False), ("warm", True)}
    assert len(starts) + len(absent) == 4
    for start in starts:
        steps = start.exec_to_import_s + start.import_s + start.load_s + start.first_s
        assert start.median_s == pytest.approx(steps)
        assert 0.02 < start.median_s < 60.0
        assert start.invalid == ""
