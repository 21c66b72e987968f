"""Clocks of the CPUs, as cpufreq tells them: of each kind of core, the fastest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import Found, Probe, ReadText, Sensor, by_number, number, read_text, text_or, tried

#: Documentation/admin-guide/pm/cpufreq.rst: scaling_cur_freq and cpuinfo_max_freq are in kHz.
_HERTZ: Final = 1e3

_NONE: Final = "no cpufreq in /sys/devices/system/cpu: the firmware or a hypervisor decides the clock and does not tell"


def frequency(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """For each kind of core (those that share a highest clock: big, little), the clock of the fastest.

    The fastest, since a core that idles has a low clock or none, and a job of one thread keeps one core busy; heat and
    power limits pull the fastest down with the others.
    """
    clocks = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq"), key=by_number)
    kinds: dict[str, dict[Path, str]] = {}
    for clock in clocks:
        highest = text_or(clock.with_name("cpuinfo_max_freq"), "", read)
        # Cores of one policy share its folder through a link: it is read once.
        kinds.setdefault(highest, {}).setdefault(clock.resolve(), clock.parent.parent.name)
    return tried([_probe(highest, list(files), read) for highest, files in kinds.items()], _NONE, "CPU clock")


def _probe(highest: str, files: list[Path], read: ReadText) -> Probe:
    upto = f" up to {int(highest) / 1e6:.2f} GHz" if highest.isdecimal() else ""
    sensor = Sensor(
        name=f"CPU clock{upto}",
        quantity="frequency",
        covers=f"the fastest of the cores{upto}, over {len(files)} cpufreq polic{'y' if len(files) == 1 else 'ies'}",
        resolution=_HERTZ,
    )
    return Probe(sensor, lambda: max(number(file, read) for file in files) * _HERTZ)
