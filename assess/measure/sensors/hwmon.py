"""Power that chips on the board measure: INA3221 as on Jetson, and whatever else the kernel's hwmon shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import (
    Found,
    Probe,
    Quantity,
    ReadText,
    Sensor,
    by_number,
    number,
    read_text,
    text_or,
    tried,
)

#: Documentation/hwmon/sysfs-interface.rst: in* is in mV, curr* in mA, power* in microwatts, energy* in microjoules.
_MILLI: Final = 1e-3
_MICRO: Final = 1e-6
#: Where a driver does not tell its update_interval: many hold a value for a second (same document).
_UPDATES_S: Final = 1.0
#: INA3221 data sheet (SBOS576): the voltage over the shunt is measured in steps of 40 uV.
_SHUNT_STEP_V: Final = 40e-6
#: Where the driver does not tell the shunt (Documentation/hwmon/ina3221.rst: shunt*_resistor, in microohms): 5 mOhm,
#: small for a board, hence a coarse step.
_SHUNT_OHM: Final = 0.005
#: Where the driver does not tell: two conversions of 1.1 ms for each of three channels (data sheet, defaults).
_INA3221_UPDATES_S: Final = 6 * 1.1e-3

#: Rails of Jetson modules, in the words of the Jetson Linux Developer Guide, "Power and Performance".
_RAILS: Final = {
    "VDD_IN": "the whole module, without the carrier board; holds the other rails, not to be added to them",
    "VDD_CPU_GPU_CV": "CPU, GPU and vision and deep-learning accelerators",
    "VDD_GPU_SOC": "GPU and the rest of the SoC",
    "VDD_CPU_CV": "CPU and vision and deep-learning accelerators",
    "VDD_SOC": "SoC without CPU, GPU and accelerators: memory controller, codecs, fabric",
    "VDD_GPU": "GPU",
    "VDD_CPU": "CPU",
    "VIN_SYS_5V0": "the module's 5 V supply: memory, storage, inputs and outputs",
    "VDDQ_VDD2_1V8AO": "memory and always-on parts; fed from the 5 V supply",
}
_CHIPS: Final = {
    "amdgpu": "GPU with its memory, or on an APU the whole processor; not the board",
    "i915": "graphics",
    "xe": "graphics",
    "amd_energy": "one processor socket; not memory, not the board",
}
#: The rails of a board are its maker's secret, unless its schematic is public.
_UNKNOWN_RAIL: Final = "the rail {label!r} of {chip}; what it feeds is in the board's schematic"
#: amd_energy shows a counter for each core beside that of the socket, which holds them: a hundred files to no end.
_SKIPPED: Final = ("Ecore",)

_NONE: Final = "no INA3221 and no power*_input, power*_average or energy*_input in /sys/class/hwmon"


def hwmon(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """One sensor for each rail that a chip on the board measures; `read` reads a file below `root`."""
    chips = sorted((root / "sys/class/hwmon").glob("hwmon*"), key=by_number)
    rails = (root / "sys/bus/i2c/drivers/ina3221").glob("*/hwmon/hwmon*")
    probes = [probe for chip in sorted(rails, key=by_number) for probe in _ina3221(chip, read)]
    probes += [probe for chip in chips for probe in _generic(chip, read)]
    return tried(_told_apart(probes), _NONE, "hwmon power")


def _ina3221(chip: Path, read: ReadText) -> list[Probe]:
    """Channels 1 to 3 of one chip: volts times amperes. Higher numbers are shunt voltages and sums."""
    probes = []
    for channel in (1, 2, 3):
        label = text_or(chip / f"in{channel}_label", f"channel {channel}", read)
        volts, amperes = chip / f"in{channel}_input", chip / f"curr{channel}_input"
        if label == "NC" or not (volts.exists() and amperes.exists()):  # NC: not connected
            continue
        sensor = Sensor(
            name=f"INA3221 {label}",
            quantity="power",
            covers=_RAILS.get(label, _UNKNOWN_RAIL.format(label=label, chip="the INA3221")),
            updates_s=_updates_s(chip, "update_interval", read, _INA3221_UPDATES_S),
            resolution=_step_w(chip, channel, read),
            is_whole=label == "VDD_IN",
        )
        probes.append(Probe(sensor, _Product(volts, amperes, read)))
    return probes


def _step_w(chip: Path, channel: int, read: ReadText) -> float:
    """Smallest step of one channel at the voltage it has now."""
    ohm, volts = (text_or(chip / name, "", read) for name in (f"shunt{channel}_resistor", f"in{channel}_input"))
    step_a = _SHUNT_STEP_V / (int(ohm) * _MICRO if ohm.isdecimal() and int(ohm) else _SHUNT_OHM)
    return step_a * int(volts) * _MILLI if volts.isdecimal() else 0.0


class _Product:
    """Volts times amperes: W. The two are read one right after the other, not at once."""

    def __init__(self, volts: Path, amperes: Path, read: ReadText) -> None:
        self._volts, self._amperes, self._read = volts, amperes, read

    def __call__(self) -> float:
        return number(self._volts, self._read) * _MILLI * (number(self._amperes, self._read) * _MILLI)


def _generic(chip: Path, read: ReadText) -> list[Probe]:
    """Files of one chip; a counter of energy is taken before the power of the same number."""
    name = text_or(chip / "name", chip.name, read)
    probes: list[Probe] = []
    energies = sorted(chip.glob("energy*_input"), key=by_number)
    for file in energies:
        probes += _one(chip, name, file, "energy", "update_interval", read)
    counted = {file.name.removeprefix("energy").removesuffix("_input") for file in energies}
    for file in sorted(chip.glob("power*_input"), key=by_number):
        if file.name.removeprefix("power").removesuffix("_input") not in counted:
            probes += _one(chip, name, file, "power", "update_interval", read)
    for file in sorted(chip.glob("power*_average"), key=by_number):
        rail = file.name.removesuffix("_average")
        if not (chip / f"{rail}_input").exists() and rail.removeprefix("power") not in counted:
            probes += _one(chip, name, file, "power", f"{rail}_average_interval", read)
    return probes


def _one(chip: Path, name: str, file: Path, quantity: Quantity, interval: str, read: ReadText) -> list[Probe]:
    rail = file.name.rpartition("_")[0]
    label = text_or(chip / f"{rail}_label", rail, read)
    if label.startswith(_SKIPPED):
        return []
    sensor = Sensor(
        name=f"{name} {label}",
        quantity=quantity,
        covers=_CHIPS.get(name, _UNKNOWN_RAIL.format(label=label, chip=name)),
        updates_s=_updates_s(chip, interval, read),
        resolution=_MICRO,
    )
    return [Probe(sensor, lambda: number(file, read) * _MICRO)]


def _updates_s(chip: Path, interval: str, read: ReadText, otherwise: float = _UPDATES_S) -> float:
    """From the file that tells it, in milliseconds."""
    text = text_or(chip / interval, "", read)
    return int(text) * _MILLI if text.isdecimal() and int(text) else otherwise


def _told_apart(probes: list[Probe]) -> list[Probe]:
    """Two equal chips have equal labels: the second becomes "... (2)"."""
    seen: dict[str, int] = {}
    apart = []
    for sensor, call in probes:
        count = seen[sensor.name] = seen.get(sensor.name, 0) + 1
        name = f"{sensor.name} ({count})" if count > 1 else sensor.name
        apart.append(
            Probe(
                replace(sensor, name=name),
                call,
            )
        )
    return apart
