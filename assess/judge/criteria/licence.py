"""Criterion: the model's licence against the partner's policy."""

import re

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


@criterion("licence")
def licence(case: Case) -> Finding:
    """Does the partner's policy accept the model's licence?

    Every SPDX identifier of the model's card, or of the file's own metadata, must be among those that the policy lists.
    Where only a part of a compound expression is, the answer is UNKNOWN.
    """
    partner, stated = case.partner, case.model.licence
    if partner is None:
        raise NotAskedError("no partner was named (--partner)")
    if not stated:
        raise NoEvidenceError(
            "neither a card nor the file states a licence", "state it in a card.toml beside the model"
        )
    recorded = [value for key, value in case.model.metadata.items() if key.casefold() in ("licence", "license")]
    if any(value.strip().casefold() != stated.casefold() for value in recorded):
        raise NoEvidenceError(
            f"the {case.model.licence_basis} says {stated!r}, the file itself {recorded[0]!r}", "ask the model's author"
        )
    accepted = {one.casefold() for one in partner.policy.licences}
    text = f"{stated} (from the {case.model.licence_basis}); {partner.id} accepts {', '.join(partner.policy.licences)}"
    named = [word for word in re.split(r"[\s()]+", stated) if word not in ("", "AND", "OR")]
    if "WITH" in named or not all(_IDENTIFIER.fullmatch(name) for name in named):
        raise NoEvidenceError(f"the licence {stated!r} is no plain SPDX expression", "ask for a plain one")
    known = [name.casefold() in accepted for name in named]
    if all(known):
        return Finding(Verdict.PASS, text)
    if any(known):
        raise NoEvidenceError(
            f"of the licence {stated!r} only a part is accepted", "state the licence that is used in the card"
        )
    return Finding(Verdict.FAIL, text, next_step=f"ask {partner.name} for consent, or use another model")
