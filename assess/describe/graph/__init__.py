"""Read an ONNX model: facts about it, from a child process that alone touches what is in the file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from assess.describe import totals
from assess.describe.graph import confined
from assess.describe.model import Model, ModelFile, Port
from assess.describe.model_json import from_json, to_json, warm_up
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.sandbox import Ending, Limits, run

if TYPE_CHECKING:
    from assess.describe.card import Card

__all__ = ["DEFAULT_LIMITS", "describe", "from_json", "to_json", "with_card"]

#: Models of 50,000 nodes take some seconds and 300 MB; what needs more than this is broken or means harm.
DEFAULT_LIMITS: Final = Limits(timeout_s=120.0, memory_bytes=2 * 2**30)

_NO_DIMS: Final[Mapping[str, int]] = MappingProxyType({})
_CHUNK_BYTES: Final = 1 << 20


def describe(
    path: Path,
    *,
    dims: Mapping[str, int] = _NO_DIMS,
    limits: Limits = DEFAULT_LIMITS,
    card: Card | None = None,
    on_progress: Callable[[dict[str, Any]], None] = lambda message: None,
) -> Model:
    """Describe the ONNX model at `path`.

    Args:
        path: the ONNX file; external data lies in its folder.
        dims: numbers for symbolic dimensions; they win over those of the card. A dimension without a name is called
            after its input and axis, e.g. `pixels.0`.
        limits: what the process that reads the model may use; hashing its files must end in the same time.
        card: what the model's author says of it; merged by `with_card`.
        on_progress: called with the stage that is reached.

    Raises:
        AssessError: the file is missing, no ONNX model or damaged; its external data is missing or lies elsewhere; a
            dimension has no number; reading it took more than the limits; the card is another model's.
    """
    size = confined.regular_file(path)
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise AssessError("its name or folder is not UTF-8", where=str(path), hint="rename it") from error
    until = time.monotonic() + limits.timeout_s
    bound = {**(card.dims if card else {}), **dims}
    request = {"path": str(path.absolute()), "dims": bound}
    hashed: dict[str, str] = {}

    def progressed(message: dict[str, Any]) -> None:
        # While the child is busy, this process has nothing else to do.
        if message == {"stage": "reading"}:
            warm_up()
            hashed[path.name] = _sha256(path, path.name, size, until)
        on_progress(message)

    try:
        ending = ask_child(path, request, limits, progressed)
    except AssessError:
        if card is not None and card.dims:  # Of another model they make no sense, and that is what is wrong.
            _require_same(path.name, _sha256(path, path.name, size, until), card)
        raise
    on_progress({"stage": "hashing"})
    facts = ending.answer
    for file in facts["files"]:
        file["sha256"] = hashed.get(file["name"]) or _sha256(path, file["name"], file["size_bytes"], until)
    facts["sha256"] = totals.identity(ModelFile(**file) for file in facts["files"])
    try:
        model = from_json(facts)
    except ValueError as error:  # Numbers that no model has, such as negative sizes from absurd attributes.
        raise AssessError(f"holds what no model can: {error}", where=str(path)) from error
    return with_card(model, card) if card else model


def ask_child(
    path: Path, request: dict[str, Any], limits: Limits, on_progress: Callable[[dict[str, Any]], None]
) -> Ending:
    """How the child ended, which answered; errors name the model as the caller does."""
    try:
        ending = run("assess.describe.graph.child", request, limits, on_progress=on_progress)
    except AssessError as error:
        where = str(path) if error.where == request["path"] else error.where
        raise AssessError(error.problem, where=where, hint=error.hint) from error
    if ending.cause != "answered":
        raise AssessError(_what_happened(ending), where=str(path), hint=_HINTS[ending.cause])
    return ending


def with_card(model: Model, card: Card) -> Model:
    """The model with the licence, the statements and the meanings that its card gives.

    Raises:
        AssessError: the card is that of another file, or it names what the model does not have.
    """
    _require_same(model.name, model.sha256, card)
    meanings = {entry.name: entry.meaning for entry in card.input}
    ports = {"input": [port.name for port in model.inputs], "output": [port.name for port in model.outputs]}
    states = [("state's input", each.input, "input") for each in card.state]
    states += [("state's output", each.output, "output") for each in card.state]
    named = [("input", name, "input") for name in meanings] + [("output", each.name, "output") for each in card.output]
    for what, name, kind in (*named, *states):
        if name not in ports[kind]:
            said = f"the card names {'an' if what == kind else 'a'} {what} {name!r}, which the model does not have"
            raise AssessError(said, where=model.name, hint=did_you_mean(name, ports[kind]))
    outputs = {entry.name: entry.meaning for entry in card.output}
    return replace(
        model,
        licence=card.licence or model.licence,
        licence_basis="card" if card.licence else model.licence_basis,
        statements=card.statements(model.name),
        inputs=tuple(_meaning(port, meanings) for port in model.inputs),
        outputs=tuple(_meaning(port, outputs) for port in model.outputs),
    )


def _require_same(name: str, sha256: str, card: Card) -> None:
    stated = card.sha256_of(name) or card.sha256
    if stated != sha256:
        raise AssessError(
            f"the card is that of another model: its sha256 is {stated}, the file's is {sha256}",
            where=name,
            hint="put the sha256 of this file into the card, if the card is meant for it",
        )


def _meaning(port: Port, meanings: Mapping[str, str]) -> Port:
    return replace(port, meaning=meanings[port.name], basis="card") if meanings.get(port.name) else port


_HIGHER: Final = "if the model is very large, allow more with --timeout or --memory-limit"
_HINTS: Final = {
    "hung": _HIGHER,
    "out of memory": _HIGHER,
    "crashed": "the file may be damaged; onnx.checker.check_model may say more",
}


def _what_happened(ending: Ending) -> str:
    if ending.cause == "crashed":
        last = ending.printed.splitlines()[-1:] or [""]
        said = f"; it said: {last[0]}" if last[0] else ""
        return f"reading it failed: the process {ending.detail}{said}"
    return f"reading it was given up: the process {'is ' if ending.cause == 'hung' else ''}{ending.detail}"


def _sha256(model: Path, name: str, expected_bytes: int, until: float) -> str:
    """Hash one of the model's files, a chunk at a time, until the monotonic clock says `until`."""
    digest, size = hashlib.sha256(), 0
    folder_file = model if name == model.name else None
    with model.open("rb") if folder_file else confined.open_beside(model, name, "the model") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            if time.monotonic() > until:
                raise AssessError(
                    f"reading it was given up: {expected_bytes - size} bytes are not hashed in time",
                    where=str(model.parent / name),
                    hint=_HIGHER,
                )
    if size != expected_bytes:
        raise AssessError("changed while it was read", where=str(model.parent / name), hint="try again")
    return digest.hexdigest()
