"""The flow of a new device's profile: what this machine tells, what it reaches, and the file that both make."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from assess import __version__, sandbox
from assess.describe.library import Library
from assess.measure.calibration.calibrate import calibrate
from assess.measure.calibration.reached import Calibration
from assess.measure.detect import Detected, detect
from assess.measure.host import available_bytes
from assess.measure.providers import is_cpu
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.providers import CPU
from assess.report.new import Named, NewDevice, new_device

#: Of detection and all calibrations together. With the 15 s that the last process may hang for, a few until it is gone,
#: and starting and writing on a small board, it is all over in two minutes.
BUDGET_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Here:
    """The machine at hand, before anything is measured on it.

    Attributes:
        detected: what it tells of itself.
        available_bytes: memory that is free; None if the system does not tell.
        took_s: how long that took.
    """

    detected: Detected
    available_bytes: int | None
    took_s: float


def look_here(
    root: Path = Path("/"), *, look: Callable[[Path], Detected] = detect, clock: Callable[[], float] = time.monotonic
) -> Here:
    """Detect the machine whose "/" is `root`; takes seconds, and a minute where ONNX Runtime hangs."""
    begun = clock()
    detected = look(root)
    return Here(detected, available_bytes(root), clock() - begun)


def device_from_here(
    here: Here,
    named: Named,
    library: Library,
    *,
    budget_s: float = BUDGET_S,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    clock: Callable[[], float] = time.monotonic,
    today: Callable[[], date] = date.today,
) -> str:
    """Calibrate this machine, and write its profile.

    Args:
        here: what it tells of itself.
        named: by the author.
        library: of runtimes.
        budget_s: for calibrating; 0 leaves it out. What detection took is off the usual time, so that both end in it.
        on_progress: is told what is done.
        launch: starts processes.
        clock: seconds, monotonic.
        today: the date.
    """
    runtimes = _runtimes(library)
    # What an emulator reaches is no figure of a device.
    calibrates = budget_s and here.detected.emulator is None
    providers = _providers(here.detected, runtimes) if calibrates else []
    time_s = max(0.0, min(budget_s, max(budget_s, BUDGET_S) - here.took_s))
    return new_device(
        NewDevice(
            named=named,
            tool=__version__,
            date=today().isoformat(),
            detected=here.detected,
            calibrations=_calibrations(providers, time_s, on_progress, launch, clock),
            runtimes=runtimes,
            available_bytes=here.available_bytes,
        )
    )


def _calibrations(
    providers: Sequence[str], time_s: float, on_progress: OnProgress, launch: Launch, clock: Callable[[], float]
) -> list[Calibration]:
    """One for each provider, after each other; what one overruns is off the time of those after it."""
    until, found = clock() + time_s, []
    for index, provider in enumerate(providers):
        tell = _part(on_progress, provider, index, len(providers), time_s)
        budget_s = max(0.0, until - clock()) / (len(providers) - index)
        found.append(calibrate(provider=provider, budget_s=budget_s, on_progress=tell, launch=launch, clock=clock))
    return found


def _providers(found: Detected, runtimes: Mapping[str, str]) -> list[str]:
    """What is calibrated: the CPU, and the first other engine that a runtime of the library stands for."""
    listed = found.runtime.value.providers if found.runtime else ()
    other = next((one for one in listed if one in runtimes and not is_cpu(one)), None)
    return [one for one in (CPU, other) if one in listed]


def _part(on_progress: OnProgress, provider: str, index: int, count: int, budget_s: float) -> OnProgress:
    """Progress of one of several calibrations as progress of all."""

    def tell(what: str, done: float | None, left_s: float | None) -> None:
        after_s = budget_s * (count - 1 - index) / count
        whole = None if done is None else (index + done) / count
        on_progress(f"{provider}: {what}", whole, None if left_s is None else left_s + after_s)

    return tell


def _runtimes(library: Library) -> Mapping[str, str]:
    """The runtime that stands for each execution provider."""
    found: dict[str, str] = {}
    for id_ in library.ids("runtimes"):
        if provider := library.runtime(id_).provider:
            found.setdefault(provider, id_)
    return found
