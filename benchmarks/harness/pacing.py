"""How late frames start: sleep alone against sleep and spin, and what the spin costs.

The same loop, the same null model and the same worker as every measurement; `python benchmarks/harness/pacing.py`.
Rounds are medians: what the host does to one of them is not the harness's. Exit code 1 if the goal is missed.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from assess.measure.passes.floor import Floor
from assess.measure.plain import decode
from assess.measure.timed_run import WORKER
from assess.sandbox import Limits, run

RATES_HZ = (1000.0, 100.0)
ROUNDS = 5
PACED_S = 3.0
#: The goal: half of all frames start within so much of their release, on an idle core.
MOST_P50_NS = 5_000
#: With more of the time spent waiting for a CPU the core was not idle, and the figures are of the others' work.
IDLE = 0.01


def floor(rate_hz: float) -> Floor:
    request: dict[str, Any] = {"provider": "CPUExecutionProvider", "rate_hz": rate_hz, "paced_s": PACED_S}
    ending = run(WORKER, {**request, "pass": "floor", "memory_limit_bytes": None}, Limits(60.0, None))
    assert ending.cause == "answered", ending
    return decode(Floor, ending.answer, "floor")


def median(floors: list[Floor], read: Any) -> float:
    return statistics.median(read(each) for each in floors)


def us(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e3:.1f} us"


def main() -> int:
    rows, missed, waits = [], False, []
    for rate_hz in RATES_HZ:
        floors = [floor(rate_hz) for _ in range(ROUNDS)]
        p50 = median(floors, lambda each: each.lateness.p50_ns)
        missed |= p50 > MOST_P50_NS
        waits += [each.run_queue_wait for each in floors if each.run_queue_wait is not None]
        rows.append(
            f"| {rate_hz:g} Hz | {us(median(floors, lambda each: each.sleep.p50_ns))} "
            f"| {us(median(floors, lambda each: each.sleep.p99_ns))} | {us(p50)} "
            f"| {us(median(floors, lambda each: each.lateness.p99_ns))} "
            f"| {us(median(floors, lambda each: each.spin_ns))} "
            f"| {median(floors, lambda each: each.pacing_cpu):.1%} | {us(MOST_P50_NS)} "
            f"| {'met' if p50 <= MOST_P50_NS else 'MISSED'} |"
        )
    print("| rate | sleep p50 | sleep p99 | ours p50 | ours p99 | spin | CPU for pacing | goal p50 | |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    print("\n".join(rows))
    if waits:
        busy = statistics.median(waits) > IDLE
        note = "the core was NOT idle" if busy else "the core was idle"
        print(f"\nReady to run but without a CPU in {statistics.median(waits):.1%} of the null loop: {note}.")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
