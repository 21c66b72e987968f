"""Age of outputs and energy of inferences, in exact numbers."""

import math
from dataclasses import replace

import builders
import pytest

from assess.describe.workload import Workload
from assess.judge.criteria.energy import energy
from assess.judge.criteria.output_age import output_age_
from assess.judge.finding import Verdict
from assess.measure.energy import Energy
from assess.measure.frames import Frames

MS = 1_000_000
PROXY = builders.host(board="Laptop")


def job(**requires):
    authored = {**builders.WORKLOAD, "scenario": {"rate": "30 Hz"}, "requires": {"deadline": "33 ms", **requires}}
    return Workload.model_validate({**authored, "id": "camera-30hz"})


def periodic(count=700, service=20 * MS, dropped=()):
    served = [index * 33 * MS for index in range(count) if index not in dropped]
    return Frames(
        tuple(served), tuple(served), tuple(release + service for release in served),
        tuple(index * 33 * MS for index in dropped),
    )  # fmt: skip


def ask(criterion, wanted, **changes):
    return criterion.ask(builders.case(run=builders.measurement(**changes), job=wanted))


def test_each_output_is_one_period_old_when_the_next_frame_comes():
    found = ask(output_age_, job(age="40 ms"), frames=periodic())
    assert (found.verdict, found.found.low, found.found.high) == (Verdict.PASS, 0.033, 0.033)


def test_a_dropped_frame_leaves_an_older_output():
    found = ask(output_age_, job(age="40 ms"), frames=periodic(dropped=(100, 101)))
    assert (found.verdict, found.found.low) == (Verdict.MARGINAL, 0.033)
    assert found.found.high == pytest.approx(0.099)


def test_an_age_above_the_limit_is_a_fail():
    assert ask(output_age_, job(age="20 ms"), frames=periodic()).verdict is Verdict.FAIL


def test_age_needs_a_run_on_the_device_and_a_schedule():
    assert ask(output_age_, job(), frames=periodic()).verdict is Verdict.NOT_ASKED
    assert ask(output_age_, job(age="40 ms"), frames=periodic(), before=PROXY).verdict is Verdict.UNKNOWN
    assert ask(output_age_, builders.workload(age="40 ms")).verdict is Verdict.UNKNOWN


WHOLE = Energy("VDD_IN", "the whole module", 14.0, 7.0, 700, "counter", 8, is_whole=True)
RAIL = Energy("VDD_CPU", "the CPU's rail; not the memory", 14.0, 7.0, 700, "counter", 8)


def test_energy_of_one_inference_ranges_from_what_it_added_to_all_that_was_spent():
    found = ask(energy, job(energy="25 mJ"), energy=(replace(WHOLE, idle_watts=0.5),))
    assert (found.verdict, found.found.low, found.found.high) == (Verdict.PASS, pytest.approx(0.015), 0.02)
    assert found.because == "VDD_IN: the whole module; difference of a counter"
    assert ask(energy, job(energy="18 mJ"), energy=(replace(WHOLE, idle_watts=0.5),)).verdict is Verdict.MARGINAL
    assert ask(energy, job(energy="10 mJ"), energy=(replace(WHOLE, idle_watts=0.5),)).verdict is Verdict.FAIL


def test_without_the_idle_machines_share_nothing_bounds_it_from_below():
    assert ask(energy, job(energy="10 mJ"), energy=(WHOLE,)).verdict is Verdict.MARGINAL
    assert ask(energy, job(energy="25 mJ"), energy=(WHOLE,)).verdict is Verdict.PASS


def test_a_sensor_of_a_part_bounds_from_below_only():
    found = ask(energy, job(energy="25 mJ"), energy=(replace(RAIL, idle_watts=0.5), replace(RAIL, joules=13.0)))
    assert (found.verdict, found.found.low, found.found.high) == (Verdict.MARGINAL, pytest.approx(0.015), math.inf)
    assert ask(energy, job(energy="10 mJ"), energy=(replace(RAIL, idle_watts=0.5),)).verdict is Verdict.FAIL
    # Where one sees the whole it is judged, however much the sum of the parts may be.
    assert ask(energy, job(energy="25 mJ"), energy=(replace(RAIL, joules=15.0), WHOLE)).verdict is Verdict.PASS


def test_without_a_sensor_the_reason_is_told():
    found = ask(energy, job(energy="25 mJ"), absent={"energy": "no sensor of energy or power told"})
    assert (found.verdict, found.because) == (Verdict.UNKNOWN, "no sensor of energy or power told")
    assert ask(energy, job(), energy=(RAIL,)).verdict is Verdict.NOT_ASKED
