"""Suites as files: checked with their lines, told by folder or key, and read though a case names what is not there."""

from pathlib import Path

import pytest

from assess.describe.kinds import SUITE, kind_of
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.describe.suite import SuiteCase
from assess.files import shipped

HEAD = 'name = "Rovers"\nsummary = "All that a rover does."\n'
CASE = '[[case]]\nmodel = "{}"\nworkload = "{}"\ndevice = "{}"\npartner = "{}"\n'
GOOD = ("ppocr-text-direction", "camera-30hz", "ti-am69a", "honda-mobility")


def written(folder, *cases):
    file = folder / "rovers.toml"
    file.write_text(HEAD + "".join(CASE.format(*case) for case in cases))
    return file


def test_a_suite_is_told_by_its_folder_and_by_its_cases(tmp_path):
    assert kind_of(written(tmp_path, GOOD)) is SUITE
    assert kind_of(Path("suites") / "none.toml") is SUITE


def test_every_mistake_is_told_with_its_line(tmp_path):
    file = written(
        tmp_path, GOOD, GOOD, ("own.onnx", "camera-30", *GOOD[2:]), ("pporc-text-direction", "camera-30hz", "x1", "")
    )
    found = [(problem.at.line, problem.key, problem.text.partition(";")[0]) for problem in lint(file, Library())]
    assert found == [
        (8, "case[1]", "is the same case as case[0]"),
        (15, "case[2].workload", "there is no workload 'camera-30'"),
        (19, "case[3].model", "there is no model 'pporc-text-direction'"),
        (21, "case[3].device", "there is no device 'x1'"),
    ]


def test_a_suite_is_read_though_a_case_names_what_is_not_there(tmp_path):
    suite = Library().suite(str(written(tmp_path, GOOD, ("none", "none", "none", ""))))
    assert [case.name for case in suite.case] == [" ".join(GOOD), "none none none"]
    assert suite.case[1] == SuiteCase(model="none", workload="none", device="none")


@pytest.mark.parametrize("file", sorted(shipped("suites").glob("*.toml")), ids=lambda file: file.stem)
def test_every_shipped_suite_is_without_mistakes_and_on_devices_of_its_partners(file):
    library = Library()
    assert lint(file, library) == ()
    suite = library.suite(file.stem)
    devices = {case.device for case in suite.case}
    assert file.stem == "demo" or 3 <= len(devices) <= 7
    for partner in {case.partner for case in suite.case if case.partner}:
        assert {case.device for case in suite.case if case.partner == partner} <= set(library.partner(partner).devices)
