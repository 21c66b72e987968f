"""Checks: whether a host can be recognised as the device, in the mode that its numbers hold in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.describe.lint.check import Seen, check
from assess.describe.problems import Complaint


@check("no-identity", "devices")
def no_identity(seen: Seen) -> Iterator[Complaint]:
    """A file that says how its device is recognised, but names neither board nor CPU."""
    identity = seen.mapping.get("identity")
    if isinstance(identity, Mapping) and not _recognises(identity):
        yield Complaint(("identity",), "names neither 'board' nor 'cpu': no host is recognised by it", is_of_key=True)


@check("unnamed-mode", "devices", whole_file=True)
def unnamed_mode(seen: Seen) -> Iterator[Complaint]:
    """Numbers of one power mode, where a host in any mode is taken for the device."""
    identity = seen.mapping.get("identity")
    if not (seen.mapping.get("power_mode") and isinstance(identity, Mapping) and _recognises(identity)):
        return
    if not identity.get("power_mode"):
        yield Complaint(
            ("identity",),
            "a host in any power mode is taken for this device; name the mode as the board reports it in 'power_mode'",
            is_of_key=True,
        )


def _recognises(identity: Mapping[str, Any]) -> bool:
    return bool(identity.get("board") or identity.get("cpu"))
