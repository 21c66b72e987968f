"""Everything that ships is whole: found, valid, sourced, and true to the files it names."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from assess.describe.library import Library

ROOT = Path(__file__).parent.parent
LIBRARY = Library()


@pytest.mark.parametrize("id_", LIBRARY.ids("devices"))
def test_every_device_loads_and_uses_all_its_sources(id_):
    device = LIBRARY.device(id_)
    text = (ROOT / "profiles" / "devices" / f"{id_}.toml").read_text()
    for key in device.sources:
        assert f'source = "{key}"' in text, f"{key} is the source of nothing"
    assert text.startswith("# "), "the first line says what the device is"


@pytest.mark.parametrize("id_", LIBRARY.ids("devices"))
def test_every_derived_number_shows_its_arithmetic(id_):
    device = LIBRARY.device(id_)
    for engine in device.engine:
        for peak in engine.peak:
            for number in (peak.dense, peak.sparse):
                if number is not None and number.grade == "D":
                    assert number.note


def test_every_sector_that_the_project_serves_has_two_devices():
    sectors = Counter(sector for id_ in LIBRARY.ids("devices") for sector in LIBRARY.device(id_).sectors)
    for sector in ("automotive", "robotics", "gaming", "semiconductor"):
        assert sectors[sector] >= 2


@pytest.mark.parametrize("id_", LIBRARY.ids("workloads"))
def test_every_workload_loads_and_says_why(id_):
    workload = LIBRARY.workload(id_)
    assert workload.deadline_s
    assert len(workload.why) > 20


@pytest.mark.parametrize("id_", LIBRARY.ids("runtimes"))
def test_every_runtime_loads(id_):
    assert LIBRARY.runtime(id_).source


@pytest.mark.parametrize("id_", LIBRARY.ids("partners"))
def test_every_partner_names_what_exists(id_):
    assert LIBRARY.partner(id_).policy.licences


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
        assert LIBRARY.card(case.model)


def test_the_board_of_the_readme_is_a_valid_device(tmp_path):
    text = (ROOT / "profiles" / "README.md").read_text()
    (tmp_path / "devices").mkdir()
    (tmp_path / "workloads").mkdir()
    device, workload = (block.split("```")[0] for block in text.split("```toml\n")[1:3])
    (tmp_path / "devices" / "acme-rover.toml").write_text(device)
    (tmp_path / "workloads" / "gripper.toml").write_text(workload)
    library = Library([tmp_path])
    assert library.device("acme-rover").power_mode == "25W"
    assert library.workload("gripper").requires.storage == 64e6
