"""Memory of launches: a tolerance in bytes and one in percent, both of which must be exceeded."""

import pytest

from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.memory import judge_memory

MIB = 2**20


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (10 * MIB, 10 * MIB, GateVerdict.PASS),
        (10 * MIB, 10.24 * MIB, GateVerdict.PASS),  # 2.4 %, but 246 KiB
        (10 * MIB, 10.26 * MIB, GateVerdict.REGRESSION),
        (100 * MIB, 101.9 * MIB, GateVerdict.PASS),  # 1.9 MiB, but 1.9 %
        (100 * MIB, 102.1 * MIB, GateVerdict.REGRESSION),
        (100 * MIB, 90 * MIB, GateVerdict.IMPROVEMENT),
    ],
)
def test_more_than_both_tolerances_is_a_regression(before, after, verdict):
    found = judge_memory("peak memory", [int(before)] * 3, [int(after)] * 3)
    assert (found.verdict, found.unit) == (verdict, "B")


def test_one_launch_apart_moves_no_median():
    found = judge_memory("peak memory", [10 * MIB] * 5, [10 * MIB] * 4 + [20 * MIB])
    assert found.verdict is GateVerdict.PASS
    assert (found.change.low, found.change.high) == (0.0, 1.0)
