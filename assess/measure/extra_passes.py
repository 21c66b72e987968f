"""What is looked at beside the timed pass, each in a process of its own: a failure takes nothing from the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from assess.describe.graph import DEFAULT_LIMITS
from assess.errors import AssessError
from assess.measure.attribution import Attribution
from assess.measure.cold_start import cold_starts
from assess.measure.inputs import Feed
from assess.measure.interruption import stopped_by
from assess.measure.measurement import Settings
from assess.measure.passes.floor import Floor
from assess.measure.passes.outputs import OutputFacts
from assess.measure.passes.profile import ProfileAnswer
from assess.measure.plain import decode
from assess.measure.read_profile import profile_keys, profile_parts
from assess.measure.reference import ReferenceModel, agree
from assess.measure.scoring import TIMEOUT_S as _FIDELITY_TIMEOUT_S
from assess.measure.scoring import score
from assess.measure.timed_run import WORKER, Launch, OnProgress, address_space
from assess.measure.variants import Source, sample, vary
from assess.providers import CPU
from assess.sandbox import Ending, Limits, Signalled, signal_of

if TYPE_CHECKING:
    from assess.describe.card import Card
    from assess.describe.model import Model

T = TypeVar("T")

#: Enough for the slowest start of Python and for what a pass does beside inferences; those are bounded by the run's own
#: time limit.
_FLOOR_TIMEOUT_S: Final = 30.0
#: The lateness of frames is looked at for so long: a tenth of the run, since of a few frames the worst decides.
_LEAST_PACED_S: Final = 0.35
_PACED_SHARE: Final = 0.1
_MOST_PACED_S: Final = 5.0
#: Growth over 20,000 inferences is looked for, or for so long.
_MEMORY_BUDGET_S: Final = 10.0
#: A pass that is told to stop has nothing to save.
_STOP_WITHIN_S: Final = 0.5


@dataclass(slots=True)
class Bench:
    """What all passes of one run share.

    Attributes:
        model: what is run.
        model_path: its file.
        settings: how it is run.
        request: for the worker; keys common to all passes.
        ready: the inputs as they lie ready.
        card: the model's card, if it has one.
        card_folder: where the card's samples lie.
        folder: private to this run.
        launch: runs a worker.
        on_progress: told what is being done.
        reference: what outputs are compared with, if anything.
        stopped: name of the signal that ended a pass or came between two; no further one is begun then.
    """

    model: Model
    model_path: Path
    settings: Settings
    request: Mapping[str, Any]
    ready: Sequence[Feed]
    card: Card | None
    card_folder: Path
    folder: Path
    launch: Launch
    on_progress: OnProgress
    reference: ReferenceModel | Path | None = None
    stopped: str = field(default="", init=False)

    def ask(
        self, name: str, changes: Mapping[str, Any], timeout_s: float | None = None
    ) -> tuple[Ending, dict[str, Any]]:
        """Run a pass; how it ended, and what it told as known."""
        known: dict[str, Any] = {}

        def hear(message: dict[str, Any]) -> None:
            if isinstance(told := message.get("known"), dict):
                known.update(told)

        limits = Limits(timeout_s or self.settings.timeout_s, address_space(self.settings))
        asked = {**self.request, **changes, "pass": name}
        ending = self.launch(WORKER, asked, limits, on_progress=hear, stop_within_s=_STOP_WITHIN_S)
        self.stopped = self.stopped or ending.signal
        return ending, known

    def despite_signals(self, do: Callable[[], T]) -> T:
        """Do what must not be lost to a signal: once more if one came meanwhile, which is kept in `stopped`."""
        try:
            return do()
        except (KeyboardInterrupt, Signalled) as signalled:
            self.stopped = self.stopped or signal_of(signalled)
            return do()


def floor(bench: Bench) -> dict[str, Any]:
    """What host and harness take of a frame; before the timed pass, which uses the spin that is found."""
    bench.on_progress("calibrating the harness", None, None)
    paced_s = min(max(_LEAST_PACED_S, _PACED_SHARE * bench.settings.min_duration_s), _MOST_PACED_S)
    changes = {"rate_hz": bench.request["scenario"].get("rate_hz"), "paced_s": paced_s}
    ending, _ = bench.ask("floor", changes, _FLOOR_TIMEOUT_S)
    return _part("floor", Floor, ending, lambda answer: answer)


def start(bench: Bench) -> dict[str, Any]:
    """Cold and warm starts."""
    limits = Limits(bench.settings.timeout_s, address_space(bench.settings))
    files = [bench.model_path.parent / file.name for file in bench.model.files]

    def launch(*asked: Any, **options: Any) -> Ending:
        ending = bench.launch(*asked, **options, stop_within_s=_STOP_WITHIN_S)
        bench.stopped = bench.stopped or ending.signal
        return ending

    found, absent = cold_starts(bench.request, files, limits, launch=launch, on_progress=bench.on_progress)
    return {"starts": found, "absent": absent}


def outputs(bench: Bench) -> dict[str, Any]:
    """Other inputs: numbers that are none, time that depends on the data, outputs that differ."""
    bench.on_progress("trying other inputs", None, None)
    variations, left_out = vary(_source(bench), bench.folder / "variants")
    changes = {
        "variants": [asdict(each) for each in variations],
        "left_out": left_out,
        "outputs": [{"name": port.name, "dtype": port.dtype} for port in bench.model.outputs],
    }
    ending, known = bench.ask("outputs", changes)
    found = _part("outputs", OutputFacts, ending, lambda answer: answer)
    if "absent" in found and known.get("fed"):
        found["absent"]["outputs"] += f", while it was fed {known['fed']!s:.40}"
    return found


def agreement(bench: Bench) -> dict[str, Any]:
    """The same frames through a reference."""
    assert bench.reference is not None
    bench.on_progress("comparing with the reference", None, None)
    frames = sample(_source(bench), bench.folder / "sampled")
    (bench.folder / "agreement").mkdir()

    def ask(changes: dict[str, Any]) -> Ending:
        return bench.ask(changes["pass"], changes)[0]

    found = agree(bench.model, frames, bench.reference, ask, bench.folder / "agreement", bench.card)
    return {"absent": {"agreement": found}} if isinstance(found, str) else {"agreement": found}


def memory(bench: Bench) -> dict[str, Any]:
    """What memory is used for, whether it grows, what an update would need."""
    bench.on_progress("attributing memory", None, None)
    files = [str((bench.model_path.parent / file.name).resolve()) for file in bench.model.files]
    ending, known = bench.ask("memory", {"model_files": files, "budget_s": _MEMORY_BUDGET_S})
    found = _part("attribution", Attribution, ending, lambda answer: answer["attribution"])
    if "absent" in found and "attribution" in known:  # It ended while it loaded the model a second time.
        return {**_decoded("attribution", Attribution, known["attribution"])}
    return found


def profile(bench: Bench) -> dict[str, Any]:
    """Where the time goes, node by node; and which provider runs which node."""
    bench.on_progress("profiling", None, None)
    keys = profile_keys(bench.model, bench.folder)
    ending, _ = bench.ask("profile", keys)
    found = _part("profile", ProfileAnswer, ending, lambda answer: answer)
    provider = bench.settings.provider
    if "profile" not in found:
        placed = {} if provider == CPU else {"placement": found["absent"]["profile"]}
        return {"absent": {**found["absent"], **placed}}
    limits = Limits(bench.settings.timeout_s, DEFAULT_LIMITS.memory_bytes)
    return profile_parts(found["profile"], bench.model, bench.model_path, provider, keys, limits)


def fidelity(bench: Bench) -> dict[str, Any]:
    """How well the model does what it is for."""
    bench.on_progress("scoring it on its task", None, None)
    found = score(
        bench.model,
        bench.model_path,
        bench.card,
        bench.card_folder,
        ask=lambda request, _: bench.ask("fidelity", request, _FIDELITY_TIMEOUT_S)[0],
    )
    return {"fidelity": found}


def _source(bench: Bench) -> Source:
    return Source(bench.model, bench.ready, bench.settings.seed, bench.card, bench.card_folder)


def _part(name: str, kind: type, ending: Ending, inner: Callable[[Any], Any]) -> dict[str, Any]:
    """The part of a measurement that a pass answered with, or why there is none."""
    if ending.cause != "answered":
        return {"absent": {name: f"{ending.cause}: {ending.detail}"}}
    if not isinstance(ending.answer, dict):
        return {"absent": {name: "the pass answered what is not a result"}}
    for key in ("refused", "absent"):
        if isinstance(why := ending.answer.get(key), str):
            return {"absent": {name: why}}
    try:
        return _decoded(name, kind, inner(ending.answer))
    except KeyError:
        return {"absent": {name: "the pass answered what is not a result"}}


def _decoded(name: str, kind: type, answer: Any) -> dict[str, Any]:
    try:
        return {name: decode(kind, answer, name)}
    except ValueError as error:  # A model may have overrun the worker.
        return {"absent": {name: f"the pass answered what is not a result: {error}"}}


#: After the timed pass, in this order.
EXTRA_PASSES: Final[Mapping[str, Callable[[Bench], dict[str, Any]]]] = {
    "start": start,
    "outputs": outputs,
    "memory": memory,
    "profile": profile,
    "fidelity": fidelity,
}


#: Everything that may be skipped.
PASSES: Final = ("floor", *EXTRA_PASSES)

#: Seconds that each takes, about, with a model that loads in a fraction of one: most of it is starting processes. By
#: the CPU time of a run of a classifier of 1 MB; where others use the host, it takes several times as long. What a task
#: of the fidelity pass takes, nobody knows before.
_TAKES_S: Final[Mapping[str, float]] = {"floor": 3.0, "start": 15.0, "outputs": 5.0, "memory": 13.0, "profile": 5.0}


def passes_s(names: Sequence[str]) -> float:
    """What passes take beside the timed one, about, on a quiet host."""
    return sum(_TAKES_S.get(name, 0.0) for name in names)


#: Under which name a pass's part is absent, where that is not the pass's own.
_PARTS: Final = {"start": "cold start", "memory": "attribution"}


def run_extra_passes(bench: Bench, why_not: str = "") -> dict[str, Any]:
    """The parts of a measurement that the wanted passes give, with what is absent and why.

    Args:
        bench: what all passes share.
        why_not: why none of them is run; "" if they are.
    """
    wanted = [name for name in EXTRA_PASSES if name in bench.settings.passes]
    passes = [(name, EXTRA_PASSES[name]) for name in wanted]
    if bench.reference is not None:
        passes.append(("agreement", agreement))
    parts: dict[str, Any] = {"absent": {}}
    for name, extra in passes:
        if why_not or bench.stopped:
            parts["absent"] |= _without(bench, name, why_not or f"the run was stopped by {bench.stopped} before")
            continue
        try:
            found = extra(bench)
        except AssessError as error:  # What was measured is not thrown away.
            found = {"absent": _without(bench, name, str(error))}
        except (KeyboardInterrupt, Signalled) as signalled:
            bench.stopped = bench.stopped or signal_of(signalled)
            found = {"absent": _without(bench, name, f"stopped by {bench.stopped}")}
        parts["absent"] |= found.pop("absent", {})
        parts |= found
    if bench.stopped:
        parts["incomplete"] = stopped_by(bench.stopped, "after the timed part")
    return parts


def _without(bench: Bench, name: str, why: str) -> dict[str, str]:
    """What is absent without a pass."""
    absent = {_PARTS.get(name, name): why}
    if name == "profile" and bench.settings.provider != CPU:
        absent["placement"] = why
    return absent
