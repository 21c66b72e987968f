"""`assess profile schema`: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.clean import clean
from assess.cli.options import choice


def schema(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="device, workload, partner, runtime, standard, suite, inventory, card."),
    ],
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
    from assess.files import check_writable, write_whole
    from assess.report.field_tables import field_table

    choice(kind, list(AUTHORED), "KIND")
    choice(format_, ("json", "markdown"), "--format")
    text = schema_text(kind) if format_ == "json" else field_table(json_schema(kind, variants=False))
    if output is None:
        typer.echo(text, nl=False)
        return
    check_writable(output)
    write_whole(output, text)
    typer.echo(f"written: {clean(str(output))}", err=True)
