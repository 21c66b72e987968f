"""Retrain the two quickest recipes end to end, side by side, and hold their scores against the cards.

Of each recipe the first seed alone: teacher, students with and without it, int8, scores, card. A recipe is made again
if the score of the largest student, and that of its int8 form, lie within the intervals of the card that ships.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assess.describe.authored import load
from assess.describe.card import Card
from assess.describe.library import Library

GOAL_S = 180.0
IDS = ("full", "full-int8")


def quickest(library: Library) -> list[Card]:
    """The two whose recipes took least when their cards were written."""
    cards = [card for card in map(library.card, library.ids("models")) if card.recipe]
    return sorted(cards, key=lambda card: float(card.recipe.took.split()[0]) if card.recipe else 0.0)[:2]


def main() -> int:
    cards, begun = quickest(Library()), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        running = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "assess",
                    "distill",
                    "run",
                    card.id,
                    "--seeds",
                    "1",
                    "--out",
                    f"{folder}/{card.id}",
                ],
                stdout=subprocess.DEVNULL,
            )
            for card in cards
        ]
        codes = [process.wait() for process in running]
        took_s = time.monotonic() - begun
        wrong = [f"{card.id} ended with {code}" for card, code in zip(cards, codes, strict=True) if code]
        if not wrong:
            wrong = [text for card in cards for text in compared(card, Path(folder) / card.id / "card.toml")]
    is_quick = took_s <= GOAL_S
    print(f"\n{took_s:.0f} s, goal <= {GOAL_S:.0f} s: {'met' if is_quick else 'MISSED'}")
    print("\n".join(wrong) or "scores lie within the cards' intervals")
    return int(bool(wrong) or not is_quick)


def compared(card: Card, file: Path) -> list[str]:
    """What lies outside the shipped card's intervals."""
    made, wrong = load(file, Card, id=card.id), []
    for id_ in IDS:
        now, then = (next(one.score for one in each.variant if one.id == id_) for each in (made, card))
        assert now and then
        print(f"{card.id}/{id_}: {now.value:.4g}, shipped {then.value:.4g} ({then.low:.4g} to {then.high:.4g})")
        if not then.low <= now.value <= then.high:
            wrong.append(f"{card.id}/{id_}: {now.value:.4g} is not within {then.low:.4g} to {then.high:.4g}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
