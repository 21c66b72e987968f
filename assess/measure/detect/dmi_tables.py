"""Memory modules, from the firmware's SMBIOS tables; only root may read them on most systems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from assess.measure.detect.facts import Fact, MemoryModules
from assess.measure.kernel_files import bytes_of

_TABLES: Final = "sys/firmware/dmi/tables/DMI"

#: Fields of structure 17, "Memory Device", by offset (DMTF DSP0134, System Management BIOS 3.7, 7.18).
_TYPE, _WIDTH, _SIZE, _EXTENDED_SIZE, _CONFIGURED_RATE = 17, 0x0A, 0x0C, 0x1C, 0x20
_UNKNOWN: Final = 0xFFFF
_IS_EXTENDED: Final = 0x7FFF
_IN_KIB: Final = 0x8000

#: More than any machine's table has.
_MOST: Final = 4096


class _Module(NamedTuple):
    bytes: int
    rate: int
    width: int


def memory_modules(root: Path) -> Fact[MemoryModules] | str:
    """The modules that are fitted, or why they are not known."""
    data = bytes_of(root / _TABLES)
    if not data:
        return f"/{_TABLES} cannot be read: it takes root, and firmware that has DMI"
    fitted = [module for body in _structures(data) if (module := _module(body))]
    if not fitted:
        return f"/{_TABLES} lists no memory module"
    rates = {module.rate for module in fitted}
    widths = [module.width for module in fitted]
    rate = float(rates.pop()) * 1e6 if len(rates) == 1 and 0 not in rates else None
    found = MemoryModules(len(fitted), sum(each.bytes for each in fitted), rate, sum(widths) if all(widths) else None)
    # Two modules on one channel share its lines.
    note = "the width is that of all modules; two on one channel do not double it"
    return Fact(found, f"/{_TABLES}", note if len(fitted) > 1 else "")


def _structures(data: bytes) -> Iterator[bytes]:
    """Bodies of the Memory Device structures; each structure is followed by strings that end with two NUL."""
    at = 0
    for _ in range(_MOST):
        if at + 4 > len(data):
            return
        kind, length = data[at], data[at + 1]
        if length < 4:  # Damaged: there is no way to find the next one.
            return
        if kind == _TYPE:
            yield data[at : at + length]
        end = data.find(b"\0\0", at + length)
        if end < 0:
            return
        at = end + 2


def _module(body: bytes) -> _Module | None:
    """The module in a slot; None for an empty slot, or one that the firmware does not know the size of."""
    size = _word(body, _SIZE)
    if size in (0, _UNKNOWN):
        return None
    if size == _IS_EXTENDED:
        in_bytes = int.from_bytes(body[_EXTENDED_SIZE : _EXTENDED_SIZE + 4], "little") * 2**20
    else:
        in_bytes = (size & ~_IN_KIB) * 2**10 if size & _IN_KIB else size * 2**20
    rate, width = _word(body, _CONFIGURED_RATE), _word(body, _WIDTH)
    return _Module(in_bytes, 0 if rate == _UNKNOWN else rate, 0 if width == _UNKNOWN else width)


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "little")
