"""Frames as JSON: four columns of whole nanoseconds, and what readers want to see derived from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from assess.measure import samples
from assess.measure.frames import Frames
from assess.measure.plain import decode, require_keys

#: Columns: time from each release to the next, from release to start, from start to end; and the time between releases
#: that were dropped. The first release, and the first dropped one, are counted from the first release of all: served,
#: dropped or, in a pipeline, another stage's.
_COLUMNS: Final = ("released", "waited", "service", "dropped")


def to_json(frames: Frames) -> dict[str, Any]:
    """Frames as a JSON object."""
    service, response = frames.service_ns, frames.response_ns
    return {
        "unit": "ns",
        "encoding": samples.ENCODING,
        "count": len(frames),
        "dropped_count": len(frames.dropped_ns),
        "released": samples.encode(_steps(frames.scheduled_ns), least=0),
        "waited": samples.encode(frames.waited_ns, least=0),
        "service": samples.encode(service),
        "dropped": samples.encode(_steps(frames.dropped_ns), least=0),
        "derived": {"service": samples.aggregates(service), "response": samples.aggregates(response)}
        if service
        else None,
    }


def from_json(data: Any, path: str) -> Frames:
    """Frames from a JSON object; what was derived is derived again and compared.

    Raises:
        ValueError: it is not such an object, or contradicts itself; the message names the key by its path.
    """
    require_keys(data, path, {"unit", "encoding", "count", "dropped_count", *_COLUMNS, "derived"})
    _require_units(data, path)
    count = decode(int, data["count"], f"{path}.count")
    dropped = decode(int, data["dropped_count"], f"{path}.dropped_count")
    column = {
        name: _column(data[name], dropped if name == "dropped" else count, f"{path}.{name}", positive=name == "service")
        for name in _COLUMNS
    }
    scheduled = tuple(accumulate(column["released"]))
    start = tuple(map(sum, zip(scheduled, column["waited"], strict=True)))
    done = tuple(map(sum, zip(start, column["service"], strict=True)))
    frames = Frames(scheduled, start, done, tuple(accumulate(column["dropped"])))
    same_as_derived(f"{path}.derived", data["derived"], to_json(frames)["derived"])
    return frames


def samples_to_json(values: Sequence[int]) -> dict[str, Any]:
    """One column as a JSON object."""
    return {
        "unit": "ns",
        "encoding": samples.ENCODING,
        "count": len(values),
        "samples": samples.encode(values),
        "derived": samples.aggregates(values) if values else None,
    }


def samples_from_json(data: Any, path: str) -> tuple[int, ...]:
    """One column from a JSON object.

    Raises:
        ValueError: as for `from_json`.
    """
    require_keys(data, path, {"unit", "encoding", "count", "samples", "derived"})
    _require_units(data, path)
    count = decode(int, data["count"], f"{path}.count")
    values = _column(data["samples"], count, f"{path}.samples", positive=True)
    same_as_derived(f"{path}.derived", data["derived"], samples.aggregates(values) if values else None)
    return values


def same_as_derived(path: str, stored: Any, derived: Mapping[str, Any] | None) -> None:
    """Refuse a stored value that is not the one derived again, naming both.

    Raises:
        ValueError: it is not.
    """
    if derived is None or stored is None:
        if stored is not derived:
            raise ValueError(f"{path}: stored {stored!r:.80}, derived again {derived!r:.80}")
        return
    require_keys(stored, path, set(derived))
    for key, value in derived.items():
        if isinstance(value, dict):
            same_as_derived(f"{path}.{key}", stored[key], value)
        elif type(stored[key]) is not type(value) or stored[key] != value:
            raise ValueError(f"{path}.{key}: stored {stored[key]!r:.40}, derived again {value!r}")


def _require_units(data: Mapping[str, Any], path: str) -> None:
    for key, expected in (("unit", "ns"), ("encoding", samples.ENCODING)):
        if data[key] != expected:
            raise ValueError(f"{path}.{key}: {data[key]!r:.80} is not {expected!r}")


def _column(data: Any, count: int, path: str, *, positive: bool) -> tuple[int, ...]:
    try:
        return samples.decode(decode(str, data, path), count, least=int(positive))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _steps(instants: Sequence[int]) -> list[int]:
    return [instant - before for before, instant in zip((0, *instants), instants, strict=False)]
