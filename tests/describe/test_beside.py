"""Files that authored files name lie beside them, by their text and through links."""

from __future__ import annotations

import pytest

from assess.describe.beside import beside, leaves
from assess.errors import AssessError


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "C:\\x", "..\\x", "\\\\host\\x", "a\0b"])
def test_a_name_that_leaves_is_refused(tmp_path, name):
    assert leaves(name)
    with pytest.raises(AssessError, match="lies outside the folder"):
        beside(tmp_path, name)


def test_files_below_and_links_within_are_taken(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.csv").write_text("0\n1\n")
    (tmp_path / "b.csv").symlink_to("parts/a.csv")
    for name in ("parts/a.csv", "b.csv", "not-there.csv"):
        assert beside(tmp_path, name) == tmp_path / name


def test_links_that_leave_are_refused_wherever_they_stand(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "secret.csv").write_text("0\n1\n")
    (tmp_path / "own" / "a.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "own" / "up").symlink_to("..")
    for name in ("a.csv", "up/secret.csv"):
        with pytest.raises(AssessError, match="is a link that leads outside the folder"):
            beside(tmp_path / "own", name)


def test_links_in_a_circle_are_told(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(AssessError, match="cannot be looked up"):
        beside(tmp_path, "a")
