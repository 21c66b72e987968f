"""Constrained runs of a real model in real processes, verified by what the worker reads back of all its threads."""

import os

import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of
from real_runs import job, saved

from assess.describe.graph import describe
from assess.errors import AssessError
from assess.measure.constrained import require_real_time
from assess.measure.measurement import Settings
from assess.measure.record import from_json, to_json
from assess.measure.run import measure
from assess.measure.validity import validity

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path):
    """A product that is large enough for two threads."""
    weights = {"w": np.full((256, 256), 0.01, np.float32)}
    return saved(tmp_path, model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [64, 256]}, ["y"], weights))


def run(path, settings):
    return measure(describe(path), path, job({"kind": "single"}), settings)


needs_cpus = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="two CPUs are needed"
)


@needs_cpus
@pytest.mark.parametrize("threads", [0, 2])
def test_no_thread_of_onnx_runtime_leaves_the_cpus_it_was_given(path, threads):
    """On the first of two CPUs its own choice of threads put one on the other."""
    cpu = min(os.sched_getaffinity(0))
    found = run(path, Settings(min_count=100, min_duration_s=0.2, cpus=f"{cpu}-{cpu}", threads=threads))
    assert found.failure is None
    seen = found.constraints.scheduling
    assert (seen.cpus, seen.threads) == ((cpu,), max(threads, 1))
    assert os.sched_getaffinity(0) > {cpu}  # This process has kept its own.


@needs_cpus
def test_a_real_run_in_real_time(path):
    try:
        require_real_time()
    except AssessError as error:
        pytest.skip(error.problem)
    found = run(path, Settings(min_count=100, min_duration_s=0.2, realtime=True, threads=2))
    seen = found.constraints.scheduling
    assert (found.failure, seen.policy, seen.priority, seen.threads) == (None, "FIFO", 10, 2)
    assert set(seen.cpus) == os.sched_getaffinity(0) - {min(os.sched_getaffinity(0))}
    assert seen.locked or seen.why_not_locked
    # Memory that is locked as it is touched is no more than it was: what is only reserved stays so.
    plain = run(path, Settings(min_count=100, min_duration_s=0.2, threads=2))
    assert found.memory.model_peak < 2 * plain.memory.model_peak


def test_a_real_run_under_a_quota_stands_still_and_is_no_evidence(path):
    try:
        found = run(path, Settings(min_count=100, min_duration_s=1.0, cpus="20%"))
    except AssessError as error:
        pytest.skip(error.problem)
    quota = found.constraints.quota
    assert (found.failure, quota.cpus, quota.period_s) == (None, 0.2, 0.1)
    assert 0 < quota.stopped <= quota.periods
    assert quota.stopped_s > 0.2
    assert any("a quota does not make a fast CPU a slow one" in reason for reason in validity(found))
    assert from_json(to_json(found), "run.json") == found
