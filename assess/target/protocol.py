"""What the two ends of a link say to each other: lines of JSON, each of which may announce bytes that follow it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from assess.measure.plain import decode

#: Of a line: a request holds the facts of models, which have a few megabytes at 50,000 nodes.
_MOST_BYTES: Final = 256 * 2**20
_CHUNK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that the other end is to have.

    Attributes:
        path: where it is to lie, below the folder of the job; "/" parts it.
        sha256: of its bytes.
        size: of it, in bytes.
    """

    path: str
    sha256: str
    size: int


class GoneError(Exception):
    """The other end is not there any more, or is no end of ours."""


def say(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    """Write one message.

    Raises:
        GoneError: nobody reads it.
    """
    line = json.dumps(message, allow_nan=False).encode() + b"\n"
    try:
        stream.write(line)
        stream.flush()
    except (OSError, ValueError) as error:
        raise GoneError(f"it cannot be told anything: {error}") from error


def hear(stream: IO[bytes], most_bytes: int | None = None) -> dict[str, Any]:
    """Read one message of at most so many bytes.

    Raises:
        GoneError: there is none any more, or what came is none.
    """
    try:
        line = stream.readline(most_bytes or _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise GoneError(f"it cannot be heard: {error}") from error
    if not line.endswith(b"\n"):
        raise GoneError("it said nothing more")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise GoneError(f"said what is no message: {line[:200].decode('utf-8', 'replace')!r}") from error
    if not isinstance(message, dict):
        raise GoneError("said what is no message")
    return message


def sent_files(data: Any) -> tuple[SentFile, ...]:
    """The files that a message announces, none of which would lie outside the folder that they are put into.

    Raises:
        ValueError: it announces none, or one leads elsewhere.
    """
    if not isinstance(data, list):
        raise ValueError("files: is no list")
    files = tuple(decode(SentFile, each, f"files.{index}") for index, each in enumerate(data))
    for file in files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in file.path or "\\" in file.path:
            raise ValueError(f"files: {file.path!r:.200} leads out of the folder")
        if len(file.sha256) != 64 or not set(file.sha256) <= set("0123456789abcdef"):
            raise ValueError(f"files: {file.sha256!r:.80} is no sha256")
    return files


def described(path: Path, name: str) -> SentFile:
    """A file here, as it is announced.

    Args:
        path: of the file.
        name: where it is to lie there.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
        return SentFile(name, found.hexdigest(), file.tell())


def announced(files: Sequence[SentFile]) -> list[dict[str, Any]]:
    """Files as a message has them."""
    return [asdict(each) for each in files]


def send_bytes(stream: IO[bytes], path: Path, size: int, sent: Callable[[int], object] = lambda _: None) -> None:
    """Write the bytes of a file that was announced.

    Args:
        stream: to the other end.
        path: of the file.
        size: as it was announced; a file that has become shorter is no file to send.
        sent: is told how many bytes have gone, after each piece.

    Raises:
        GoneError: nobody reads them.
        OSError: the file cannot be read, or is another one now.
    """
    left = size
    with path.open("rb") as file:
        while left:
            if not (piece := file.read(min(_CHUNK_BYTES, left))):
                raise OSError(f"{path} has become shorter while it was sent")
            try:
                stream.write(piece)
            except (OSError, ValueError) as error:
                raise GoneError(f"it takes no more bytes: {error}") from error
            left -= len(piece)
            sent(len(piece))
    try:
        stream.flush()
    except (OSError, ValueError) as error:
        raise GoneError(f"it takes no more bytes: {error}") from error


def pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The bytes of an announced file, piece by piece; all of them are taken from the stream, or it is gone.

    Raises:
        GoneError: there were fewer.
    """
    left = size
    while left:
        try:
            piece = stream.read(min(_CHUNK_BYTES, left))
        except (OSError, ValueError) as error:
            raise GoneError(f"it cannot be heard: {error}") from error
        if not piece:
            raise GoneError("it ended in the middle of a file")
        left -= len(piece)
        yield piece


def receive(stream: IO[bytes], file: SentFile, path: Path) -> str:
    """Write an announced file to a path, which has its whole content or is not there.

    Returns:
        Why it could not be kept - a full disk, bytes that are not those announced -, or "". Its bytes are gone from
        the stream either way.

    Raises:
        GoneError: there were fewer bytes.
    """
    digest, why = hashlib.sha256(), ""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")  # Another process may take the same file.
    try:
        target: IO[bytes] | None = temporary.open("wb")
    except OSError as error:
        target, why = None, f"{error.strerror or error}"
    try:
        for piece in pieces(stream, file.size):
            digest.update(piece)
            if target is not None and not why:
                why = _written(target, piece)
        if target is not None:
            why = why or _closed(target)
            if not why and digest.hexdigest() != file.sha256:
                why = "its bytes are not those that were announced"
            if not why:
                why = _named(temporary, path)
    finally:
        if target is not None and not target.closed:
            _closed(target)
        with suppress(OSError):
            temporary.unlink()
    return why


def _written(file: IO[bytes], piece: bytes) -> str:
    try:
        file.write(piece)
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _closed(file: IO[bytes]) -> str:
    """Close it with its bytes on the disk: boards lose power, and a file is known by its name and size later."""
    try:
        with file:
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _named(temporary: Path, path: Path) -> str:
    try:
        temporary.replace(path)
    except OSError as error:
        return str(error.strerror or error)
    return ""
