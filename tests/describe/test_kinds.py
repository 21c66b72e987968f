"""The kinds of profiles: each is found by its word, its folder or its keys."""

from __future__ import annotations

from pathlib import Path
from typing import get_origin

import pytest

from assess.describe.kinds import BESIDE_PROFILES, DEVICE, KINDS, MODEL, RUNTIME, WORKLOAD, kind_named, kind_of
from assess.describe.references import references
from assess.errors import AssessError
from assess.files import shipped


def test_a_word_names_a_kind_in_both_numbers() -> None:
    assert kind_named("runtime") is kind_named("runtimes") is RUNTIME
    assert [kind_named(kind.folder) for kind in KINDS] == list(KINDS)


def test_a_word_that_names_none_is_told_with_the_nearest() -> None:
    with pytest.raises(AssessError) as raised:
        kind_named("divice", where="--kind")
    assert str(raised.value) == "--kind: there is no kind 'divice' (hint: did you mean 'device'?)"
    with pytest.raises(AssessError, match="there is no kind 'suite'"):
        kind_named("suite")


def test_each_folder_of_profiles_that_ships_is_of_a_kind() -> None:
    folders = {folder.name for folder in shipped("profiles").iterdir() if folder.is_dir()}
    assert folders - {"schemas"} == {kind.folder for kind in KINDS}


def test_a_folder_tells_before_keys_do(tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    for file in (tmp_path / "devices" / "x.toml", tmp_path / "x.toml"):
        file.write_text("[scenario]\n")
    assert kind_of(tmp_path / "devices" / "x.toml") is DEVICE
    assert kind_of(tmp_path / "x.toml") is WORKLOAD


def test_keys_that_tell_a_kind_are_its_own_and_no_others() -> None:
    for kind in KINDS:
        others = {key for other in KINDS if other is not kind for key in other.record.model_fields}
        assert set(kind.told_by) <= set(kind.record.model_fields) - others


def test_a_key_that_names_others_is_a_list_where_its_record_has_one() -> None:
    every = (*KINDS, MODEL, *BESIDE_PROFILES)
    records = {kind.folder: kind.record for kind in every}
    keys = [named for kind in every for named in kind.named_in]
    lists = {named: get_origin(records[named.folder].model_fields[named.key].annotation) is tuple for named in keys}
    assert lists == {named: named.is_list for named in keys}
    assert [named.key for named in keys if not named.is_list] == ["fallback"]


def test_what_has_not_the_form_of_its_key_names_nothing() -> None:
    assert list(references("runtimes", {"fallback": ["onnxruntime-cpu"]})) == []
    assert list(references("runtimes", {"fallback": "onnxruntime-cpu"})) == [
        (("fallback",), RUNTIME, "onnxruntime-cpu")
    ]
    assert list(references("partners", {"devices": "rover"})) == []
    assert list(references("partners", {"devices": ["rover"]})) == [(("devices", 0), DEVICE, "rover")]
