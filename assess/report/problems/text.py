"""Problems for people: one line each that stands alone, the place underlined, and a count at the end."""

from __future__ import annotations

from assess.clean import clean
from assess.report.problems.checked import Checked


def text(checked: Checked) -> str:
    """Every problem, then how many there are in how many files."""
    told = [problem.render(clean(file)) for file, problem in checked.all]
    files = _many(len(checked.problems), "file")
    if not told:
        return f"{files}: no problems\n"
    counts = [_many(checked.errors, "error"), _many(checked.warnings, "warning")]
    return "\n".join([*told, f"{files}: {', '.join(counts)}", ""])


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
