"""Shipped profiles damaged at random: told, or still valid; nothing raised, no line that is not there, nothing slow."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assess.describe.kinds import KINDS, kind_named
from assess.describe.library import Library
from assess.describe.lint import CHECKS, lint
from assess.files import shipped

pytestmark = pytest.mark.slow

FILES = [file for kind in KINDS for file in sorted((shipped("profiles") / kind.folder).glob("*.toml"))]
LIBRARY = Library()
#: Seconds; a sound file takes hundredths of one.
_QUICK = 2.0
_NUMBERS = count()

#: What has a meaning in TOML or on a terminal, beside any other character.
_PIECES = st.sampled_from(
    ['"', '"""', "'", "'''", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "#", "\\", "\\u0000", "\\U0010FFFF", "\n",
     "\r", "\t", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "é", "日", "\u0301", "nan", "-", "1e999",
     "0x", "1_0", "true", "2026-04-01", "extends = ", "id = ", "[engine]", "[[engine]]", "[[memory]]", "[memory.x]",
     "engine = 1\n", "a.b.c = 1\n", "__class__ = 1\n", "[[runtime]]\n", '"" = 1\n', "'\U0001f600' = 1\n"]
)  # fmt: skip
_TEXTS = st.one_of(_PIECES, st.text(max_size=3), st.text("0123456789.eE+- GiBTOPS%", max_size=6))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A shipped file's kind, its id, and what is left of its text."""
    file = draw(st.sampled_from(FILES))
    text = file.read_text()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from([0, 1, 1, 2, 5, 40])))
        change = draw(st.sampled_from(["delete", "insert", "insert", "replace", "swap", "repeat", "cut", "lines"]))
        if change == "delete":
            text = text[:at] + text[end:]
        elif change == "insert":
            text = text[:at] + draw(_TEXTS) + text[at:]
        elif change == "replace":
            text = text[:at] + draw(_TEXTS) + text[end:]
        elif change == "swap":
            text = text[:at] + text[end : 2 * end - at] + text[at:end] + text[2 * end - at :]
        elif change == "repeat":
            text = text[:at] + text[at:end] * draw(st.sampled_from([2, 3, 1000])) + text[end:]
        elif change == "cut":
            text = text[:at] if draw(st.booleans()) else text[at:]
        else:
            rows = text.split("\n")
            first, second = (draw(st.integers(0, len(rows) - 1)) for _ in range(2))
            rows[first], rows[second] = rows[second], rows[first]
            text = "\n".join(rows)
    written = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) == 0:
        at = draw(st.integers(0, len(written)))
        written = written[:at] + draw(st.binary(min_size=1, max_size=4)) + written[at:]
    return file.parent.name, file.stem, written


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damaged())
def test_whatever_is_damaged_is_told_or_valid(tmp_path: Path, change: tuple[str, str, bytes]) -> None:
    kind, id_, written = change
    # Each in a folder of its own: a library reads a file once.
    file = tmp_path / str(next(_NUMBERS)) / kind / f"{id_}.toml"
    file.parent.mkdir(parents=True)
    file.write_bytes(written)
    start = time.perf_counter()
    told = lint(file, LIBRARY, kind_named(kind))
    seconds = time.perf_counter() - start
    assert seconds < _QUICK
    lines = written.decode("utf-8", "replace").split("\n")
    for problem in told:
        assert problem.text
        assert problem.rule == "" or problem.rule in {check.rule for check in CHECKS}
        assert problem.at is None or 1 <= problem.at.line <= len(lines)
        assert problem.at is None or 1 <= problem.at.column <= len(lines[problem.at.line - 1]) + 1
        shown = problem.render(f"{id_}.toml")
        assert all(char.isprintable() or char == "\n" for char in shown)
        assert len(shown) < 10_000
    places = [(one.at.line, one.at.column) for one in told if one.at]
    assert places == sorted(places)
