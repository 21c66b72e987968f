"""How long `assess --help` and a list of all devices take, in alternation with the `--help` of a bare Typer program."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
GOAL = 1.3
#: Reading, checking and listing every device of the library, as a whole process.
LISTING_GOAL_S = 0.3

BARE = '''
import typer
app = typer.Typer(name="bare", help="A bare program.", no_args_is_help=True, add_completion=False)
def one(name: str, size: int = typer.Option(1, help="A size.")) -> None:
    """Do one thing."""
def two(name: str) -> None:
    """Do another thing."""
app.command()(one)
app.command()(two)
app()
'''


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        commands = {
            "bare Typer program": [sys.executable, str(bare), "--help"],
            "assess": [sys.executable, "-m", "assess", "--help"],
            "assess list devices": [sys.executable, "-m", "assess", "list", "devices"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds(command))
    ratio = statistics.median(times["assess"]) / statistics.median(times["bare Typer program"])
    print(f"| `--help` of, or as it says | median of {ROUNDS} | fastest |\n|---|--:|--:|")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values) * 1e3:.0f} ms | {min(values) * 1e3:.0f} ms |")
    print(f"\nratio of medians {ratio:.2f}, goal <= {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")
    listing_s = statistics.median(times["assess list devices"])
    is_quick = listing_s <= LISTING_GOAL_S
    print(f"listing {listing_s:.3f} s, goal <= {LISTING_GOAL_S} s: {'met' if is_quick else 'MISSED'}")
    return int(ratio > GOAL or not is_quick)


if __name__ == "__main__":
    sys.exit(main())
