"""New files of every other kind: valid as they are, and with every comment's key."""

import pytest

from assess.describe.kinds import kind_named
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.report.new import new_partner, new_runtime, new_standard, new_workload

NAME = 'ACME "job"\\ \n= 1'
TEXTS = {
    "workloads": new_workload(NAME, ("robotics", "imaging")),
    "partners": new_partner(NAME, "sony-ps5", "camera-30hz"),
    "runtimes": new_runtime(NAME),
    "standards": new_standard(NAME),
}


def record(folder, kind, text):
    file = folder / kind / "acme.toml"
    file.parent.mkdir()
    file.write_text(text)
    left = [problem.rule for problem in lint(file, Library())]
    assert left == ["placeholder"] * text.count('= "fill in')
    return Library([folder]).record(kind_named(kind), file)


@pytest.mark.parametrize("kind", TEXTS)
def test_a_new_file_is_valid_and_names_its_schema(tmp_path, kind):
    assert TEXTS[kind].startswith(f"#:schema ../schemas/{kind.removesuffix('s')}.json\n")
    # Text at the ends of a name is nobody's; what is in it stays.
    assert record(tmp_path, kind, TEXTS[kind]).name == NAME


@pytest.mark.parametrize("kind", TEXTS)
def test_every_key_in_a_comment_is_right_once_its_mark_is_gone(tmp_path, kind):
    lines = []
    for line in TEXTS[kind].splitlines():
        inside = line.removeprefix("# ")
        lines.append(inside if line.startswith("# ") and (" = " in inside or inside.startswith("[")) else line)
    found = record(tmp_path, kind, "\n".join(lines))
    for key in {
        "workloads": ("grade", "co_runners"),
        "partners": ("standards",),
        "runtimes": ("operators", "opset"),
    }.get(kind, ()):
        assert getattr(found, key)
