"""Mistakes in a device's file: numbers that do not agree, power modes and variants, tables, ids of other files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hostile.profiles.numbers import NUMBERS, positive, valued
from hostile.profiles.plant import Line, Mutation, Planted, Sound, quantity, unit

from assess.describe.device_arithmetic import parts, written
from assess.describe.kinds import DEVICE

# Numbers against each other


def _scaled(line: Line, factor: float) -> str:
    return f'"{float(quantity(line).partition(" ")[0]) * factor:.10g} {unit(line)}"'


def _engine(sound: Sound, line: Line) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The engine and the peak of a number, with what they take from a base."""
    index, number = map(int, re.findall(r"\[(\d+)\]", line.table))
    own = sound.own["engine"][index]
    engine = next(one for one in sound.whole["engine"] if one["name"] == own["name"])
    wanted = own["peak"][number]["precision"]
    return engine, next(one for one in engine["peak"] if one["precision"] == wanted)


def _peaks(sound: Sound, key: str) -> Iterator[tuple[Line, Mapping[str, Any], Mapping[str, Any]]]:
    for line in sound.pairs:
        if line.key == key and ".peak[" in line.table:
            yield line, *_engine(sound, line)


def dense_times_ten(sound: Sound) -> Planted | None:
    found = [line for line, engine, peak in _peaks(sound, "dense") if parts(engine, peak)]
    line = sound.pick(found, "dense_times_ten")
    says = "operations per clock"
    return valued(sound, line, _scaled(line, 10.0) if line else "", says)


def operations_halved(sound: Sound) -> Planted | None:
    found = [line for line, engine, peak in _peaks(sound, "operations_per_clock") if parts(engine, peak)]
    found = [line for line in found if quantity(line) != "1"]
    line = sound.pick(found, "operations_halved")
    planted = valued(sound, line, str(int(quantity(line)) * 4) if line else "", "which is ")
    dense = line and sound.get(f"{line.table}.dense")
    return planted and dense and Planted(planted.text, dense.number, f"{dense.spelled}.value", planted.says)


def clock_times_thousand(sound: Sound) -> Planted | None:
    lines = []
    for line in sound.pairs:
        if line.key == "clock" and line.table.startswith("engine["):
            own = sound.own["engine"][int(line.table[7:-1])]
            engine = next(one for one in sound.whole["engine"] if one["name"] == own["name"])
            with_parts = [peak for peak in engine.get("peak", []) if parts(engine, peak)]
            if len(with_parts) != 1:
                lines.append((line, bool(with_parts)))
    line, has_parts = sound.pick(lines, "clock_times_thousand") or (None, False)
    says = "'clock' or 'units' is wrong" if has_parts else "no device is known to have it"
    return valued(sound, line, _scaled(line, 1000.0) if line else "", says)


def _sparse_times(name: str, factor: float, says: str) -> Mutation:
    def mutation(sound: Sound) -> Planted | None:
        found = [
            (line, written(peak, "dense", "op/s"))
            for line, _, peak in _peaks(sound, "sparse")
            if peak.get("sparsity", "2:4") == "2:4" and written(peak, "dense", "op/s")
        ]
        line, dense = sound.pick(found, name) or (None, None)
        value = f'"{dense.value * factor / 1e9:.10g} GOPS"' if dense else ""
        return valued(sound, line, value, says)

    mutation.__name__ = name
    return mutation


sparse_thrice_dense = _sparse_times("sparse_thrice_dense", 3.0, 'twice the dense peak; sparsity = "unstructured" if')
sparse_below_dense = _sparse_times("sparse_below_dense", 0.5, "is less than the dense peak")


def measured_above_peak(sound: Sound) -> Planted | None:
    found = [(line, peak["dense"]) for line, _, peak in _peaks(sound, "dense") if "measured" not in peak]
    line, dense = sound.pick(found, "measured_above_peak") or (None, None)
    if line is None:
        return None
    row = f'measured = {{ value = {_scaled(line, 1.5)}, source = "{dense["source"]}", grade = "B" }}'
    text = sound.with_line(line, f"{sound.row(line)}\n{row}")
    return Planted(text, line.number + 1, f"{line.table}.measured.value", "is more than the peak in 'dense'")


def bandwidth_doubled(sound: Sound) -> Planted | None:
    found = [
        line for line in sound.pairs
        if line.key == "bandwidth" and {"width", "rate"} <= set(sound.whole.get(line.table, {}))
    ]  # fmt: skip
    line = sound.pick(found, "bandwidth_doubled")
    return valued(sound, line, _scaled(line, 2.0) if line else "", " / 8 x ")


def measured_above_bandwidth(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.key == "bandwidth"], "measured_above_bandwidth")
    if line is None or "measured_bandwidth" in sound.whole.get(line.table, {}):
        return None
    row = (
        sound.row(line).replace("bandwidth", "measured_bandwidth", 1).replace(quantity(line), _scaled(line, 2.0)[1:-1])
    )
    text = sound.with_line(line, f"{sound.row(line)}\n{row}")
    return Planted(
        text, line.number + 1, f"{line.table}.measured_bandwidth.value", "is more than the peak in 'bandwidth'"
    )


def all_reserved(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.key == "capacity"], "all_reserved")
    if line is None:
        return None
    held = sound.get(f"{line.table}.reserved")
    if held:
        return valued(sound, held, f'"{quantity(line)}"', "the system would keep all of the memory")
    if "reserved" in sound.whole[line.table]:
        return None
    row = sound.row(line).replace("capacity", "reserved", 1)
    text = sound.with_line(line, f"{sound.row(line)}\n{row}")
    return Planted(text, line.number + 1, f"{line.table}.reserved.value", "the system would keep all of the memory")


#: More than any device has, and no more than may be written.
_MORE = {"capacity": "20 TB", "power": "30000 W", "storage": "200 TB", "width": "100000 bit", "rate": "200 GT/s"}


def _more(sound: Sound, name: str) -> Line | None:
    lines = [line for line in positive(sound) if line.key in _MORE]
    lines = [line for line in lines if line.key not in ("width", "rate") or "bandwidth" not in sound.whole[line.table]]
    lines = [line for line in lines if line.key != "power" or not _other_modes(sound)]
    return sound.pick(lines, name)


def more_than_any(sound: Sound) -> Planted | None:
    line = _more(sound, "more_than_any")
    value = f'"{_MORE[line.key]}"' if line else ""
    return valued(sound, line, value, "no device is known to have it: expected ")


def more_than_there_is(sound: Sound) -> Planted | None:
    line = _more(sound, "more_than_there_is")
    return valued(sound, line, f'"1e30 {unit(line)}"' if line else "", " exceeds")


def cold_above_hot(sound: Sound) -> Planted | None:
    low, high = sound.get("thermal.low"), sound.get("thermal.high")
    if low and high:
        return valued(sound, high, '"-60 degC"', "is not above 'low'")
    source = next(iter(sound.whole["sources"]), None)
    if "thermal" in sound.whole or source is None:
        return None
    number = f'{{ value = "45 degC", source = "{source}", grade = "B" }}'
    text, line = sound.added(f'[thermal]\nof = "case"\nlow = {number}\nhigh = {number}')
    return Planted(text, line + 3, "thermal.high.value", "is not above 'low'")


# Power modes and variants


def _other_modes(sound: Sound) -> list[Mapping[str, Any]]:
    return [sound.library.resolved(DEVICE, file).mapping for file in sound.library.modes_of(sound.path)]


def power_of_another_mode(sound: Sound) -> Planted | None:
    """So much power that modes of less have higher peaks; the largest mode gets too little instead."""
    line, power = sound.get("power"), written(sound.whole, "power", "W")
    others = [other for other in _other_modes(sound) if written(other, "power", "W")]
    if line is None or power is None or "note" in sound.whole["power"] or not others:
        return None
    mine = {(one["name"], peak["precision"]): written(peak, "dense", "op/s") for one in sound.whole["engine"]
            for peak in one.get("peak", [])}  # fmt: skip
    for other in others:
        theirs = {(one["name"], peak["precision"]): written(peak, "dense", "op/s") for one in other["engine"]
                  for peak in one.get("peak", [])}  # fmt: skip
        both = [(mine[key].value, theirs[key].value) for key in mine if mine[key] and theirs.get(key)]
        if len(both) < 2 or "note" in other["power"]:
            continue
        # The modes of a base are those that lie beside it.
        modes = () if "extends" in sound.own else tuple(sound.library.modes_of(sound.path))
        if all(one < two for one, two in both):
            return replace(valued(sound, line, '"900 W"', ", but every peak is less"), beside=modes)
        if all(one > two for one, two in both):
            return replace(valued(sound, line, '"0.9 W"', ", but every peak is more"), beside=modes)
    return None


def extends_nothing(sound: Sound) -> Planted | None:
    line = sound.get("extends")
    if line:
        return Planted(sound.valued(line, f'"{line.value[1:-1]}x"'), line.number, "extends", "there is no device ")
    line = sound.pairs[0]
    text = sound.with_line(line, f'extends = "nvidia-jetson-orim"\n{sound.row(line)}')
    return Planted(text, line.number, "extends", "there is no device 'nvidia-jetson-orim'; did you mean '")


def extends_a_variant(sound: Sound) -> Planted | None:
    wanted = "nvidia-jetson-agx-orin-64gb-30w"
    if sound.id == wanted:
        wanted = "nvidia-jetson-agx-orin-64gb-15w"
    line = sound.get("extends")
    if line:
        text, number = sound.valued(line, f'"{wanted}"'), line.number
    else:
        text = sound.with_line(sound.pairs[0], f'extends = "{wanted}"\n{sound.row(sound.pairs[0])}')
        number = sound.pairs[0].number
    says = "is itself a variant of 'nvidia-jetson-agx-orin-64gb'"
    return Planted(text, number, "extends", says)


def extends_itself(sound: Sound) -> Planted | None:
    line = sound.get("extends") or sound.pairs[0]
    text = sound.valued(line, '"acme-rover"') if line.key == "extends" else ""
    text = text or sound.with_line(line, f'extends = "acme-rover"\n{sound.row(line)}')
    return Planted(text, line.number, "extends", "extends itself", name="acme-rover")


# Tables and ids


def _is_last(sound: Sound, line: Line) -> int:
    """The number of the last line of a header's table."""
    later = [one.number for one in sound.headers if one.number > line.number]
    return max(one.number for one in sound.pairs if one.number < (later[0] if later else 10**9))


def engine_twice(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if re.fullmatch(r"engine\[\d+\]\.name", line.spelled)], "engine")
    if line is None:
        return None
    count_ = len([one for one in sound.headers if re.fullmatch(r"engine\[\d+\]", one.table)])
    text, number = sound.added(f'[[engine]]\nname = {line.value}\nkind = "cpu"')
    says = f"'{line.value[1:-1]}' is the name of an engine above"
    return Planted(text, number + 1, f"engine[{count_}].name", says)


def precision_twice(sound: Sound) -> Planted | None:
    lines = [line for line in sound.pairs if line.key == "precision" and line.table.startswith("engine[")]
    line = sound.pick(lines, "precision_twice")
    if line is None:
        return None
    engine = line.table.partition(".")[0]
    peaks = [one for one in sound.headers if one.table.startswith(f"{engine}.peak")]
    last = _is_last(sound, peaks[-1])
    rows = sound.text.split("\n")
    rows[last:last] = ["", "[[engine.peak]]", sound.row(line)]
    says = f"'{line.value[1:-1]}' has a peak above"
    return Planted("\n".join(rows), last + 3, f"{engine}.peak[{len(peaks)}].precision", says)


def engine_without_kind(sound: Sound) -> Planted | None:
    count_ = len([one for one in sound.headers if re.fullmatch(r"engine\[\d+\]", one.table)])
    text, number = sound.added('[[engine]]\nname = "abacus"')
    return Planted(text, number, f"engine[{count_}]", "missing key 'kind'")


def engine_as_table(sound: Sound) -> Planted | None:
    if any(line.table.startswith("engine") for line in sound.lines):
        return None
    text, number = sound.added('[engine]\nname = "npu"\nkind = "npu"')
    return Planted(text, number, "engine", "expected a list, found a table; each entry begins with [[engine]]")


def on_chip_as_memory(sound: Sound) -> Planted | None:
    line = sound.get("memory.kind")
    says = "on-chip memory is written as [on_chip], any other as [memory]"
    return line and Planted(sound.valued(line, '"on-chip"'), line.number, "memory.kind", says)


def memory_as_on_chip(sound: Sound) -> Planted | None:
    line = sound.get("on_chip.kind")
    says = "on-chip memory is written as [on_chip], any other as [memory]"
    return line and Planted(sound.valued(line, '"dram"'), line.number, "on_chip.kind", says)


def _word(name: str, key: str, value: str, says: str) -> Mutation:
    def mutation(sound: Sound) -> Planted | None:
        line = sound.pick([line for line in sound.pairs if re.fullmatch(key, line.spelled)], name)
        return line and Planted(sound.valued(line, value), line.number, line.spelled, says)

    mutation.__name__ = name
    return mutation


sold = _word("sold", "availability", '"shiping"', "'shiping' is not known; did you mean 'shipping'?")
sold_in_capitals = _word("sold_in_capitals", "availability", '"Closed SDK"', "did you mean 'closed-sdk'?")
kind_of_engine = _word("kind_of_engine", r"engine\[\d+\]\.kind", '"TPU"', "'TPU' is not known; did you mean '")
kind_of_memory = _word("kind_of_memory", r"(memory|on_chip)\.kind", '"ddr"', "'ddr' is not known")
precision_unknown = _word(
    "precision_unknown", r"engine.*\.precision", '"INT 8"', "'INT 8' is not known; did you mean 'int8'?"
)
where_measured = _word("where_measured", r"thermal\.of", '"Ambient"', "did you mean 'ambient'?")
runtime_unknown = _word(
    "runtime_unknown",
    r"runtime\[\d+\]\.id",
    '"onnxruntime-cppu"',
    "there is no runtime 'onnxruntime-cppu'; did you mean",
)
runtime_on_no_engine = _word(
    "runtime_on_no_engine", r"runtime\[\d+\]\.engine", '"abacus"', "'abacus' is no [[engine]] of this file; "
)


def sector_unknown(sound: Sound) -> Planted | None:
    line = sound.get("sectors")
    return line and Planted(
        sound.valued(line, '["robotic"]'), line.number, "sectors[0]", "'robotic' is not known; did you mean 'robotics'?"
    )


def no_sectors(sound: Sound) -> Planted | None:
    line = sound.get("sectors")
    return line and Planted(sound.valued(line, "[]"), line.number, "sectors", "must not be empty")


def standard_unknown(sound: Sound) -> Planted | None:
    source = next(iter(sound.whole["sources"]), None)
    if source is None:
        return None
    count_ = len([one for one in sound.headers if one.table.startswith("standard[")])
    text, number = sound.added(f'[[standard]]\nid = "aecq100"\nlevel = "grade 2"\nsource = "{source}"\ngrade = "A"')
    says = "there is no standard 'aecq100'; did you mean 'aec-q100'?"
    return Planted(text, number + 1, f"standard[{count_}].id", says)


def runtime_twice(sound: Sound) -> Planted | None:
    index = len([one for one in sound.headers if one.table.startswith("runtime[")])
    line = sound.pick([one for one in sound.headers if one.table.startswith("runtime[")], "runtime_twice")
    if line is None:
        return None
    wanted, engine = sound.get(f"{line.table}.id"), sound.get(f"{line.table}.engine")
    if wanted is None or engine is None:
        return None
    text, number = sound.added(f"[[runtime]]\nid = {wanted.value}\nengine = {engine.value}")
    return Planted(text, number + 1, f"runtime[{index}].id", "is there already, with the same 'engine'")


def nobody_recognised(sound: Sound) -> Planted | None:
    if "identity" in sound.whole:
        return None
    text, line = sound.added("[identity]")
    return Planted(text, line, "identity", "names neither 'board' nor 'cpu': no host is recognised by it")


def any_mode(sound: Sound) -> Planted | None:
    line = sound.get("identity.power_mode")
    if line is None:
        return None
    mode = sound.get("power_mode")
    if "extends" in sound.own:
        return mode and Planted(sound.without(line), mode.number, "power_mode", "the base is recognised by its mode")
    header = sound.get("identity")
    says = "no run is one in this power mode"
    return header and Planted(sound.without(line), header.number, "identity", says)


DEVICES: tuple[Mutation, ...] = (
    *NUMBERS,
    dense_times_ten, operations_halved, clock_times_thousand, sparse_thrice_dense, sparse_below_dense,
    measured_above_peak, bandwidth_doubled, measured_above_bandwidth, all_reserved, more_than_any,
    more_than_there_is, cold_above_hot, power_of_another_mode, extends_nothing, extends_a_variant, extends_itself,
    engine_twice, precision_twice, engine_without_kind, engine_as_table, on_chip_as_memory, memory_as_on_chip, sold,
    sold_in_capitals, kind_of_engine, kind_of_memory, precision_unknown, where_measured, runtime_unknown,
    runtime_on_no_engine, sector_unknown, no_sectors, standard_unknown, runtime_twice, nobody_recognised, any_mode,
)  # fmt: skip
