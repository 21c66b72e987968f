"""`assess distill`: make the students of a family by its recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from assess.errors import AssessError

distill = typer.Typer(
    no_args_is_help=True,
    help="Make students by their recipes; needs PyTorch: pip install torch tomlkit.",
    epilog="Start with: assess distill list",
)


@distill.command("list")
def list_() -> None:
    """List the models that have a recipe, and how long it took.

    Example: assess distill list
    """
    from assess.clean import clean
    from assess.describe.library import Library

    library = Library()
    for card in (library.card(id_) for id_ in library.ids("models")):
        if card.recipe:
            sizes = ", ".join(one.id for one in card.variant if one.precision == "fp32")
            typer.echo(f"{clean(card.id):<24}  {clean(card.recipe.took):>7}  {clean(sizes):<22}  {clean(card.summary)}")


@distill.command()
def run(
    model: Annotated[
        str, typer.Argument(metavar="ID|FOLDER", help="A model with a recipe, or a folder with one, as ./mine.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The new folder; default: distilled/ID.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Students from so many seeds.")] = 3,
) -> None:
    """Run a recipe: teacher, students with and without it, each scored; then write files, card and figures.

    A recipe is a program: of a folder that somebody sent, read it first. What is done is kept in DIR.work: after an
    interruption the same command goes on from there.

    Example: assess distill run wafer-map --out my-wafer-map
    """
    from assess.clean import clean
    from assess.cli.progress import progress
    from assess.describe.library import Library
    from assess.distill.flow import distil
    from assess.files import shipped

    folder = Path(model)
    # An id is never a folder that happens to have its name here.
    if folder.name == model and model not in (".", ".."):
        Library().card(model)  # Says which there are.
        folder = shipped("models") / model
    target = out or Path("distilled") / folder.resolve().name
    if os.path.lexists(target):
        raise AssessError("is there already", where=str(target), hint="name another folder with --out")
    try:
        with progress() as tell:
            card = distil(folder, target, seeds=seeds, on_progress=tell)
    except KeyboardInterrupt:
        typer.echo(f"what is done is kept in {clean(f'{target}.work')}; the same command goes on from there", err=True)
        raise
    for one in card.variant:
        if one.score and one.retained:
            kept = one.retained
            said = f"{one.score.value:.4g}, keeps {kept.value:.1%} ({kept.low:.1%} to {kept.high:.1%})"
            typer.echo(f"{clean(one.id):<16}  {one.bytes:>9,} B  {said}")
    typer.echo(f"written: {clean(str(target))}", err=True)
