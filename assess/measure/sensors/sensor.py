"""What every sensor says about itself, and how its files are read; units are W, J, °C, Hz and B, never their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

#: What a sensor reads, hence in which unit. "energy": joules since some fixed point, a counter. "power": W.
#: "temperature": °C. "frequency": Hz. "throttling": 0 while nothing slows the clock, more than 0 while something does.
#: "throttle events": how often something slowed it since some fixed point, a counter. "device memory": bytes in use.
Quantity = Literal["energy", "power", "temperature", "frequency", "throttling", "throttle events", "device memory"]

#: Reads a small text file of the kernel.
ReadText = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor, in words and units.

    Attributes:
        name: unlike that of any other sensor of the host.
        quantity: what it reads, and so in which unit.
        covers: what part of the machine it sees and what not.
        updates_s: seconds after which it has a new value; reading it more often brings nothing.
        resolution: its smallest step.
        is_whole: whether it sees all of the machine, or of the module that is the device: others then are parts of it.
        wraps_at: a counter begins again at 0 when it has counted so much; None: it does not, or nobody tells.
    """

    name: str
    quantity: Quantity
    covers: str
    updates_s: float = 1.0
    resolution: float = 0.0
    wraps_at: float | None = None
    is_whole: bool = False


class Probe(NamedTuple):
    """A sensor and the call that reads it; the call raises OSError or ValueError when it cannot be read just now."""

    sensor: Sensor
    read: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Found:
    """What one kind of sensor offers on this host.

    Attributes:
        probes: sensors that gave a value when they were tried.
        absent: for each that is not there or does not tell, why, and what to type where that helps.
    """

    probes: tuple[Probe, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


def read_text(file: Path) -> str:
    """A small file of the kernel, without the blanks and NULs around it.

    Raises:
        OSError: it cannot be read.
    """
    return file.read_text(encoding="ascii", errors="replace").strip("\0 \n")


def text_or(file: Path, otherwise: str, read: ReadText = read_text) -> str:
    """The file's text, or `otherwise` where it is not there, cannot be read or is empty."""
    try:
        return read(file) or otherwise
    except OSError:
        return otherwise


def number(file: Path, read: ReadText = read_text) -> int:
    """The whole number that a file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    return int(read(file))


def tried(probes: list[Probe], nothing: str, source: str) -> Found:
    """Those of `probes` that give a value now; the others are absent because of what reading them raised.

    Args:
        probes: what might be read.
        nothing: why there is none when `probes` is empty.
        source: name of all of them together, under which `nothing` is noted.
    """
    if not probes:
        return Found((), {source: nothing})
    good, absent = [], {}
    for probe in probes:
        try:
            probe.read()
        except (OSError, ValueError) as error:
            absent[probe.sensor.name] = why_unread(error)
        else:
            good.append(probe)
    return Found(tuple(good), absent)


def why_unread(error: OSError | ValueError) -> str:
    """One line for people."""
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror.lower()}" + (f" ({error.filename})" if error.filename else "")
    return f"cannot be read: {error}"


def by_number(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort key: cpu2 comes before cpu10."""
    parts, digits = [], ""
    for character in f"{path} ":
        if character.isdecimal():
            digits += character
        elif digits:
            parts.append((int(digits), ""))
            digits = ""
        if not character.isdecimal():
            parts.append((-1, character))
    return tuple(parts)
