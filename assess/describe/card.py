"""What the model's author says of it: what it is for, who taught it, licence, identity, inputs, and how good it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from assess.describe.device import Sector
from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import Authored, Number, OptionalText, Text, Whole

#: Of an input: no format that is fed has more, and the width of a range is finite.
Value = Annotated[Number, Field(ge=-1e38, le=1e38)]
_HEX: Final = "[0-9a-f]{64}"


def _sha256(value: str) -> str:
    if not re.fullmatch(_HEX, value):
        raise ValueError("expected 64 hexadecimal digits in lower case, as sha256sum prints them")
    return value


Sha256 = Annotated[str, AfterValidator(_sha256), Field(json_schema_extra={"pattern": f"^{_HEX}$"})]


class Score(Authored):
    """A mean over the items of the evaluation, with the interval that holds it with 95 % confidence."""

    value: Value = Field(description="The mean, in the unit of the task.")
    low: Value = Field(description="Lower end of the 95 % interval.")
    high: Value = Field(description="Upper end of the 95 % interval.")


class Teacher(Authored):
    """What the model was distilled from."""

    name: Text = Field(description="Name of the larger model, or of the solver, law or search.")
    relation: Text = Field(description="How the student was made from it.")
    file: str = Field(default="", description="Its ONNX file, if it lies beside the card.")
    sha256: Sha256 | None = Field(default=None, description="Of that file.")
    parameters: Whole | None = Field(default=None, ge=1, description="How many; none if it is no network.")
    licence: str = Field(default="", description="SPDX expression of the teacher itself, if it is not the student's.")
    score: Score | None = Field(default=None, description="How well it does the task.")


class Lineage(Authored):
    """One step of how the model came about: who made what from what."""

    made: Text = Field(description="What came of it, such as the teacher.")
    by: Text = Field(description="Who did it.")
    from_: Text = Field(alias="from", description="Out of what: another model, data, nothing.")


class Data(Authored):
    """Data that it was made from."""

    name: Text = Field(description="As people know it.")
    licence: Text = Field(description='SPDX expression; "none" where there are no rights to license.')
    source: Text = Field(description="Where it comes from, or what generates it.")


class CardInput(Authored):
    """One input."""

    name: str = Field(description="As the ONNX file has it: `assess inspect MODEL`.")
    meaning: str = Field(default="", description='"image", "audio", "token ids", "mask", "state", "joint angles", ...')
    unit: str = Field(default="", description='Of its numbers: "rad", "m/s", "1".')
    preprocessing: str = Field(default="", description="What is done to what a sensor gives, before it is fed.")
    low: Value | None = Field(default=None, description="Smallest value that occurs.")
    high: Value | None = Field(default=None, description="Largest value that occurs.")
    sample: str = Field(default="", description=".npy file beside the card with a real input.")


class CardOutput(Authored):
    """One output."""

    name: str = Field(description="As the ONNX file has it: `assess inspect MODEL`.")
    meaning: str = Field(description='"logits", "boxes", "tokens", "actions", ...')
    unit: str = Field(default="", description='Of its numbers: "rad", "N m", "1".')


class CardState(Authored):
    """A state: an output that is fed back."""

    output: Text = Field(description="The output ...")
    input: Text = Field(description="... and the input that it becomes in the next call; zeros at first.")


class Evaluation(Authored):
    """How it is found out how good the model is: by a task that comes with `assess`, or by data beside the card."""

    task: str = Field(default="", description="Id of a task: `assess list tasks`.")
    data: str = Field(
        default="",
        description="Instead: .npz file beside the card: an array for each input, `expected`, and perhaps `teacher`.",
    )
    metric: Literal["", "accuracy", "mean absolute error", "mean squared error"] = Field(
        default="", description="With data: how an output is scored against `expected`."
    )
    output: str = Field(default="", description="With data: the output that is scored; the first one if left out.")
    seed: Annotated[Whole, Field(ge=0)] = Field(default=0, description="With a task: of the items.")
    count: Annotated[Whole, Field(ge=2)] | None = Field(default=None, description="How many items; of data all.")
    chance: Score | None = Field(default=None, description="What needs no model scores so.")


class Variant(Authored):
    """One file of the family: a size in a precision."""

    id: Text = Field(description="Its name: MODEL/ID is this file on the command line.")
    file: Text = Field(description="The ONNX file, beside the card.")
    sha256: Sha256 = Field(description="Of the file: `sha256sum FILE`.")
    precision: Literal["fp32", "fp16", "int8"] = Field(description="What it computes in.")
    parameters: Whole = Field(ge=1, description="How many.")
    bytes: Whole = Field(ge=1, description="Size of the file.")
    weight_bits: Annotated[Whole, Field(ge=2, le=8)] | None = Field(
        default=None, description="Bits that int8 weights use; with 7 no 16-bit sum overflows on x86 without VNNI."
    )
    tolerance: Annotated[Value, Field(ge=0)] | None = Field(
        default=None, description="Largest difference of its outputs from those of the fp32 file in the references."
    )
    score: Score | None = Field(default=None, description="How well it does the task.")
    retained: Score | None = Field(
        default=None, description="Share of the teacher's skill that it keeps: 0 is chance, 1 the teacher."
    )
    agreement: Score | None = Field(default=None, description="Share of its answers that are the teacher's.")
    taught: tuple[Value, ...] = Field(default=(), description="Score of the student of each seed, with the teacher ...")
    untaught: tuple[Value, ...] = Field(default=(), description="... and without one.")


class References(Authored):
    """Inputs and what came out for them, to tell a damaged file or a runtime that computes otherwise."""

    file: Text = Field(description=".npz file beside the card: inputs by name, outputs as VARIANT/OUTPUT.")
    sha256: Sha256 = Field(description="Of that file.")


class Recipe(Authored):
    """How the files were made."""

    file: Text = Field(description="The recipe, beside the card.")
    sha256: Sha256 = Field(description="Of the recipe that made these files.")
    seeds: tuple[Whole, ...] = Field(default=(), description="What was trained from each; the first one's is shipped.")
    took: Text = Field(default="", description='How long it took: "212 s".')
    environment: dict[str, str] = Field(default={}, description="Versions, and the machine.")


class Card(Authored):
    """A model card: `card.toml` beside the ONNX files that it names. `id` is the folder's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    summary: str = Field(default="", description="One sentence for people.")
    task: str = Field(default="", description="What it does, in one sentence.")
    sectors: tuple[Sector, ...] = Field(default=(), description="Where it is used.")
    intended: tuple[Text, ...] = Field(default=(), description="Uses that it is made for.")
    excluded: tuple[Text, ...] = Field(default=(), description="Uses that it is not for.")
    remarks: tuple[Text, ...] = Field(default=(), description="What a reader of its figures has to know.")
    file: Text = Field(description="The ONNX file, beside the card; of several the one that the id alone stands for.")
    sha256: Sha256 = Field(description="Of the ONNX file: `sha256sum FILE`.")
    licence: str = Field(description='SPDX expression, such as "Apache-2.0" or "MIT OR Apache-2.0".')
    origin: OptionalText = Field(default="", description="Who made the model, where, and from which teacher and data.")
    data_residency: OptionalText = Field(
        default="", description="Where the data that it was made from lay, and where what it is fed will."
    )
    source: str = Field(default="", description="Where the model comes from.")
    teacher: Teacher | None = Field(default=None, description="What it was distilled from.")
    lineage: tuple[Lineage, ...] = Field(default=(), description="Who made what from what, the beginning first.")
    data: tuple[Data, ...] = Field(default=(), description="What it was made from.")
    role: Literal["student", "teacher", "reference"] = Field(
        default="student",
        description="student: to be deployed; teacher: what it learnt from; reference: to compare with.",
    )
    dims: dict[str, Annotated[Whole, Field(ge=1)]] = Field(
        default={}, description="Symbolic dimensions and their values."
    )
    input: tuple[CardInput, ...] = Field(default=(), description="What its inputs are.")
    output: tuple[CardOutput, ...] = Field(default=(), description="What its outputs are.")
    state: tuple[CardState, ...] = Field(default=(), description="States that it carries from call to call.")
    evaluation: Evaluation | None = Field(default=None, description="How its quality is found out.")
    variant: tuple[Variant, ...] = Field(default=(), description="Its files, where there are several.")
    references: References | None = Field(default=None, description="Inputs with their outputs.")
    recipe: Recipe | None = Field(default=None, description="How its files were made.")

    def sha256_of(self, file: str) -> str | None:
        """The sha256 that the card states for an ONNX file; None if it does not name it."""
        stated = {one.file: one.sha256 for one in self.variant}
        return {self.file: self.sha256, **stated}.get(file)

    def statements(self, file: str) -> dict[str, str]:
        """What it says of one of its files that a reader of a report has to know, by name; what it does not say is not
        there.
        """
        said = {
            "origin": self.origin,
            "data-residency": self.data_residency,
            "task": self.task or self.summary,
            "teacher": f"{self.teacher.name}: {self.teacher.relation}" if self.teacher else "",
            "quality": self._quality(file),
            "intended": "; ".join(self.intended),
            "excluded": "; ".join(self.excluded),
        }
        return {name: text for name, text in said.items() if text}

    def _quality(self, file: str) -> str:
        one = self.variant_of(file)
        if one is None or one.score is None or self.evaluation is None:
            return ""
        kept = f", {one.retained.value:.0%} of its teacher's skill" if one.retained else ""
        found = one.score
        task = self.evaluation.task or self.evaluation.data
        return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g}) on {task}{kept}"

    def variant_of(self, file: str) -> Variant | None:
        """The entry of an ONNX file, if it has one."""
        return next((one for one in self.variant if one.file == file), None)

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
        """What does not agree with the rest of a card: the key's path and why."""
        for index, one in _tables(mapping.get("input")):
            if _is_above(one.get("low"), one.get("high")):
                yield ("input", index, "high"), "is less than 'low'"
        for keys, score in _scores(mapping):
            if _is_above(score.get("low"), score.get("value")) or _is_above(score.get("value"), score.get("high")):
                yield keys, "is not within its interval: low <= value <= high"
        variants = list(_tables(mapping.get("variant")))
        for key in ("id", "file"):
            seen: set[Any] = set()
            for index, one in variants:
                if isinstance(name := one.get(key), str) and name in seen:
                    yield ("variant", index, key), f"{name!r} is there twice"
                seen.add(name if isinstance(name := one.get(key), str) else None)
        if variants and isinstance(file := mapping.get("file"), str):
            mine = [one for _, one in variants if one.get("file") == file]
            if not mine:
                yield ("file",), f"{file!r} is none of the variants' files"
            elif mine[0].get("sha256") != mapping.get("sha256"):
                yield ("sha256",), f"is not what the variant {mine[0].get('id')!r} states for this file"
        evaluation = mapping.get("evaluation")
        if isinstance(evaluation, Mapping):
            yield from _of_evaluation(evaluation)


def _of_evaluation(evaluation: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    if bool(evaluation.get("task")) == bool(evaluation.get("data")):
        yield ("evaluation",), "needs either 'task' or 'data'"
    elif evaluation.get("task") and not evaluation.get("count"):
        yield ("evaluation",), "needs 'count': how many items of the task"
    elif evaluation.get("data") and not evaluation.get("metric"):
        yield ("evaluation",), "needs 'metric': how an output is scored"


def _tables(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = value if isinstance(value, list) else ()
    return ((index, one) for index, one in enumerate(entries) if isinstance(one, Mapping))


def _scores(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every score of a card, and where it stands."""
    holders: list[tuple[KeyPath, Mapping[str, Any]]] = [
        (("variant", index), one) for index, one in _tables(mapping.get("variant"))
    ]
    holders += [((name,), one) for name in ("teacher", "evaluation") if isinstance(one := mapping.get(name), Mapping)]
    for keys, holder in holders:
        for name in ("score", "retained", "agreement", "chance"):
            if isinstance(found := holder.get(name), Mapping):
                yield (*keys, name), found


def _is_above(low: Any, high: Any) -> bool:
    return isinstance(low, int | float) and isinstance(high, int | float) and low > high
