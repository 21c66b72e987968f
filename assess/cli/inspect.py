"""`assess inspect`: the static facts alone."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.options import (
    CardOption,
    DimOption,
    MemoryLimitOption,
    ModelArgument,
    ProfilesOption,
    TimeoutOption,
    dimensions,
)


def inspect(
    model: ModelArgument,
    dim: DimOption = None,
    card: CardOption = None,
    profiles: ProfilesOption = None,
    timeout: TimeoutOption = None,
    memory_limit: MemoryLimitOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Describe a model without running it: operators, arithmetic, weights, activations, precision, identity.

    Example: assess inspect model.onnx --dim batch=1 --dim sequence=128
    """
    from assess.cli.notes import tell_notes
    from assess.cli.progress import progress
    from assess.cli.settings import reading_limits
    from assess.describe.library import Library, profile_folders
    from assess.pipeline import find_model

    dims, limits = dimensions(dim), reading_limits(timeout, memory_limit)
    library = Library(profile_folders(profiles or ()))
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, limits=limits, on_progress=tell)
    if json:
        from json import dumps

        from assess.describe.model_json import to_json

        typer.echo(dumps(to_json(subject.model), indent=2, ensure_ascii=True))
    else:
        from assess.report.inspection import inspection

        typer.echo(inspection(subject.model), nl=False)
    tell_notes(library)
