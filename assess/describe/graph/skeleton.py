"""Read an ONNX file without its weights: a copy of the message from which the payload of large tensors is left out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assess.describe.graph.wire import (
    LENGTH,
    VARINT,
    Source,
    TruncatedError,
    WireError,
    length_field,
)
from assess.errors import AssessError

#: Messages and payloads up to this size are copied as they are: every shape, axis and scale a graph is read by fits.
_SMALL_BYTES: Final = 1024

#: Deeper nesting than this is no model: exporters reach about 10, protobuf itself refuses 100.
_DEPTH: Final = 90

# Field numbers of onnx.proto: which fields of a message hold messages worth descending into, and of which kind.
_CHILDREN: Final[dict[str, dict[int, str]]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "sparse": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph"},
    "tensor": {},
}
#: Documentation of each kind of message: exporters put stack traces of kilobytes into it.
_DOC: Final = {"model": 6, "graph": 10, "node": 6, "attribute": 13, "function": 8, "tensor": 12}

#: Payload fields of TensorProto: name and, where elements are not packed, bytes of one element.
_PAYLOAD: Final = {4: "float", 5: "int32", 6: "string", 7: "int64", 9: "raw", 10: "double", 11: "uint64"}


@dataclass
class Payload:
    """What a tensor holds that was left out of the skeleton.

    Attributes:
        raw_bytes: bytes of `raw_data`.
        elements: numbers in the typed fields, as they are written one after the other.
    """

    raw_bytes: int = 0
    elements: int = 0


@dataclass
class Skeleton:
    """A model file without its large payloads.

    Attributes:
        data: a serialised ModelProto.
        mark: what the `doc_string` of a stripped tensor starts with; random, so that no file can forge it.
        payloads: what was left out, by the number after the mark.
    """

    data: bytes
    mark: str
    payloads: list[Payload] = field(default_factory=list)


def read(path: Path) -> Skeleton:
    """Copy the model at `path` without the weights in it. Memory: the copy and a window of 256 KiB.

    Raises:
        AssessError: it is not an ONNX model, or it is cut off.
    """
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        source = Source(file, size)
        _check_beginning(source, path)
        reader = _Reader(source)
        try:
            data = b"".join(reader.message(0, size, "model", 0))
        except WireError as error:
            raise _unreadable(error, path, began_well=reader.saw_version) from error
    if not (reader.saw_version or reader.saw_graph):
        raise AssessError("is not an ONNX model: it holds no graph", where=str(path))
    return Skeleton(data, reader.mark, reader.payloads)


def _unreadable(error: WireError, path: Path, *, began_well: bool) -> AssessError:
    # Anything may look cut off when it is read as protobuf; only what began as a model was one.
    if began_well and isinstance(error, TruncatedError):
        return AssessError(f"is truncated: {error}", where=str(path), hint="copy or download the file again")
    return AssessError(f"is not an ONNX model: {error}", where=str(path))


_KNOWN_BEGINNINGS: Final = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive", b"ORTM": "ONNX Runtime's own format",
    b"version https://git-lfs": "a Git LFS pointer",
    b"GGUF": "a GGUF file", b"TFL3": "a TensorFlow Lite model", b"\x7fELF": "a program",
}  # fmt: skip


def _check_beginning(source: Source, path: Path) -> None:
    if source.size == 0:
        raise AssessError("is not an ONNX model: the file is empty", where=str(path))
    start = source.bytes_at(0, min(64, source.size))
    for beginning, what in _KNOWN_BEGINNINGS.items():
        # Flatbuffers (.ort, .tflite) carry their name after the offset of the root table.
        if start.startswith(beginning) or start[4:8] == beginning:
            hint = "fetch the file itself with `git lfs pull`" if "LFS" in what else ""
            raise AssessError(f"is not an ONNX model but {what}", where=str(path), hint=hint)
    # A text may by chance read as protobuf for a while; a model starts with a version number, no printable character.
    if all(9 <= byte < 14 or 32 <= byte < 127 for byte in start):
        raise AssessError("is not an ONNX model but a text", where=str(path))


class _Reader:
    """Walks the messages of one file; holds what was left out."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.mark = f"assess-{secrets.token_hex(8)}:"
        self.payloads: list[Payload] = []
        self.saw_version = False
        self.saw_graph = False

    def message(self, start: int, end: int, kind: str, depth: int) -> list[bytes]:
        """The pieces of a copy of the message that lies between `start` and `end`."""
        if depth > _DEPTH:
            raise WireError(f"messages are nested more than {_DEPTH} deep")
        if kind == "tensor":
            return self._tensor(start, end)
        children, doc = _CHILDREN[kind], _DOC.get(kind)
        pieces: list[bytes] = []
        at = copied = start  # Fields that stay as they are, are copied in runs.
        while at < end:
            number, wire_type, begin, stop = self._source.field(at, end)
            if depth == 0:
                self.saw_version |= number == 1 and wire_type == VARINT
                self.saw_graph |= number == 7 and wire_type == LENGTH
            if wire_type == LENGTH and stop - begin > _SMALL_BYTES and (number in children or number == doc):
                self._flush(pieces, copied, at)
                if number != doc:
                    content = b"".join(self.message(begin, stop, children[number], depth + 1))
                    pieces.append(length_field(number, content))
                copied = stop
            elif stop - copied > 1 << 17:
                self._flush(pieces, copied, stop)
                copied = stop
            at = stop
        self._flush(pieces, copied, end)
        return pieces

    def _flush(self, pieces: list[bytes], start: int, end: int) -> None:
        if end > start:
            pieces.append(self._source.bytes_at(start, end))

    def _tensor(self, start: int, end: int) -> list[bytes]:
        """A TensorProto: payload that is large in sum is replaced by a mark in its `doc_string`."""
        payload, pieces, kept = Payload(), [], []
        kept_bytes, at = 0, start
        while at < end:
            number, wire_type, begin, stop = self._source.field(at, end)
            if number in _PAYLOAD:
                self._count(payload, number, wire_type, begin, stop)
                kept_bytes += stop - at
                if kept_bytes <= _SMALL_BYTES:
                    kept.append(self._source.bytes_at(at, stop))
            elif number != _DOC["tensor"]:
                pieces.append(self._source.bytes_at(at, stop))
            at = stop
        if kept_bytes <= _SMALL_BYTES:
            return pieces + kept
        pieces.append(length_field(_DOC["tensor"], f"{self.mark}{len(self.payloads)}".encode()))
        self.payloads.append(payload)
        return pieces

    def _count(self, payload: Payload, number: int, wire_type: int, begin: int, stop: int) -> None:
        name = _PAYLOAD[number]
        if name == "raw":
            payload.raw_bytes += stop - begin
        elif name == "string" or wire_type == VARINT:
            payload.elements += 1
        elif name in ("float", "double"):
            payload.elements += (stop - begin) // (4 if name == "float" else 8)
        elif wire_type == LENGTH:
            payload.elements += self._packed_varints(begin, stop)

    def _packed_varints(self, begin: int, stop: int) -> int:
        """How many integers a packed field holds: as many as it has bytes that end one."""
        count, step = 0, 1 << 20
        for at in range(begin, stop, step):
            chunk = self._source.bytes_at(at, min(at + step, stop))
            count += len(chunk) - len(chunk.translate(None, _ENDING))
        return count


_ENDING: Final = bytes(range(0x80))
