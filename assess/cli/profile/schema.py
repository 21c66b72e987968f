"""`assess profile schema`: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.errors import AssessError


def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="device, workload, partner, runtime, standard or card.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="json, or markdown: a table of the keys.")
    ] = "json",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of file; editors read it through a first line `#:schema FILE`.

    Example: assess profile schema device -o mine/schemas/device.json
    """
    from assess.describe.schema import AUTHORED, json_schema, schema_text
    from assess.describe.suggestions import did_you_mean
    from assess.files import check_writable, write_whole
    from assess.report.field_tables import field_table

    if kind not in AUTHORED:
        raise AssessError(f"there is no kind {kind!r}", hint=did_you_mean(kind, list(AUTHORED)))
    if format_ not in ("json", "markdown"):
        raise AssessError(
            f"there is no format {format_!r}", where="--format", hint=did_you_mean(format_, ["json", "markdown"])
        )
    text = schema_text(kind) if format_ == "json" else field_table(json_schema(kind, variants=False))
    if output is None:
        typer.echo(text, nl=False)
        return
    check_writable(output)
    write_whole(output, text)
    typer.echo(f"written: {output}", err=True)
