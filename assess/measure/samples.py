"""Raw samples as compact text, and what is derived from them.

Encoding: each sample, in whole nanoseconds, as an unsigned LEB128 number (seven bits a byte, lowest first, the highest
bit set on all bytes but the last), one after the other, in base64. Two to four bytes a sample, as compression would
need; but the same samples give the same text with every version of every compressor, so that a run keeps its identity,
and a short text can never unfold into a huge one.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Final

ENCODING: Final = "LEB128, base64"

#: Bytes of the largest sample: 63 bits, 292 years of nanoseconds.
_LONGEST: Final = 9


def encode(samples: Sequence[int], *, least: int = 1) -> str:
    """Samples as text.

    Raises:
        ValueError: a sample is smaller than `least`, which is 0 or 1.
    """
    packed = bytearray()
    for sample in samples:
        if sample < least:
            raise ValueError(f"{sample} ns is less than {least}")
        rest = sample
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return base64.b64encode(packed).decode("ascii")


def decode(text: str, count: int, *, least: int = 1) -> tuple[int, ...]:
    """The `count` samples that a text holds.

    Raises:
        ValueError: the text is not such an encoding, holds another number of samples, or one that is smaller than
            `least` or too long.
    """
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    samples: list[int] = []
    sample = length = 0
    for byte in packed:
        sample |= (byte & 0x7F) << (7 * length)
        length += 1
        if byte & 0x80:
            if length == _LONGEST:
                raise ValueError(f"sample {len(samples)} is longer than {_LONGEST} bytes")
            continue
        if byte == 0 and (length > 1 or least):
            raise ValueError(f"sample {len(samples)} is {'zero' if length == 1 else 'not in its shortest form'}")
        samples.append(sample)
        sample = length = 0
    if length:
        raise ValueError(f"sample {len(samples)} is cut off")
    if len(samples) != count:
        raise ValueError(f"holds {len(samples)} samples, count says {count}")
    return tuple(samples)


def aggregates(samples: Sequence[int]) -> dict[str, int | float]:
    """What readers want to see of at least one sample, in nanoseconds: whole numbers, but for the mean.

    A percentile is the smallest sample that at least so many percent do not exceed (nearest rank): one that occurred.
    """
    ordered, total = sorted(samples), sum(samples)
    ranks = {f"p{percent}": ordered[math.ceil(percent * len(ordered) / 100) - 1] for percent in (50, 90, 99)}
    return {**ranks, "min": ordered[0], "max": ordered[-1], "mean": total / len(ordered), "total": total}
