"""Every command and option is documented, and every command's help has an example."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assess.cli.main import app

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
GROUP = typer.main.get_command(app)


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_every_command_is_documented_and_shows_an_example(name):
    assert f"## assess {name}\n" in COMMANDS
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert f"Example: assess {name}" in re.sub(r"\s+", " ", result.output)


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_every_option_is_documented(name):
    for parameter in GROUP.commands[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in COMMANDS or f"[{option}" in COMMANDS, f"{name} {option}"


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "profiles").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_readme_names_the_two_commands_that_do_all_the_set_up():
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_the_samples_of_a_run_are_read_as_the_docs_say(tmp_path, monkeypatch):
    import builders

    from assess.measure.record import to_json

    monkeypatch.chdir(tmp_path)
    measurement = builders.measurement(model=builders.model())
    (tmp_path / "run.json").write_text(to_json(measurement))
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "files.md").read_text(), re.DOTALL)[1]
    found = {}
    exec(code, found)  # The docs' own lines.
    assert tuple(found["samples"]) == measurement.service_ns
