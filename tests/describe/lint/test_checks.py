"""Each check that only warns: that it fires, where, and that it is silent where nothing is wrong."""

from __future__ import annotations

from hashlib import sha256

import pytest

from assess.describe.library import Library
from assess.describe.lint import CHECKS, files_in, lint
from assess.errors import AssessError

BASE = """
name = "Rover"
vendor = "ACME"
sectors = ["robotics"]
availability = "shipping"
power_mode = "25W"
power = { value = "25 W", source = "DS", grade = "A" }

[sources]
DS = { where = "data sheet" }

[identity]
board = ["ACME Rover"]
power_mode = ["25W"]

[memory]
kind = "unified"
capacity = { value = "8 GiB", source = "DS", grade = "A" }

[[engine]]
name = "gpu"
kind = "gpu"

[[engine.peak]]
precision = "int8"
dense = { value = "20 TOPS", source = "DS", grade = "A" }
"""

SLOW = """
extends = "rover"
name = "Rover (10 W)"
power_mode = "10W"
power = { value = "10 W", source = "DS", grade = "A" }

[identity]
power_mode = ["10W"]

[[engine]]
name = "gpu"

[[engine.peak]]
precision = "int8"
dense = { value = "8 TOPS", source = "DS", grade = "A" }
"""


def told(tmp_path, file, **files):
    """Rule, line and key of each problem of one of the devices."""
    for name, text in files.items():
        path = tmp_path / "devices" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    found = lint(tmp_path / "devices" / f"{file}.toml", Library([tmp_path]))
    return [(problem.rule, problem.at.line if problem.at else None, problem.key, problem.text) for problem in found]


def line_of(text, part):
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def test_a_sound_device_and_its_slower_mode_are_told_of_nothing(tmp_path):
    assert told(tmp_path, "rover", rover=BASE, rover_10w=SLOW) == []
    assert told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": SLOW}) == []


def test_every_check_is_tested_here():
    tested = {name for name in globals() if name.startswith("test_rule_")}
    assert {check.rule for check in CHECKS} <= {name.removeprefix("test_rule_").replace("_", "-") for name in tested}


def test_every_check_has_a_name_of_its_own_and_a_sentence():
    assert len({check.rule for check in CHECKS}) == len(CHECKS)
    assert all(check.summary.endswith(".") and check.folders for check in CHECKS)


def test_rule_unused_source(tmp_path):
    left = BASE.replace("[identity]", 'OLD = { where = "older" }\n\n[identity]')
    assert told(tmp_path, "rover", rover=left) == [
        ("unused-source", line_of(left, "OLD"), "sources.OLD", "no number names it; leave it out")
    ]


def test_a_source_of_the_base_may_be_used_by_a_variant_only(tmp_path):
    found = told(
        tmp_path,
        "rover-10w",
        **{"rover": BASE.replace("[identity]", 'X = { where = "x" }\n[identity]')} | {"rover-10w": SLOW},
    )
    assert found == []


def test_rule_no_identity(tmp_path):
    nobody = BASE.replace('board = ["ACME Rover"]\n', "")
    assert [one[:3] for one in told(tmp_path, "rover", rover=nobody)] == [
        ("no-identity", line_of(nobody, "[identity]"), "identity")
    ]
    none = BASE.replace('[identity]\nboard = ["ACME Rover"]\npower_mode = ["25W"]\n', "")
    assert told(tmp_path, "rover", rover=none) == []


def test_rule_unnamed_mode(tmp_path):
    unnamed = BASE.replace('power_mode = ["25W"]\n', "")
    assert [one[:3] for one in told(tmp_path, "rover", rover=unnamed)] == [
        ("unnamed-mode", line_of(unnamed, "[identity]"), "identity")
    ]
    assert told(tmp_path, "rover", rover=unnamed.replace('power_mode = "25W"\n', "")) == []


def test_rule_mode_order(tmp_path):
    fast = SLOW.replace("8 TOPS", "30 TOPS")
    assert told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": fast}) == [
        (
            "mode-order",
            line_of(fast, "30 TOPS"),
            "engine[0].peak[0].dense.value",
            "is more than the 20 TOPS of rover, which has 25 W; if that is so, say why in the note "
            "of the smaller mode's 'power'",
        )
    ]
    why = fast.replace('"10 W", source = "DS", grade = "A"', '"10 W", source = "DS", grade = "A", note = "budget"')
    assert told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": why}) == []


def test_rule_shared_mode(tmp_path):
    middle = SLOW.replace("10W", "15W").replace("10 W", "15 W").replace('power_mode = ["15W"]', 'power_mode = ["10W"]')
    files = {"rover": BASE, "rover-10w": SLOW, "rover-15w": middle.replace("8 TOPS", "9 TOPS")}
    assert told(tmp_path, "rover", **files) == []
    assert told(tmp_path, "rover-15w", **files) == [
        (
            "shared-mode",
            line_of(middle, 'power_mode = ["10W"]'),
            "identity.power_mode[0]",
            "'10W' is how rover-10w is recognised too, in another mode: a host would be both",
        )
    ]
    other = files["rover-15w"].replace("[identity]", '[identity]\nboard = ["ACME Rover 2"]')
    assert told(tmp_path, "rover-15w", **{**files, "rover-15w": other}) == []


def test_modes_of_two_variants_are_compared(tmp_path):
    middle = SLOW.replace("10W", "15W").replace("10 W", "15 W").replace("8 TOPS", "4 TOPS")
    found = told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": SLOW, "rover-15w": middle})
    assert [(rule, key) for rule, _, key, _ in found] == [("mode-order", "engine[0].peak[0].dense.value")]
    assert "is more than the 4 TOPS of rover-15w, which has 15 W" in found[0][3]


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('"8 GiB"', '"8 B"', "memory.capacity.value"),
        ('"20 TOPS"', '"20 OPS"', "engine[0].peak[0].dense.value"),
        ('"25 W"', '"0.0001 W"', "power.value"),
        (
            'kind = "gpu"',
            'kind = "gpu"\nclock = { value = "612 GHz", source = "DS", grade = "A" }',
            "engine[0].clock.value",
        ),
    ],
)
def test_rule_magnitude(tmp_path, right, wrong, key):
    slip = BASE.replace(right, wrong, 1)
    found = told(tmp_path, "rover", rover=slip)
    assert [(rule, where) for rule, _, where, _ in found] == [("magnitude", key)]
    assert found[0][3].startswith("no device is known to have it: expected ")


def test_rule_says_nothing(tmp_path):
    empty = 'extends = "rover"\nname = "Another"\n'
    assert [one[:3] for one in told(tmp_path, "copy", rover=BASE, copy=empty)] == [("says-nothing", 1, "extends")]
    assert told(tmp_path, "copy", rover=BASE, copy=empty + 'vendor = "Other"\n') == []


def test_rule_lost_engine(tmp_path):
    typo = SLOW.replace('name = "gpu"', 'name = "gpuu"\nkind = "gpu"')
    assert told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": typo}) == [
        (
            "lost-engine",
            line_of(typo, '"gpuu"'),
            "engine[0].name",
            "is no engine of rover, and no runtime uses it; did you mean 'gpu'?",
        )
    ]
    used = typo + '[[runtime]]\nid = "onnxruntime-cuda"\nengine = "gpuu"\n'
    other = typo.replace('kind = "gpu"', 'kind = "npu"')
    both = typo + '[[engine]]\nname = "gpu"\n'
    for sound in (used, other, both):
        assert told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": sound}) == []


def test_rule_placeholder(tmp_path):
    new = BASE.replace('"ACME"', '"fill in"').replace('"data sheet"', '"Fill in: which revision"')
    assert told(tmp_path, "rover", rover=new) == [
        ("placeholder", line_of(new, "vendor"), "vendor", "is still to be filled in"),
        ("placeholder", line_of(new, "revision"), "sources.DS.where", "is still to be filled in: which revision"),
    ]
    assert told(tmp_path, "rover", rover=BASE.replace('"ACME"', '"Fill In The Blanks Ltd."')) == []


def test_rule_said_twice(tmp_path):
    twice = BASE.replace('["robotics"]', '["robotics", "imaging", "robotics"]')
    assert [one[:3] for one in told(tmp_path, "rover", rover=twice)] == [
        ("said-twice", line_of(twice, "sectors"), "sectors[2]")
    ]


def test_errors_and_warnings_are_told_together_in_the_order_of_lines(tmp_path):
    both = BASE.replace('"8 GiB"', '"8 B"').replace('kind = "gpu"', 'kind = "gpx"')
    found = told(tmp_path, "rover", rover=both)
    assert [(rule, key) for rule, _, key, _ in found] == [
        ("magnitude", "memory.capacity.value"),
        ("", "engine[0].kind"),
    ]


def test_warnings_that_an_error_may_cause_wait_for_it(tmp_path):
    both = BASE.replace("[identity]", 'OLD = { where = "older" }\n\n[identity]').replace('kind = "gpu"', 'kind = "gpx"')
    assert [(rule, key) for rule, _, key, _ in told(tmp_path, "rover", rover=both)] == [("", "engine[0].kind")]
    waiting = [check.rule for check in CHECKS if check.whole_file]
    assert waiting == ["unused-source", "unnamed-mode", "shared-mode", "mode-order", "says-nothing", "lost-engine"]


def test_a_file_that_cannot_be_read_is_told_of_once(tmp_path):
    found = told(tmp_path, "rover", rover=BASE + "x = ")
    assert [(rule, key) for rule, _, key, _ in found] == [("", "")]
    assert found[0][3].startswith("not TOML: ")


def test_what_is_wrong_with_a_base_is_told_of_its_variant(tmp_path):
    found = told(tmp_path, "rover-10w", **{"rover": BASE.replace('kind = "gpu"', 'kind = "gpx"'), "rover-10w": SLOW})
    assert [(rule, line, key) for rule, line, key, _ in found] == [("", 2, "extends")]
    assert found[0][3].startswith("'rover' has a problem itself: ")
    line = line_of(BASE, 'kind = "gpu"')
    assert f"rover.toml:{line}: engine[0].kind: 'gpx' is not known" in found[0][3]


def test_a_broken_neighbour_silences_no_warning(tmp_path):
    left = BASE.replace("[identity]", 'OLD = { where = "older" }\n\n[identity]')
    others = {"broken": "x = ", "mode": 'extends = "rover"\nextends = 1', "lost": 'extends = "rovr"\n'}
    assert [one[0] for one in told(tmp_path, "rover", rover=left, **others)] == ["unused-source"]


def test_a_mode_without_its_name_is_one_error_and_no_warning(tmp_path):
    unnamed = SLOW.replace('[identity]\npower_mode = ["10W"]\n', "")
    found = told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": unnamed})
    assert [(rule, line, key) for rule, line, key, _ in found] == [("", line_of(unnamed, "power_mode"), "power_mode")]


def test_a_misspelt_extends_is_told_and_what_its_base_says_is_not_missed(tmp_path):
    wrong = SLOW.replace("extends", "extnds")
    found = told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": wrong})
    assert [one[:3] for one in found] == [("", 2, "extnds")]
    lost = told(tmp_path, "rover-10w", **{"rover": BASE, "rover-10w": wrong.replace('"rover"', '"rovr"')})
    assert [one[:3] for one in lost] == [("", 2, "extnds"), ("", 2, "extnds")]
    assert lost[1][3] == "there is no device 'rovr'; did you mean 'rover'?"


def test_lint_of_many_modes_looks_at_each_once(tmp_path):
    files = {f"rover-{number}": SLOW.replace("10W", f"{number}W") for number in range(1, 201)}
    told(tmp_path, "rover-1", rover=BASE, **files)
    library, looked = Library([tmp_path]), []

    def look(file, _):
        looked.append(file)

    for file in files_in([tmp_path]):
        assert lint(file, library) == ()
        library.family(file, look)
    assert len(looked) == 201


def test_files_of_folders_and_single_ones(tmp_path):
    told(tmp_path, "rover", rover=BASE)
    (tmp_path / "devices" / ".rover.toml.swp.toml").write_text("")
    (tmp_path / "devices" / "notes.txt").write_text("")
    rover = tmp_path / "devices" / "rover.toml"
    assert files_in([tmp_path]) == files_in([tmp_path / "devices"]) == files_in([rover]) == [rover]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(AssessError, match="there are no profiles in it"):
        files_in([empty])


def test_rule_no_licence(tmp_path):
    (tmp_path / "arm.onnx").write_bytes(b"arm")
    digest = sha256(b"arm").hexdigest()
    card = tmp_path / "card.toml"
    card.write_text(f'name = "Arm"\nfile = "arm.onnx"\nsha256 = "{digest}"\nlicence = ""\n')
    (found,) = lint(card, Library())
    assert (found.rule, found.key, found.text) == (
        "no-licence",
        "licence",
        "states none: write an SPDX expression, or ask the model's author",
    )
    card.write_text(card.read_text().replace('licence = ""', 'licence = "MIT"'))
    assert lint(card, Library()) == ()
