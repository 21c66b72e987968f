"""Ask a worker to score a model on the task, or the data, of its card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.describe.beside import beside
from assess.errors import AssessError, ProcessFailedError
from assess.measure import instruction_sets
from assess.measure.fidelity import Fidelity, require_pairs
from assess.measure.plain import decode
from assess.measure.timed_run import WORKER, Launch, address_space
from assess.sandbox import Ending, Limits

if TYPE_CHECKING:
    from assess.describe.card import Card
    from assess.describe.model import Model
    from assess.measure.measurement import Settings

#: Runs the pass: the request's own keys, and something that hears its messages.
Ask = Callable[[Mapping[str, Any], Callable[[dict[str, Any]], object]], Ending]

#: Sets of x86 whose instructions add 8-bit products in 32 bits; without them MLAS adds pairs in 16, which overflow.
_VNNI: Final = frozenset({"avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8"})
_FULL_BITS: Final = 8
#: A simulator takes its time; an evaluation that takes longer than this is none that anybody waits for.
TIMEOUT_S: Final = 1800.0


def score(
    model: Model,
    model_path: Path,
    card: Card | None,
    card_folder: Path,
    *,
    count: int | None = None,
    on_progress: Callable[[float], object] = lambda share: None,
    ask: Ask,
    root: Path = Path("/"),
) -> Fidelity:
    """Score a model on the task or the data of its card.

    Args:
        model: as described.
        model_path: its file.
        card: what its author says; the task is named there.
        card_folder: where the card's files lie.
        count: of items; as many as the card says if left out.
        on_progress: told the share that is done.
        ask: runs the pass, with the request's own keys and something that hears its messages.
        root: folder that stands for "/".

    Raises:
        AssessError: the card names no task, a file of it is missing or is another one, or the pass failed.
    """
    request = _request(model, model_path, card, card_folder, count)
    return replace(scores(request, ask, on_progress), caution=caution(model, card, root))


def scores(request: Mapping[str, Any], ask: Ask, on_progress: Callable[[float], object]) -> Fidelity:
    """What the pass answers.

    Args:
        request: its own keys, see `assess.measure.passes.fidelity`.
        ask: runs it.
        on_progress: told the share that is done.

    Raises:
        AssessError: the pass failed, or the runtime refused the model.
    """
    where = Path(request["model"]).name
    ending = ask(request, lambda message: on_progress(float(message.get("share", 0.0))))
    if ending.cause != "answered":
        last = ending.printed.rpartition("\n")[2]
        said = f"; {last:.300}" if last else ""
        hint = "--timeout allows it more" if ending.cause == "hung" else ""
        raise ProcessFailedError(
            f"the evaluation did not end: {ending.cause}: {ending.detail}{said}", where=where, hint=hint
        )
    answer = ending.answer if isinstance(ending.answer, dict) else {}
    if "refused" in answer:
        why = f"ONNX Runtime refused the model: {answer['refused']!s:.500}".strip()
        raise (ProcessFailedError if answer.get("kind") == "out of memory" else AssessError)(why, where=where)
    try:
        found = decode(Fidelity, answer, "fidelity")
        require_pairs(found)
        return found
    except ValueError as error:  # A model may have overrun the worker.
        raise AssessError(f"the evaluation answered what is not a result: {error}", where=where) from error


def asking(launch: Launch, settings: Settings, timeout_s: float = TIMEOUT_S) -> Ask:
    """Something that runs the pass outside of a run, each time within `timeout_s`."""

    def ask(request: Mapping[str, Any], hear: Callable[[dict[str, Any]], object]) -> Ending:
        limits = Limits(timeout_s, address_space(settings))
        asked = {**asdict(settings), **request, "pass": "fidelity"}
        return launch(WORKER, asked, limits, on_progress=hear)

    return ask


def caution(model: Model, card: Card | None, root: Path = Path("/")) -> str:
    """Why figures of this host may not hold on another one; "" if nothing speaks against it.

    One and the same QDQ file was right in 76.5 % of 1,000 cases on x86 with AVX2 and in 86.7 % on Arm; with weights of
    seven bits 87.0 % on both (measured with ONNX Runtime 1.32, November 2026).
    """
    form = model.quantisation
    if form.format not in ("QDQ", "QOperator", "mixed") or "int8" not in form.weight_dtypes:
        return ""
    variant = card.variant_of(model.name) if card else None
    if variant is not None and (variant.weight_bits or _FULL_BITS) < _FULL_BITS:
        return ""
    sets = instruction_sets.offered(root)
    if "avx2" not in sets or _VNNI.intersection(sets):
        return ""
    return (
        "this CPU has AVX2 but no VNNI: sums of two 8-bit products overflow in 16 bits, and an int8 model may be more "
        "right on the device than here; quantise with weights of seven bits (reduce_range), or evaluate on the device"
    )


def _request(model: Model, model_path: Path, card: Card | None, folder: Path, count: int | None) -> dict[str, Any]:
    evaluation = card.evaluation if card else None
    if card is None or evaluation is None:
        raise AssessError(
            "nothing says how good it is",
            where=model.name,
            hint="name a task, or data, in [evaluation] of card.toml beside the model (docs/profiles.md)",
        )
    ports = {port.name: port for port in model.inputs}
    outputs = {port.name: port.shape for port in model.outputs}
    for state in card.state:
        if state.input not in ports:
            raise AssessError(f"the card's state {state.input!r} is no input of the model", where=model.name)
    states = [
        {
            "output": each.output,
            "input": each.input,
            "shape": _begun(ports[each.input].shape, outputs.get(each.output)),
            "dtype": ports[each.input].dtype,
        }
        for each in card.state
    ]
    teacher = _teacher(card, folder)
    data = beside(folder, evaluation.data) if evaluation.data else None
    if data is not None:
        _require_file(data)
    return {
        "model": str(model_path.resolve()),
        "states": states,
        "teacher": str(teacher.resolve()) if teacher else "",
        "task": evaluation.task,
        "data": str(data.resolve()) if data else "",
        "metric": evaluation.metric,
        "output": evaluation.output,
        "unit": next((each.unit for each in card.output if evaluation.output in ("", each.name)), ""),
        "takes": {port.name: port.dtype for port in model.inputs},
        "seed": evaluation.seed,
        "count": count or evaluation.count or 0,
    }


def _begun(read: tuple[int, ...], written: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of a state at its start: where what is put out is of another size than what was read, it grows from
    nothing, as a cache does; its card's [dims] say only how large it may be thought.
    """
    if written is None or len(written) != len(read):
        return read
    return tuple(size if after in (size, -1) else 0 for size, after in zip(read, written, strict=True))


def _require_file(path: Path) -> None:
    """Refuse what could keep a reader waiting without end, as a pipe does."""
    if not path.exists():
        raise AssessError("there is no such file", where=str(path), hint="the card names it: put it beside the card")
    if not path.is_file():
        raise AssessError("is no plain file", where=str(path), hint="put the file itself there")


def _teacher(card: Card, folder: Path) -> Path | None:
    """The file of the teacher's network, which is the one that the card names; None if none lies beside the card."""
    if card.teacher is None or not card.teacher.file:
        return None
    file = beside(folder, card.teacher.file)
    _require_file(file)
    try:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(file)) from error
    if card.teacher.sha256 not in (None, found):
        raise AssessError(f"is not the teacher of the card, whose sha256 is {card.teacher.sha256}", where=str(file))
    return file
