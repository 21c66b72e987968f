"""Criterion: the model's licence against the partner's policy."""

from assess.describe.licences import NoExpressionError, parse
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict


@criterion("licence")
def licence(case: Case) -> Finding:
    """Does the partner's policy accept the model's licence?

    The licence of the model's card, or of the file's own metadata, is read as an SPDX expression: of an OR one licence
    must be among those that the policy lists, of an AND all. Text that is no SPDX expression leaves it UNKNOWN.
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
    try:
        found = parse(stated)
    except NoExpressionError as error:
        raise NoEvidenceError(f"the licence {stated!r} {error}", "state an SPDX expression in the card") from error
    accepted = partner.policy.licences
    text = f"{stated} (from the {case.model.licence_basis}); {partner.id} accepts {', '.join(accepted)}"
    if found.satisfied_by(accepted):
        return Finding(Verdict.PASS, text)
    refused = [name for name in found.names if name not in accepted]
    return Finding(
        Verdict.FAIL,
        f"{text}; not {', '.join(refused)}" if len(found.names) > 1 else text,
        next_step=f"ask {partner.name} for consent, or use another model",
    )
