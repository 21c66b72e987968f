"""Files of less than 1 MiB that are made to take long: what is done for each is counted, not timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assess.describe import authored, licences, opened, suggestions, variants
from assess.describe.authored import read
from assess.describe.device import Device
from assess.describe.kinds import kind_named
from assess.describe.library import Library
from assess.describe.lint import files_in, lint
from assess.describe.problems import Problem
from assess.describe.shelves import Shelves
from assess.errors import AssessError
from assess.files import shipped

START = 'name = "a"\nvendor = "a"\nsectors = ["robotics"]\navailability = "shipping"\n[memory]\nkind = "dram"\n'

LISTED = '"{}-{{}}",'


def told(folder: Path, text: str, kind: str = "devices") -> tuple[Problem, ...]:
    assert len(text) < 2**20
    file = folder / kind / "large.toml"
    file.parent.mkdir()
    file.write_text(text)
    return lint(file, Library([folder]), kind_named(kind))


def each(text: str, count: int) -> str:
    return "".join(text.format(number) for number in range(count))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """With how many words each word was compared."""
    found: list[int] = []
    really = suggestions.get_close_matches

    def count(word: str, words: Any, **more: Any) -> list[str]:
        found.append(len(words))
        return really(word, words, **more)

    monkeypatch.setattr(suggestions, "get_close_matches", count)
    return found


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Counter[Any]:
    """How often a function is called with which first argument."""
    calls: Counter[Any] = Counter()
    really: Callable[..., Any] = getattr(owner, name)

    def count(first: Any, *rest: Any, **more: Any) -> Any:
        calls[first] += 1
        return really(first, *rest, **more)

    monkeypatch.setattr(owner, name, count)
    return calls


def test_of_thousands_of_problems_the_first_hundred_are_told(tmp_path: Path, compared: list[int]) -> None:
    found = told(tmp_path, each("capcity{} = 1\n", 9000))
    assert [one.at and one.at.line for one in found[:3]] == [1, 1, 1]  # Keys of the whole file that are missing.
    assert (len(found), found[-1].text, found[-1].key) == (101, "and 8906 more, from here on", "")
    assert found[-1].at is not None and found[-2].at is not None and found[-1].at.line == found[-2].at.line + 1
    assert len(compared) <= 200


def test_ids_that_are_not_there_are_looked_for_where_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: list[int]
) -> None:
    names = counted(monkeypatch, Shelves, "names")
    partner = 'name = "a"\nsummary = "s"\nsource = "s"\nworkloads = ["camera-10hz"]\ndevices = ['
    found = told(tmp_path, f"{partner}{each(LISTED.format('nvidia'), 5000)}]\n[policy]\n", "partners")
    assert len(found) == 101
    assert sum(names.values()) <= 100
    assert len(compared) <= 100


def test_one_word_is_compared_with_some_hundred(tmp_path: Path, compared: list[int]) -> None:
    sources = "[sources]\n" + each('source-{} = {{ where = "x" }}\n', 2500)
    engine = '[[engine]]\nname = "e{0}"\nkind = "cpu"\nunits = {{ value = 1, source = "sorce-{0}", grade = "A" }}\n'
    found = told(tmp_path, START + sources + each(engine, 600))
    assert len(found) == 101
    assert "did you mean 'source-0'?" in found[0].text
    assert len(compared) <= 100
    assert max(compared) == 400


def test_what_a_licence_was_meant_as_is_found_out_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = counted(monkeypatch, licences, "_meant")
    partner = 'name = "a"\nsummary = "s"\nsource = "s"\nworkloads = ["camera-10hz"]\ndevices = ["hailo-8"]\n'
    found = told(tmp_path, f"{partner}[policy]\nlicences = [{each(LISTED.format('Foo'), 500)}]", "partners")
    assert "'Foo-0' names 'Foo-0', which is not on the SPDX list" in found[0].text
    assert (len(found), sum(meant.values())) == (101, 100)


@pytest.mark.parametrize(
    "text",
    [
        START + "[sources]\n" + each('s{} = {{ where = "x" }}\n', 12_000) + each('[[engine]]\nname = "e{}"\n', 6000),
        each("k{} = 1\n", 60_000),
        f"devices = [{each('{},', 40_000)}]",
    ],
)
def test_what_holds_more_values_than_any_profile_is_none(tmp_path: Path, text: str, compared: list[int]) -> None:
    assert [one.text for one in told(tmp_path, text)] == ["holds more than 10000 values: this is no profile"]
    assert not compared


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[" + ".".join("a" * 481) + "]\n" + each("k{} = 1\n", 50_000), 1),
        ("\n[a]\n" + ".".join("a" * 499) + " = 1\n", 3),
        ("[" + ".".join("b" * 500) + "]\n" + each(".".join("a" * 499) + ".k{} = 1\n", 600), 1),
        ('a = """\n' + "." * 40 + '\n"""\nb = { ' + " . ".join(["'a'"] * 13) + " = 1 }\n", 4),
        ("a = '''\n'''''\n[[x." + "y." * 12 + "z]]", 3),
    ],
)
def test_a_key_of_many_parts_is_told_before_the_file_is_read(
    tmp_path: Path, text: str, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = counted(monkeypatch, authored.tomllib, "loads")
    found = told(tmp_path, text)
    assert [(one.text, one.at and one.at.line) for one in found] == [
        ("a key has more than 12 parts: this is no profile", line)
    ]
    assert not loads


def test_dots_that_part_no_key_are_none_of_it(tmp_path: Path) -> None:
    dots = "." * 30
    file = tmp_path / "x.toml"
    text = f'a = "{dots}" # {dots}\n\'{dots}\' = \'{dots}\'\n"\\"{dots}" = """\n{dots} = {dots}\\"""\n""""\n'
    text += "f = [" + "1.5, " * 40 + "]\n" + ".".join("bcdefghijklm") + " = 1 # '\n"
    file.write_text(text)
    assert list(read(file)) == ["a", dots, f'"{dots}', "f", "b"]


def test_a_key_as_long_as_a_file_is_compared_with_none(tmp_path: Path, compared: list[int]) -> None:
    found = told(tmp_path, "k" * 900_000 + " = 1\n")
    assert found[0].text.startswith("unknown key; expected one of 'extends', 'name'")
    assert len(found[0].key) < 1100
    assert not compared


def test_a_pipeline_of_thousands_of_stages_is_none(tmp_path: Path) -> None:
    start = 'name = "a"\nversion = 1\nsectors = ["robotics"]\nwhy = "a"\nsource = "a"\n[requires]\n[scenario]\n'
    stages = each('[[scenario.stage]]\nname = "s{0}"\nafter = "x{0}"\n', 1001)
    found = told(tmp_path, f'{start}kind = "pipeline"\n{stages}', "workloads")
    assert [one.text for one in found] == ["has more than 1000 stages"]


def test_each_file_of_a_folder_is_read_once_for_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "devices").mkdir()
    good = (shipped("profiles") / "devices" / "raspberry-pi-5-8gb.toml").read_text()
    texts = {"deep": "a." * 400 + "a = 1", "wide": each("k{} = 1\n", 20_000), "none": "x = ", "one": good, "two": good}
    for name, text in texts.items():
        (tmp_path / "devices" / f"{name}.toml").write_text(text)
    reads, library = counted(monkeypatch, opened, "read"), Library([tmp_path])
    problems = {file.stem: len(lint(file, library)) for file in files_in([tmp_path])}
    assert problems == {"deep": 1, "none": 1, "one": 0, "two": 0, "wide": 1}
    assert {reads[tmp_path / "devices" / f"{name}.toml"] for name in texts} == {1}


def test_what_a_folder_costs_grows_with_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = (shipped("profiles") / "devices" / "raspberry-pi-5-8gb.toml").read_text()
    roots, files, costs = counted(monkeypatch, variants, "_root"), counted(monkeypatch, Shelves, "files"), []
    for count in (20, 40):
        folder = tmp_path / str(count)
        (folder / "devices").mkdir(parents=True)
        for number in range(count):
            (folder / "devices" / f"copy-{number}.toml").write_text(good)
        library = Library([folder])
        roots.clear()
        files.clear()
        assert not any(lint(file, library) for file in files_in([folder]))
        costs.append((sum(roots.values()), sum(files.values())))
    (first, listings), (second, more_listings) = costs
    # Each file is sorted into its family once, and its family is looked up once.
    assert second - first == 20 * 2
    assert listings == more_listings == 1


def test_a_file_that_cannot_be_read_is_told_each_time(tmp_path: Path) -> None:
    file = tmp_path / "devices" / "x.toml"
    file.parent.mkdir()
    file.write_text("x = ")
    library = Library([tmp_path])
    for _ in range(2):
        with pytest.raises(AssessError, match="not TOML"):
            library.device("x")


def test_the_limits_are_far_from_what_is_shipped() -> None:
    def values(value: Any) -> int:
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return len(inner) + sum(values(one) for one in inner)

    most = max(values(read(file)) for file in files_in([shipped("profiles")]))
    assert most * 10 < authored._MOST_VALUES
    assert len(Device.model_fields) * 10 < authored._MOST_VALUES
