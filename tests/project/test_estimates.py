import math

import builders
import pytest

from assess.measure.measurement import Effective, Failure, Memory, Settings
from assess.project.estimate import Estimate, Rung
from assess.project.estimates import estimate

PROXY = builders.host(board="Laptop")


def estimates(run=None, model=None, device=None, **requires):
    device = device or builders.device()
    return estimate(model or builders.model(), builders.workload(**requires), device, run)


def test_a_run_on_the_device_gives_the_percentile_with_its_confidence():
    found = estimates(builders.measurement()).known["latency"]
    assert (found.unit, found.rung) == ("s", Rung.MEASURED)
    assert found.low == pytest.approx(10.685e-3)
    assert found.high == pytest.approx(10.698e-3)
    assert found.basis == "service time, p99 of 700 frames, 99% confidence each way"


def test_too_few_samples_leave_the_upper_end_open():
    few = builders.measurement(
        service_ns=tuple(10_000_000 + index for index in range(200)), requested=Settings(min_count=100)
    )
    found = estimates(few).known["latency"]
    assert found.high == math.inf
    assert found.basis.endswith("an upper bound needs 259 more")


def test_a_run_on_a_proxy_never_gives_the_latency():
    found = estimates(builders.measurement(before=PROXY))
    assert not found.on_device
    assert found.known["latency"].rung is Rung.PROJECTED
    assert found.known["latency"].low == pytest.approx(0.6e-3)
    assert found.known["latency"].high == math.inf
    assert found.absent["cold start"] == "only a run on acme-rover itself can tell"


def test_memory_on_a_proxy_ranges_from_the_bare_weights_to_the_peak_seen():
    found = estimates(builders.measurement(before=PROXY)).known["memory"]
    assert (found.low, found.high, found.rung) == (6_000_000, 12_000_000, Rung.PROJECTED)


def test_memory_of_a_runtime_that_narrows_weights_starts_lower():
    device = builders.device(runtimes=(builders.runtime(precisions=["fp32", "fp16"]),))
    assert estimates(builders.measurement(before=PROXY), device=device).known["memory"].low == 3_000_000


def test_memory_of_an_accelerator_is_open_above():
    gpu = "TensorrtExecutionProvider"
    device = builders.device(runtimes=(builders.runtime(provider=gpu),))
    run = builders.measurement(
        requested=Settings(provider=gpu), effective=Effective((gpu,), 2, "all", "preallocated", 50, {})
    )
    found = estimates(run, device=device).known["memory"]
    assert (found.low, found.high) == (12_000_000, math.inf)


def test_memory_without_the_kernels_mark_has_a_range():
    memory = Memory("ru_maxrss", 50_000_000, 62_000_000, 60_000_000, 60_000_000)
    found = estimates(builders.measurement(memory=memory)).known["memory"]
    assert (found.low, found.high) == (12_000_000, 62_000_000)


def test_memory_without_a_run_is_open_above():
    assert estimates().known["memory"].high == math.inf


def test_memory_on_the_device_is_the_peak_above_the_empty_runtime():
    found = estimates(builders.measurement()).known["memory"]
    assert (found.low, found.high, found.rung) == (12_000_000, 12_000_000, Rung.MEASURED)


def test_a_failed_run_gives_its_cause_instead_of_a_latency():
    failed = builders.measurement(failure=Failure("timed", "crashed", "stopped by SIGSEGV"), service_ns=())
    assert estimates(failed).absent["latency"] == ("the measurement is not valid: the run failed: stopped by SIGSEGV")


def test_an_invalid_run_gives_its_reasons_instead_of_numbers():
    early = builders.measurement(service_ns=tuple(10_000_000 + index for index in range(200)))
    for name in ("latency", "memory", "cold start"):
        assert estimates(early).absent[name] == (
            "the measurement is not valid: too few samples: 200 of 500 within the time limit"
        )


def test_cold_start_is_at_least_load_plus_first_inference():
    found = estimates(builders.measurement()).known["cold start"]
    assert (found.low, found.high) == (pytest.approx(0.25), math.inf)


def test_storage_is_exact_and_static():
    assert estimates().known["storage"] == Estimate(6_100_000, 6_100_000, "B", Rung.STATIC, "size of the model's files")


def test_on_chip_memory_ranges_to_what_compilers_were_seen_to_need():
    found = estimates().known["on-chip memory"]
    assert (found.low, found.high) == (6_990_000, 6_000_000 + 1.4 * 1_000_000)


def test_weights_and_activations_are_told_apart_and_their_ends_add_up():
    for device in (builders.device(), builders.device(runtimes=(builders.runtime(precisions=["fp32", "fp16"]),))):
        known = estimates(device=device).known
        weights, activations = known["on-chip weights"], known["on-chip activations"]
        assert known["on-chip memory"].low == weights.low + activations.low
        assert known["on-chip memory"].high == weights.high + activations.high
    assert (weights.low, weights.high) == (3_000_000, 6_000_000)
    assert (activations.low, activations.high) == (495_000, 1_400_000)
    assert weights.basis == "weights, from the narrowest format that the runtime may use to as stored"
    assert activations.basis == (
        "live activations, from the narrowest format that the runtime may use to as stored, with up to 1.4 times the "
        "activations as compilers place them"
    )


def test_unknown_activations_are_an_absence_with_its_reason():
    blind = builders.model(peak_activation_bytes=None, absent={"peak_activation_bytes": "shape of 'x' is not known"})
    found = estimates(model=blind)
    assert found.absent["on-chip memory"] == "shape of 'x' is not known"
    assert found.absent["on-chip activations"] == "shape of 'x' is not known"
    assert found.known["on-chip weights"].high == 6_000_000


def test_a_measurement_that_beats_the_data_sheet_says_that_the_profile_is_wrong():
    slow = builders.device(
        memory={**builders.DEVICE["memory"], "bandwidth": {"value": "10 MB/s", "source": "DS", "grade": "A"}}
    )
    found = estimates(builders.measurement(), device=slow).known["latency"]
    assert found.rung is Rung.MEASURED
    assert found.basis.endswith("; faster than the profile's peaks allow (600 ms): check them")
