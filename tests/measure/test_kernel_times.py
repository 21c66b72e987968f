import json

import pytest

from assess.measure.kernel_times import KernelTime, kernel_times


def kernel(name, start, duration, operator="Conv", provider="CPUExecutionProvider", tid=1, **facts):
    facts = {"op_name": operator, "provider": provider, **facts}
    return {"cat": "Node", "tid": tid, "ts": start, "dur": duration, "name": f"{name}_kernel_time", "args": facts}


def run(duration):
    return {"cat": "Session", "tid": 1, "ts": 0, "dur": duration, "name": "model_run", "args": {}}


def lines(*events):
    return ["[\n", *(json.dumps(event) + ",\n" for event in events[:-1]), json.dumps(events[-1]) + "\n", "]\n"]


def test_kernels_are_added_up_over_runs():
    found = kernel_times(
        lines(kernel("a", 0, 30), kernel("b", 30, 5, "Relu"), run(40), kernel("a", 50, 20), run(25)),
    )
    assert (found.runs, found.run_ns, found.unread) == (2, 65_000, 0)
    assert found.kernels == [
        KernelTime("a", "Conv", "CPUExecutionProvider", 2, 50_000),
        KernelTime("b", "Relu", "CPUExecutionProvider", 1, 5_000),
    ]


def test_warm_up_is_left_out_but_its_memory_counts():
    first = kernel("a", 0, 900, mem_in_use_peak="4096", mem_bytes_in_use="64")
    second = kernel("a", 1000, 20, mem_in_use_peak="2048", mem_bytes_in_use="32")
    found = kernel_times(lines(first, run(950), second, run(25)), skip=1)
    assert (found.runs, found.run_ns, found.arena_peak_bytes) == (1, 25_000, 4096)
    assert found.kernels == [KernelTime("a", "Conv", "CPUExecutionProvider", 1, 20_000, 32)]


def test_what_runs_within_a_branch_is_not_counted_twice():
    # As ONNX Runtime 1.32 writes it: each event when it ends, so that bodies come before what holds them.
    found = kernel_times(
        lines(
            kernel("before", 0, 7),
            kernel("relu", 12, 13, "Relu"),
            kernel("inner", 30, 8, "If"),
            kernel("matmul", 28, 21, "MatMul"),
            kernel("branch", 10, 55, "If"),
            kernel("after", 70, 7),
            run(80),
        )
    )
    assert {each.name: each.ns for each in found.kernels} == {
        "before": 7_000,
        "relu": 13_000,
        "inner": 8_000,
        "matmul": 13_000,
        "branch": 21_000,
        "after": 7_000,
    }
    assert sum(each.ns for each in found.kernels) == 69_000


def test_two_threads_do_not_nest():
    found = kernel_times(lines(kernel("a", 5, 10, tid=2), kernel("b", 0, 20, tid=1), run(20)))
    assert {each.name: each.ns for each in found.kernels} == {"a": 10_000, "b": 20_000}


def test_kernels_of_a_run_that_did_not_end_are_left_out():
    found = kernel_times(lines(kernel("a", 0, 30), run(40), kernel("a", 50, 20)))
    assert (found.runs, found.kernels[0].calls) == (1, 1)


def test_other_events_are_no_kernels():
    fence = {**kernel("a", 0, 3), "name": "a_fence_before"}
    found = kernel_times(lines(fence, {"cat": "Session", "name": "session_initialization", "dur": 9}, run(40)))
    assert (found.kernels, found.unread) == ([], 0)


@pytest.mark.parametrize(
    "line",
    [
        '{"cat" : "Node", "name" : "a"b_kernel_time"},',
        "7,",
        '{"cat": "Node", "name": "a_kernel_time", "args": {}},',
        '{"cat": "Node", "tid": [], "ts": 1, "dur": -4, "name": "a_kernel_time", '
        '"args": {"op_name": "Conv", "provider": "x"}},',
    ],
)
def test_a_line_that_is_no_event_is_counted_and_passed_over(line):
    found = kernel_times(["[\n", line + "\n", *lines(kernel("a", 0, 30), run(40))[1:]])
    assert (found.unread, found.runs, len(found.kernels)) == (1, 1, 1)
