"""Whether heat, power or a weak supply holds the clock down: x86, Raspberry Pi, and the kernel's cooling devices."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import Found, Probe, ReadText, Sensor, by_number, number, read_text, text_or, tried

#: Raspberry Pi documentation, "vcgencmd get_throttled": bit 0 under-voltage, 1 clock capped, 2 throttled, 3 soft
#: temperature limit; the same 16 higher: it has happened since boot. Under-voltage alone does not slow the clock;
#: when it does, bit 1 or 2 says so.
_PI_NOW: Final = 0b1110
_PI_HAPPENED: Final = _PI_NOW << 16

#: Cooling devices that slow a processor (Documentation/driver-api/thermal/cpu-cooling-api.rst and the names Jetson's
#: device trees give); a fan cools too, but slows nothing.
_SLOWING: Final = ("cpufreq", "devfreq", "gpufreq", "throttle", "Processor", "intel_powerclamp")

_NONE: Final = (
    "nothing here tells: no thermal_throttle counters (x86), no get_throttled (Raspberry Pi), no cooling device that "
    "slows a processor"
)


def throttling(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """States ("throttling") and counters ("throttle events"), whatever this host has."""
    return tried([*_x86(root, read), *_pi(root, read), *_cooling(root, read)], _NONE, "throttling")


def _x86(root: Path, read: ReadText) -> list[Probe]:
    """Documentation/ABI/testing/sysfs-devices-system-cpu: how often a core or its package was throttled."""
    cpus = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle"), key=by_number)
    packages: dict[str, Path] = {}
    for cpu in cpus:
        packages.setdefault(text_or(cpu.parent / "topology/physical_package_id", "0", read), cpu)
    cores = [file for cpu in cpus if (file := cpu / "core_throttle_count").exists()]
    wholes = [file for cpu in packages.values() if (file := cpu / "package_throttle_count").exists()]
    return [
        Probe(Sensor(name, "throttle events", covers, resolution=1.0), _Total(files, read))
        for name, covers, files in (
            ("core throttle count", "times that cores reached their temperature limit, all together", cores),
            ("package throttle count", "times that a package reached its temperature limit", wholes),
        )
        if files
    ]


class _Total:
    """Sum of some counters."""

    def __init__(self, files: list[Path], read: ReadText) -> None:
        self._files, self._read = files, read

    def __call__(self) -> float:
        return float(sum(number(file, self._read) for file in self._files))


def _pi(root: Path, read: ReadText) -> list[Probe]:
    """Raspberry Pi: the firmware's bits, now and since boot."""
    file = next((root / "sys/devices/platform").glob("soc*/soc*firmware/get_throttled"), None)
    if file is None:
        return []
    now = Sensor("get_throttled", "throttling", "the SoC: clock capped, throttled or at its soft temperature limit now")
    ever = Sensor("get_throttled since boot", "throttle events", "how many of these have happened since boot")
    return [
        Probe(now, lambda: float(_bits(file, read) & _PI_NOW)),
        Probe(ever, lambda: float((_bits(file, read) & _PI_HAPPENED).bit_count())),
    ]


def _bits(file: Path, read: ReadText) -> int:
    return int(read(file), 16)


def _cooling(root: Path, read: ReadText) -> list[Probe]:
    """Jetson and other SoCs: how many cooling devices hold a clock down."""
    devices = sorted((root / "sys/class/thermal").glob("cooling_device*"), key=by_number)
    kinds = {device: text_or(device / "type", "", read) for device in devices}
    slowing = [device for device in devices if any(word in kinds[device] for word in _SLOWING)]
    if not slowing:
        return []
    names = ", ".join(dict.fromkeys(kinds[device] for device in slowing))
    sensor = Sensor("cooling devices", "throttling", f"how many of the kernel's cooling devices slow a clock: {names}")
    # intel_powerclamp tells -1 while it does nothing.
    return [Probe(sensor, lambda: float(sum(number(device / "cur_state", read) > 0 for device in slowing)))]
