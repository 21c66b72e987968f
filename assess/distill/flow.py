"""The flow of a recipe: train in a process of its own, score every file, and write a folder whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from assess import sandbox
from assess.describe.authored import load
from assess.describe.card import Card
from assess.distill.card_text import Made, filled
from assess.errors import AssessError
from assess.files import write_whole
from assess.measure.fidelity import Fidelity, require_pairs
from assess.measure.identity import cpu
from assess.measure.measurement import Settings
from assess.measure.plain import decode
from assess.measure.scoring import asking, scores
from assess.measure.tasks import find_task, source_of
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.project.skill import mean
from assess.report.charts.quality import family_picture
from assess.sandbox import Limits

_TRAINER: Final = "assess.distill.train"
#: A recipe that takes longer is none that anybody runs on a desk.
_TIMEOUT_S: Final = 6 * 3600.0
_STOP_WITHIN_S: Final = 5.0
_SOURCE, _LOCK = "source", "lock"
_REMOVE: Final = "remove it, or name another --out"
_RECIPE, _CARD, _REFERENCES, _PICTURE = "recipe.py", "card.toml", "references.npz", "quality.svg"
#: Of a whole recipe's time about so much is training, the rest scoring.
_TRAINING: Final = 0.8


@dataclass(frozen=True, slots=True)
class Trained:
    """What the trainer tells of a recipe.

    Attributes:
        trainings: each with "name", "size" ("" for the teacher), "seed", "taught", "seconds", "parameters".
        shipped: the files that ship, by id, each with "file", "precision", "size", "tolerance".
        states: "output", "input", "shape", "dtype" of each state, by size.
        versions: of what was trained with.
    """

    trainings: tuple[Mapping[str, Any], ...]
    shipped: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, tuple[Mapping[str, Any], ...]]
    versions: Mapping[str, str]


def distil(
    folder: Path,
    out: Path,
    *,
    seeds: int = 3,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    clock: Callable[[], float] = monotonic,
) -> Card:
    """Run the recipe of a model's folder, and write a new folder with files, card and figures.

    What is done is kept in `OUT.work` until all of it is: an interrupted recipe goes on from there.

    Args:
        folder: with recipe.py and card.toml.
        out: the new folder; must not exist.
        seeds: students are trained from so many seeds of the recipe, the first ones.
        on_progress: told what is being done, the share that is done and the seconds left.
        launch: runs the trainer and the workers.
        clock: seconds.

    Raises:
        AssessError: there is no recipe, the new folder exists, another run works on it or was of another recipe, or a
            package is missing.
    """
    _require_recipe(folder)
    with _work_folder(out, folder) as work:
        source = work / _SOURCE
        card = load(source / _CARD, Card, id=folder.name)
        tell = _Timed(on_progress, clock)
        trained = _train(source, work, seeds, tell, launch)
        known = _scored(trained, card, work, tell, launch)
        made = _write(source, folder.name, out, work, trained, known)
        shutil.rmtree(work)
    return made


def _require_recipe(folder: Path) -> None:
    """Refuse, before anything takes long, a folder that could not be finished."""
    card = load(folder / _CARD, Card, id=folder.name)
    where = str(folder / _CARD)
    if card.evaluation is None or not card.evaluation.task:
        raise AssessError("its card names no task to score students on", where=where, hint="[evaluation] task = ...")
    if card.teacher is None:
        raise AssessError("its card names no teacher", where=where, hint="[teacher] name and relation")
    find_task(card.evaluation.task)
    if not (folder / _RECIPE).is_file():
        raise AssessError("has no recipe.py", where=str(folder), hint="assess distill list")


class _Timed:
    """Progress of the whole, with the time that is left if it goes on as it went since this call."""

    def __init__(self, on_progress: OnProgress, clock: Callable[[], float]) -> None:
        self._on_progress, self._clock = on_progress, clock
        self._begun: tuple[float, float] | None = None

    def __call__(self, what: str, done: float) -> None:
        now = self._clock()
        if self._begun is None:
            self._begun = now, done  # What was done before took no time of this call's.
        since, before = self._begun
        gained = done - before
        self._on_progress(what, done, (now - since) * (1.0 - done) / gained if gained > 0.0 else None)


@contextmanager
def _work_folder(out: Path, folder: Path) -> Iterator[Path]:
    """The folder that is kept between calls; held by one call at a time, and of one recipe.

    What the recipe's folder holds is copied into it at first: what is edited meanwhile made none of the files.
    """
    work = out.with_name(f"{out.name}.work")
    _require_apart(out, work, folder)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / _LOCK).open("w")
    except OSError as error:
        raise AssessError(f"cannot be written to: {error.strerror or error}", where=str(work)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "wait for it, or name another --out"
            raise AssessError("another run works in it", where=str(work), hint=hint) from error
        if os.path.lexists(out):  # A link that leads nowhere is in the way, too.
            raise AssessError("is there already", where=str(out), hint="name another folder with --out")
        of, mine = work / "made-of.sha256", _made_of(folder)
        if of.exists() and of.read_bytes().strip() != mine.encode():
            why = "holds what another recipe, card, task or evaluation made"
            raise AssessError(why, where=str(work), hint=_REMOVE)
        if not of.exists():
            _copy(folder, work / _SOURCE)
            write_whole(of, mine + "\n")
        if not (work / _SOURCE / _CARD).is_file():
            raise AssessError("is damaged: its copy of the recipe's folder is gone", where=str(work), hint=_REMOVE)
        yield work


def _require_apart(out: Path, work: Path, folder: Path) -> None:
    """Refuse a place where something of the user's would be mixed with ours: all of it is removed at the end."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise AssessError(
            "lies in the recipe's own folder", where=str(out), hint=f"--out {folder.resolve().parent / 'NAME'}"
        )
    if work.is_symlink():
        raise AssessError("is a link", where=str(work), hint=_REMOVE)
    if work.is_dir() and any(work.iterdir()) and not (work / _LOCK).is_file():
        raise AssessError("holds something that no recipe of assess made", where=str(work), hint=_REMOVE)


def _copy(folder: Path, source: Path) -> None:
    """Copy what a recipe may need: plain files, but none that it makes."""
    try:
        shutil.copytree(folder, source, ignore=_left_out, dirs_exist_ok=True)
    except shutil.Error as error:
        first = error.args[0][0]
        raise AssessError(f"cannot be copied: {first[2]}", where=str(first[0])) from error


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Files of an earlier run of the recipe, which are made anew; and what is no file: a pipe, a link to nowhere."""
    made = {name for name in names if name.endswith((".onnx", ".npz", ".svg", "__pycache__"))}
    return made | {name for name in names if not ((path := Path(folder) / name).is_file() or path.is_dir())}


def _made_of(folder: Path) -> str:
    """Identity of all that the files come from: the recipe and what it may import, the card, the code of its task."""
    evaluation = load(folder / _CARD, Card, id=folder.name).evaluation
    assert evaluation is not None
    sources = [*sorted(folder.glob("*.py")), folder / _CARD, source_of(evaluation.task)]
    return hashlib.sha256("\n".join(f"{each.name} {_sha256(each)}" for each in sources).encode()).hexdigest()


def _train(source: Path, work: Path, seeds: int, tell: _Timed, launch: Launch) -> Trained:
    def hear(message: dict[str, Any]) -> None:
        tell(f"training {message.get('training', '')}", _TRAINING * float(message.get("share", 0.0)))

    recipe = source / _RECIPE
    request = {"recipe": str(recipe.resolve()), "work": str(work.resolve()), "seeds": seeds}
    ending = launch(_TRAINER, request, Limits(_TIMEOUT_S, None), on_progress=hear, stop_within_s=_STOP_WITHIN_S)
    if ending.signal:
        raise KeyboardInterrupt(ending.signal)
    if ending.cause != "answered":
        last = ending.printed.rpartition("\n")[2]
        raise AssessError(f"the training did not end: {ending.cause}: {ending.detail}; {last:.300}", where=str(recipe))
    return decode(Trained, ending.answer, "trained")


def _scored(trained: Trained, card: Card, work: Path, tell: _Timed, launch: Launch) -> dict[str, Fidelity]:
    """Scores of each file, by its name without ending; kept as soon as they are there."""
    names = [training["name"] for training in trained.trainings if training["size"]]
    names += [each["file"].removesuffix(".onnx") for each in trained.shipped.values() if each["precision"] != "fp32"]
    found = {}
    for index, name in enumerate(names):

        def share(part: float, index: int = index, name: str = name) -> None:
            tell(f"scoring {name}", _TRAINING + (1.0 - _TRAINING) * (index + part) / len(names))

        kept = work / f"{name}.scores.json"
        known = _kept_scores(kept)
        if known is None:
            share(0.0)
            known = scores(_request(name, trained, card, work), asking(launch, Settings()), share)
            write_whole(kept, json.dumps(asdict(known)) + "\n")
        found[name] = known
    return found


def _kept_scores(file: Path) -> Fidelity | None:
    """Scores that were kept; None if there are none, or they are damaged: they are made again."""
    try:
        found = decode(Fidelity, json.loads(file.read_bytes()), file.name)
        require_pairs(found)
    except (OSError, ValueError):
        return None
    return found


def _request(name: str, trained: Trained, card: Card, work: Path) -> dict[str, Any]:
    assert card.evaluation is not None
    teacher = work / "teacher.onnx"
    return {
        "model": str((work / f"{name}.onnx").resolve()),
        "states": list(trained.states.get(name.partition("-")[0], ())),
        "teacher": str(teacher.resolve()) if teacher.exists() else "",
        "task": card.evaluation.task,
        "data": "",
        "metric": "",
        "output": "",
        "unit": "",
        "takes": None,
        "seed": card.evaluation.seed,
        "count": card.evaluation.count,
    }


def _write(folder: Path, model: str, out: Path, work: Path, trained: Trained, known: Mapping[str, Fidelity]) -> Card:
    """The new folder, under another name until it is whole."""
    new = work / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for file in (*sorted(folder.glob("*.py")), folder / "LICENSE"):
        if file.is_file():
            shutil.copyfile(file, new / file.name)
    made = [_made(each, f"{model}-{each}.onnx", trained, known, work, new) for each in trained.shipped]
    teacher: dict[str, Any] = {}
    if (work / "teacher.onnx").exists():
        shutil.copyfile(work / "teacher.onnx", new / "teacher.onnx")
        mine = next(each for each in trained.trainings if not each["size"])
        teacher = {"file": "teacher.onnx", "sha256": _sha256(new / "teacher.onnx"), "parameters": mine["parameters"]}
    shutil.copyfile(work / _REFERENCES, new / _REFERENCES)
    others = {
        "references": {"file": _REFERENCES, "sha256": _sha256(new / _REFERENCES)},
        "recipe": {
            "file": _RECIPE,
            "sha256": _sha256(folder / _RECIPE),
            "seeds": sorted({each["seed"] for each in trained.trainings if each["size"]}),
            "took": f"{sum(each['seconds'] for each in trained.trainings):.0f} s",
            "environment": {**trained.versions, "python": platform.python_version(), "machine": _machine()},
        },
    }
    write_whole(new / _CARD, filled((folder / _CARD).read_text(encoding="utf-8"), made, teacher, others))
    card = load(new / _CARD, Card, id=model)  # Before it takes its place: what cannot be read is not there.
    write_whole(new / _PICTURE, family_picture(card, made[0].fidelity.metric, made[0].fidelity.unit))
    try:
        new.rename(out)
    except OSError as error:
        raise AssessError(f"could not be put in its place: {error.strerror or error}", where=str(out)) from error
    return card


def _made(id_: str, name: str, trained: Trained, known: Mapping[str, Fidelity], work: Path, new: Path) -> Made:
    each, file = trained.shipped[id_], new / name
    shutil.copyfile(work / each["file"], file)
    of_size = [one for one in trained.trainings if one["size"] == each["size"]]

    def means(*, taught: bool) -> tuple[float, ...]:
        return tuple(mean(known[one["name"]].model, "").value for one in of_size if one["taught"] is taught)

    seeds = {"taught": means(taught=True), "untaught": means(taught=False)} if each["precision"] == "fp32" else {}
    return Made(
        id=id_,
        file=file.name,
        sha256=_sha256(file),
        precision=each["precision"],
        parameters=of_size[0]["parameters"],
        bytes=file.stat().st_size,
        tolerance=each["tolerance"],
        fidelity=known[each["file"].removesuffix(".onnx")],
        **seeds,
    )


def _machine() -> str:
    name = cpu(Path("/")).text or platform.machine()
    return f"{name}, {len(os.sched_getaffinity(0))} cores" if hasattr(os, "sched_getaffinity") else name


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
