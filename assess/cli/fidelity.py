"""`assess fidelity`: how well a model does what it is for, and how much of its teacher's skill that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import CardOption, DimOption, ModelArgument, ThreadsOption, choice, dimensions


def fidelity(
    model: ModelArgument,
    card: CardOption = None,
    dim: DimOption = None,
    count: Annotated[
        int | None, typer.Option("--count", min=2, max=10**6, help="Items; as many as the card says if left out.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every size and precision that the card names.")] = False,
    threads: ThreadsOption = 1,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Of each file's evaluation; 30 min if left out.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write JSON.")] = None,
) -> None:
    """Score a model on the task, or the data, that its card names; beside it its int8 and fp16 forms and its teacher.

    The score is a mean over items with its 95 % interval; of the teacher's skill it keeps 0 % if it is no better than
    chance, 100 % if it is as good as the teacher.

    Example: assess fidelity wafer-map --all
    """
    from assess.clean import clean
    from assess.cli.progress import progress
    from assess.cli.settings import quantity
    from assess.cli.terminal import terminal_width
    from assess.describe.library import Library
    from assess.evaluation import evaluate
    from assess.files import check_writable, write_whole
    from assess.measure.measurement import Settings
    from assess.measure.scoring import TIMEOUT_S
    from assess.pipeline import find_model
    from assess.report.fidelity import fidelity_json, fidelity_text

    choice(format_, ("text", "json"), "--format")
    limit_s = TIMEOUT_S if timeout is None else quantity(timeout, "s", "--timeout")
    if output:
        check_writable(output, [Path(model), *([card] if card else [])])
    library, dims = Library(), dimensions(dim)
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, on_progress=tell)
        found = evaluate(subject, library, Settings(threads=threads), every=every, count=count, timeout_s=limit_s,
                         on_progress=tell)  # fmt: skip
    text = fidelity_json(model, found)
    if output:
        write_whole(output, text)
    typer.echo(fidelity_text(model, found, terminal_width()) if format_ == "text" else text, nl=False)
    if output:
        typer.echo(f"written: {clean(str(output))}", err=True)
