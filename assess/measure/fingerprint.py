"""Whether two hosts are one and the same machine in the same state, as far as speed goes; and whether settings are."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from assess.measure.kernel_files import text_of
from assess.measure.measurement import Host, Settings

#: Of settings, what decides which inferences are run and how; the rest says how long, and what is run beside them.
_DECIDING: Final = ("provider", "provider_options", "threads", "optimisation", "custom_ops", "seed")
#: The same, of those that came later: a run without them has the key that it always had.
_DECIDING_IF_ASKED: Final = ("cpus", "realtime")
_GIB: Final = 2**30
_DIGITS: Final = 16
_KEY: Final = b"assess: which machine a baseline is of"


def speed_facts(host: Host) -> dict[str, str]:
    """What a machine's speed hangs on, by name; load, time and temperature, which change by the minute, are not in it.

    Memory is in whole GiB, rounded up: what a kernel keeps for itself differs from one to the next.
    """
    # No emulated machine is the same as a real one; a real one has the key that it always had.
    emulated = {"emulator": host.emulator} if host.emulator else {}
    memory = "" if host.memory_bytes is None else f"{-(-host.memory_bytes // _GIB)} GiB"
    return {
        "architecture": host.architecture,
        "board": host.board,
        "cpu": host.cpu,
        "cores": str(host.cores),
        "memory": memory,
        "os": host.os,
        "power mode": host.power_mode,
        "governor": host.governor,
        **emulated,
    }


def fingerprint(host: Host) -> str:
    """16 hexadecimal digits, the same for hosts whose speed facts are."""
    return _digest(speed_facts(host))


def machine_key(host: Host, machine: str) -> str:
    """16 hexadecimal digits, the same for one machine as long as its speed facts are.

    Args:
        host: the machine as it can be read.
        machine: which one it is, as `machine_id` tells; "" where it has no id.
    """
    return _digest({**speed_facts(host), "machine": machine})


def deciding(settings: Settings) -> dict[str, Any]:
    """The settings that decide how a model runs, by name."""
    return {
        name: value
        for name, value in asdict(settings).items()
        if name in _DECIDING or (name in _DECIDING_IF_ASKED and value)
    }


def settings_key(settings: Settings) -> str:
    """16 hexadecimal digits, the same for settings that run a model in the same way."""
    return _digest(deciding(settings))


def machine_id(root: Path = Path("/")) -> str:
    """16 hexadecimal digits that only this installation of a system has; "" where it has no id, as in many containers.

    The id itself is confidential and leaves no machine: what is kept is keyed with a word of our own, as
    https://www.freedesktop.org/software/systemd/man/latest/machine-id.html asks.
    """
    known = text_of(root / "etc/machine-id")
    return hmac.new(_KEY, known.encode(), hashlib.sha256).hexdigest()[:_DIGITS] if known else ""


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:_DIGITS]
