"""Model cards: `assess profile new card` writes one, `assess profile lint` checks it in its place."""

import hashlib
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from assess.cli.main import app
from assess.describe.authored import load
from assess.describe.card import Card

MODEL = Path(__file__).parent.parent.parent / "models" / "reachy-mini-inverse-kinematics" / "inverse-kinematics.onnx"


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(MODEL, tmp_path / "arm.onnx")
    return tmp_path


def profile(*words, code=0):
    result = CliRunner().invoke(app, ["profile", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_new_card_holds_what_the_file_tells(work):
    said = profile("new", "card", "arm.onnx", "--name", "The arm", "-y")
    card = load(work / "card.toml", Card, id="arm")
    assert (card.name, card.file, card.sha256) == ("The arm", "arm.onnx", sha256(work / "arm.onnx"))
    assert [entry.name for entry in card.input] == ["input"]
    assert "written: card.toml" in said.stderr
    assert "next: fill in what is left, then: assess profile lint card.toml" in said.stderr


def test_every_key_of_a_card_stands_in_a_new_one(work):
    profile("new", "card", "arm.onnx", "-y")
    text = (work / "card.toml").read_text()
    whole = tomllib.loads(re.sub(r"^# (?=[a-z0-9_]+ = |\[)", "", text, flags=re.MULTILINE))
    left_out = {"id", "variant", "references", "recipe", "dims"}  # The model has no dynamic dimension.
    assert set(whole) == set(Card.model_fields) - left_out
    assert set(whole["teacher"]) == {"name", "relation", "file", "sha256", "parameters", "licence", "score"}
    assert whole["lineage"][0].keys() == {"made", "by", "from"}
    assert whole["input"][0]["low"] == 0.0
    assert max(map(len, text.splitlines())) <= 120


def test_a_new_card_needs_a_model_and_a_place(work):
    assert "MODEL.onnx: is missing" in profile("new", "card", code=2).stderr
    assert "gone.onnx: there is no such file" in profile("new", "card", "gone.onnx", code=2).stderr
    assert "--id: a card has none" in profile("new", "card", "arm.onnx", "--id", "arm", code=2).stderr
    assert "--id: is missing" in profile("new", "device", code=2).stderr
    assert "arm.onnx: a device is of no model" in profile("new", "device", "arm.onnx", "--id", "a", code=2).stderr
    (work / "card.toml").write_text("mine")
    assert "card.toml: is there already" in profile("new", "card", "arm.onnx", code=2).stderr
    assert (work / "card.toml").read_text() == "mine"


def card(work, more="", **changes):
    keys = {"name": "Arm", "file": "arm.onnx", "sha256": sha256(work / "arm.onnx"), "licence": "MIT", **changes}
    text = "".join(f'{key} = "{value}"\n' for key, value in keys.items()) + more
    (work / "card.toml").write_text(text)


def test_a_card_that_is_right_has_no_problems(work):
    np.save("x.npy", np.array([0.1, 1.0], np.float32))
    card(work, '[[input]]\nname = "x"\nlow = 0.1\nhigh = 1.0\nsample = "x.npy"\n')
    assert profile("lint", "card.toml").stdout == "1 file: no problems\n"


ZERO, THERE = "0" * 64, "arm.onnx"


@pytest.mark.parametrize(
    ("more", "changes", "line"),
    [
        ("", {"file": "gone.onnx"}, "card.toml:2: file: there is no file 'gone.onnx' beside the card"),
        ("", {"file": "../arm.onnx"}, "card.toml:2: file: '../arm.onnx' lies outside the folder"),
        ("", {"sha256": ZERO}, "card.toml:3: sha256: is not that of 'arm.onnx', which is "),
        ("", {"licence": "Apache 2"}, "card.toml:4: licence: "),
        (
            f'[recipe]\nfile = "{THERE}"\nsha256 = "{ZERO}"\n', {},
            "card.toml:7: recipe.sha256: is not that of 'arm.onnx'",
        ),
        (
            f'[references]\nfile = "gone.npz"\nsha256 = "{ZERO}"\n', {},
            "card.toml:6: references.file: there is no file 'gone.npz'",
        ),
        (
            '[teacher]\nname = "T"\nrelation = "labels"\nfile = "t.onnx"\nlicence = "ours"\n', {},
            "card.toml:8: teacher.file: there is no file 't.onnx'",
        ),
        (
            '[[data]]\nname = "D"\nlicence = "free"\nsource = "S"\n', {},
            "card.toml:7: data[0].licence: ",
        ),
        (
            '[[variant]]\nid = "half"\nfile = "half.onnx"\nsha256 = "' + ZERO
            + '"\nprecision = "int8"\nparameters = 1\nbytes = 1\n', {},
            "card.toml:7: variant[0].file: there is no file 'half.onnx'",
        ),
        (
            '[evaluation]\ntask = "wafer-mop"\ncount = 9\n', {},
            "card.toml:6: evaluation.task: there is no task 'wafer-mop'; did you mean 'wafer-map'?",
        ),
        (
            '[[input]]\nname = "x"\nlow = 0.0\nhigh = 1.0\nsample = "x.npy"\n', {},
            "card.toml:9: input[0].sample: holds 3, beyond 'high', which is 1",
        ),
        (
            '[[input]]\nname = "x"\nsample = "text.npy"\n', {},
            "card.toml:7: input[0].sample: is no .npy file of plain numbers",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_card_in_its_place_is_told_with_its_line(work, more, changes, line):
    np.save("x.npy", np.array([0.5, 3.0], np.float32))
    (work / "text.npy").write_text("no numbers")
    card(work, more, **changes)
    assert line in profile("lint", "card.toml", code=2).stdout


def test_data_without_rights_have_no_licence(work):
    card(work, '[[data]]\nname = "D"\nlicence = "none"\nsource = "S"\n')
    assert profile("lint", "card.toml").stdout == "1 file: no problems\n"


def test_a_card_without_a_licence_is_warned_of(work):
    card(work, licence="")
    assert "warning: states none: write an SPDX expression" in profile("lint", "card.toml").stdout


def test_a_model_in_several_files_is_not_told_by_the_content_of_one(work):
    (work / "arm.onnx").write_bytes(b"...\x0a\x08location\x12\x01w")
    card(work, sha256=ZERO)
    assert profile("lint", "card.toml").stdout == "1 file: no problems\n"
