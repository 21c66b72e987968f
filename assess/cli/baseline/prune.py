"""`assess baseline prune`: remove what is no longer compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from assess.cli.baseline.folder import FOLDER, FolderArgument
from assess.errors import AssessError


def prune(
    folder: FolderArgument = FOLDER,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="DAYS", help="Accepted so many days ago, or more.")
    ] = None,
    other_hosts: Annotated[bool, typer.Option("--other-hosts", help="Of another host than this.")] = False,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Of this model.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; else they are only listed.")] = False,
) -> None:
    """List baselines that are to go, and with --yes remove them; all that is asked must be true of each.

    Example: assess baseline prune baselines --older-than 180 --yes
    """
    from assess.clean import clean
    from assess.cli.baseline.folder import readable
    from assess.gate.store import superseded
    from assess.measure.fingerprint import machine_id, machine_key
    from assess.measure.host import read_host

    if older_than is None and not other_hosts and not model:
        raise AssessError(
            "nothing says which are to go", where="assess baseline prune", hint="--older-than, --other-hosts or --model"
        )
    before = "" if older_than is None else _days_ago(older_than)
    here = machine_key(read_host(), machine_id()) if other_hosts else ""
    gone = superseded(list(readable(folder)), before=before, not_machine=here, model=model or "")
    for each in gone:
        if yes:
            _remove(each.path)
        said = f"{each.baseline.acceptance.when[:10]}, {each.baseline.acceptance.who}: {each.baseline.acceptance.why}"
        typer.echo(clean(f"{'removed' if yes else 'would remove'} {each.path.name} ({said})"))
    if not gone:
        typer.echo("none of them")
    elif not yes:
        typer.echo("--yes removes them", err=True)


def _days_ago(words: str) -> str:
    days = words.strip().removesuffix("days").removesuffix("d").strip()
    if not days.isascii() or not days.isdigit() or len(days) > 5:
        raise AssessError(f"{words!r:.40} is no number of days", where="--older-than", hint="write 180")
    return (datetime.now(UTC) - timedelta(days=int(days))).isoformat(timespec="seconds")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AssessError(f"could not be removed: {error.strerror or error}", where=str(path)) from error
