"""What ships of distilled models as Markdown tables, from their cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assess.describe.card import Card, Score, Variant
from assess.units import format_quantity


def model_tables(cards: Iterable[Card]) -> str:
    """A section for each family: what it is, its files with their scores, and the gain by the teacher."""
    return "".join(_section(card) for card in cards if card.variant)


def _section(card: Card) -> str:
    lines = [f"## {card.id}", "", card.task or card.summary, ""]
    teacher = card.teacher
    if teacher and teacher.score and card.evaluation and card.evaluation.chance:
        size = f", {teacher.parameters:,} parameters" if teacher.parameters else ""
        lines += [
            f"Teacher: {teacher.name}{size}: {_spelled(teacher.score)}. Chance: {_spelled(card.evaluation.chance)}. "
            f"Task `{card.evaluation.task}`, {card.evaluation.count:,} items from seed {card.evaluation.seed}.",
            "",
        ]
    if card.recipe:
        machine = card.recipe.environment.get("machine", "")
        lines += [f"Recipe: {card.recipe.took} of training on {machine}.", ""]
    lines += ["| file | parameters | size | score | keeps | agrees with the teacher | taught | untaught |"]
    lines += ["|---|--:|--:|---|---|---|---|---|"]
    lines += [_row(one) for one in card.variant]
    lines += ["", *(f"- {remark}" for remark in card.remarks), *([""] if card.remarks else [])]
    lines += [f"![{card.id}: quality against size, memory and latency](pictures/{card.id}.svg)", "", ""]
    return "\n".join(lines)


def _row(one: Variant) -> str:
    cells = (
        f"`{one.id}`",
        f"{one.parameters:,}",
        format_quantity(one.bytes, "B"),
        _spelled(one.score),
        _spelled(one.retained),
        _spelled(one.agreement),
        _seeds(one.taught),
        _seeds(one.untaught),
    )
    return f"| {' | '.join(cells)} |"


def _spelled(score: Score | None) -> str:
    return f"{score.value:.4g} ({score.low:.4g} to {score.high:.4g})" if score else ""


def _seeds(scores: Sequence[float]) -> str:
    """Mean of the seeds, and all of them."""
    if not scores:
        return ""
    return f"**{sum(scores) / len(scores):.4g}** ({', '.join(f'{one:.4g}' for one in scores)})"
