"""A recipe's flow: whole or not there, gone on with after an interruption, and figures that are those of its files."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import pytest

from assess.describe.authored import load
from assess.describe.card import Card
from assess.distill.flow import distil
from assess.errors import AssessError
from assess.sandbox import Ending

pytest.importorskip("tomlkit")

AUTHORED = """\
#:schema ../../profiles/schemas/card.json
name = "Wafer student"    # as people know it
file = "full.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
licence = "Apache-2.0"

[teacher]
name = "Large network"
relation = "soft targets"

[evaluation]
task = "wafer-map"
seed = 20000
count = 40
"""
SIZES = ("full", "half")
STEPS = [("teacher", "", 0, False)] + [
    (f"{size}-{seed}{'' if taught else '-untaught'}", size, seed, taught)
    for size in SIZES for seed in (0, 1) for taught in (True, False)
]  # fmt: skip


class World:
    """The trainer and the worker: each training writes its file; `stop_at` is where a signal comes."""

    def __init__(self, stop_at=""):
        self.trained, self.scored, self.stop_at = [], [], stop_at

    def __call__(self, module, request, limits, *, on_progress, stop_within_s=None):
        if module == "assess.distill.train":
            return self._train(request, on_progress)
        name = Path(request["model"]).stem
        assert Path(request["teacher"]).name == "teacher.onnx"
        assert request["pass"] == "fidelity" and request["count"] == 40 and request["seed"] == 20000
        self.scored.append(name)
        if self.stop_at == f"scoring {name}":
            raise KeyboardInterrupt
        right = {"full": 40, "half": 30}[name.partition("-")[0]] - 10 * ("untaught" in name) - 10 * ("int8" in name)
        answer = {
            "task": "wafer-map", "metric": "accuracy", "unit": "1", "higher_is_better": True, "item": "map",
            "agrees": "the same class", "seed": 20000, "model": [1.0] * right + [0.0] * (40 - right),
            "teacher": [1.0] * 40, "chance": [0.0] * 30 + [1.0] * 10,
            "agreement": [1.0] * right + [0.0] * (40 - right),
        }  # fmt: skip
        return Ending("answered", answer, "", "")

    def _train(self, request, on_progress):
        work = Path(request["work"])
        for index, (name, _, _, _) in enumerate(STEPS):
            on_progress({"training": name, "share": index / len(STEPS)})
            if self.stop_at == name:
                return Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")
            if not (work / f"{name}.onnx").exists():
                self.trained.append(name)
                (work / f"{name}.onnx").write_bytes(name.encode())
        shipped = {}
        for size in SIZES:
            (work / f"{size}-0-int8.onnx").write_bytes(f"{size} int8".encode())
            shipped[size] = {"file": f"{size}-0.onnx", "precision": "fp32", "size": size, "tolerance": 0.001}
            shipped[f"{size}-int8"] = {
                "file": f"{size}-0-int8.onnx", "precision": "int8", "size": size, "tolerance": 0.25,
            }  # fmt: skip
        (work / "references.npz").write_bytes(b"references")
        trainings = [
            {"name": name, "size": size, "seed": seed, "taught": taught, "seconds": 10.0, "parameters": 100}
            for name, size, seed, taught in STEPS
        ]
        answer = {"trainings": trainings, "shipped": shipped, "states": {}, "versions": {"torch": "2.13.0"}}
        return Ending("answered", answer, "", "")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "wafer-student"
    made.mkdir()
    (made / "card.toml").write_text(AUTHORED)
    (made / "recipe.py").write_text("RECIPE = None\n")
    (made / "LICENSE").write_text("the licence\n")
    return made


def test_a_recipe_gives_a_folder_with_card_files_and_figures(folder, tmp_path):
    told = []
    times = iter(range(1000))
    card = distil(
        folder, tmp_path / "out", on_progress=lambda *each: told.append(each), launch=World(), clock=lambda: next(times)
    )
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "LICENSE", "card.toml", "quality.svg", "recipe.py", "references.npz", "teacher.onnx",
        "wafer-student-full-int8.onnx", "wafer-student-full.onnx", "wafer-student-half-int8.onnx",
        "wafer-student-half.onnx",
    ]  # fmt: skip
    assert not (tmp_path / "out.work").exists()
    assert [(one.id, one.score.value, one.taught, one.untaught, one.weight_bits) for one in card.variant] == [
        ("full", 1.0, (1.0, 1.0), (0.75, 0.75), None),
        ("full-int8", 0.75, (), (), 7),
        ("half", 0.75, (0.75, 0.75), (0.5, 0.5), None),
        ("half-int8", 0.5, (), (), 7),
    ]
    assert card.file == "wafer-student-full.onnx" and card.sha256 == card.variant[0].sha256
    assert card.teacher.parameters == 100 and card.teacher.score.value == 1.0
    assert card.evaluation.chance.value == 0.25
    assert card.variant[2].retained.value == pytest.approx(2 / 3, abs=1e-4)
    assert (card.recipe.took, card.recipe.seeds) == ("90 s", (0, 1))
    assert "<svg" in (tmp_path / "out" / "quality.svg").read_text()
    assert [round(done, 3) for _, done, _ in told] == sorted(round(done, 3) for _, done, _ in told)
    assert told[0] == ("training teacher", 0.0, None)
    assert told[2][2] == pytest.approx(2 * (1 - 0.8 * 2 / 9) / (0.8 * 2 / 9))


def test_what_the_author_wrote_stays_as_it_is(folder, tmp_path):
    distil(folder, tmp_path / "out", launch=World())
    text = (tmp_path / "out" / "card.toml").read_text()
    assert text.startswith('#:schema ../../profiles/schemas/card.json\nname = "Wafer student"    # as people know it\n')
    again = tomllib.loads(text)
    assert again["teacher"]["relation"] == "soft targets"
    # Run once more from the new folder: the old figures are replaced, not kept beside the new ones.
    distil(tmp_path / "out", tmp_path / "again", launch=World())
    cards = [load(tmp_path / name / "card.toml", Card, id=name) for name in ("again", "out")]
    assert next(one.file for one in cards[0].variant) == "out-full.onnx", "the folder's name is the model's"
    assert [(one.id, one.sha256, one.score) for one in cards[0].variant] == [
        (one.id, one.sha256, one.score) for one in cards[1].variant
    ]


@pytest.mark.parametrize("stop_at", ["half-0", "scoring half-1"])
def test_an_interrupted_recipe_goes_on_where_it_was(folder, tmp_path, stop_at):
    first = World(stop_at)
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=first)
    assert not (tmp_path / "out").exists()
    second = World(stop_at)
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=second)
    assert second.trained == []
    third = World()
    distil(folder, tmp_path / "out", launch=third)
    assert first.trained + third.trained == [name for name, _, _, _ in STEPS]
    assert not set(first.scored[:-1]) & set(third.scored)
    assert (tmp_path / "out" / "card.toml").is_file() and not (tmp_path / "out.work").exists()


def test_another_recipe_does_not_take_up_what_is_there(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=World("half-0"))
    (folder / "recipe.py").write_text("RECIPE = 1\n")
    with pytest.raises(AssessError, match="holds what another recipe, card, task or evaluation made") as caught:
        distil(folder, tmp_path / "out", launch=World())
    assert caught.value.where == str(tmp_path / "out.work")


def test_two_runs_do_not_work_in_one_folder(folder, tmp_path):
    def again(*asked, **how):
        with pytest.raises(AssessError, match="another run works in it"):
            distil(folder, tmp_path / "out", launch=World())
        return World()(*asked, **how)

    distil(folder, tmp_path / "out", launch=again)
    assert (tmp_path / "out").is_dir()


def test_a_folder_that_is_there_is_not_overwritten(folder, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(AssessError, match="is there already"):
        distil(folder, tmp_path / "out", launch=World())


def test_a_training_that_fails_says_its_last_line(folder, tmp_path):
    def crash(*_, **__):
        return Ending("crashed", None, "ended with exit code 1 and no answer", "Traceback\nValueError: no such width")

    with pytest.raises(AssessError, match="crashed: ended with exit code 1 and no answer; ValueError: no such width"):
        distil(folder, tmp_path / "out", launch=crash)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_recipe_or_task_is_refused(folder, tmp_path):
    (folder / "recipe.py").unlink()
    with pytest.raises(AssessError, match=r"has no recipe\.py"):
        distil(folder, tmp_path / "out", launch=World())
    (folder / "card.toml").write_text(AUTHORED.partition("[evaluation]")[0])
    with pytest.raises(AssessError, match="its card names no task"):
        distil(folder, tmp_path / "out", launch=World())
    assert json.dumps(sorted(p.name for p in tmp_path.iterdir())) == '["wafer-student"]'


def test_another_evaluation_does_not_take_up_what_is_there(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=World("half-0"))
    (folder / "card.toml").write_text(AUTHORED.replace("count = 40", "count = 50"))
    with pytest.raises(AssessError, match="holds what another recipe, card, task or evaluation made"):
        distil(folder, tmp_path / "out", launch=World())


def test_what_is_edited_meanwhile_made_none_of_the_files(folder, tmp_path):
    def editing(*asked, **how):
        (folder / "recipe.py").write_text("RECIPE = 2\n")
        return world(*asked, **how)

    world = World()
    card = distil(folder, tmp_path / "out", launch=editing)
    assert (tmp_path / "out" / "recipe.py").read_text() == "RECIPE = None\n"
    assert card.recipe.sha256 == hashlib.sha256(b"RECIPE = None\n").hexdigest()


def test_a_card_without_a_teacher_is_refused_before_anything_is_trained(folder, tmp_path):
    (folder / "card.toml").write_text(
        AUTHORED.replace('[teacher]\nname = "Large network"\nrelation = "soft targets"\n', "")
    )
    world = World()
    with pytest.raises(AssessError, match="its card names no teacher"):
        distil(folder, tmp_path / "out", launch=world)
    assert world.trained == []


def test_a_work_folder_that_holds_anything_else_is_left_alone(folder, tmp_path):
    theirs = tmp_path / "out.work" / "sub"
    theirs.mkdir(parents=True)
    (theirs / "thesis.txt").write_text("thesis")
    with pytest.raises(AssessError, match="holds something that no recipe of assess made") as caught:
        distil(folder, tmp_path / "out", launch=World())
    assert caught.value.where == str(tmp_path / "out.work")
    assert (theirs / "thesis.txt").read_text() == "thesis"


@pytest.mark.parametrize("name", ["out.work", "out"])
def test_a_link_in_the_way_is_told_before_anything_is_trained(folder, tmp_path, name):
    (tmp_path / name).symlink_to(tmp_path / ("elsewhere" if name == "out" else "."))
    world = World()
    with pytest.raises(AssessError, match=r"is a link|is there already"):
        distil(folder, tmp_path / "out", launch=world)
    assert world.trained == []


def test_a_folder_within_the_recipes_own_is_refused(folder):
    with pytest.raises(AssessError, match="lies in the recipe's own folder"):
        distil(folder, folder / "distilled" / "new", launch=World())
    assert not (folder / "distilled").exists()


def test_what_is_no_plain_file_is_not_copied(folder, tmp_path):
    os.mkfifo(folder / "pipe")
    (folder / "nowhere").symlink_to("gone")
    distil(folder, tmp_path / "out", launch=World())
    assert (tmp_path / "out" / "card.toml").is_file()


@pytest.mark.parametrize("name", ["card.toml", "helper.py"])
def test_a_card_or_a_helper_that_was_edited_is_another_recipe(folder, tmp_path, name):
    (folder / "helper.py").write_text("A = 1\n")
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=World("half-0"))
    (folder / name).write_text((folder / name).read_text() + "# edited\n")
    with pytest.raises(AssessError, match="holds what another recipe, card, task or evaluation made"):
        distil(folder, tmp_path / "out", launch=World())


@pytest.mark.parametrize("content", ['{"x":', "{}", "\udcff"])
def test_scores_that_are_damaged_are_made_again(folder, tmp_path, content):
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=World("scoring half-1"))
    kept = tmp_path / "out.work" / "full-0.scores.json"
    kept.write_bytes(content.encode("utf-8", "surrogateescape"))
    world = World()
    distil(folder, tmp_path / "out", launch=world)
    assert "full-0" in world.scored


def test_a_work_folder_without_its_copy_is_told(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        distil(folder, tmp_path / "out", launch=World("half-0"))
    (tmp_path / "out.work" / "source" / "card.toml").unlink()
    with pytest.raises(AssessError, match="its copy of the recipe's folder is gone"):
        distil(folder, tmp_path / "out", launch=World())
