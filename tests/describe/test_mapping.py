"""What is in a mapping as it was read: which tables say something with a source, and at which place."""

from __future__ import annotations

from assess.describe.device import Device
from assess.describe.extends import merged
from assess.describe.mapping import is_sourced, sourced
from assess.describe.problems import Complaint

NUMBER = {"value": "8 GiB", "source": "DS", "grade": "A"}
CLAIM = {"id": "iec-61508", "level": "SIL 2", "source": "DS", "grade": "A"}


def test_a_number_and_a_claim_are_sourced_and_half_of_one_is_too() -> None:
    assert all(map(is_sourced, (NUMBER, CLAIM, {"value": "9 W"}, {"grade": "A"})))
    assert not any(map(is_sourced, ({}, {"where": "data sheet"}, {"kind": "dram", "capacity": NUMBER})))


def test_every_table_that_names_its_source_is_found_with_its_path() -> None:
    mapping = {"memory": {"capacity": NUMBER}, "standard": [CLAIM], "power": {"value": "9 W"}, "source": "no table"}
    assert list(sourced(mapping)) == [(("memory", "capacity"), NUMBER), (("standard", 0), CLAIM)]


def test_a_source_may_have_any_name() -> None:
    base, variant = {"sources": {"DS": {"where": "data sheet"}}}, {"sources": {"grade": {"where": "a table of grades"}}}
    assert merged(variant, base).mapping == {"sources": {**base["sources"], **variant["sources"]}}


def test_a_number_without_its_grade_is_told_of_its_source_too() -> None:
    mapping = {"sources": {}, "memory": {"capacity": {"value": "8 GiB", "source": "DS"}}}
    ((keys, said),) = Device.contradictions(mapping)
    assert Complaint(keys, said).said == "'DS' is not in [sources]; there are none"
    assert keys == ("memory", "capacity", "source")


def test_an_engine_keeps_its_place_behind_what_is_none() -> None:
    mapping = {"sources": {}, "memory": {}, "engine": [3, {"name": "npu"}, {"name": "npu"}]}
    told = (("engine", 2, "name"), "'npu' is the name of an engine above")
    assert list(Device.contradictions(mapping)) == [told]
