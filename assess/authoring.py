"""The flow of a new device's profile: what this machine tells, what it reaches, and the file that both make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from assess import __version__, sandbox
from assess.describe.library import Library
from assess.measure.calibration import Calibration, calibrate
from assess.measure.detect import Detected, detect
from assess.measure.host import available_bytes
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.report.new import NewDevice, new_device

_CPU: Final = "CPUExecutionProvider"
#: Both calibrations together stay under two minutes.
_BUDGET_S: Final = 50.0


def device_from_here(
    id_: str,
    ask: Callable[[Detected], tuple[str, str, tuple[str, ...]]],
    library: Library,
    *,
    budget_s: float = 2 * _BUDGET_S,
    root: Path = Path("/"),
    look: Callable[[Path], Detected] = detect,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    today: Callable[[], date] = date.today,
) -> str:
    """Detect and calibrate this machine, and write its profile.

    Args:
        id_: of the device.
        ask: its name, vendor and sectors, by what was detected.
        library: of runtimes.
        budget_s: for calibrating; 0 leaves it out.
        root: folder that stands for "/"; tests hand in one of their own.
        look: tells what stands below it.
        on_progress: is told what is done.
        launch: starts processes.
        today: the date.
    """
    found, available = look(root), available_bytes(root)
    name, vendor, sectors = ask(found)
    runtimes = _runtimes(library)
    listed = found.runtime.value.providers if found.runtime else ()
    other = next((one for one in listed if one != _CPU and one in runtimes), None)
    providers = [_CPU, *([other] if other else [])] if budget_s else []
    calibrations = [
        _calibrate(provider, budget_s / len(providers), on_progress, launch)
        for provider in providers
        if provider in listed
    ]
    return new_device(
        NewDevice(
            id_, name, vendor, sectors, __version__, today().isoformat(), found, calibrations, runtimes, available
        )
    )


def _calibrate(provider: str, budget_s: float, on_progress: OnProgress, launch: Launch) -> Calibration:
    def tell(what: str, done: float | None, left_s: float | None) -> None:
        on_progress(f"{provider}: {what}", done, left_s)

    return calibrate(provider=provider, budget_s=budget_s, on_progress=tell, launch=launch)


def _runtimes(library: Library) -> Mapping[str, str]:
    """The runtime that stands for each execution provider."""
    found: dict[str, str] = {}
    for id_ in library.ids("runtimes"):
        if provider := library.runtime(id_).provider:
            found.setdefault(provider, id_)
    return found
