"""`assess lab status`: who offers what, what runs, what waits."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.lab.dask import require_distributed, warn_if_open


def status(
    address: Annotated[str, typer.Option("--lab", metavar="ADDRESS", help="Of its scheduler.")],
) -> None:
    """Tell which workers of a lab offer which devices, what runs on them, and how much waits for them.

    Example: assess lab status --lab tcp://127.0.0.1:8786
    """
    require_distributed()
    from assess.clean import clean
    from assess.lab.status import read_status
    from assess.report.lab_status import status_lines

    warn_if_open(address)
    for line in status_lines(read_status(address)):
        typer.echo(clean(line))
