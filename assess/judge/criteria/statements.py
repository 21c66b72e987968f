"""Criterion: what the partner wants stated about the model is stated."""

from assess.describe.quantity import says_something
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict


@criterion("statements")
def statements(case: Case) -> Finding:
    """Does the model's card state what the partner's policy asks for?

    A policy may ask where the model comes from (origin) and where its data lay and lies (data-residency). The answer
    repeats what the card says: whether that is true, and enough, is for people to tell. What is not stated is UNKNOWN,
    and so is a statement without a letter or digit.
    """
    partner, stated = case.partner, case.model.statements
    if partner is None:
        raise NotAskedError("no partner was named (--partner)")
    asked = partner.policy.statements
    if not asked:
        raise NotAskedError(f"{partner.id} asks for no statement")
    if missing := [name for name in asked if not says_something(stated.get(name, ""))]:
        keys = ", ".join(name.replace("-", "_") for name in missing)
        raise NoEvidenceError(
            f"{partner.id} asks for a statement on {' and '.join(missing)}, and the model's card has none",
            f"ask the model's author, and write it into card.toml beside the model: {keys}",
        )
    return Finding(Verdict.PASS, "; ".join(f"{name}: {stated[name]}" for name in asked))
