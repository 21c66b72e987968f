"""The protobuf wire format, read from a file piece by piece: tags, variable-length integers, skips."""

from __future__ import annotations

from typing import IO, Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5

#: One read from the file; nodes are a few hundred bytes, so that one read serves thousands of them.
_WINDOW_BYTES: Final = 1 << 18


class WireError(Exception):
    """The bytes are not a protobuf message; the text says where they stop making sense."""


class TruncatedError(WireError):
    """A field says that it goes on beyond the end of what holds it."""


class Source:
    """A file seen as an array of bytes, of which only a window is in memory."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size
        self._base = 0
        self._window = b""

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`.

        Raises:
            TruncatedError: the file ends before `end`.
        """
        begin = start - self._base
        if begin >= 0 and end - self._base <= len(self._window):
            return self._window[begin : end - self._base]
        if end > self.size:
            raise TruncatedError(f"the file ends at byte {self.size}, where byte {end} is needed")
        self._file.seek(start)
        if end - start > _WINDOW_BYTES:
            data = self._file.read(end - start)
        else:
            self._base = start
            self._window = self._file.read(_WINDOW_BYTES)
            data = self._window[: end - start]
        if len(data) < end - start:
            raise TruncatedError(f"the file ends before byte {end}")
        return data

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """The unsigned integer at `at`, of a message that ends at `end`, and where it stops.

        Raises:
            TruncatedError: the message ends in the middle of it.
            WireError: it has more than the ten bytes that 64 bits need.
        """
        offset = at - self._base
        if 0 <= offset < len(self._window) and at < end:
            first = self._window[offset]
            if first < 0x80:
                return first, at + 1
        data = self.bytes_at(at, min(at + 10, end))
        value = 0
        for index, byte in enumerate(data):
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
        if len(data) < 10:
            raise TruncatedError(f"a number at byte {at} is cut off")
        raise WireError(f"a number at byte {at} has more than 64 bits")

    def field(self, at: int, end: int) -> tuple[int, int, int, int]:
        """One field: its number, its wire type, where its content starts and where it ends.

        Raises:
            WireError: it is no field of a protobuf message, or one of the long abandoned groups.
        """
        tag, start = self.varint(at, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise WireError(f"a field at byte {at} has the number 0")
        if wire_type == VARINT:
            stop = self.varint(start, end)[1]
        elif wire_type == LENGTH:
            length, start = self.varint(start, end)
            stop = start + length
        elif wire_type in (FIXED32, FIXED64):
            stop = start + (4 if wire_type == FIXED32 else 8)
        else:
            raise WireError(f"a field at byte {at} has the unknown wire type {wire_type}")
        if stop > end:
            raise TruncatedError(f"a field at byte {at} needs {stop - end} bytes more than there are")
        return number, wire_type, start, stop


def varint_bytes(value: int) -> bytes:
    """The encoding of an unsigned integer."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def length_field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint_bytes(number << 3 | LENGTH) + varint_bytes(len(content)) + content
