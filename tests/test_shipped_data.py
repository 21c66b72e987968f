"""Everything that ships is whole: found, valid, sourced, and true to the files it names."""

import hashlib
import re
from pathlib import Path

import onnx
import pytest

from assess.describe.library import Library

ROOT = Path(__file__).parent.parent
LIBRARY = Library()

#: Experimental operators of the first releases, which the standard forgot and ONNX Runtime did not, and one that
#: ONNX Runtime puts among the standard's.
ONCE_STANDARD = {
    "SimplifiedLayerNormalization",
    "Affine",
    "Crop",
    "DynamicSlice",
    "ImageScaler",
    "ParametricSoftplus",
    "ScaledTanh",
    "Scale",
}


@pytest.mark.parametrize("id_", LIBRARY.ids("workloads"))
def test_every_workload_loads_and_says_why(id_):
    workload = LIBRARY.workload(id_)
    requires = workload.requires
    assert workload.deadline_s or requires.throughput or (requires.first_token and requires.token), "what decides"
    assert workload.grade is not None and f"grade {workload.grade}" in workload.why, "how well the numbers are known"
    assert ("recalled" in workload.source) == (workload.grade == "R"), "recalled numbers and no others say so"
    assert workload.co_runners
    if workload.requires.memory_share is not None:
        assert (
            "share of memory is a choice of ours: " in workload.why or "share of memory are choices of" in workload.why
        )


@pytest.mark.parametrize("id_", LIBRARY.ids("runtimes"))
def test_every_runtime_loads(id_):
    assert LIBRARY.runtime(id_).source


@pytest.mark.parametrize("id_", LIBRARY.ids("runtimes"))
def test_operators_stand_one_on_a_line_in_order_under_their_own_names(id_):
    listed = list(LIBRARY.runtime(id_).operators or ())
    assert listed == sorted(listed)
    lines = (ROOT / "profiles" / "runtimes" / f"{id_}.toml").read_text().splitlines()
    assert all(any(line.replace('"', "").startswith(f"{name} = ") for line in lines) for name in listed)
    if onnx.defs.onnx_opset_version() < 28:
        return  # An older onnx does not know the newest names.
    standard = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if not schema.domain}
    assert {name for name in listed if ":" not in name} <= standard | ONCE_STANDARD


@pytest.mark.parametrize("id_", LIBRARY.ids("runtimes"))
def test_limits_are_short_and_in_our_words(id_):
    operators = LIBRARY.runtime(id_).operators or {}
    for condition in (condition for one in operators.values() for condition in one.conditions):
        assert len(condition) < 120
        assert not re.search("supported|please|<br|`|https?:", condition), "that is a sentence of the vendor's"


@pytest.mark.parametrize("id_", LIBRARY.ids("partners"))
def test_every_partner_names_what_exists(id_):
    partner = LIBRARY.partner(id_)
    assert all(LIBRARY.device(device) for device in partner.devices)
    assert all(LIBRARY.workload(workload) for workload in partner.workloads)
    assert all(LIBRARY.standard(standard) for standard in partner.standards)


@pytest.mark.parametrize("id_", LIBRARY.ids("partners"))
def test_every_partner_says_that_its_policy_is_ours(id_):
    assert "the policy is illustrative: nothing here was stated by" in LIBRARY.partner(id_).source
    assert "data-residency" in LIBRARY.partner(id_).policy.statements


@pytest.mark.parametrize("id_", LIBRARY.ids("standards"))
def test_every_standard_says_in_one_line_each_what_a_run_shows_and_what_not(id_):
    standard = LIBRARY.standard(id_)
    for line in (standard.shows, standard.cannot_show):
        assert "\n" not in line and len(line) <= 200
    assert standard.cannot_show.startswith(("No ", "Not ", "Nothing "))
    assert ("recalled" in standard.source) == (standard.grade == "R")


def test_every_standard_is_asked_for_by_a_partner():
    asked = {standard for id_ in LIBRARY.ids("partners") for standard in LIBRARY.partner(id_).standards}
    assert asked == set(LIBRARY.ids("standards"))


@pytest.mark.parametrize("id_", LIBRARY.ids("models"))
def test_every_model_is_the_file_of_its_card_and_has_its_licence_beside_it(id_):
    file = LIBRARY.model_file(id_)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == LIBRARY.card(id_).sha256
    assert (file.parent / "LICENSE").is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "suites").glob("*.toml")), ids=lambda path: path.stem)
def test_every_suite_names_what_exists(path):
    for case in LIBRARY.suite(path.stem).case:
        assert LIBRARY.device(case.device)
        assert LIBRARY.workload(case.workload)
        assert LIBRARY.model_file(case.model).is_file()
