"""Compare a model with a reference: a teacher that is run on the same frames, or outputs that were saved before."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from assess.describe.model import Model, Port
from assess.errors import AssessError
from assess.measure.agreement import Agreement, OutputAgreement, compare
from assess.measure.npy import UNREADABLE
from assess.measure.passes.sampled import Sampled
from assess.measure.plain import decode
from assess.measure.variants import Variation
from assess.providers import CPU
from assess.sandbox import Ending

if TYPE_CHECKING:
    from assess.describe.card import Card

#: Runs the worker on the request of the run with some keys changed.
Ask = Callable[[dict[str, Any]], Ending]
#: One output over frames, by the frame's name.
_Frames = Mapping[str, Callable[[], Any]]

_WHERE: Final = "--reference"
#: A saved array may have elements of up to so many times the size of ours: float64 for float8, text for numbers.
_WIDER: Final = 16
_HEADER_BYTES: Final = 2**16


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """A model to compare with.

    Attributes:
        model: as it was described, with the same dimensions.
        path: its file.
    """

    model: Model
    path: Path


def inputs_for(model: Model, reference: Model) -> dict[str, str]:
    """For each input of the reference the model's input that it is fed with.

    Raises:
        AssessError: they do not take the same inputs.
    """
    ours = {port.name: port for port in model.inputs}
    if all(port.name in ours for port in reference.inputs):
        pairs = [(port, ours[port.name]) for port in reference.inputs]
    elif [_kind(port) for port in reference.inputs] == [_kind(port) for port in model.inputs]:
        pairs = list(zip(reference.inputs, model.inputs, strict=True))
    else:
        raise AssessError(
            f"takes {_listed(reference.inputs)}; the model takes {_listed(model.inputs)}",
            where=f"{_WHERE} {reference.name}",
            hint="a reference is fed the model's own inputs: give it the same ones, or saved outputs",
        )
    for theirs, port in pairs:
        if _kind(theirs) != _kind(port):
            raise AssessError(
                f"takes {_listed([theirs])}; the model takes {_listed([port])}",
                where=f"{_WHERE} {reference.name}",
                hint="dimensions that a model leaves open are bound with --dim",
            )
    return {theirs.name: port.name for theirs, port in pairs}


def _kind(port: Port) -> tuple[str, tuple[int, ...]]:
    return port.dtype, port.shape


def _listed(ports: Sequence[Port]) -> str:
    return (
        ", ".join(f"{port.name!r} {port.dtype} {'x'.join(map(str, port.shape))}".rstrip() for port in ports) or "none"
    )


def check(model: Model, reference: ReferenceModel | Path) -> None:
    """Refuse a reference that the model cannot be compared with, before anything runs.

    Raises:
        AssessError: they do not take the same inputs, or there are no saved outputs.
    """
    if isinstance(reference, ReferenceModel):
        inputs_for(model, reference.model)
    else:
        _digest(reference)
        _saved(reference, 0, [])


def agree(
    model: Model,
    frames: Sequence[Variation],
    reference: ReferenceModel | Path,
    ask: Ask,
    folder: Path,
    card: Card | None,
) -> Agreement | str:
    """Compare a model's outputs with a reference's; or say why that could not be done.

    Args:
        model: whose outputs are judged.
        frames: what it is fed, the run's own inputs first. A reference model is fed the same, and runs on the CPU;
            saved outputs are those for the run's own inputs.
        reference: a model; or a `.npy` file, an `.npz` file or a folder of `.npy` files, by the outputs' names ("/"
            in them written as "_").
        ask: runs a pass.
        folder: private to this run.
        card: the model's card, if it has one.
    """
    try:
        if isinstance(reference, ReferenceModel):
            return _with_model(model, frames, reference, ask, folder, card)
        return _with_saved(model, frames[0], reference, ask, folder, card)
    except AssessError as error:  # Found too late to be bad usage: what was measured so far is not thrown away.
        return str(error)


def _with_model(
    model: Model, frames: Sequence[Variation], reference: ReferenceModel, ask: Ask, folder: Path, card: Card | None
) -> Agreement | str:
    renamed = inputs_for(model, reference.model)
    ours = put_out(ask, {"frames": plain_frames(frames)}, folder / "ours")
    if isinstance(ours, str):
        return f"the model {ours}"
    dtypes = {port.name: port.dtype for port in model.inputs}
    first = frames[0].files
    changes = {
        "model": str(reference.path.resolve()),
        "provider": CPU,
        "provider_options": {},
        "inputs": [{"name": name, "dtype": dtypes[own], "file": first[own]} for name, own in renamed.items()],
        "frames": plain_frames(frames, renamed),
    }
    theirs = put_out(ask, changes, folder / "theirs")
    if isinstance(theirs, str):
        return f"the reference {theirs}"
    matched, outputs = _compared(ours, theirs, (_dtypes(model), _dtypes(reference.model)), card)
    both = tuple(name for name in ours.frames if name in theirs.frames)
    return Agreement(reference.model.name, reference.model.sha256, "model", both, matched, outputs)


def _with_saved(model: Model, run: Variation, path: Path, ask: Ask, folder: Path, card: Card | None) -> Agreement | str:
    sha256 = _digest(path)
    ours = put_out(ask, {"frames": plain_frames([run])}, folder / "ours")
    if isinstance(ours, str):
        return f"the model {ours}"
    limit = _WIDER * max((load().nbytes for each in ours.outputs.values() for load in each.values()), default=0)
    saved = {name: {run.name: load} for name, load in _saved(path, limit, list(ours.outputs)).items()}
    matched, outputs = _compared(ours, PutOut(saved, {}, (run.name,)), (_dtypes(model), {}), card)
    return Agreement(path.name, sha256, "saved outputs", (run.name,), matched, outputs)


def agree_with(
    model: Model, frames: Sequence[Variation], of: ReferencePutOut, ask: Ask, folder: Path, card: Card | None
) -> Agreement | str:
    """Compare a model's outputs with what a reference put out for the same frames before.

    Args:
        model: whose outputs are judged.
        frames: what it is fed; those that the reference was not fed are left out.
        of: the reference.
        ask: runs a pass.
        folder: private to this run.
        card: the model's card, if it has one.
    """
    known = [frame for frame in frames if frame.name in of.put_out.frames]
    try:
        ours = put_out(ask, {"frames": plain_frames(known)}, folder / "ours")
        if isinstance(ours, str):
            return f"the model {ours}"
        matched, outputs = _compared(ours, of.put_out, (_dtypes(model), of.dtypes), card)
    except AssessError as error:
        return str(error)
    return Agreement(of.model.name, of.model.sha256, "saved outputs", ours.frames, matched, outputs)


def _dtypes(model: Model) -> dict[str, str]:
    return {port.name: port.dtype for port in model.outputs}


# What a model puts out, as a worker saved it.


@dataclass(frozen=True, slots=True)
class PutOut:
    """What a model put out.

    Attributes:
        outputs: by name, each over frames.
        unreadable: those that could not be read, and why.
        frames: names of the frames.
    """

    outputs: Mapping[str, _Frames]
    unreadable: Mapping[str, str]
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferencePutOut:
    """What a reference put out before.

    Attributes:
        model: that did.
        put_out: by output and frame.
        dtypes: of its outputs, by name.
    """

    model: Model
    put_out: PutOut
    dtypes: Mapping[str, str]


def plain_frames(frames: Sequence[Variation], renamed: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Frames for a request, with the files of our inputs (values) under the names of the reference's (keys)."""
    return [
        {
            "name": frame.name,
            "files": frame.files if renamed is None else {name: frame.files[own] for name, own in renamed.items()},
        }
        for frame in frames
    ]


def put_out(ask: Ask, changes: dict[str, Any], folder: Path) -> PutOut | str:
    """What a model put out, or how it failed.

    Args:
        ask: runs a pass.
        changes: of the request: "frames", as `plain_frames` has them, and whatever else is another than in the run.
        folder: for the outputs; made here.

    Raises:
        AssessError: the folder could not be made.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise AssessError(f"the outputs could not be written: {error.strerror}", where=str(folder)) from error
    ending = ask({**changes, "pass": "sampled", "save": str(folder)})
    if ending.cause != "answered":
        return f"did not put out anything: {ending.detail}"
    if isinstance(ending.answer, dict) and "refused" in ending.answer:
        return f"was refused: {ending.answer['refused']!s:.500}"
    try:
        saved = decode(Sampled, ending.answer, "sampled")
    except ValueError:
        return "answered what is not a result"
    outputs = {
        output: {
            frame: _loader(folder / f"{index}-{number}.npy", "the model's process")
            for index, frame in enumerate(saved.frames)
        }
        for number, output in enumerate(saved.outputs)
    }
    return PutOut(outputs, saved.unreadable, saved.frames)


def _loader(file: Path, where: str) -> Callable[[], Any]:
    def load() -> Any:
        import numpy as np

        try:
            return np.load(file, mmap_mode="r", allow_pickle=False)
        except UNREADABLE as error:
            raise AssessError(f"{file.name} cannot be read as an array of plain values", where=where) from error

    return load


# Outputs that were saved before.


def _digest(path: Path) -> str:
    """sha256 of the file or, for a folder, of the lines that `sha256sum` prints for its `.npy` files."""
    try:
        if not path.is_dir():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256()
        for one in sorted(path.glob("*.npy")):
            with one.open("rb") as file:
                digest.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {one.name}\n".encode())
        return digest.hexdigest()
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=f"{_WHERE} {path}") from error


def _saved(path: Path, limit: int, names: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Saved outputs by name; a file may hold at most `limit` bytes of an array."""
    where = f"{_WHERE} {path}"
    if path.is_dir():
        found = {file.stem: _loader(file, where) for file in sorted(path.glob("*.npy"))}
    elif path.suffix == ".npz":
        found = _members(path, limit, where)
    else:
        found = {path.stem: _loader(path, where)}
    if not found:
        raise AssessError("holds no saved outputs", where=where, hint="save each with numpy.save as NAME.npy")
    for file in (*path.glob("*.npy"), path) if path.is_dir() else (path,):
        if file != path and not file.is_file():
            raise AssessError(f"{file.name} is no plain file", where=where)
    spelled = {name.replace("/", "_"): name for name in names}
    return {spelled.get(name, name): load for name, load in found.items()}


def _members(path: Path, limit: int, where: str) -> dict[str, Callable[[], Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist() if info.filename.endswith(".npy")}
    except (OSError, zipfile.BadZipFile) as error:
        raise AssessError("is not an .npz file", where=where, hint="numpy.savez writes one") from error

    def loader(name: str) -> Callable[[], Any]:
        def load() -> Any:
            import numpy as np

            if sizes[name] > limit + _HEADER_BYTES:  # Before it is unpacked: it may be far larger than the file.
                raise AssessError(f"{name} is larger than any output of the model", where=where)
            try:
                with zipfile.ZipFile(path) as archive, archive.open(name) as member:
                    return np.lib.format.read_array(member, allow_pickle=False)
            except UNREADABLE as error:
                raise AssessError(f"{name} cannot be read as an array of plain values", where=where) from error

        return load

    return {name.removesuffix(".npy"): loader(name) for name in sizes}


# Which belong together, and how far they are apart.


def _compared(
    ours: PutOut, theirs: PutOut, dtypes: tuple[Mapping[str, str], Mapping[str, str]], card: Card | None
) -> tuple[Literal["name", "position"], tuple[OutputAgreement, ...]]:
    import numpy as np

    matched, partners = _partners(ours, theirs)
    meanings = {each.name: each.meaning for each in card.output} if card else {}
    frames = [name for name in ours.frames if name in theirs.frames]
    found = []
    for output, load in ours.outputs.items():
        partner = partners.get(output)
        if partner is None:
            found.append(OutputAgreement(output, "", absent="the reference has no output that belongs to it"))
            continue
        pairs = [(load[name](), theirs.outputs[partner][name]()) for name in frames]
        of = (dtypes[0].get(output, ""), dtypes[1].get(partner, ""))
        found.append(compare(np, output, partner, pairs, dtypes=of, meaning=meanings.get(output, "")))
    found += [OutputAgreement(name, "", absent=why) for name, why in ours.unreadable.items()]
    return matched, tuple(found)


def _partners(ours: PutOut, theirs: PutOut) -> tuple[Literal["name", "position"], dict[str, str]]:
    """For each output the reference's: by name or, if no name is the same, by position where all shapes agree."""
    common = {name: name for name in ours.outputs if name in theirs.outputs}
    if common:
        return "name", common
    first = next((name for name in ours.frames if name in theirs.frames), "")
    shapes = [[frames[first]().shape for frames in side.outputs.values() if first in frames] for side in (ours, theirs)]
    if shapes[0] and shapes[0] == shapes[1] and not (ours.unreadable or theirs.unreadable):
        return "position", dict(zip(ours.outputs, theirs.outputs, strict=True))
    return "name", {}
