"""Every form of telling problems, whole, from the same problems."""

import json

import pytest

from assess.describe.positions import Position
from assess.describe.problems import Problem
from assess.report.problems import FORMS, Checked

LINE = 'capacity = { value = "8 Gib" }'
RENDER = {form.name: form.render for form in FORMS}
CHECKED = Checked(
    problems={
        "devices/a.toml": (
            Problem("memory.capacity.value", "'8 Gib' has the unit 'Gib'", Position(9, 22, 7), LINE),
            Problem("sources.DS", "no number names it", Position(12, 1, 2), "DS = {}", "unused-source"),
        ),
        "devices/b.toml": (),
        "c,d: e%.toml": (Problem("", "is not UTF-8"),),
    },
    rules={"unused-source": "A source that no number names.", "magnitude": "A number far from any."},
    tool="0.1.0",
)
NONE = Checked(problems={"devices/b.toml": ()}, rules={}, tool="0.1.0")


def test_text():
    assert RENDER["text"](CHECKED) == (
        "devices/a.toml:9: memory.capacity.value: '8 Gib' has the unit 'Gib'\n"
        ' 9 | capacity = { value = "8 Gib" }\n'
        "   |                      ^^^^^^^\n"
        "devices/a.toml:12: sources.DS: warning: no number names it [unused-source]\n"
        " 12 | DS = {}\n"
        "    | ^^\n"
        "c,d: e%.toml: is not UTF-8\n"
        "3 files: 2 errors, 1 warning\n"
    )
    assert RENDER["text"](NONE) == "1 file: no problems\n"


def test_github():
    assert RENDER["github"](CHECKED) == (
        "::error file=devices/a.toml,line=9,col=22::memory.capacity.value: '8 Gib' has the unit 'Gib'\n"
        "::warning file=devices/a.toml,line=12,col=1,title=unused-source::sources.DS: no number names it\n"
        "::error file=c%2Cd%3A e%25.toml::is not UTF-8\n"
    )
    assert RENDER["github"](NONE) == ""


@pytest.mark.parametrize("text", ["50 %\n::error::x", "a\r\n::set-output name=x::y", "\x1b[31m\u202e::debug::"])
def test_no_text_of_a_file_becomes_a_command(text):
    hostile = Checked({"a.toml\n::error::b": (Problem(text, text, Position(1, 1, 1), text, ""),)}, {}, "0")
    told = RENDER["github"](hostile)
    assert told.count("\n") == 1
    assert told.startswith("::error file=a.toml")
    assert all(char.isprintable() for char in told.rstrip("\n"))


def test_json():
    assert json.loads(RENDER["json"](CHECKED)) == {
        "schema": "assess.problems/1",
        "tool": "0.1.0",
        "files": ["devices/a.toml", "devices/b.toml", "c,d: e%.toml"],
        "errors": 2,
        "warnings": 1,
        "problems": [
            {
                "file": "devices/a.toml",
                "level": "error",
                "line": 9,
                "column": 22,
                "length": 7,
                "key": "memory.capacity.value",
                "problem": "'8 Gib' has the unit 'Gib'",
                "source": LINE,
            },
            {
                "file": "devices/a.toml",
                "level": "warning",
                "rule": "unused-source",
                "line": 12,
                "column": 1,
                "length": 2,
                "key": "sources.DS",
                "problem": "no number names it",
                "source": "DS = {}",
            },
            {"file": "c,d: e%.toml", "level": "error", "key": "", "problem": "is not UTF-8", "source": ""},
        ],
    }


def test_sarif():
    log = json.loads(RENDER["sarif"](CHECKED))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("assess", "0.1.0")
    assert [rule["id"] for rule in driver["rules"]] == ["unusable", "unused-source", "magnitude"]
    assert [(one["ruleId"], one["ruleIndex"], one["level"], one["message"]["text"]) for one in run["results"]] == [
        ("unusable", 0, "error", "memory.capacity.value: '8 Gib' has the unit 'Gib'"),
        ("unused-source", 1, "warning", "sources.DS: no number names it"),
        ("unusable", 0, "error", "is not UTF-8"),
    ]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert places == [
        {
            "artifactLocation": {"uri": "devices/a.toml"},
            "region": {"startLine": 9, "startColumn": 22, "endColumn": 29},
        },
        {
            "artifactLocation": {"uri": "devices/a.toml"},
            "region": {"startLine": 12, "startColumn": 1, "endColumn": 3},
        },
        {"artifactLocation": {"uri": "c%2Cd%3A%20e%25.toml"}},
    ]
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_without_problems_is_a_run_without_results():
    (run,) = json.loads(RENDER["sarif"](NONE))["runs"]
    assert run["results"] == []


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_programs_get_whole_text(name):
    hostile = Checked({"a.toml": (Problem("k", '\x1b[31m \u2028 "x"', Position(1, 1, 1), "\x1b"),)}, {}, "0")
    assert "\x1b" not in RENDER[name](hostile)
    assert json.loads(RENDER[name](hostile))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_name_that_is_not_utf8_can_be_told_in_every_form(form):
    told = form.render(Checked({"a\udcff.toml": (Problem("", "wrong \u202e\udcfe"),)}, {}, "0"))
    told.encode()  # It can be printed.
    assert all(line.isprintable() for line in told.split("\n"))


def test_a_file_is_located_by_the_bytes_of_its_name():
    told = json.loads(RENDER["sarif"](Checked({"a\udcff ü.toml": (Problem("", "wrong"),)}, {}, "0")))
    place = told["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%FF%20%C3%BC.toml"
