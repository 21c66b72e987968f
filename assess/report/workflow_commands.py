"""Workflow commands, which GitHub shows beside the files of a pull request.

Commands and their escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
actions/toolkit packages/core/src/command.ts (escapeData, escapeProperty).
"""

from __future__ import annotations

from assess.clean import clean


def workflow_command(
    level: str, message: str, *, file: str, title: str = "", place: tuple[int, int] | None = None
) -> str:
    """One command, with its newline.

    Args:
        level: "error", "warning" or "notice".
        message: what is said.
        file: what it is said of.
        title: of the annotation.
        place: line and column in the file.
    """
    properties = [f"file={_property(file)}"]
    properties += [f"line={place[0]}", f"col={place[1]}"] if place else []
    properties += [f"title={_property(title)}"] if title else []
    return clean(f"::{level} {','.join(properties)}::{_data(message)}") + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
