"""Which other files a profile names, and by which key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.describe.kinds import KINDS, MODEL, Folder, Kind
from assess.describe.positions import Path as KeyPath


def references(folder: Folder, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Kind[Any], str]]:
    """Every id that a file of a kind names: its key's path, what kind of file it is the id of, and the id."""
    for wanted in (*KINDS, MODEL):
        for named in wanted.named_in:
            value = mapping.get(named.key) if named.folder == folder else None
            if isinstance(value, list) is not named.is_list:
                continue  # That is told already.
            entries = value if isinstance(value, list) else [value]
            for index, entry in enumerate(entries):
                name = entry.get(named.inner) if named.inner and isinstance(entry, Mapping) else entry
                path: KeyPath = (named.key, index) if isinstance(value, list) else (named.key,)
                if isinstance(name, str) and name and not name.endswith(".onnx"):  # That is a path.
                    id_ = name.partition("/")[0] if wanted is MODEL else name  # Behind it stands one of its variants.
                    yield (*path, named.inner) if named.inner else path, wanted, id_
