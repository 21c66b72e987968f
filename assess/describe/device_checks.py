"""Rules between the keys of a device's file, read from its mapping so that a wrong key does not hide another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from assess.describe.device_arithmetic import engine_arithmetic, memory_arithmetic, peak_arithmetic, written
from assess.describe.mapping import every_table, listed, sourced, tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Said
from assess.describe.quantity import says_something
from assess.describe.suggestions import did_you_mean


def device_contradictions(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Said]]:
    """What cannot be true together: the key's path and why."""
    if "memory" not in mapping and "on_chip" not in mapping:
        yield (), "missing key 'memory' or 'on_chip': a model must live somewhere"
    for name in ("memory", "on_chip"):
        table = mapping.get(name)
        kind = table.get("kind") if isinstance(table, Mapping) else None
        if kind in ("dram", "unified", "on-chip") and (kind == "on-chip") is not (name == "on_chip"):
            yield (name, "kind"), "on-chip memory is written as [on_chip], any other as [memory]"
        capacity, reserved = written(table, "capacity", "B"), written(table, "reserved", "B")
        if capacity and capacity.value == 0:
            yield (name, "capacity", "value"), "must be more than zero"
        elif capacity and reserved and reserved.value >= capacity.value:
            yield (name, "reserved", "value"), "the system would keep all of the memory"
        yield from memory_arithmetic(name, table)
    yield from _weights(mapping.get("on_chip"))
    low, high = (written(mapping.get("thermal"), name, "degC") for name in ("low", "high"))
    if low and high and low.value >= high.value:
        yield ("thermal", "high", "value"), "is not above 'low'"
    if isinstance(mapping.get("engine", []), list):  # Else that is told already, and nothing can refer to an engine.
        yield from _engines(mapping)


def _engines(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Said]]:
    names: dict[str, None] = {}
    for index, engine in tables(mapping, "engine"):
        name = str(engine.get("name"))
        if name in names:
            yield ("engine", index, "name"), f"{name!r} is the name of an engine above"
        names[name] = None
        yield from _peaks(index, engine)
    known = list(names)
    for index, binding in tables(mapping, "runtime"):
        wanted = binding.get("engine")
        if isinstance(wanted, str) and wanted not in names:
            yield ("runtime", index, "engine"), partial(_no_engine, wanted, known)


def _no_engine(wanted: str, names: list[str]) -> str:
    return f"{wanted!r} is no [[engine]] of this file; {did_you_mean(wanted, names)}"


def _weights(on_chip: Any) -> Iterator[tuple[KeyPath, str]]:
    if not isinstance(on_chip, Mapping):
        return
    if on_chip.get("weights") == "storage" and "weights_beyond" in on_chip:
        yield ("on_chip", "weights_beyond"), "weights that are read from storage need no room here: leave it out"
    if "host_link" in on_chip and "weights_beyond" not in on_chip:
        yield ("on_chip", "host_link"), 'nothing comes over it: say weights_beyond = "streamed", or leave it out'
    if "weight_capacity" not in on_chip:
        return
    if on_chip.get("weights") == "storage":
        text = 'weights that are read from storage need no memory of their own: leave it out, or weights = "here"'
        yield ("on_chip", "weight_capacity"), text
    own = written(on_chip, "weight_capacity", "B")
    if own and own.value == 0:
        yield ("on_chip", "weight_capacity", "value"), "must be more than zero"


def _peaks(index: int, engine: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    seen = set()
    wrong = engine_arithmetic(engine, listed(engine, "peak"))
    if wrong:
        yield ("engine", index, "clock", "value"), wrong
    for number, peak in tables(engine, "peak"):
        precision = peak.get("precision")
        if not isinstance(precision, str):
            continue
        if precision in seen:
            yield ("engine", index, "peak", number, "precision"), f"{precision!r} has a peak above"
        seen.add(precision)
        found = peak_arithmetic(engine, peak, is_engine_wrong=bool(wrong))
        yield from ((("engine", index, "peak", number, *keys), text) for keys, text in found)


def sources_missing(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Said]]:
    """Numbers whose source is not in the file's [sources] table, and derived ones that do not say how."""
    for keys, value in every_table(mapping):
        note = value.get("note", "")
        if value.get("grade") == "D" and isinstance(note, str) and not says_something(note):
            yield (*keys, "grade"), "a derived number shows its arithmetic in 'note'"
    names = mapping.get("sources")
    if not isinstance(names, Mapping):
        return  # That is told already.
    missing: dict[str, list[KeyPath]] = {}
    for keys, value in sourced(mapping):
        if value["source"] not in names:
            missing.setdefault(value["source"], []).append((*keys, "source"))
    for source, places in missing.items():  # A key misspelt in [sources] is one mistake, however many numbers name it.
        yield places[0], partial(_no_source, source, names, len(places))


def _no_source(source: str, names: Mapping[str, Any], times: int) -> str:
    more = f" ({times} numbers name it)" if times > 1 else ""
    return f"{source!r} is not in [sources]; {did_you_mean(source, list(names))}{more}"
