"""A described model as JSON and back; what is read back is checked against itself. Needs neither onnx nor numpy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from assess.describe import totals
from assess.describe.dtypes import BITS
from assess.describe.model import Model

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_SHA256: Final = re.compile("[0-9a-f]{64}")


def to_json(model: Model) -> dict[str, Any]:
    """The model as what JSON knows: objects, lists, text and numbers."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(model), allow_nan=False))
    return plain


def from_json(data: Mapping[str, Any]) -> Model:
    """The model that `data` holds.

    Raises:
        ValueError: a key is missing or unknown, a value has the wrong type, or two of them contradict each other;
            the message names the key's path.
    """
    from pydantic import ValidationError

    data = {"statements": {}, **data}  # Files from before cards had any.
    try:
        model = _adapter().validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "model"
        raise ValueError(f"{path}: {_in_words(first['type'], first['msg'])}") from error
    # Records with defaults would take less than all keys, and any others in silence.
    _check_keys(data, to_json(model), "")
    for path, problem in _contradictions(model):
        raise ValueError(f"{path}: {problem}")
    return model


def warm_up() -> None:
    """Do what the first `from_json` would have to wait for."""
    _adapter()


@cache
def _adapter() -> TypeAdapter[Model]:
    # Imported late: the process that reads a model imports this package too, and has no use for pydantic.
    from pydantic import TypeAdapter

    return TypeAdapter(Model)


def _in_words(kind: str, text: str) -> str:
    if kind in ("missing", "missing_argument"):
        return "missing key"
    return text[0].lower() + text[1:]


def _check_keys(given: Any, whole: Any, path: str) -> None:
    if isinstance(whole, dict) and isinstance(given, Mapping):
        for key in whole:
            if key not in given:
                raise ValueError(f"{path}{key}: missing key")
        for key, value in given.items():
            if key not in whole:
                raise ValueError(f"{path}{key}: unknown key")
            _check_keys(value, whole[key], f"{path}{key}.")
    elif isinstance(whole, list):
        for index, (one, other) in enumerate(zip(given, whole, strict=True)):
            _check_keys(one, other, f"{path}{index}.")


def _contradictions(model: Model) -> Iterator[tuple[str, str]]:
    """What in a model does not agree with the rest of it: the key's path and why."""
    yield from _negative(model)
    yield from _wrong_files(model)
    yield from _wrong_totals(model)
    yield from _wrong_unknowns(model)
    yield from _wrong_weights(model)


def _negative(model: Model) -> Iterator[tuple[str, str]]:
    counts = {
        "nodes": model.nodes, "parameters": model.parameters, "macs": model.macs, "ir_version": model.ir_version,
        "peak_activation_bytes": model.peak_activation_bytes,
        **{f"weight_bytes.{name}": size for name, size in model.weight_bytes.items()},
        **{f"dims.{name}": size for name, size in model.dims.items()},
        **{f"opsets.{name}": version for name, version in model.opsets.items()},
    }  # fmt: skip
    for index, file in enumerate(model.files):
        counts[f"files.{index}.size_bytes"] = file.size_bytes
    for index, group in enumerate(model.operators):
        for name in ("count", "macs", "input_bytes", "output_bytes", "weight_bytes"):
            counts[f"operators.{index}.{name}"] = getattr(group, name)
    for index, unknown in enumerate(model.unknown):
        counts[f"unknown.{index}.count"] = unknown.count
    for path, count in counts.items():
        if count is not None and count < 0:
            yield path, f"{count} is negative"
    for index, port in enumerate((*model.inputs, *model.outputs)):
        lowest = 0 if index < len(model.inputs) else -1
        if any(dim < lowest for dim in port.shape):
            yield f"{'inputs' if lowest == 0 else 'outputs'}", f"{port.name!r} has a negative dimension"


def _wrong_files(model: Model) -> Iterator[tuple[str, str]]:
    if not model.files:
        yield "files", "there must be one at least"
        return
    if model.files[0].name != model.name:
        yield "files.0.name", f"{model.files[0].name!r} is not the model's own name {model.name!r}"
    names = [file.name for file in model.files]
    if len(set(names)) < len(names) or names[1:] != sorted(names[1:]):
        yield "files", "names must differ and, after the first, be sorted"
    for index, file in enumerate(model.files):
        if not _SHA256.fullmatch(file.sha256):
            yield f"files.{index}.sha256", "is not 64 hexadecimal digits"
    if model.sha256 != totals.identity(model.files):
        yield "sha256", "is not that of the files"


def _wrong_totals(model: Model) -> Iterator[tuple[str, str]]:
    macs = totals.total_macs(model.operators)
    if model.macs != macs:
        yield "macs", f"{model.macs}, but the operators add up to {macs}"
    share = totals.share_in_integers(model.operators)
    if not math.isclose(model.quantisation.share_of_macs, share, abs_tol=1e-9):
        yield "quantisation.share_of_macs", f"{model.quantisation.share_of_macs}, but the operators make it {share}"
    precision = totals.main_precision(model.operators, model.weight_bytes)
    if model.precision != precision:
        yield "precision", f"{model.precision!r}, but the operators make it {precision!r}"
    if model.peak_activation_bytes is None and "peak_activation_bytes" not in model.absent:
        yield "absent.peak_activation_bytes", "missing key: why the peak is not known"
    if model.peak_activation_bytes is not None and "peak_activation_bytes" in model.absent:
        yield "absent.peak_activation_bytes", "the peak is known"


def _wrong_unknowns(model: Model) -> Iterator[tuple[str, str]]:
    uncosted = {(group.domain, group.type) for group in model.operators if group.macs is None}
    unknown = {(entry.domain, entry.type) for entry in model.unknown}
    for domain, name in sorted(uncosted ^ unknown):
        lacking = "unknown" if (domain, name) in uncosted else "operators"
        yield lacking, f"{domain} {name} of unknown cost is missing here"
    for index, entry in enumerate(model.unknown):
        if not entry.why:
            yield f"unknown.{index}.why", "is empty"


def _wrong_weights(model: Model) -> Iterator[tuple[str, str]]:
    most = sum(size * 8 // BITS.get(dtype, 1) for dtype, size in model.weight_bytes.items())
    if model.parameters > most:
        yield "parameters", f"{model.parameters}, but the weights have bytes for {most} at most"
    # Packed formats pad; whole elements do not.
    if all(BITS.get(dtype, 0) > 8 for dtype in model.weight_bytes) and model.parameters != most:
        yield "parameters", f"{model.parameters}, but the bytes of the weights are those of {most}"
