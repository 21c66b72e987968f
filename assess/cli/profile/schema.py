"""`assess profile schema`: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.errors import AssessError


def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="device, workload, partner, runtime, standard or card.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of file; editors read it through a first line `#:schema FILE`.

    Example: assess profile schema device -o mine/schemas/device.json
    """
    from assess.describe.schema import AUTHORED, schema_text
    from assess.describe.suggestions import did_you_mean
    from assess.files import check_writable, write_whole

    if kind not in AUTHORED:
        raise AssessError(f"there is no kind {kind!r}", hint=did_you_mean(kind, list(AUTHORED)))
    if output is None:
        typer.echo(schema_text(kind), nl=False)
        return
    check_writable(output)
    write_whole(output, schema_text(kind))
    typer.echo(f"written: {output}", err=True)
