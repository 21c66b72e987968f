"""The flow of an evaluation: a model, its other forms, and each one's scores on the task of the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

from assess import sandbox
from assess.describe.beside import beside
from assess.describe.card import Card, Variant
from assess.describe.graph import with_card
from assess.describe.library import Library
from assess.measure.measurement import Settings
from assess.measure.scoring import TIMEOUT_S, asking, score
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject, find_model
from assess.report.fidelity import Evaluated


def evaluate(
    subject: Subject,
    library: Library,
    settings: Settings,
    *,
    every: bool = False,
    count: int | None = None,
    timeout_s: float = TIMEOUT_S,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    clock: Callable[[], float] = monotonic,
) -> tuple[Evaluated, ...]:
    """Score a model and its other precisions, or every variant that its card names.

    Args:
        subject: what was named.
        library: where models are found.
        settings: how they are run.
        every: whether all sizes are, too.
        count: items; as many as the card says if left out.
        timeout_s: of the evaluation of each file.
        on_progress: told what is being done, the share that is done and the seconds left.
        launch: runs a worker.
        clock: seconds.

    Raises:
        AssessError: the card names no task, or one of them cannot be scored.
    """
    files = list(_files(subject, every=every))
    found = []
    begun = clock()
    for index, (name, file) in enumerate(files):

        def tell(share: float, index: int = index, name: str = name) -> None:
            done = (index + share) / len(files)
            left_s = (clock() - begun) * (1.0 - done) / done if done else None
            on_progress(f"scoring {name}", done, left_s)

        one = subject if file == subject.path.name else _other(file, subject, library)
        known = score(
            one.model,
            one.path,
            one.card,
            one.card_folder,
            count=count,
            on_progress=tell,
            ask=asking(launch, settings, timeout_s),
        )
        found.append(Evaluated(name, one.model.sha256, one.model.file_bytes, one.model.precision, known))
    return tuple(found)


def _other(file: str, subject: Subject, library: Library) -> Subject:
    """Another file of the same card; it lies beside the one that was named."""
    path = beside(subject.path.parent, file)
    found = find_model(str(path), library, dims=dict(subject.model.dims))
    model = with_card(found.model, subject.card) if subject.card else found.model  # It need not lie beside the files.
    return replace(found, model=model, card=subject.card, card_folder=subject.card_folder)


def _files(subject: Subject, *, every: bool) -> Iterator[tuple[str, str]]:
    """The name and the file of each form that is to be scored; what was named comes first, unless all are wanted."""
    card, named = subject.card, subject.path.name
    mine = card.variant_of(named) if card else None
    if card is None or mine is None:
        yield named, named
        return
    if every:
        yield from ((one.id, one.file) for one in card.variant)
        return
    yield mine.id, mine.file
    yield from ((one.id, one.file) for one in _other_forms(mine, card))


def _other_forms(mine: Variant, card: Card) -> Iterator[Variant]:
    """The same size in other precisions."""
    size = mine.id.removesuffix(f"-{mine.precision}")
    return (one for one in card.variant if one.id.removesuffix(f"-{one.precision}") == size and one.id != mine.id)
