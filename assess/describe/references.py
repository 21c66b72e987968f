"""Which other files a profile names, and by which key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from assess.describe.positions import Path as KeyPath

Kind = Literal["devices", "workloads", "partners", "runtimes", "standards", "models", "suites"]

#: Kind of a file, its key that names others, the key in each entry of a list of tables ("": the text itself), and the
#: kind that is named. The only one that is no list is a runtime's fallback.
_NAMED: Final[tuple[tuple[Kind, str, str, Kind], ...]] = (
    ("devices", "runtime", "id", "runtimes"),
    ("devices", "standard", "id", "standards"),
    ("runtimes", "fallback", "", "runtimes"),
    ("partners", "devices", "", "devices"),
    ("partners", "workloads", "", "workloads"),
    ("partners", "standards", "", "standards"),
)


def references(kind: Kind, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Kind, str]]:
    """Every id that a file names: its key's path, what kind of file it is the id of, and the id."""
    for of, key, inner, wanted in _NAMED:
        value = mapping.get(key) if of == kind else None
        if isinstance(value, list) is (key == "fallback"):
            continue  # That is told already.
        entries = value if isinstance(value, list) else [value]
        for index, entry in enumerate(entries):
            name = entry.get(inner) if inner and isinstance(entry, Mapping) else entry
            path: KeyPath = (key, index) if isinstance(value, list) else (key,)
            if isinstance(name, str) and name:
                yield (*path, inner) if inner else path, wanted, name
