"""Any command that prints latencies: a line for each, or JSON. For what no vendor's tool of ours reaches.

A line is a number and its unit, as in "12.3 ms"; s, ms, us and ns are known. A bare number is one only where
--runner-unit says of what: nothing is guessed. Empty lines and those that begin with "#" are left out. JSON is a list
of numbers (with --runner-unit), or an object with the keys of `_KEYS`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.measure import strict_json
from assess.measure.runners.machine import Machine, Ran
from assess.measure.runners.runner import Order, Runner, Told
from assess.measure.tool_run import Statistics

#: Frames that a command is asked for, at most; and how many more than would do, since no two runs take the same.
_MOST: Final = 1_000_000
_MORE: Final = 1.2
UNITS: Final[Mapping[str, float]] = {"s": 1e9, "ms": 1e6, "us": 1e3, "\u00b5s": 1e3, "\u03bcs": 1e3, "ns": 1.0}
#: A day: what takes longer than that is a number in another unit.
_LONGEST_NS: Final = 86_400 * 10**9
_LINE: Final = re.compile(
    rf"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*({'|'.join(sorted(UNITS, key=len, reverse=True))})?"
)
#: No number needs more characters; a line that has is none.
_LONGEST_LINE: Final = 100
_PLACES: Final = ("model", "count", "warmup", "inputs")
_LISTS: Final = tuple(f"latency_{unit}" for unit in ("s", "ms", "us", "ns"))
_TEXTS: Final = ("version", "includes", "excludes", "memory_of")
_KEYS: Final = (*_LISTS, "statistics", "span_s", "warmup_count", "load_s", "first_s", "memory_bytes", *_TEXTS)
_OF_STATISTICS: Final = ("count", "unit", "min", "max", "mean", "median", "percentiles")
_SAID_NOTHING: Final = "what the command times; it does not say more"


def command(order: Order, _: str, __: str) -> tuple[str, ...]:
    """The user's words, with what is in braces put in."""
    if not order.words:
        raise AssessError("is missing", where="--runner-command", hint='what is to be run? e.g. "./bench {model}"')
    values = {
        "model": order.file,
        "count": str(order.count),
        "warmup": str(order.warmup_count),
        "inputs": ",".join(_fed(order)),
    }
    words: list[str] = []
    for word in order.words:
        words += _fed(order) if word == "{inputs}" else [_filled(word, values)]
    return tuple(words)


def _fed(order: Order) -> list[str]:
    return [f"{fed.name}={fed.npy}" for fed in order.inputs]


def _filled(word: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise AssessError(
                f"{match[0]} stands for nothing", where="--runner-command", hint=did_you_mean(match[1], _PLACES)
            )
        return values[match[1]]

    return re.sub(r"\{([a-z_]+)\}", value, word)


def names_model(words: tuple[str, ...]) -> bool:
    """Whether the file that is run is one that the command was given."""
    return any("{model}" in word for word in words)


def read(order: Order, _: str, ran: Ran, __: Machine) -> Told:
    """What it printed to standard output."""
    text = ran.out.strip()
    if not text:
        raise _wrong("it printed nothing", "print one latency a line, or JSON, to standard output")
    fed = any("{inputs}" in word for word in order.words)
    if text[0] in "[{":
        return _of_json(text, order.unit, fed=fed)
    return Told(_of_lines(text, order.unit), includes=_SAID_NOTHING, fed=fed)


def partial(order: Order, ran: Ran) -> Told:
    """What it had printed when it was stopped: whole lines only."""
    text = ran.out[: ran.out.rfind("\n") + 1].strip()
    fed = any("{inputs}" in word for word in order.words)
    if not text or text[0] in "[{":
        return Told()
    return Told(_of_lines(text, order.unit), includes=_SAID_NOTHING, fed=fed)


def _of_lines(text: str, unit: str) -> tuple[int, ...]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            found.append(_of_line(stripped, unit, f"line {number} of what it printed"))
    if not found:
        raise _wrong("it printed no latency", 'print one a line, as in "12.3 ms"')
    return tuple(found)


def _of_line(line: str, unit: str, where: str) -> int:
    match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if match is None:
        raise _wrong(f"{where} is no latency: {line!r:.60}", 'a line is a number and its unit, as in "12.3 ms"')
    return _ns(float(match[1]), match[2] or unit, f"{where}, {line!r:.60},")


def _ns(value: Any, unit: str, where: str) -> int:
    """A latency in whole nanoseconds.

    Raises:
        AssessError: it has no unit, or is none that an inference can have.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(f"{where} is not a number", "a latency is a number")
    if not unit:
        raise _wrong(f"{where} has no unit", 'print it, as in "12.3 ms", or say it for all: --runner-unit ms')
    taken_ns = value * UNITS[unit]
    if not (math.isfinite(taken_ns) and 0.0 < taken_ns <= _LONGEST_NS):
        raise _wrong(f"{where} is no time that an inference takes", "more than nothing, and less than a day")
    return max(1, round(taken_ns))


def _of_json(text: str, unit: str, *, fed: bool) -> Told:
    try:
        data = strict_json.loads(text)
    except ValueError as error:
        raise _wrong(f"what it printed begins as JSON does and is none: {error}", _schema()) from error
    if isinstance(data, list):
        return Told(_of_list(data, unit, "latency"), includes=_SAID_NOTHING, fed=fed)
    _known(data, _KEYS, "")
    lists = [key for key in _LISTS if key in data]
    if len(lists) + ("statistics" in data) != 1:
        raise _wrong("the JSON that it printed has not exactly one of latency_... and statistics", _schema())
    memory = _number(data, "memory_bytes")
    return Told(
        service_ns=_of_list(data[lists[0]], lists[0].removeprefix("latency_"), lists[0]) if lists else (),
        statistics=None if lists else _statistics(data["statistics"]),
        includes=_text(data, "includes") or _SAID_NOTHING,
        excludes=_text(data, "excludes"),
        version=_text(data, "version"),
        fed=fed,
        span_s=_number(data, "span_s"),
        warmup_count=_count(data, "warmup_count"),
        load_s=_number(data, "load_s"),
        first_s=_number(data, "first_s"),
        memory_bytes=None if memory is None else round(memory),
        memory_of="" if memory is None else _text(data, "memory_of") or "as the command tells it",
    )


def _of_list(values: Any, unit: str, name: str) -> tuple[int, ...]:
    if not isinstance(values, list) or not values:
        raise _wrong(f"{name} is not a list of numbers", _schema())
    return tuple(_ns(value, unit, f"{name} {index}") for index, value in enumerate(values))


def _statistics(data: Any) -> Statistics:
    _known(data, _OF_STATISTICS, "statistics")
    unit, count = data.get("unit"), _count(data, "count")
    if unit not in UNITS or count is None or count < 1:
        raise _wrong("statistics has no count, or no unit", _schema())

    def seconds(value: Any, name: str) -> float:
        return _ns(value, unit, f"statistics.{name}") / 1e9

    percentiles = data.get("percentiles", {})
    if not isinstance(percentiles, dict) or not all(re.fullmatch(r"\d{1,2}(\.\d+)?", key) for key in percentiles):
        raise _wrong('statistics.percentiles are not as {"99": 12.3}', _schema())
    if "min" not in data or "max" not in data:
        raise _wrong("statistics has no min, or no max", _schema())
    return Statistics(
        count,
        seconds(data["min"], "min"),
        seconds(data["max"], "max"),
        seconds(data["mean"], "mean") if "mean" in data else None,
        seconds(data["median"], "median") if "median" in data else None,
        {key: seconds(value, f"percentiles.{key}") for key, value in percentiles.items()},
    )


def _known(data: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(data, dict):
        raise _wrong(f"{where or 'the JSON that it printed'} is no object", _schema())
    for key in data:
        if key not in keys:
            raise _wrong(f"{where}{'.' * bool(where)}{key:.40}: unknown key", did_you_mean(key, keys))


def _number(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise _wrong(f"{key} is not a number of 0 or more", _schema())
    return float(value)


def _count(data: Mapping[str, Any], key: str) -> int | None:
    value = _number(data, key)
    if value is not None and value != int(value):
        raise _wrong(f"{key} is not a whole number", _schema())
    return None if value is None else int(value)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise _wrong(f"{key} is not text", _schema())
    return value[:200]


def _schema() -> str:
    return f"it may have {', '.join(_KEYS)}; docs/runners.md has an example: {json.dumps({'latency_ms': [12.3, 12.1]})}"


def _wrong(problem: str, hint: str) -> AssessError:
    return AssessError(problem, where="--runner-command", hint=hint)


def more(order: Order, told: Told) -> int:
    """A command is told a number of frames only: how many last as long as is asked for, if the first were too few."""
    took_s = sum(told.service_ns) * 1e-9
    if not took_s or took_s >= order.span_s or not any("{count}" in word for word in order.words):
        return 0
    return min(_MOST, math.ceil(_MORE * len(told.service_ns) * order.span_s / took_s))


COMMAND: Final = Runner("command", (), (), (), command, read, partial, more)
