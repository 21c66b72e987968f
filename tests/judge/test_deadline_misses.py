"""Misses: certified only if the frames are enough even for misses that come in bursts."""

from dataclasses import replace

import builders
import pytest

from assess.describe.workload import Workload
from assess.judge.criteria.deadline_misses import deadline_misses
from assess.judge.finding import Verdict
from assess.measure.frames import Frames

MS = 1_000_000


def frames(count, *, late=(), dropped=(), period=33 * MS):
    """Served in 20 ms each, but for the late ones; those dropped have no output."""
    served = [index for index in range(count) if index not in dropped]
    releases = tuple(index * period for index in served)
    return Frames(
        releases,
        releases,
        tuple(index * period + (50 if index in late else 20) * MS for index in served),
        tuple(index * period for index in dropped),
    )


def answer(of, **changes):
    run = builders.measurement(frames=of, requested=replace(builders.measurement().requested, min_count=100), **changes)
    job = builders.workload(**changes.pop("requires", {}))
    found = deadline_misses.ask(builders.case(run=run, job=job))
    return found.verdict, found.because


def test_enough_frames_without_a_miss_are_certified():
    verdict, because = answer(frames(3400))
    assert verdict is Verdict.PASS
    assert because.startswith(
        "0 of 3400 frames missed (0 dropped, 0 late, at most 0 in a row); certified that at most 1 %"
    )


def test_frames_that_suffice_only_for_independent_misses_are_not():
    verdict, because = answer(frames(1000))
    assert verdict is Verdict.MARGINAL
    assert "certified only if misses are independent that at most 1 % miss" in because
    assert "more frames without a miss" in because


def test_dropped_frames_count_and_are_told_apart_from_late_ones():
    verdict, because = answer(frames(3400, late=(100,), dropped=(2000, 2001)))
    assert verdict is Verdict.MARGINAL
    assert because.startswith("3 of 3400 frames missed (2 dropped, 1 late, at most 2 in a row)")


def test_more_misses_than_the_job_allows_are_a_fail():
    verdict, because = answer(frames(3400, dropped=tuple(range(0, 3400, 10))))
    assert verdict is Verdict.FAIL
    assert "340 of 3400 frames missed (340 dropped, 0 late, at most 1 in a row), more than the 1 % that may" in because


@pytest.mark.parametrize(
    ("misses", "verdict"),
    [
        ({"at_most": 2, "in_any": 100}, Verdict.MARGINAL),  # Kept, in too few windows.
        ({"at_most": 2, "in_any": 7}, Verdict.PASS),
        ({"at_most": 1, "in_any": 100}, Verdict.FAIL),
        ({"at_most": 2, "in_any": 100, "in_a_row": 1}, Verdict.FAIL),
    ],
)
def test_a_contract_that_was_broken_is_a_fail_whatever_the_rate(misses, verdict):
    run = builders.measurement(
        frames=frames(3400, late=(100, 101)), requested=replace(builders.measurement().requested, min_count=100)
    )
    found = deadline_misses.ask(builders.case(run=run, job=builders.workload(misses=misses)))
    assert found.verdict is verdict


def test_a_run_elsewhere_is_not_asked():
    run = builders.measurement(before=builders.host(board="Laptop"))
    assert deadline_misses.ask(builders.case(run=run)).verdict is Verdict.NOT_ASKED


def test_what_drifts_near_its_deadline_is_not_certified():
    slower = tuple((20 * MS if index < 1700 else 22 * MS) + 1000 * (index * 37 % 700) for index in range(3400))
    verdict, because = answer(replace(frames(0), **_in_a_row(slower)))
    assert verdict is Verdict.MARGINAL
    assert "not certified: drift: the median went from" in because


def _in_a_row(services):
    releases = tuple(index * 33 * MS for index in range(len(services)))
    return {
        "scheduled_ns": releases,
        "start_ns": releases,
        "done_ns": tuple(release + service for release, service in zip(releases, services, strict=True)),
    }


def test_frames_that_pile_up_are_not_certified_however_far_the_deadline():
    """Utilisation 1.01 with a deep queue: late by more and more, though half of the deadline is not reached yet."""
    releases = tuple(index * 10 * MS for index in range(3400))
    done = tuple((index + 1) * 10_100_000 for index in range(3400))
    piled = Frames(releases, tuple(end - 10_100_000 for end in done), done)
    authored = {**builders.WORKLOAD, "scenario": {"rate": "100 Hz", "queue": "queue:500"}}
    job = Workload.model_validate({**authored, "id": "fast", "requires": {"deadline": "1 s"}})
    run = builders.measurement(frames=piled, requested=replace(builders.measurement().requested, min_count=100))
    found = deadline_misses.ask(builders.case(run=run, job=job))
    assert found.verdict is Verdict.MARGINAL
    assert "not certified: drift" in found.because


def test_a_contract_is_a_demand_that_only_a_run_on_the_device_meets():
    run = builders.measurement(before=builders.host(board="Laptop"))
    job = builders.workload(misses={"at_most": 2, "in_any": 100})
    assert deadline_misses.ask(builders.case(run=run, job=job)).verdict is Verdict.UNKNOWN
