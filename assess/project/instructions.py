"""What is known of a device's instructions from its profile alone."""

from __future__ import annotations

import re
from typing import Final

from assess.describe.device import Device
from assess.describe.runtime import Runtime

#: Cores of Armv8.0, which has no SDOT and UDOT: they are optional from Armv8.2 on (Arm ARM, FEAT_DotProd).
_ARMV8_0: Final = frozenset({"Cortex-A35", "Cortex-A53", "Cortex-A57", "Cortex-A72", "Cortex-A73"})
_CORE: Final = re.compile(r"Cortex-[AX][0-9]+[A-Z]*")


def without_dot_products(device: Device, runtime: Runtime) -> str:
    """That the CPU which a runtime uses has no dot products of 8-bit numbers; "" where it has, or nothing says so.

    A profile names the cores of an engine in the note at its units, or the CPU itself in [identity].
    """
    engine = next((binding.engine for binding in device.runtime if binding.id == runtime.id), None)
    found = next((each for each in device.engine if each.name == engine and each.kind == "cpu"), None)
    if found is None:
        return ""
    named = [found.units.note] if found.units else []
    cores = {
        core for text in (*named, *(device.identity.cpu if device.identity else ())) for core in _CORE.findall(text)
    }
    if not cores or not cores <= _ARMV8_0:
        return ""
    return f"{', '.join(sorted(cores))} has no dot products of 8-bit numbers: int8 gains less time there than elsewhere"
