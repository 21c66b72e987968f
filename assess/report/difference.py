"""What two authored mappings say differently, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.clean import clean
from assess.describe.extends import NAMED_BY
from assess.report.toml_text import is_one_line, value_text


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Each key that differs, what the first says after "-" and the second after "+"; empty if none does."""
    left, right = dict(_leaves(one, "")), dict(_leaves(other, ""))
    lines = []
    for key in dict.fromkeys([*left, *right]):
        if left.get(key) != right.get(key):
            lines.append(key)
            lines += [f"  - {left[key]}"] if key in left else []
            lines += [f"  + {right[key]}"] if key in right else []
    return "".join(f"{clean(line)}\n" for line in lines)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every key with a value of its own; entries of lists of named tables go by their name, numbers are one value."""
    if isinstance(value, Mapping) and (value or not path) and not is_one_line(value):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            if (
                key in NAMED_BY
                and isinstance(inner, list)
                and inner
                and all(isinstance(entry, Mapping) for entry in inner)
            ):
                for entry in inner:
                    yield from _leaves(entry, f"{here}[{entry.get(NAMED_BY[key])}]")
            else:
                yield from _leaves(inner, here)
    else:
        yield path, value_text(value)
