"""The rooms and the direction of imports between them, as docs/architecture.md draws them."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "assess"
ORDER = [
    "describe", "measure", "project", "judge", "report", "pipeline", "portfolio", "suite", "gate", "history",
    "authoring", "evaluation", "target", "lab", "distill", "pytest_plugin", "cli",
]  # fmt: skip
FREE = {"errors", "units", "files", "clean", "providers"}
#: Processes: for the rooms that touch the world, and for each other.
WORLD = {"sandbox", "child"}
MEET_THE_WORLD = {
    "describe", "measure", "pipeline", "gate", "authoring", "evaluation", "target", "distill", "cli",
}  # fmt: skip

#: Third-party packages and the only places that may import them at all.
LIVES_IN = {
    "onnx": {"describe/graph", "distill"},
    "onnxruntime": {"measure/onnx_runtime.py", "distill"},
    "torch": {"distill"},
    "tomlkit": {"distill"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pydantic": {"describe"},
    "numpy": {"measure", "describe/graph", "project/divisive.py", "distill"},
    "ruptures": {"project/divisive.py"},
    "sqlalchemy": {"history"},
    "psutil": {"measure"},
    "distributed": {"lab"},
    "dask": {"lab"},
    "pytest": {"pytest_plugin.py"},
}

FILES = sorted(ROOT.rglob("*.py"))


def imports(path):
    """Every (line, module, whether it runs when the file is imported) of a file; type-only imports are left out."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, id(node) not in inside
        elif isinstance(node, ast.ImportFrom):
            # `from assess import sandbox` imports a module too.
            modules = [f"assess.{alias.name}" for alias in node.names] if node.module == "assess" else [node.module]
            for module in modules:
                yield node.lineno, module, id(node) not in inside


def room(module_parts):
    return module_parts[0] if module_parts else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_back_along_the_way_through(path):
    here = room(path.relative_to(ROOT).with_suffix("").parts)
    if here in FREE | WORLD | {"__init__", "__main__"}:
        allowed = FREE | ({"cli"} if here == "__main__" else WORLD if here in WORLD else set())
    else:
        allowed = FREE | set(ORDER[: ORDER.index(here) + 1])
        if here in MEET_THE_WORLD:
            allowed |= WORLD
    for line, module, _ in imports(path):
        parts = module.split(".")
        if parts[0] == "assess" and len(parts) > 1:
            assert parts[1] in allowed | {"__version__"}, f"{path}:{line} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_packages_stay_where_they_live(path):
    relative = path.relative_to(ROOT).as_posix()
    for line, module, _ in imports(path):
        homes = LIVES_IN.get(module.split(".")[0])
        if homes is not None:
            assert any(relative == home or relative.startswith(f"{home}/") for home in homes), (
                f"{path}:{line} imports {module}"
            )


def test_the_command_line_imports_no_other_room_at_start():
    for path in sorted((ROOT / "cli").rglob("*.py")):
        for line, module, at_import in imports(path):
            if at_import and module.startswith("assess."):
                assert module.split(".")[1] in {"cli", *FREE} or path.name in {
                    "output.py",
                    "settings.py",
                }, f"{path}:{line} imports {module} before a command needs it"


def test_the_plugin_of_pytest_imports_nothing_before_a_test_asks_for_a_gate():
    at_import = {module for _, module, now in imports(ROOT / "pytest_plugin.py") if now}
    assert not {module for module in at_import if module.startswith("assess")}
    third_party = {module.split(".")[0] for module in at_import} - set(sys.stdlib_module_names)
    assert third_party == {"pytest"}


def test_no_file_is_a_dumping_ground():
    for path in FILES:
        assert path.stem not in {"utils", "helpers", "common", "misc", "manager"}, path
        assert len(path.read_text().splitlines()) <= 400, f"{path} is too long: what wants to live apart?"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_opens_with_one_sentence(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert docstring.splitlines()[0].rstrip().endswith((".", "?", ":"))
