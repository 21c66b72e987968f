"""Runs the steps of a composite action as GitHub's runner does, as far as `action.yml` goes.

Only what the action uses is understood; anything else in it fails here: `${{ context.path }}` in values, conditions of
`==` and `!=` joined by `&&`, steps with `run` for `sh`, and actions/setup-python, in whose place this Python stands.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_TERM = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")


def read(file):
    return YAML(typ="safe", pure=True).load(file.read_text())


@dataclass(frozen=True)
class Ran:
    """What came of the action: its outputs, exit code, log, and the summary of the step."""

    code: int
    outputs: dict
    log: str
    summary: str


def lookup(path, contexts):
    value = contexts
    for name in path.split("."):
        value = value.get(name, {})
    return value or ""


def filled(text, contexts):
    return _EXPRESSION.sub(lambda match: lookup(match[1], contexts), str(text))


def holds(condition, contexts):
    terms = [_TERM.fullmatch(term) for term in condition.split(" && ")]
    assert all(terms), f"{condition!r} is not understood here"
    return all((lookup(term[1], contexts) == term[3]) is (term[2] == "==") for term in terms)


def outputs_of(text):
    """Outputs as GitHub reads them: NAME=VALUE, or NAME<<END, lines, END."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, separator, rest = re.fullmatch(r"([\w-]+)(=|<<)(.*)", line).groups()
        if separator == "<<":
            held = []
            while (part := next(lines)) != rest:
                held.append(part)
            rest = "\n".join(held)
        found[name] = rest
    return found


def act(inputs, folder, environ=None):
    """Run the action in a folder with inputs, as `with:` of a workflow gives them."""
    action = read(ROOT / "action.yml")
    assert set(inputs) <= set(action["inputs"])
    given = {name: inputs.get(name, spec.get("default", "")) for name, spec in action["inputs"].items()}
    contexts = {"inputs": given, "steps": {}}
    temporary = folder / "runner temp"
    temporary.mkdir(exist_ok=True)
    code, log, summary = 0, "", temporary / "summary.md"
    for number, step in enumerate(action["runs"]["steps"]):
        if code or ("if" in step and not holds(step["if"], contexts)):
            continue
        if "uses" in step:
            assert re.fullmatch(r"actions/setup-python@v\d+", step["uses"])
            outputs = {"python-path": sys.executable}
        else:
            assert step["shell"] == "sh"
            script, file = temporary / f"{number}.sh", temporary / f"{number}.outputs"
            script.write_text(step["run"])
            file.touch()
            variables = {name: filled(value, contexts) for name, value in step.get("env", {}).items()}
            ended = subprocess.run(
                ["sh", "-e", str(script)], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
                env={
                    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}", "HOME": str(folder),
                    "TMPDIR": str(temporary), "RUNNER_TEMP": str(temporary), "GITHUB_ACTIONS": "true",
                    "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_OUTPUT": str(file), "GITHUB_STEP_SUMMARY": str(summary),
                    **(environ or {}), **variables,
                },
            )  # fmt: skip
            code, log = ended.returncode, log + ended.stdout + ended.stderr
            outputs = outputs_of(file.read_text())
        contexts["steps"][step["id"]] = {"outputs": outputs}
    told = {name: filled(spec["value"], contexts) for name, spec in action["outputs"].items()}
    return Ran(code, told, log, summary.read_text() if summary.exists() else "")
