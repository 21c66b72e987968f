"""What docs/ci shows is what GitHub, GitLab and pytest take. `GOLDEN=write` writes the table of inputs anew."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from composite_action import ROOT, read

from assess.cli.exit_codes import ExitCode
from assess.pytest_plugin import AssessGate

PAGES = {file.stem: file for file in sorted((ROOT / "docs" / "ci").glob("*.md"))}
ACTION = read(ROOT / "action.yml")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page].read_text(), re.DOTALL)


@pytest.mark.parametrize(("page", "schema", "count"), [("github", "github-workflows", 3), ("gitlab", "gitlab-ci", 2)])
def test_examples_are_what_the_official_schema_asks_for(tmp_path, page, schema, count):
    files = []
    for number, block in enumerate(blocks(page, "yaml")):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(block)
    assert len(files) == count
    command = Path(sys.executable).parent / "check-jsonschema"
    words = [command, "--builtin-schema", f"vendor.{schema}", *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_examples_give_the_action_inputs_that_it_has(tmp_path):
    uses = 0
    for block in blocks("github", "yaml"):
        (tmp_path / "workflow.yml").write_text(block)
        for step in read(tmp_path / "workflow.yml")["jobs"]["gate"]["steps"]:
            if "/assess@" in step.get("uses", ""):
                uses += 1
                assert set(step["with"]) <= set(ACTION["inputs"])
                # What is compared with what: the command asks for one of these three.
                asked = [{"model", "against"}, {"model", "baseline"}, {"suite", "baselines"}]
                assert [each for each in asked if each <= set(step["with"])]
            assert "${{" not in step.get("run", "")
    assert uses == 3


def test_the_table_of_inputs_says_what_the_action_says():
    def row(name, spec):
        default = f"; `{spec['default']}` if left out" if spec.get("default") else ""
        return f"| `{name}` | {spec['description'].rstrip('.')}{default} |\n"

    text = "".join(row(name, spec) for name, spec in ACTION["inputs"].items())
    before, start, rest = PAGES["github"].read_text().partition("<!-- inputs -->\n")
    assert start
    inside, _, after = rest.partition("<!-- end -->")
    if os.environ.get("GOLDEN") == "write":
        PAGES["github"].write_text(f"{before}{start}{text}<!-- end -->{after}")
        return
    assert inside == text


@pytest.mark.parametrize("page", ["github", "gitlab", "jenkins"])
def test_every_exit_code_of_a_gate_is_explained(page):
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGES[page].read_text(), re.MULTILINE)]
    assert told == [code for code in ExitCode if code not in (ExitCode.INTERRUPTED, ExitCode.CUT_OFF)]


def test_variables_that_pages_name_are_known_to_the_scripts():
    scripts = "".join(file.read_text() for file in (ROOT / "ci").iterdir())
    for page in PAGES.values():
        for name in re.findall(r"\bASSESS_[A-Z]+(?:_[A-Z]+)*", page.read_text()):
            assert name in scripts, f"{page.name}: {name}"


@pytest.mark.parametrize("page", ["github", "gitlab", "jenkins"])
def test_a_green_test_report_is_not_taken_for_a_pass(page):
    text = " ".join(PAGES[page].read_text().split())
    assert "INCONCLUSIVE, NOISY, and NOT COMPARABLE too" in text


def test_arguments_of_the_fixture_are_all_documented_and_those_of_the_example_exist():
    known = set(inspect.signature(AssessGate.__call__).parameters) - {"self"}
    table = PAGES["pytest"].read_text().partition("| argument |")[2].partition("\n\n")[0]
    told = {
        name for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert told == known
    (example,) = blocks("pytest", "python")
    calls = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Call)]
    gates = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "assess_gate"]
    assert len(gates) == 2
    assert {word.arg for call in gates for word in call.keywords} <= known
