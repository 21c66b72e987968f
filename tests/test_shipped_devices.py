"""Every device that ships says where its numbers are from, and they are the product of their parts: computed again."""

import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from pydantic import BaseModel

from assess.describe.kinds import DEVICE
from assess.describe.library import Library
from assess.describe.quantity import Sourced

FOLDER = Path(__file__).parent.parent / "profiles" / "devices"
LIBRARY = Library()
IDS = LIBRARY.ids("devices")
RECALLED = "recalled, not read"

SECTORS = ("automotive", "robotics", "gaming", "semiconductor", "imaging", "telecom", "enterprise", "industry")

#: Vendors whose devices are not called by the first word of the vendor's name.
CALLED = {
    "STMicroelectronics": "st",
    "Analog Devices": "adi",
    "Texas Instruments": "ti",
    "Raspberry Pi": "raspberry-pi",
}

#: Vendors of which one's name begins with the other's: a company and its subsidiary.
NAMESAKES = {("Sony", "Sony Semiconductor Solutions")}

#: What a number is made of when it is derived: figures, or operations and parts that are named.
ARITHMETIC = re.compile(r"\d|\b(half|twice|double|third|quarter|multiply)\b")

HERE = re.compile(r"/home/|/tmp/")

#: Of a unit that a profile is written in: its size in operations, hertz, transfers or bytes per second.
SIZE = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}
QUANTITY = re.compile(r"([0-9]+)(?:\.([0-9]+))? (Ki|Mi|Gi|k|M|G|T)?(Hz|OPS|FLOPS|B/s|T/s|bit)")


def text_of(id_):
    return (FOLDER / f"{id_}.toml").read_text(encoding="utf-8")


def raw(id_):
    return tomllib.loads(text_of(id_))


def numbers(value):
    """Every number with a source in a record."""
    if isinstance(value, Sourced):
        yield value
    elif isinstance(value, tuple):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields.keys() - {"runtimes", "fallbacks", "sources"}:
            yield from numbers(getattr(value, name))


def written(table, key):
    """A number as it stands in the file, and half a unit of its last digit; None if it is not there."""
    if key not in table:
        return None
    found = QUANTITY.fullmatch(table[key]["value"])
    assert found, f"{table[key]['value']!r} is written in a way that this test does not know"
    decimals, size = found[2] or "", SIZE[found[3] or ""]
    return float(f"{found[1]}.{decimals or 0}") * size, 0.5 * size / 10 ** len(decimals)


def agrees(number, computed):
    value, half_a_digit = number
    return abs(value - computed) <= max(0.01 * max(value, computed), half_a_digit)


def whole(id_):
    """What a file says, with what it takes from its base."""
    return LIBRARY.resolved(DEVICE, LIBRARY.path("devices", id_)).mapping


def made_of_parts(id_):
    """Every dense peak whose parts are all given, with their product."""
    for engine in whole(id_).get("engine", []):
        for peak in engine.get("peak", []):
            if "dense" in peak and "operations_per_clock" in peak and "units" in engine and "clock" in engine:
                each = engine["units"]["value"] * peak["operations_per_clock"]["value"]
                yield (
                    f"{engine['name']} {peak['precision']}",
                    written(peak, "dense"),
                    each * written(engine, "clock")[0],
                )


def boards(device):
    return device.identity.board if device.identity else ()


def dense_peaks(device):
    """In operations per second, by engine and precision."""
    each = ((engine.name, peak.precision, peak.dense) for engine in device.engine for peak in engine.peak)
    return {(engine, precision): dense.value for engine, precision, dense in each if dense}


def is_short_for(short, long):
    short, long = short.casefold(), long.casefold()
    return long.startswith(short) or short == "".join(word[0] for word in long.split())


def noted_product(note):
    """The outcome of a note such as "64 processors x 9 MAC x 2 x 50 MHz", or None if it is none."""
    factors = re.split(r"[;:,(]", note)[0].split(" x ")
    found = [
        re.match(r"\s*([0-9.]+)(?: (M|G)Hz$)?(?![0-9.]| [MG]Hz| ?[kMGT]?(OPS|B/s))", factor.rstrip())
        for factor in factors
    ]
    if len(factors) < 3 or not all(found) or sum(match[2] is not None for match in found) != 1:
        return None
    product = 1.0
    for match in found:
        product *= float(match[1]) * SIZE[match[2] or ""]
    return product


def noted_products(id_):
    """Every dense peak that a file notes as a product, with the outcome."""
    for engine in raw(id_).get("engine", []):
        for peak in engine.get("peak", []):
            product = noted_product(peak.get("dense", {}).get("note", ""))
            if product is not None:
                yield written(peak, "dense"), product


def dense_and_sparse(id_):
    """Every dense peak with the one for weights of which two of four are left."""
    for engine in whole(id_).get("engine", []):
        for peak in engine.get("peak", []):
            if {"dense", "sparse"} <= peak.keys() and peak.get("sparsity", "2:4") == "2:4":
                yield written(peak, "dense"), written(peak, "sparse")


def bandwidths(id_):
    """Every bandwidth whose parts are given, with their product."""
    for name in ("memory", "on_chip"):
        table = whole(id_).get(name, {})
        if {"bandwidth", "width", "rate"} <= table.keys():
            yield written(table, "bandwidth"), written(table, "width")[0] / 8 * written(table, "rate")[0]


def test_the_library_has_sixty_devices():
    assert len(IDS) >= 60


@pytest.mark.parametrize("sector", SECTORS)
def test_every_sector_that_the_project_serves_has_two_devices(sector):
    assert sum(sector in LIBRARY.device(id_).sectors for id_ in IDS) >= 2


def test_no_sector_is_without_a_device_that_can_be_bought():
    shipping = Counter(itertools.chain(*(d.sectors for d in map(LIBRARY.device, IDS) if d.availability == "shipping")))
    assert set(shipping) == set(SECTORS)


@pytest.mark.parametrize("id_", IDS)
def test_an_id_begins_with_the_vendor(id_):
    vendor = LIBRARY.device(id_).vendor
    word = CALLED.get(vendor) or re.split(r"[^a-z0-9]", vendor.lower())[0]
    assert id_.startswith(f"{word}-")


def test_no_vendor_is_spelled_in_two_ways():
    vendors = sorted({LIBRARY.device(id_).vendor for id_ in IDS})
    assert len(vendors) >= 30
    alike = {pair for pair in itertools.permutations(vendors, 2) if is_short_for(*pair)}
    assert alike == NAMESAKES


def test_a_short_name_of_a_vendor_is_its_beginning_or_its_initials():
    assert is_short_for("ST", "STMicroelectronics")
    assert is_short_for("TI", "Texas Instruments")
    assert is_short_for("nvidia", "NVIDIA")
    assert not is_short_for("Arm", "AMD")


def test_a_bare_id_means_the_fastest_mode_of_the_board_that_it_names():
    """In another firmware a board has another name, and may have faster modes."""
    looked = 0
    for id_ in IDS:
        mine, base = LIBRARY.device(id_), LIBRARY.device(raw(id_).get("extends", id_))
        if mine.power_mode != base.power_mode and boards(mine) == boards(base):
            most = dense_peaks(base)
            assert [name for name, peak in dense_peaks(mine).items() if peak > most.get(name, peak)] == [], id_
            looked += 1
    assert looked >= 12


def test_no_two_devices_have_one_name():
    names = Counter((device.name, device.power_mode) for device in map(LIBRARY.device, IDS))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("id_", IDS)
def test_a_file_opens_with_its_schema_and_what_the_device_is(id_):
    first, second, *_ = text_of(id_).splitlines()
    assert first == "#:schema ../schemas/device.json"
    assert re.match(r"# [A-Z].*\S", second)


@pytest.mark.parametrize("id_", IDS)
def test_a_source_is_named_where_others_can_read_it(id_):
    for source in LIBRARY.device(id_).sources.values():
        assert len(source.where) >= 12 or source.where == RECALLED
        assert source.what or source.where == RECALLED, f"{source.where}: what was read there"


@pytest.mark.parametrize("id_", IDS)
def test_every_derived_number_shows_its_arithmetic(id_):
    device = LIBRARY.device(id_)
    for number in numbers(device):
        if number.grade == "D":
            assert ARITHMETIC.search(number.note), number
            assert device.sources[number.source].where != RECALLED, "then it is recalled too"


@pytest.mark.parametrize("id_", IDS)
def test_recalled_numbers_and_no_others_name_no_document(id_):
    device = LIBRARY.device(id_)
    for number in numbers(device):
        assert number.is_recalled == (device.sources[number.source].where == RECALLED), number


@pytest.mark.parametrize("id_", IDS)
def test_a_device_is_recognised_in_the_power_mode_that_its_numbers_hold_in(id_):
    device = LIBRARY.device(id_)
    if device.identity is not None and device.power_mode:
        assert device.identity.power_mode == (device.power_mode,)


@pytest.mark.parametrize("id_", IDS)
def test_a_peak_is_the_product_of_its_parts(id_):
    for peak, dense, product in made_of_parts(id_):
        assert agrees(dense, product), f"{peak}: {dense[0]:.4g}, its parts make {product:.4g}"


def test_half_of_the_library_gives_the_parts_of_a_peak():
    assert sum(any(made_of_parts(id_)) for id_ in IDS) >= len(IDS) / 2


@pytest.mark.parametrize("id_", IDS)
def test_a_product_in_a_note_comes_out_as_the_number_beside_it(id_):
    for dense, product in noted_products(id_):
        assert agrees(dense, product), f"{dense[0]:.4g}, its note makes {product:.4g}"


def test_notes_are_read_as_products():
    assert noted_product("64 processors x 9 MAC x 2 x 50 MHz") == 57.6e9
    assert noted_product("4 cores x 2.4 GHz x 64 (SDOT)") == 614.4e9
    assert noted_product("half of INT8 dense") is None
    assert noted_product("32 cores x 2 x 2 GHz is the sparse one; half of it") is None
    assert noted_product("32.2 GMAC/s x 2") is None


def test_a_third_of_the_library_notes_a_product():
    assert sum(any(noted_products(id_)) for id_ in IDS) >= len(IDS) / 3


@pytest.mark.parametrize("id_", IDS)
def test_sparse_is_twice_dense_where_two_of_four_are_left(id_):
    for dense, sparse in dense_and_sparse(id_):
        assert agrees(sparse, 2 * dense[0]) or agrees(dense, sparse[0] / 2), f"{dense[0]:.4g}, {sparse[0]:.4g}"


def test_eight_devices_have_a_dense_and_a_sparse_peak():
    assert sum(any(dense_and_sparse(id_)) for id_ in IDS) >= 8


@pytest.mark.parametrize("id_", IDS)
def test_a_bandwidth_is_width_times_rate(id_):
    for bandwidth, product in bandwidths(id_):
        assert agrees(bandwidth, product), f"{bandwidth[0]:.4g}, its parts make {product:.4g}"


def test_a_third_of_the_library_gives_the_parts_of_a_bandwidth():
    assert sum(any(bandwidths(id_)) for id_ in IDS) >= len(IDS) / 3


@pytest.mark.parametrize("id_", IDS)
def test_a_file_names_no_path_of_the_machine_it_was_written_on(id_):
    assert not HERE.search(text_of(id_)), HERE.search(text_of(id_))
