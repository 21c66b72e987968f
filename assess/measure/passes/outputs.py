"""The outputs pass: what comes out for other inputs than the run's, whether it is always the same, how long each takes.

Variants of the inputs are timed in alternation, block by block, so that what slows the host slows all of them alike;
one of them is the run's own inputs once more, which shows how far two equal ones differ here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from assess.errors import AssessError
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.passes.timed import SHARE_OF_TIMEOUT
from assess.measure.raw_floats import as_floats

#: The inputs of the run itself, and the same once more: what those two differ by is the host's own noise.
RUN: Final = "run"
AGAIN: Final = "run again"

#: Largest spread of equal work: MLPerf Inference TEST04 lets samples that are all the same be faster by 10 %, and by
#: 20 % where one takes less than 200 us.
SPREAD: Final = 0.10
SPREAD_OF_FAST: Final = 0.20
FAST_NS: Final = 200_000

#: A block is at least so many inferences and so long; its fastest one counts, after one that does not. That statistic
#: had the smallest spread between equal models, 1 to 2 %, on a host that was not idle.
_BLOCK_COUNT: Final = 3
_BLOCK_NS: Final = 5_000_000
_ROUNDS: Final = 2
#: Spent on timing by default; slow models may take so many times as long for their two rounds.
BUDGET_S: Final = 2.0
_PATIENCE: Final = 15
#: Repeated inferences in one session that must put out the same.
_REPEATS: Final = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """Inputs that were tried.

    Attributes:
        name: "run" (the run's own), "run again", "seed 1", "zeros", "ones", "denormals", "extremes" or "card".
        changed: inputs that were not those of the run.
        service_ns: median of the blocks' fastest inferences; None if it was not timed.
        ratio: to the run's own inputs, median over the rounds; None if it was not timed.
        absent: why it was not tried, or failed; "" if it was.
    """

    name: str
    changed: tuple[str, ...] = ()
    service_ns: int | None = None
    ratio: float | None = None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class NotFinite:
    """Elements of an output that are no finite numbers.

    Attributes:
        output: its name.
        variant: what was fed.
        nan: how many are not a number.
        infinite: how many are infinite.
        of: elements.
    """

    output: str
    variant: str
    nan: int
    infinite: int
    of: int


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What the outputs are like, and what depends on the data.

    Attributes:
        variants: those that were tried, the run's own inputs first, and those that were left out.
        rounds: how often all were timed.
        not_finite: outputs with NaN or infinities.
        deterministic: "runs" (repeated in one session), "sessions" (two of them), "threads" (other numbers of
            threads): whether the outputs for the run's own inputs were the same, bit by bit.
        compared: what each of those compared.
        digests: sha256 of each output for the run's own inputs: element type, shape and bytes.
        absent: what could not be found out, and why.
    """

    variants: tuple[Variant, ...]
    rounds: int
    not_finite: tuple[NotFinite, ...]
    deterministic: Mapping[str, bool]
    compared: Mapping[str, str]
    digests: Mapping[str, str]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def timed(self) -> tuple[Variant, ...]:
        """Variants that were timed, without the repeated one."""
        return tuple(each for each in self.variants if each.ratio is not None and each.name != AGAIN)

    @property
    def spread(self) -> float | None:
        """How much longer the slowest variant takes than the fastest, as a share; None if fewer than two were timed."""
        ratios = [each.ratio for each in self.timed if each.ratio is not None]
        return max(ratios) / min(ratios) - 1.0 if len(ratios) > 1 else None

    @property
    def noise(self) -> float | None:
        """What two equal variants differed by, as a share; None if they were not timed."""
        ratio = next((each.ratio for each in self.variants if each.name == AGAIN), None)
        return None if not ratio else max(ratio, 1.0 / ratio) - 1.0

    @property
    def threshold(self) -> float:
        """The spread above which time depends on the data."""
        base = next((each.service_ns for each in self.variants if each.name == RUN), None)
        return SPREAD_OF_FAST if base is not None and base < FAST_NS else SPREAD


def outputs_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Feed each variant, compare repeated outputs, and time the variants in alternation.

    Keys of the request beyond the common ones: "variants" [{"name", "files" {input: path}, "changed" [input]}], the
    run's own first; "left_out" {name: why}; "outputs" [{"name", "dtype"}]; "budget_s" (optional).

    Returns:
        The fields of `OutputFacts` or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    engine.read_inputs(request["inputs"])
    try:
        return answer_or_refusal(engine, lambda: _Look(request, tell, engine, kernel).answer())
    except AssessError as error:  # An output of a kind that cannot be read: no mistake of whoever asked.
        return {"refused": str(error), "kind": "refused"}


class Loaded(NamedTuple):
    """A session, and a call that runs one inference of it."""

    session: Session
    infer: Callable[[], object]

    def feed(self, files: Mapping[str, str]) -> None:
        """Feed arrays from files: read each time, so that memory stays that of one variant."""
        import numpy as np

        self.session.feed({name: np.load(file, allow_pickle=False) for name, file in files.items()})


class _Look:
    """One look at a model's outputs; what is found on the way is kept here."""

    def __init__(self, request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> None:
        self._request, self._tell, self._engine, self._clock = request, tell, engine, kernel.clock
        self._until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
        self._longest_ns = int(request.get("budget_s", BUDGET_S) * _PATIENCE * 1e9)
        self._dtypes = {each["name"]: each["dtype"] for each in request["outputs"]}
        self._failed: dict[str, str] = dict(request["left_out"])
        self._not_finite: list[dict[str, Any]] = []
        self._same: dict[str, bool] = {}
        self._compared: dict[str, str] = {}
        self._absent: dict[str, str] = {}

    def answer(self) -> dict[str, Any]:
        start = self._clock()
        loaded = load(self._engine, self._request)
        load_ns = self._clock() - start
        first, *others = self._request["variants"]
        digests, taken = self._base(loaded, first)
        for variant in others:
            self._try(loaded, variant, taken)
        floors = self._time(loaded, taken)
        self._runs(loaded, first, digests)
        loaded = None  # type: ignore[assignment]  # Two sessions at once would take twice the memory.
        self._sessions(digests, load_ns)
        return {
            "variants": self._variants(floors),
            "rounds": len(floors),
            "not_finite": self._not_finite,
            "deterministic": self._same,
            "compared": self._compared,
            "digests": digests,
            "absent": self._absent,
        }

    def _base(self, loaded: Loaded, run: dict[str, Any]) -> tuple[dict[str, str], dict[str, int]]:
        """Digests for the run's own inputs, and what one inference takes."""
        self._say(run["name"])
        loaded.feed(run["files"])
        digests: list[dict[str, str]] = []
        taken = []
        for _ in range(_REPEATS):
            start = self._clock()
            loaded.infer()
            taken.append(self._clock() - start)
            digests.append(digests_of(loaded.session.outputs()))
        self._same["runs"] = all(each == digests[0] for each in digests)
        self._count(loaded.session, run["name"])
        return digests[0], {run["name"]: min(taken)}

    def _try(self, loaded: Loaded, variant: dict[str, Any], taken: dict[str, int]) -> None:
        name = variant["name"]
        if self._clock() >= self._until_ns:
            self._failed[name] = "no time was left"
            return
        self._say(name)
        try:
            loaded.feed(variant["files"])
            start = self._clock()
            loaded.infer()
            took = self._clock() - start
        except self._engine.refusals as error:
            self._failed[name] = f"refused: {error}"
            return
        taken[name] = took
        self._count(loaded.session, name)

    def _say(self, name: str) -> None:
        # Told beforehand: if the model's process dies of it, this is what it was fed.
        self._tell({"known": {"fed": name}})

    def _count(self, session: Session, variant: str) -> None:
        for name, value in session.outputs().items():
            nan, infinite, of = _not_finite(value, self._dtypes.get(name, ""))
            if nan or infinite:
                found = {"output": name, "variant": variant, "nan": nan, "infinite": infinite, "of": of}
                self._not_finite.append(found)

    def _time(self, loaded: Loaded, taken: Mapping[str, int]) -> list[dict[str, int]]:
        """For each round the fastest inference of each variant's block."""
        files = {each["name"]: each["files"] for each in self._request["variants"] if each["name"] in taken}
        if len(files) < 2:
            self._absent["timing"] = "there is nothing but the run's own inputs"
            return []
        counts = {name: max(_BLOCK_COUNT, math.ceil(_BLOCK_NS / max(ns, 1))) for name, ns in taken.items()}
        files[AGAIN], counts[AGAIN] = files[RUN], counts[RUN]
        times = {**taken, AGAIN: taken[RUN]}
        wanted_ns = _ROUNDS * sum((count + 1) * times[name] for name, count in counts.items())
        allowed_ns = min(self._longest_ns, self._until_ns - self._clock())
        if wanted_ns > allowed_ns:
            self._absent["timing"] = (
                f"two rounds of {len(counts)} variants would take {wanted_ns * 1e-9:.3g} s, "
                f"{max(allowed_ns, 0) * 1e-9:.3g} s are left for them"
            )
            return []
        return self._rounds(loaded, files, counts)

    def _rounds(
        self, loaded: Loaded, files: Mapping[str, Mapping[str, str]], counts: Mapping[str, int]
    ) -> list[dict[str, int]]:
        rounds: list[dict[str, int]] = []
        end_ns = self._clock() + int(self._request.get("budget_s", BUDGET_S) * 1e9)
        while len(rounds) < _ROUNDS or self._clock() < end_ns:
            if rounds and self._clock() >= self._until_ns:
                break
            # There and back, so that no variant always comes after the same one, or always late.
            order = list(files) if len(rounds) % 2 == 0 else list(files)[::-1]
            rounds.append({name: self._block(loaded, files[name], counts[name]) for name in order})
        return rounds

    def _block(self, loaded: Loaded, files: Mapping[str, str], count: int) -> int:
        clock, infer = self._clock, loaded.infer
        loaded.feed(files)
        infer()
        taken = []
        for _ in range(count):
            start = clock()
            infer()
            taken.append(clock() - start)
        return max(min(taken), 1)  # A clock that is coarse may have stood still.

    def _runs(self, loaded: Loaded, run: dict[str, Any], digests: dict[str, str]) -> None:
        """Once more at the end: other data has been through the session since."""
        loaded.feed(run["files"])
        loaded.infer()
        self._same["runs"] = self._same["runs"] and digests_of(loaded.session.outputs()) == digests
        self._compared["runs"] = f"{_REPEATS + 1} inferences in one session"

    def _sessions(self, digests: dict[str, str], load_ns: int) -> None:
        own = self._request["threads"]
        threads = [count for count in (1, 2) if count != own]
        if (1 + len(threads)) * load_ns > min(self._longest_ns, self._until_ns - self._clock()):
            why = f"loading takes {load_ns * 1e-9:.3g} s"
            self._absent.update(sessions=why, threads=why)
            return
        self._same["sessions"] = self._again(own) == digests
        self._compared["sessions"] = "2 sessions"
        self._same["threads"] = all(self._again(count) == digests for count in threads)
        named = ["the default" if count == 0 else str(count) for count in (own, *threads)]
        self._compared["threads"] = f"{', '.join(named[:-1])} and {named[-1]} threads"

    def _again(self, threads: int) -> dict[str, str]:
        loaded = load(self._engine, {**self._request, "threads": threads})
        loaded.feed(self._request["variants"][0]["files"])
        loaded.infer()
        return digests_of(loaded.session.outputs())

    def _variants(self, rounds: Sequence[Mapping[str, int]]) -> list[dict[str, Any]]:
        changed = {each["name"]: each["changed"] for each in self._request["variants"]}
        tried = [name for name in changed if name not in self._failed]
        if rounds:
            tried.insert(1, AGAIN)
        found: list[dict[str, Any]] = []
        for name in tried:
            entry: dict[str, Any] = {"name": name, "changed": changed.get(name, [])}
            if rounds:
                entry["service_ns"] = int(median(each[name] for each in rounds))
                entry["ratio"] = median(each[name] / each[RUN] for each in rounds)
            found.append(entry)
        left_out = [
            {"name": name, "changed": changed.get(name, []), "absent": why} for name, why in self._failed.items()
        ]
        return found + left_out


def load(engine: Engine, request: Mapping[str, Any]) -> Loaded:
    """A session that has run once and is bound as the timed one is."""
    session = engine.load(request)
    session.first()
    return Loaded(session, session.settle()[1])


def digests_of(outputs: Mapping[str, Any]) -> dict[str, str]:
    """sha256 of each output: element type, shape and bytes."""
    found = {}
    for name, value in outputs.items():
        digest = hashlib.sha256()
        for array in arrays_in(value):
            digest.update(f"{array.dtype.name} {array.shape} ".encode())
            digest.update(repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes())
        found[name] = digest.hexdigest()
    return found


def arrays_in(value: Any) -> Iterator[Any]:
    """The arrays that an output consists of: itself, or the members of a sequence or map."""
    import numpy as np

    if isinstance(value, np.ndarray):
        yield value
        return
    members: Iterable[Any] | None = None
    if isinstance(value, Mapping):
        members = (member for pair in value.items() for member in pair)
    elif isinstance(value, list | tuple):
        members = value
    if members is None:
        yield np.asarray(value)
        return
    for member in members:
        yield from arrays_in(member)


def _not_finite(value: Any, dtype: str) -> tuple[int, int, int]:
    """How many elements are not a number, how many infinite, of how many."""
    import numpy as np

    nan = infinite = of = 0
    for array in arrays_in(value):
        floats = as_floats(np, array, dtype)
        of += array.size
        if floats.dtype.kind in "fc":
            nan += int(np.isnan(floats).sum())
            infinite += int(np.isinf(floats).sum())
    return nan, infinite, of
