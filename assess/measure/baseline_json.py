"""A baseline as a file, `assess.baseline/2`: the same text for the same baseline, believed only if nobody edited it.

History of the format:
    assess.baseline/1  the first.
    assess.baseline/2  "cpus" and "realtime" in "settings"; in "host" what emulates it, and its instruction sets.

The checksum shows a change by hand or by a merge, and a file that was cut off. It does not stop somebody who computes
it anew: no file that lies in the open is safe from that.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_type_hints

from assess.describe import model_json
from assess.errors import AssessError
from assess.measure import strict_json
from assess.measure.baseline import Baseline
from assess.measure.plain import decode, require_keys

_FAMILY: Final = "assess.baseline/"
_NEWEST: Final = 2
SCHEMA: Final = f"{_FAMILY}{_NEWEST}"
_MOST_BYTES: Final = 16 * 2**20
_LONGEST_NS: Final = 3_600_000_000_000


def to_json(baseline: Baseline) -> str:
    """The baseline as text; keys are sorted, so that a comparison of two shows what changed."""
    plain = {**asdict(baseline), "model": model_json.to_json(baseline.model)}
    return json.dumps({"schema": SCHEMA, "sha256": _digest(plain), **plain}, indent=1, sort_keys=True) + "\n"


def read(path: Path) -> Baseline:
    """Read a baseline from its file.

    Raises:
        AssessError: it cannot be read, is no baseline, is cut off, was changed, or is of a newer version.
    """
    return from_json(strict_json.read_text(path, _MOST_BYTES, "baseline"), str(path))


def from_json(text: str, where: str) -> Baseline:
    """Read a baseline.

    Raises:
        AssessError: as for `read`.
    """
    try:
        data = strict_json.loads(text)
        _require_schema(data)
        body = {key: value for key, value in data.items() if key not in ("schema", "sha256")}
        if data.get("sha256") != _digest(body):
            raise ValueError("was changed after it was written, or is damaged: its checksum is not that of its content")
        baseline = _baseline(body)
        _require_sense(baseline)
    except ValueError as error:
        hint = "restore the file (git checkout), or accept the accepted model again: assess baseline accept"
        raise AssessError(str(error), where=where, hint=hint) from error
    return baseline


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _require_schema(data: Any) -> None:
    if not isinstance(data, dict) or not isinstance(schema := data.get("schema"), str):
        raise ValueError("is not a baseline: it has no 'schema'")
    match = re.fullmatch(rf"{_FAMILY}([1-9]\d{{0,8}})", schema)
    if match and int(match[1]) > _NEWEST:
        raise ValueError(f"{schema} was written by a newer assess; this one reads up to {SCHEMA}")
    if not match:
        raise ValueError(f"schema {schema!r:.80} is not a baseline's ({SCHEMA})")


def _baseline(body: dict[str, Any]) -> Baseline:
    names = {each.name for each in fields(Baseline)}
    require_keys(body, "", names)
    if not isinstance(body["model"], dict):
        raise ValueError("model: expected an object")
    hints = get_type_hints(Baseline)
    plain = {name: decode(hints[name], body[name], name) for name in sorted(names - {"model"})}
    try:
        return Baseline(model=model_json.from_json(body["model"]), **plain)
    except ValueError as error:
        raise ValueError(f"model.{error}") from error


def _require_sense(baseline: Baseline) -> None:
    """Refuse what no run gives, whoever computed the checksum."""
    try:
        datetime.fromisoformat(baseline.acceptance.when)
    except ValueError as error:
        raise ValueError(f"acceptance.when: {baseline.acceptance.when!r:.40} is not an ISO 8601 time") from error
    if not baseline.launches or baseline.sentinel.floor_ns <= 0:
        raise ValueError("launches: there are none, or the sentinel took no time")
    for index, launch in enumerate(baseline.launches):
        times = launch.quantiles_ns
        if times[0] <= 0 or list(times) != sorted(times) or times[-1] > _LONGEST_NS:
            raise ValueError(f"launches.{index}: its times are not ascending, above 0 and below an hour")
    kept = baseline.outputs
    if len(kept.arrays) != len(kept.frames) * len(kept.outputs) or len(kept.dtypes) != len(kept.outputs):
        raise ValueError("outputs.arrays: there is not one for each output of each frame")
    if bool(kept.absent) == bool(kept.arrays):
        raise ValueError("outputs.absent: must say why there are none, and only then")
