"""Totals of a model that follow from its parts: computed when it is described, computed again when it is read back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from assess.describe.dtypes import INTEGER, precision_of
from assess.describe.model import ModelFile, OperatorGroup, Precision


def total_macs(groups: Iterable[OperatorGroup]) -> int:
    """MACs of one inference, operators of unknown cost left out."""
    return sum(group.count * (group.macs or 0) for group in groups)


def share_in_integers(groups: Iterable[OperatorGroup]) -> float:
    """The share of the costed MACs that is computed in integers, 0 to 1; 0 if there are none."""
    total = whole = 0
    for group in groups:
        macs = group.count * (group.macs or 0)
        total += macs
        whole += macs if group.precision in INTEGER else 0
    return whole / total if total else 0.0


def main_precision(groups: Iterable[OperatorGroup], weight_bytes: Mapping[str, int]) -> Precision:
    """What most MACs are computed in; without MACs what most weight bytes are in, without weights most operators."""
    macs, counts, stored = Counter[Precision](), Counter[Precision](), Counter[Precision]()
    for group in groups:
        macs[group.precision] += group.count * (group.macs or 0)
        counts[group.precision] += group.count
    for dtype, size in weight_bytes.items():
        stored[precision_of(dtype)] += size
    for counter in (macs, stored, counts):
        if counter and max(counter.values()) > 0:
            # Sorted, so that a tie is the same precision wherever it is computed.
            return max(sorted(counter), key=lambda precision: counter[precision])
    return "other"


def identity(files: Iterable[ModelFile]) -> str:
    """The model's sha256: of its one file, or of the list of its files; see `Model.sha256`."""
    listed = list(files)
    if len(listed) == 1:
        return listed[0].sha256
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in listed)
    return hashlib.sha256(lines.encode()).hexdigest()
