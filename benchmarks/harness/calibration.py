"""How near `assess`'s calibration is to what others reach here: numpy's matrix product, a stream in C; and its time.

Rounds of theirs, ours, ours, theirs, so that drift hits both alike; fresh processes, as many threads.
`python benchmarks/harness/calibration.py`. Two minutes. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from assess.measure.calibration.calibrate import calibrate
from assess.measure.calibration.models import PRODUCT, STREAM
from assess.measure.calibration.reached import Calibration
from assess.measure.calibration.working_set import USUAL_CACHE_BYTES, last_level_cache_bytes, working_set_bytes
from assess.measure.host import available_bytes
from assess.units import format_quantity, format_range

ROUNDS = 3
PART_S = 3.0
#: The goals: all of it takes less, and no figure is below this share of what the other reaches.
MOST_WALL_S = 120.0
LEAST_RATIO = 0.9

#: The same matrices as ours; the median of half a second each, the best size.
NUMPY = """
import json, statistics, time
import numpy
best = 0.0
for edge in (256, 512, 1024, 2048):
    random = numpy.random.default_rng(0)
    a, b = (random.random((edge, edge), numpy.float32) * 2 - 1 for _ in range(2))
    c = numpy.empty_like(a)
    numpy.matmul(a, b, out=c)
    times, until = [], time.perf_counter() + 0.5
    while len(times) < 3 or time.perf_counter() < until:
        start = time.perf_counter()
        numpy.matmul(a, b, out=c)
        times.append(time.perf_counter() - start)
    best = max(best, 2 * edge**3 / statistics.median(times))
print(json.dumps(best))
"""

#: Add and Copy of STREAM (McCalpin) over so many bytes in all; those read and written are counted, the better median.
STREAM_C = r"""
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int later(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

int main(int argc, char **argv) {
    double best = 0;
    for (int kind = 0; kind < 2; kind++) {
        static double times[4096];
        size_t count = strtoull(argv[1], 0, 10) / 4 / (kind ? 3 : 2);
        float *a = malloc(4 * count), *b = malloc(4 * count), *c = malloc(4 * count);
#pragma omp parallel for
        for (size_t i = 0; i < count; i++) a[i] = 1, b[i] = 2, c[i] = 0;
        int done = 0;
        for (double until = omp_get_wtime() + 1; done < 4096 && omp_get_wtime() < until; done++) {
            double start = omp_get_wtime();
            if (kind) {
#pragma omp parallel for
                for (size_t i = 0; i < count; i++) c[i] = a[i] + b[i];
            } else {
#pragma omp parallel for
                for (size_t i = 0; i < count; i++) c[i] = a[i];
            }
            times[done] = omp_get_wtime() - start;
        }
        qsort(times, done, sizeof *times, later);
        double rate = 4.0 * count * (kind ? 3 : 2) / times[done / 2];
        if (rate > best) best = rate;
        if (c[count / 2] == 0) return 1; /* So that it is not optimised away. */
        free(a), free(b), free(c);
    }
    printf("%.0f\n", best);
    return 0;
}
"""


def numpy_product(threads: int) -> float:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", NUMPY], env=environment, capture_output=True, text=True, check=True)
    found: float = json.loads(done.stdout)
    return found


def compiled(folder: Path) -> Path:
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("no C compiler: the stream cannot be measured (Debian: apt install gcc)")
    source, program = folder / "stream.c", folder / "stream"
    source.write_text(STREAM_C)
    subprocess.run([compiler, "-O3", "-march=native", "-fopenmp", "-o", program, source], check=True)
    return program


def c_stream(program: Path, threads: int) -> float:
    size = working_set_bytes(last_level_cache_bytes() or USUAL_CACHE_BYTES, available_bytes() or 0)
    assert isinstance(size, int), size
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([program, str(size)], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def our_product(threads: int) -> float:
    found = calibrate(parts=(PRODUCT,), precisions=("fp32",), threads=threads, budget_s=PART_S).rate(PRODUCT, "fp32")
    assert found is not None
    return found.operations_per_s.value


def our_stream(threads: int) -> float:
    found = calibrate(parts=(STREAM,), threads=threads, budget_s=PART_S).bandwidth
    assert found is not None
    return found.value


def compared(name: str, unit: str, theirs: Callable[[], float], ours: Callable[[], float]) -> tuple[bool, str]:
    """A row of the table; False if the goal is missed."""
    rounds = [(theirs(), ours(), ours(), theirs()) for _ in range(ROUNDS)]
    ratios = [(mine + again) / (other + after) for other, mine, again, after in rounds]
    other, mine = (
        statistics.median(value for seen in rounds for value in (seen[a], seen[b])) for a, b in ((0, 3), (1, 2))
    )
    ratio = statistics.median(ratios)
    met = ratio >= LEAST_RATIO
    cells = [
        name,
        *(f"{value / 1e9:.1f} {unit}" for value in (other, mine)),
        f"{ratio:.2f}",
        f"{min(ratios):.2f} to {max(ratios):.2f}",
        f"at least {LEAST_RATIO:g}",
        "met" if met else "MISSED",
    ]
    return met, f"| {' | '.join(cells)} |"


def told(found: Calibration) -> list[str]:
    """What a whole calibration found, a line each."""
    figures = [(f"{each.kind} {each.precision}", each.operations_per_s) for each in found.rates]
    figures += [("memory bandwidth", each) for each in found.streams]
    figures += [(name, each) for name, each in (("dispatch", found.dispatch), ("call", found.call)) if each]
    lines = [
        f"{name}: {format_quantity(each.value, each.unit)}, {format_range(each.low, each.high, each.unit)} "
        f"in {each.rounds} rounds ({each.method})" + (f": disturbed: {why}" if (why := found.disturbed(each)) else "")
        for name, each in figures
    ]
    return lines + [f"{name}: absent: {why}" for name, why in found.absent.items()]


def main() -> int:
    threads = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        program = compiled(Path(name))
        rows = [
            compared("matrix product fp32", "GFLOPS", lambda: numpy_product(threads), lambda: our_product(threads)),
            compared("bandwidth", "GB/s", lambda: c_stream(program, threads), lambda: our_stream(threads)),
        ]
    whole = calibrate()
    in_time = whole.wall_s < MOST_WALL_S
    print("| | theirs: numpy, C | assess | ratio | rounds | goal | |\n|---|--:|--:|--:|--:|--:|---|")
    print("\n".join(row for _, row in rows))
    print(f"\nAll of it took {whole.wall_s:.1f} s, goal < {MOST_WALL_S:g} s: {'met' if in_time else 'MISSED'}")
    print(f"{ROUNDS} rounds; {threads} threads; load average {os.getloadavg()[0]:.1f}\n")
    print("\n".join(told(whole)))
    return int(not in_time or not all(met for met, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
