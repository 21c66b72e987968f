"""Every hostile file there is, the same in each run: sound models damaged by a seeded generator, and bombs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from hostile import bombs, edits, seeds

#: Mutants that are byte edits, by kind; most of them of small models, where more bytes say something.
_BYTES: Final = {"bit flips": 50, "truncation": 30, "spliced bytes": 30}
_OFTEN: Final = (
    "mlp",
    "conv",
    "choice",
    "loop",
    "scan",
    "functions",
    "quantised",
    "recurrent",
    "containers",
    "contrib",
)
_ALWAYS_REFUSED: Final = ("escape",)

_BOMBS: Final[dict[str, Callable[[], Iterator[tuple[str, bombs.Write]]]]] = {
    "escape": bombs.escapes, "nesting": bombs.nesting, "size": bombs.sizes, "volume": bombs.volume,
    "sparse": bombs.sparse, "no model": bombs.no_models,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One hostile file.

    Attributes:
        name: what was done, unique.
        kind: the class it belongs to.
        write: writes it as `model.onnx` into the first folder; the second is one that it must not read.
        refused: it must not be described at all.
    """

    name: str
    kind: str
    write: bombs.Write
    refused: bool


def mutants() -> list[Mutant]:
    """All of them, cheap to list: files are made when they are written."""
    found = [
        Mutant(f"{kind} {index}", kind, partial(_write_bytes, kind, index), refused=False)
        for kind, count in _BYTES.items()
        for index in range(count)
    ]
    for kind, (_, count) in edits.EDITS.items():
        found += [Mutant(f"{kind} {i}", kind, partial(_write_edited, kind, i), refused=False) for i in range(count)]
    for kind, make in _BOMBS.items():
        found += [Mutant(f"{kind}: {name}", kind, write, kind in _ALWAYS_REFUSED) for name, write in make()]
    return found


def _random(kind: str, index: int) -> tuple[Random, str]:
    """A generator of its own for each file, and the seed that it starts from."""
    random = Random(f"{kind}-{index}")
    every = list(seeds.seeds())
    return random, every[index % len(every)] if index % 2 else random.choice(_OFTEN)


def _write_bytes(kind: str, index: int, folder: Path, outside: Path) -> None:
    random, name = _random(kind, index)
    seeds.write(folder, _damaged(kind, seeds.seeds()[name], random))


def _damaged(kind: str, sound: bytes, random: Random) -> bytes:
    data = bytearray(sound)
    if kind == "bit flips":
        for _ in range(random.randint(1, 32)):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif kind == "truncation":
        del data[random.choice([1, 2, 10, random.randrange(len(data)), random.randrange(len(data)), len(data) - 1]) :]
    else:
        start = random.randrange(len(data))
        piece = data[start : start + random.randint(1, 200)]
        at = random.randrange(len(data))
        data[at : at + random.choice([0, 0, len(piece)])] = random.choice([b"", piece, piece * 3, bytes(len(piece))])
    return bytes(data)


def _write_edited(kind: str, index: int, folder: Path, outside: Path) -> None:
    random, name = _random(kind, index)
    seeds.write(folder, edits.edited(seeds.parsed(name), kind, random))
