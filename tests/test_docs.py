"""Every command, option and key of a profile is documented, and what the pages show is what happens.

`GOLDEN=write pytest tests/test_docs.py` writes anew what is generated in them.
"""

import os
import re
import textwrap
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assess.cli.main import app
from assess.describe.authored import load
from assess.describe.card import Card
from assess.describe.inventory import load_inventory
from assess.describe.library import Library
from assess.describe.lint import CHECKS, files_in, lint
from assess.describe.schema import AUTHORED, json_schema
from assess.errors import AssessError
from assess.report.field_tables import field_table

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
PROFILES = ROOT / "docs" / "profiles.md"
TARGETS = ROOT / "docs" / "targets.md"


def leaves(group, path=()):
    """Every command by its words, those of groups too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


LEAVES = dict(leaves(typer.main.get_command(app)))


def section(name):
    return COMMANDS.partition(f"## assess {name}\n")[2].partition("\n## ")[0]


def test_commands_of_groups_are_known():
    assert {"fit", "list", "profile new", "profile list", "profile schema"} <= set(LEAVES)


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_command_is_documented_and_shows_an_example(name):
    assert f"## assess {name}\n" in COMMANDS
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    shown = name.removeprefix("profile ") if name == "profile list" else name
    assert f"Example: assess {shown}" in re.sub(r"\s+", " ", result.output)


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_option_is_documented(name):
    text = section(name.replace("profile list", "list")) if name.startswith("profile ") else COMMANDS
    for parameter in LEAVES[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in ("--help", "--profiles"):
                assert f"`{option}" in text or f"[{option}" in text, f"{name} {option}"
    assert "`--profiles" in COMMANDS


def generated(marker, text):
    """What stands between a page's marks; written anew if asked for."""
    page = PROFILES.read_text()
    start, end = f"<!-- {marker} -->\n", "<!-- end -->"
    before, found, rest = page.partition(start)
    assert found, f"{PROFILES} has no {start}"
    inside, _, after = rest.partition(end)
    if os.environ.get("GOLDEN") == "write":
        PROFILES.write_text(f"{before}{start}{text}{end}{after}")
        return text
    return inside


@pytest.mark.parametrize("kind", AUTHORED)
def test_the_tables_of_keys_say_what_editors_say(kind):
    text = field_table(json_schema(kind, variants=False))
    assert generated(f"keys: {kind}", text) == text


def test_the_table_of_rules_says_what_the_checks_say():
    rows = [f"| `{check.rule}` | {check.summary} |" for check in CHECKS]
    text = "\n".join(["| rule | warns of |", "|---|---|", *rows, ""])
    assert generated("rules", text) == text


@pytest.fixture
def examples(tmp_path):
    """The files that docs/profiles.md shows, where they belong."""
    blocks = [block.split("```")[0] for block in PROFILES.read_text().split("```toml\n")[1:]]
    names = (
        "devices/acme-rover",
        "devices/acme-rover-10w",
        "workloads/gripper",
        "runtimes/acme-compiler",
        "standards/acme-7",
        "partners/acme",
        "card",
    )
    for name, block in zip(names, blocks, strict=True):
        file = tmp_path / f"{name}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(block)
    return tmp_path


def test_the_examples_of_profiles_are_valid_and_without_warnings(examples):
    library = Library([examples])
    assert [problem.render(file.name) for file in files_in([examples]) for problem in lint(file, library)] == []
    assert load(examples / "card.toml", Card, id="gripper").dims == {"batch": 1}
    base, slow = library.device("acme-rover"), library.device("acme-rover-10w")
    assert (base.power_mode, base.power.value, base.engine_of(base.runtime[0]).dense("fp16").value) == ("25W", 25, 1e13)
    assert (slow.vendor, slow.engine[0].units.value, slow.engine[0].dense("fp16")) == ("ACME", 16, None)
    assert library.runtime("acme-compiler").supports("Fused", "com.acme", None)
    assert library.workload("gripper").requires.storage == 64e6
    assert library.partner("acme").standards == ("acme-7",)


def test_the_complaint_of_profiles_is_the_real_one(examples, monkeypatch):
    monkeypatch.chdir(examples)
    text = (examples / "devices" / "acme-rover.toml").read_text()
    Path("acme-rover.toml").write_text(text.replace('"8 GiB"', '"8 Gib"'))
    with pytest.raises(AssessError) as error:
        Library().device("acme-rover.toml")
    assert textwrap.indent(str(error.value), "    ") in PROFILES.read_text()


def test_the_inventories_of_targets_are_valid_and_name_devices_that_ship(tmp_path):
    blocks = [block.split("```")[0] for block in TARGETS.read_text().split("```toml\n")[1:]]
    assert len(blocks) == 4
    for block in blocks:
        file = tmp_path / "targets.toml"
        file.write_text(block)
        assert [problem.render(file.name) for problem in lint(file, Library())] == []
        assert load_inventory(file).targets[0].device in Library().ids("devices")


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
