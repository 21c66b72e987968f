"""Fidelity of every distilled student against size, memory and latency, with limits of devices and jobs drawn in.

Writes `docs/pictures/ID.svg` for each family. Latency and memory are of this machine (a smoke run of each file, one
after the other); weights, activations and scores are the files' own. Limits of memory are on-chip memories of small
devices, the limit of latency is the deadline of a job that the family is made for.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from assess.describe.card import Card
from assess.describe.library import Library
from assess.measure.record import read
from assess.measure.tasks import find_task
from assess.report.charts.quality import Panel, family_picture

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
#: Small devices whose memories a student may be held to: weights and activations in one place.
DEVICES = ("arm-ethos-u55-128", "adi-max78000", "st-stm32h743", "sony-imx500")
#: A job that each family is made for; its deadline is drawn.
JOBS = {
    "catch-agent": "game-agent-60hz",
    "keyword-spotter": "keyword-spotting",
    "npc-lines": "npc-dialogue",
    "on-sensor-detector": "on-sensor-detection-30fps",
    "road-occupancy": "bev-perception-12hz",
    "frame-upscaler": "game-upscale-120fps",
    "hopper-positions": "whole-body-policy-50hz",
    "hopper-speed": "whole-body-policy-50hz",
    "lane-keeping": "camera-30hz",
    "wafer-map": "wafer-defect-classification",
}
USUAL = "camera-30hz"
RUNS = 3


def measured(model: str, job: str, folder: Path) -> tuple[float, float]:
    """The fastest median service time of some runs in seconds, and the most memory of the model itself in bytes."""
    times, peaks = [], []
    for number in range(RUNS):
        file = folder / f"{number}.json"
        command = [
            sys.executable,
            "-m",
            "assess",
            "measure",
            model,
            "--workload",
            job,
            "--tier",
            "smoke",
            "-o",
            str(file),
        ]
        done = subprocess.run([*command, "--skip", "floor"], check=False, capture_output=True, text=True)
        if not file.exists():
            sys.exit(f"{model} could not be measured: {done.stderr}")
        run = read(file)
        file.unlink()
        times.append(statistics.median(run.service_ns) * 1e-9)
        peaks.append(float(run.memory.model_peak) if run.memory else float("nan"))
    return min(times), statistics.median(peaks)


def stored_and_live(model: str) -> float:
    """Bytes of weights and of the most activations that are alive at once: what a compiler has to place."""
    told = subprocess.run([sys.executable, "-m", "assess", "inspect", model, "--json"], check=True, capture_output=True)
    facts = json.loads(told.stdout)
    return float(sum(facts["weight_bytes"].values()) + (facts["peak_activation_bytes"] or 0))


def panels(card: Card, library: Library, folder: Path) -> list[Panel]:
    job = library.workload(JOBS.get(card.id, USUAL))
    rows = []
    for one in card.variant:
        model = f"{card.id}/{one.id}"
        seconds, peak = measured(model, job.id, folder)
        placed = stored_and_live(model)
        rows.append((placed, seconds))
        print(f"| {model} | {one.bytes} | {placed:.0f} | {peak / 1e6:.1f} | {seconds * 1e6:.1f} |", flush=True)
    known = [library.bare_device(id_) for id_ in DEVICES if id_ in library.ids("devices")]
    limits = tuple(
        (device.name, device.on_chip.capacity.value) for device in known if device.on_chip and device.on_chip.capacity
    )
    deadline = ((f"deadline of {job.id}", job.deadline_s),) if job.deadline_s else ()
    return [
        Panel("weights and live activations; on-chip memories of devices", "B", tuple(row[0] for row in rows), limits),
        Panel(
            "service time on this machine, fastest median of three runs", "s", tuple(row[1] for row in rows), deadline
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", help="families; all that ship if left out")
    wanted = parser.parse_args().models
    library = Library()
    cards = [library.card(id_) for id_ in wanted or library.ids("models")]
    PICTURES.mkdir(exist_ok=True)
    print("| file | bytes | weights and live activations, bytes | memory of the process above an empty one, MB | us |")
    print("|---|--:|--:|--:|--:|")
    for card in (card for card in cards if card.variant and card.evaluation):
        task = find_task(card.evaluation.task)
        with tempfile.TemporaryDirectory() as folder:
            picture = family_picture(card, task.metric, task.unit, panels(card, library, Path(folder)))
        (PICTURES / f"{card.id}.svg").write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
