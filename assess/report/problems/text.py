"""Problems for people: one line each that stands alone, the place underlined, and a count at the end."""

from __future__ import annotations

from assess.clean import clean
from assess.report.facts.fact import several
from assess.report.problems.checked import Checked


def text(checked: Checked) -> str:
    """Every problem, then how many there are in how many files."""
    told = [problem.render(clean(file)) for file, problem in checked.all]
    files = several(len(checked.problems), "file")
    if not told:
        return f"{files}: no problems\n"
    counts = [several(checked.errors, "error"), several(checked.warnings, "warning")]
    return "\n".join([*told, f"{files}: {', '.join(counts)}", ""])
