"""Words of --cpus, and the CPUs that they come to."""

import pytest

from assess.errors import AssessError
from assess.measure.cpu_request import CpuRequest, as_list, check_quota, chosen_cpus, parse_cpus, physical_first


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", CpuRequest()),
        ("0-1,3", CpuRequest(cpus=(0, 1, 3))),
        ("3-3", CpuRequest(cpus=(3,))),
        (" 2 ", CpuRequest(count=2)),
        ("0.5", CpuRequest(quota=0.5)),
        (".25", CpuRequest(quota=0.25)),
        ("50%", CpuRequest(quota=0.5)),
        ("150 %", CpuRequest(quota=1.5)),
        ("2.0", CpuRequest(quota=2.0)),
    ],
)
def test_a_list_a_number_or_a_share(text, asked):
    assert parse_cpus(text) == asked


@pytest.mark.parametrize("text", ["0", "-1", "all", "0,0", "3-1", "0.001", "0%", "1e3", "0-99999", "1.5.2", "½"])
def test_what_is_none_of_them_is_refused(text):
    with pytest.raises(AssessError) as caught:
        parse_cpus(text)
    assert caught.value.where == "--cpus"


def siblings(root, *cores):
    for core in cores:
        for cpu in core:
            file = root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
            file.parent.mkdir(parents=True)
            file.write_text(",".join(map(str, core)) + "\n")


def test_one_thread_of_every_core_comes_first(tmp_path):
    siblings(tmp_path, (0, 1), (2, 3))
    assert physical_first({0, 1, 2, 3}, tmp_path) == [0, 2, 1, 3]
    assert chosen_cpus(CpuRequest(count=2), {0, 1, 2, 3}, tmp_path) == (0, 2)
    # Of a core of which this process has one thread only, that is the first.
    assert physical_first({1, 2, 3}, tmp_path) == [1, 2, 3]


def test_without_a_topology_they_come_by_number(tmp_path):
    assert chosen_cpus(CpuRequest(count=2), {5, 3, 4}, tmp_path) == (3, 4)


def test_nothing_asked_is_no_limit(tmp_path):
    assert chosen_cpus(CpuRequest(), {0, 1}, tmp_path) == ()
    assert chosen_cpus(CpuRequest(quota=0.5), {0, 1}, tmp_path) == ()


@pytest.mark.parametrize(
    ("asked", "usable", "problem"),
    [
        (CpuRequest(count=3), {0, 1}, "3 CPUs are asked for, this process may use 0-1"),
        (CpuRequest(cpus=(1, 4, 5)), {0, 1}, "CPU 4-5 is not there for this process, which may use 0-1"),
        (CpuRequest(count=1), frozenset(), "this system lets no process choose its CPUs"),
    ],
)
def test_cpus_that_are_not_there_are_refused(asked, usable, problem, tmp_path):
    with pytest.raises(AssessError) as caught:
        chosen_cpus(asked, usable, tmp_path)
    assert caught.value.problem == problem


def test_a_quota_of_all_that_there_is_limits_nothing():
    check_quota(1.99, {0, 1})
    with pytest.raises(AssessError, match="2 CPUs' worth of time is no limit"):
        check_quota(2.0, {0, 1})


def test_a_list_is_written_as_the_kernel_writes_it():
    assert as_list({3, 0, 1, 7, 8}) == "0-1,3,7-8"
    assert as_list(()) == ""
