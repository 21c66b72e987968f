"""`assess history`: what one metric of a model did over its runs, and the first run of each level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import choice
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.project.history import Trend

HistoryOption = Annotated[
    str,
    typer.Option(
        "--history", metavar="URL|FILE", envvar="ASSESS_HISTORY", show_envvar=True,
        help="An SQLite file, or an SQLAlchemy URL such as postgresql://...",
    ),
]  # fmt: skip


def history(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Its file's name, an ONNX file, or digits of a sha256.")
    ],
    where: HistoryOption = "assess-history.sqlite",
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="What is drawn, e.g. peak memory.")
    ] = "latency floor",
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="ID", help='Runs for this job; "" for none.')
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="DIGITS", help="Runs on this machine, by fingerprint.")] = "",
    settings: Annotated[str, typer.Option("--settings", metavar="DIGITS", help="Runs with these settings.")] = "",
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="NAME", help="gate-rerun, gate-floor, gate-static, measure or baseline."),
    ] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="Runs, at most.")] = 500,
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="terminal, json, markdown, html or csv.")
    ] = "terminal",
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write it; .txt .json .md .html .csv; repeatable."),
    ] = None,
) -> None:
    """Draw what a metric of a model did over its runs, with its levels and the first run of each.

    Only runs that can be compared are drawn: of one job, machine, settings and kind - the latest run's, unless others
    are asked for. Runs are kept by the option --history of `assess gate`, `assess measure` and `assess baseline`.

    Example: assess history student.onnx --metric "peak memory" -o trend.html
    """
    from assess.history import Asked, trend
    from assess.project.history import KINDS
    from assess.report.history import HISTORY_FORMS

    choice(format_, [form.name for form in HISTORY_FORMS], "--format")
    wanted = None if kind is None else next(each for each in KINDS if each == choice(kind, KINDS, "--kind"))
    _check(output or (), where)
    found = trend(where, Asked(model, metric, workload, host.lower(), settings.lower(), wanted, last))
    _deliver(found, format_, output or ())


def _check(paths: Sequence[Path], where: str) -> None:
    """Refuse, before any work, outputs that cannot be written or whose ending is no format.

    Raises:
        AssessError: says which and why.
    """
    from assess.files import check_writable
    from assess.report.history import HISTORY_FORMS

    endings = [form.suffix for form in HISTORY_FORMS]
    for index, path in enumerate(paths):
        if path.suffix not in endings:
            raise AssessError(
                f"no format ends in {path.suffix!r}", where=str(path), hint=f"use one of {', '.join(endings)}"
            )
        check_writable(path, [Path(where), *paths[:index]])


def _deliver(found: Trend, format_: str, paths: Sequence[Path]) -> None:
    from assess.cli.output import deliver_forms
    from assess.report.history import HISTORY_FORMS
    from assess.report.history.terminal import terminal

    forms = {form.name: form.render for form in HISTORY_FORMS}
    names = {form.suffix: form.name for form in HISTORY_FORMS}
    files = [(names[path.suffix], path) for path in paths]
    deliver_forms(found, forms, lambda trend, width, **_: terminal(trend, width=width), format_, files)
