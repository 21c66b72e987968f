"""`assess baseline list`: the baselines of a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.baseline.folder import FOLDER, FolderArgument
from assess.cli.options import choice


def list_(
    folder: FolderArgument = FOLDER,
    here: Annotated[bool, typer.Option("--here", help="Those of this host alone.")] = False,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
) -> None:
    """List the baselines of a folder: of which model, for which job, on which host, accepted by whom and why.

    Example: assess baseline list baselines --here
    """
    from assess.cli.baseline.folder import readable
    from assess.gate.store import key_of
    from assess.measure.fingerprint import machine_id, machine_key
    from assess.measure.host import read_host
    from assess.report.baseline import baselines_json, baselines_text

    choice(format_, ("text", "json"), "--format")
    own = machine_key(read_host(), machine_id()) if here else ""
    found = [
        (each.path.name, each.baseline)
        for each in readable(folder)
        if not own or key_of(each.baseline) == own
    ]  # fmt: skip
    if not found and format_ == "text":
        typer.echo("none" + (" of this host" if here else ""))
        return
    typer.echo(baselines_text(found) if format_ == "text" else baselines_json(found), nl=False)
