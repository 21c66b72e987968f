"""What `assess measure` adds to ONNX Runtime's own C API, in time, and to a bare loop in Python, in memory.

Fresh processes, inputs and outputs bound, one thread; each round C, ours, ours, C, so that drift hits both alike.
`python benchmarks/harness/overhead.py`. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from contenders import CFloor, Seen, bare, ours
from networks import CONVOLUTIONS, IDENTITY, MLP, Network, networks

ROUNDS = 6
MEMORY_ROUNDS = 3
#: A round in which one of its processes waited for a CPU for more of the time does not count: the figure is of others.
CALM = 0.02
#: The goals: so much slower than the C API may the median inference be. The deep MLP has none: it shows what is left.
SLOWER = {IDENTITY: 1.5, MLP: 1.05, CONVOLUTIONS: 1.005}
MORE_BYTES = 3_000_000


def mean(*seen: Seen) -> float:
    return statistics.mean(each.p50 for each in seen)


def timed(floor: CFloor, network: Network, folder: Path) -> tuple[bool, str]:
    """A row of the table of times; False if the goal is missed."""
    assert floor.same_output(network), f"{network.name}: the C API puts out something else"
    rounds = [
        (floor(network), ours(network, folder), ours(network, folder), floor(network)) for _ in range(ROUNDS)
    ]  # fmt: skip
    calm = [seen for seen in rounds if max(each.waited for each in seen) <= CALM]
    counted = calm if len(calm) >= 3 else rounds
    at_floor, at_ours = ([mean(*(seen[at] for at in which)) for seen in counted] for which in ((0, 3), (1, 2)))
    ratios = [mine / other for mine, other in zip(at_ours, at_floor, strict=True)]
    ratio, (low, _, high) = statistics.median(ratios), statistics.quantiles(ratios, n=4)
    python = statistics.median(bare(network, folder / "y.npy").p50 for _ in range(MEMORY_ROUNDS))
    goal = SLOWER.get(network.name)
    met = goal is None or ratio <= goal
    cells = [
        network.name,
        *(f"{statistics.median(values) / 1e3:.2f} us" for values in (at_floor, at_ours)),
        f"{ratio:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{len(calm)} of {ROUNDS}",
        "none" if goal is None else f"{goal:g}",
        "" if goal is None else ("met" if met else "MISSED") + ("" if counted is calm else ", machine busy"),
        f"{python / 1e3:.2f} us",
    ]
    return met, f"| {' | '.join(cells)} |"


def held(network: Network, folder: Path) -> tuple[bool, str]:
    """A row of the table of memory; False if the goal is missed."""
    pairs = [(ours(network, folder, 0.3), bare(network, folder / "y.npy", 0.3)) for _ in range(MEMORY_ROUNDS)]
    imports = statistics.median(mine.imports - other.imports for mine, other in pairs)
    highest = statistics.median(mine.highest - other.highest for mine, other in pairs)
    met = max(imports, highest) <= MORE_BYTES
    goal = f"{MORE_BYTES / 1e6:.0f} MB | {'met' if met else 'MISSED'}"
    return met, f"| {network.name} | {imports / 1e6:+.1f} MB | {highest / 1e6:+.1f} MB | {goal} |"


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = CFloor(folder)
        nets = networks(folder, lambda trial: floor(trial, 0.3).p50)
        times = [timed(floor, network, folder) for network in nets]
        memory = [held(network, folder) for network in nets if network.name in (MLP, CONVOLUTIONS)]
    print(
        "| network | C API p50 | assess p50 | ratio | middle half of rounds | calm rounds | goal | | bare Python loop |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|---|--:|")
    print("\n".join(row for _, row in times))
    print(f"\n{ROUNDS} rounds of C, assess, assess, C; load average {os.getloadavg()[0]:.1f}\n")
    print("| network | after imports | highest | goal | |\n|---|--:|--:|--:|---|")
    print("\n".join(row for _, row in memory))
    return int(not all(met for met, _ in [*times, *memory]))


if __name__ == "__main__":
    sys.exit(main())
