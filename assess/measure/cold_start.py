"""Cold start: processes that load the model and run it once, with files in the page cache or not, optimised or not.

One start a process, and the variants take turns: what changes on the host meanwhile falls on all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from assess.errors import AssessError
from assess.measure import page_cache
from assess.measure.page_cache import Cached
from assess.measure.plain import decode
from assess.sandbox import Limits

if TYPE_CHECKING:  # A run's records hold those of this file.
    from assess.measure.timed_run import Launch, OnProgress

_WORKER: Final = "assess.measure.worker"
#: Of the bytes that have to be read, what may still be in the cache in a start that is called cold.
_STILL_COLD: Final = 0.01

Cache = Literal["cold", "warm"]


@dataclass(frozen=True, slots=True)
class Start:
    """Starts of one variant: from the start of the process to the first output, in seconds.

    Attributes:
        cache: "cold" if the model's files and the runtime's were pushed out of the page cache before each start;
            Python's own files, which this process uses too, are in it always.
        optimised: whether a graph was loaded that had been optimised and saved before.
        exec_to_import_s: until ONNX Runtime is imported: Python itself, and this tool's worker. In the median start.
        import_s: import of ONNX Runtime and numpy. In the median start.
        load_s: making the session. In the median start.
        first_s: first inference. In the median start.
        total_s: of each start, in order; the four steps sum to the median (of an even number, the lower one).
        note: what stayed in the cache all the same; "" if nothing did.
        invalid: why the first output is not valid; "" if it is.
    """

    cache: Cache
    optimised: bool
    exec_to_import_s: float
    import_s: float
    load_s: float
    first_s: float
    total_s: tuple[float, ...]
    note: str = ""
    invalid: str = ""

    @property
    def median_s(self) -> float:
        """Total of the median start."""
        return sorted(self.total_s)[(len(self.total_s) - 1) // 2]

    @property
    def worst_s(self) -> float:
        """Total of the slowest start."""
        return max(self.total_s)


@dataclass(frozen=True, slots=True)
class PageCache:
    """What is asked of the page cache; tests hand in one of their own."""

    drop: Callable[[Iterable[Path]], Cached] = page_cache.drop
    warm: Callable[[Iterable[Path]], None] = page_cache.warm


@dataclass(frozen=True, slots=True)
class _Variant:
    cache: Cache
    optimised: bool

    @property
    def words(self) -> str:
        return f"{self.cache} start{' of the optimised model' if self.optimised else ''}"


def cold_starts(
    request: Mapping[str, Any],
    model_files: Sequence[Path],
    limits: Limits,
    *,
    launch: Launch,
    on_progress: OnProgress,
    count: int = 3,
    cache: PageCache = PageCache(),
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[tuple[Start, ...], dict[str, str]]:
    """Start the model again and again in each variant.

    Args:
        request: for the worker, as for the other passes.
        model_files: the model's file first, then those with its weights.
        limits: of each process.
        launch: runs a worker.
        on_progress: told how far it is.
        count: starts of each variant.
        cache: the page cache.
        clock: nanoseconds, the one that workers read too.

    Returns:
        What was measured, and for each variant that could not be ("cold start", "warm start", each also " of the
        optimised model"), why.
    """
    absent: dict[str, str] = {}
    saved = Path(request["scratch"]) / "optimised.onnx"
    forms: dict[bool, tuple[dict[str, Any], list[Path]]] = {False: ({**request, "pass": "start"}, list(model_files))}
    variants = [_Variant(kind, form) for form in (False, True) for kind in ("warm", "cold")]
    answers: dict[_Variant, list[dict[str, Any]]] = {}
    notes: dict[_Variant, str] = {}
    try:
        on_progress("saving the optimised model", None, None)
        if why := _save(forms[False][0], saved, limits, launch, clock):
            absent |= {variant.words: why for variant in variants if variant.optimised}
        # What one process optimised need not be optimised again. Weights that lie outside stay where they are.
        optimised = {**forms[False][0], "model": str(saved), "optimisation": "disabled"}
        forms[True] = (optimised, [saved, *model_files[1:]])
        for turn, variant in product(range(count), variants):
            if variant.words in absent:
                continue
            on_progress(variant.words, turn / count, None)
            asked, files = forms[variant.optimised]
            try:
                notes[variant] = _prepare(variant.cache, files, cache)
                answers.setdefault(variant, []).append(_one(asked, limits, launch, clock))
            except _UnableError as error:
                absent[variant.words] = str(error)
    except _StoppedError as error:  # What was started before counts.
        absent |= {variant.words: str(error) for variant in variants if not answers.get(variant)}
    return _records(variants, answers, notes, absent), absent


def _records(
    variants: Sequence[_Variant],
    answers: Mapping[_Variant, Sequence[Mapping[str, Any]]],
    notes: Mapping[_Variant, str],
    absent: dict[str, str],
) -> tuple[Start, ...]:
    """What the variants' starts answered; nonsense is absent too, since a model may have overrun its process."""
    starts = []
    for variant in variants:
        if variant.words in absent:
            continue
        try:
            starts.append(_start(variant, answers[variant], notes[variant]))
        except (KeyError, TypeError, ValueError) as error:
            absent[variant.words] = f"answered what is not a result: {type(error).__name__}"
    return tuple(starts)


class _UnableError(Exception):
    """A variant cannot be measured; the message says why."""


class _StoppedError(Exception):
    """The run was told to stop; the message says by what."""


def _save(request: Mapping[str, Any], to: Path, limits: Limits, launch: Launch, clock: Callable[[], int]) -> str:
    """Have one process save the optimised model; why there is none, or ""."""
    try:
        _one({**request, "save_optimised": str(to)}, limits, launch, clock)
    except _UnableError as error:
        return f"the optimised model could not be saved: {error}"
    return "" if to.is_file() else "the runtime saved no optimised model"


def _one(request: Mapping[str, Any], limits: Limits, launch: Launch, clock: Callable[[], int]) -> dict[str, Any]:
    """One start in a process of its own.

    Raises:
        _UnableError: it did not get to a first output.
        _StoppedError: the run was stopped meanwhile.
    """
    asked = {**request, "spawned_ns": clock()}
    try:
        ending = launch(_WORKER, asked, limits, on_progress=lambda message: None)
    except AssessError as error:
        raise _UnableError(error.problem) from error
    if ending.signal:
        raise _StoppedError(f"stopped by {ending.signal}")
    if ending.cause != "answered":
        raise _UnableError(ending.detail)
    answer = ending.answer
    if not isinstance(answer, dict) or "refused" in answer:
        raise _UnableError(f"ONNX Runtime refused: {answer['refused']}" if isinstance(answer, dict) else "no answer")
    return answer


def _prepare(kind: Cache, files: Sequence[Path], cache: PageCache) -> str:
    """Bring the page cache into the state wanted; what it is not, all the same.

    Raises:
        _UnableError: it cannot be.
    """
    runtime, numpy = package_files("onnxruntime"), package_files("numpy")
    try:
        if kind == "warm":
            cache.warm([*files, *runtime, *numpy])
            return ""
        must = cache.drop([*files, *runtime])
        beside = cache.drop(numpy)
    except OSError as error:
        raise _UnableError(f"the page cache cannot be steered: {error.strerror or error}") from error
    if must.share > _STILL_COLD:
        raise _UnableError(
            f"could not be made cold: {must.share:.0%} of the files stayed in the page cache, "
            f"most of all {Path(must.largest).name}: another process has it open, or it lies in memory"
        )
    # This process uses numpy, so it cannot be pushed out; on a device it would be read too if Python is used there.
    return f"{beside.share:.0%} of numpy stayed in the page cache" if beside.share > _STILL_COLD else ""


def package_files(package: str) -> list[Path]:
    """Files of an installed package, without importing it; empty if it is not there."""
    spec = find_spec(package)
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return sorted(path for folder in folders for path in Path(folder).rglob("*") if path.is_file())


def _start(variant: _Variant, answers: Sequence[Mapping[str, Any]], note: str) -> Start:
    middle = sorted(answers, key=lambda answer: float(answer["total_s"]))[(len(answers) - 1) // 2]
    faults = [str(answer["invalid"]) for answer in answers if answer["invalid"]]
    steps = {name: middle[name] for name in ("exec_to_import_s", "import_s", "load_s", "first_s")}
    data = {
        "cache": variant.cache,
        "optimised": variant.optimised,
        **steps,
        "total_s": [answer["total_s"] for answer in answers],
        "note": note,
        "invalid": "; ".join(dict.fromkeys(faults)),
    }
    return decode(Start, data, "starts")
