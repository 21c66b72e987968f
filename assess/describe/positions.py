"""Where in a TOML file each key stands: the standard library's reader tells values but not lines."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Path = tuple[str | int, ...]

_SPACE: Final = " \t"
_BARE_END: Final = ",]}\n\r#"
_BARE_KEY: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(frozen=True, slots=True)
class Position:
    """A stretch of text on one line.

    Attributes:
        line: counted from 1.
        column: counted from 1.
        length: characters, at least 1; what goes on in further lines is cut.
    """

    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a key and its value stand; the same place twice for a table's header or an element of an array."""

    key: Position
    value: Position


def positions(text: str) -> dict[Path, Entry]:
    """The place of every key, table and array element of a valid TOML text, by its path."""
    return _Scanner(text).scan()


def moved_back(keys: Path, moved: Mapping[Path, Path | None], elsewhere: Path = ()) -> Path:
    """Where a key was before parts of a mapping were moved.

    Args:
        keys: path of the key now.
        moved: paths now to paths before; None for what came from elsewhere.
        elsewhere: the path that stands for all that came from there.
    """
    for depth in range(len(keys), 0, -1):
        if keys[:depth] in moved:
            before = moved[keys[:depth]]
            return elsewhere if before is None else (*before, *keys[depth:])
    return keys


def _unquoted(key: str) -> str:
    """What a quoted key is called; only double quotes have escapes."""
    if "\\" not in key or key[0] == "'":
        return key[1:-1]
    return next(iter(tomllib.loads(f"{key} = 0")))


class _Scanner:
    """Walks a text that `tomllib` has accepted; what it cannot be is not checked again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Entry] = {}
        self.last_index: dict[Path, int] = {}
        self.line_starts = [0, *(index + 1 for index, char in enumerate(text) if char == "\n")]

    def scan(self) -> dict[Path, Entry]:
        prefix: Path = ()
        while self._skip_blank():
            if self.text[self.at] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)
        return self.found

    def _header(self) -> Path:
        start = self.at
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        keys = self._keys()
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        place = self._position(start, self.at)
        parent = self._resolved(keys[:-1], Entry(place, place))
        path: Path = (*parent, keys[-1])
        if is_array:
            self.last_index[path] = self.last_index.get(path, -1) + 1
            self._record(path, start, self.at, start, self.at)
            path = (*path, self.last_index[path])
        elif path in self.last_index:
            path = (*path, self.last_index[path])
        self._record(path, start, self.at, start, self.at)
        return path

    def _resolved(self, keys: list[str], here: Entry) -> Path:
        path: Path = ()
        for key in keys:
            path = (*path, key)
            # A table that has no header of its own stands where the first table inside it does.
            self.found.setdefault(path, here)
            if path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def _pair(self, prefix: Path) -> None:
        start = self.at
        keys = self._keys()
        end = self.at
        self._skip(_SPACE + "=")
        path: Path = prefix
        for key in keys:
            path = (*path, key)
            self.found.setdefault(path, Entry(self._position(start, end), self._position(start, end)))
        value = self.at
        self._value(path)
        self._record(path, start, end, value, self.at)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                start = self.at
                self._string()
                keys.append(_unquoted(self.text[start : self.at]))
            else:
                start = self.at
                while self.at < len(self.text) and self.text[self.at] in _BARE_KEY:
                    self.at += 1
                keys.append(self.text[start : self.at])
            end = self.at
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                self.at = end
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                self.at += 1
            while self.text[self.at - 1] in _SPACE:
                self.at -= 1

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and self.text[self.at] != "]":
            start = self.at
            self._value((*path, index))
            self._record((*path, index), start, self.at, start, self.at)
            index += 1
            if self._skip_blank() and self.text[self.at] == ",":
                self.at += 1
        self.at += 1

    def _table(self, path: Path) -> None:
        self.at += 1
        while self._skip_blank() and self.text[self.at] != "}":
            self._pair(path)
            if self._skip_blank() and self.text[self.at] == ",":
                self.at += 1
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        if self.text.startswith(quote * 3, self.at):
            self.at += 3
            while not self.text.startswith(quote * 3, self.at):
                self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
            self.at += 3
            # Up to two quotes may stand right before the closing three.
            while self.text.startswith(quote, self.at):
                self.at += 1
            return
        self.at += 1
        while self.text[self.at] != quote:
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += 1

    def _skip(self, chars: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in chars:
            self.at += 1

    def _skip_blank(self) -> bool:
        """Skip space, line ends and comments; whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\r\n":
                self.at += 1
            else:
                return True
        return False

    def _record(self, path: Path, key: int, key_end: int, value: int, value_end: int) -> None:
        self.found[path] = Entry(self._position(key, key_end), self._position(value, value_end))

    def _position(self, start: int, end: int) -> Position:
        line = bisect_right(self.line_starts, start)
        first = self.line_starts[line - 1]
        end = min(end, self.line_starts[line] - 1 if line < len(self.line_starts) else len(self.text))
        return Position(line, start - first + 1, max(1, end - start))
