"""Whether one host can be taken for two devices, by what their files say that it must report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.describe.mapping import listed, table


def mode_names_shared(mine: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Names of power modes, with their index in `mine`, in which a host would be taken for both devices.

    There is none where no board and CPU is both of theirs, as a new firmware gives a board another name.
    """
    ours, theirs = table(mine, "identity"), table(other, "identity")
    if any(_is_apart(_names(ours, key), _names(theirs, key)) for key in ("board", "cpu")):
        return
    known = set(_names(theirs, "power_mode"))
    for index, name in enumerate(listed(ours, "power_mode")):
        if isinstance(name, str) and name.strip() in known:
            yield index, name


def _names(identity: Mapping[str, Any], key: str) -> list[str]:
    return [name.strip() for name in listed(identity, key) if isinstance(name, str)]


def _is_apart(mine: list[str], theirs: list[str]) -> bool:
    return bool(mine and theirs) and set(mine).isdisjoint(theirs)
