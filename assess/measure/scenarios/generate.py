"""Scenario: a decoder writes text token by token; what results is the time to the first token and of each further one.

A sequence is a prompt of seeded tokens and then the likeliest token each time, fed back with the cache. Each step is a
frame: the first of a sequence reads the whole prompt.
"""

from __future__ import annotations

import gc
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from statistics import median
from typing import Any, Final, Protocol

from assess.child import Stopped
from assess.errors import AssessError
from assess.measure.drive import TELL_EVERY_NS, Count, Plan, Progress, Store, how_far, nobody
from assess.measure.engine import Engine, Kernel, Tell, answer_or_refusal, require_provider
from assess.measure.pace import wake_exactly
from assess.measure.passes.timed import SHARE_OF_TIMEOUT, Watch, run_queue_share
from assess.measure.rows import Rows

#: Tokens that are timed at each length of the context: an odd number has a median that occurred.
CONTEXT_TOKENS: Final = 15

#: How exporters name a cache's input; its output has "present" in place of "past" (and may lose "_key_values").
_PAST: Final = re.compile(r"past(_key_values)?(?=[._])")


@dataclass(frozen=True, slots=True)
class Context:
    """What a token takes once the context has a length.

    Attributes:
        length: tokens that were read before.
        token_ns: median service time of a further token; None if the model did not run.
        memory_bytes: peak of the process over what it had before the model was loaded, reading the context in one
            step included; None if the system does not tell, or the model did not run.
        absent: why there is no time; "" if there is one.
    """

    length: int
    token_ns: int | None = None
    memory_bytes: int | None = None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """Text that was generated.

    Attributes:
        sequences: how many were begun.
        prompt_tokens: of each.
        new_tokens: of each; the last one may have fewer, if the run was stopped.
        first_token_ns: for each sequence, from the prompt to its first token.
        token_ns: each further token, in order.
        contexts: tokens at other lengths of the context, shortest first.
        cache_bytes_per_token: what the cache grows by with each token; None if the run ended before it was known.
    """

    sequences: int
    prompt_tokens: int
    new_tokens: int
    first_token_ns: tuple[int, ...]
    token_ns: tuple[int, ...]
    contexts: tuple[Context, ...] = ()
    cache_bytes_per_token: int | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """Further tokens a second, reading the prompt left out; None if there are none."""
        return len(self.token_ns) * 1e9 / sum(self.token_ns) if self.token_ns else None


class Steps(Protocol):
    """A decoder, one step at a time."""

    @property
    def length(self) -> int:
        """Tokens in the cache."""

    @property
    def cache_bytes(self) -> int:
        """What the cache takes."""

    def restart(self) -> None:
        """Begin with an empty cache."""

    def step(self, tokens: list[int], /) -> int:
        """Read tokens, and say which one comes next."""


def cache_of(inputs: Collection[str], outputs: Collection[str]) -> dict[str, str]:
    """Which input of a decoder is fed from which output, by the names that exporters give them.

    Raises:
        AssessError: it is no decoder with a cache.
    """
    if "input_ids" not in inputs:
        raise AssessError("the model has no input 'input_ids'", hint="a workload of kind 'generate' needs a decoder")
    cache = {}
    for name in inputs:
        if _PAST.match(name) is None:
            continue
        wanted = [_PAST.sub(lambda match, word=word: word, name) for word in ("present", "present_key_values")]  # type: ignore[misc]
        found = next((output for output in wanted if output in outputs), None)
        if found is not None:
            cache[name] = found
        elif ".encoder." not in name:  # What the encoder read does not change; it is fed as it was prepared.
            near = get_close_matches(wanted[0], outputs, n=1, cutoff=0.6)
            raise AssessError(
                f"cache {name!r} is fed from output {wanted[0]!r}, which the model does not have",
                hint=f"did you mean {near[0]!r}?" if near else "export the decoder with its cache (with past)",
            )
    if not cache:
        raise AssessError(
            "the decoder has no cache: no input is named past_key_values.* or past.*",
            hint="export it with its cache (with past): without one every token reads the whole text again",
        )
    return cache


def generate_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Generate sequences until the plan's minima are reached, counted in tokens.

    Keys of the request beyond those of the timed pass: "cache" {input: output}, "prompt_tokens", "new_tokens",
    "vocabulary" (token ids are below it), "seed".

    Returns:
        As the timed pass; each token is a row of the file "frames".

    Raises:
        AssessError: the runtime has no such provider, or the model is no decoder that can be driven.
    """
    watch, until_ns, _ = _begin(request, tell, engine, kernel)
    return answer_or_refusal(engine, lambda: _phases(request, tell, engine, kernel, watch, until_ns))


def _begin(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> tuple[Watch, int, int | None]:
    require_provider(request["provider"], engine)
    engine.read_inputs(request["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    watch = Watch(kernel.memory)
    baseline = watch.read("baseline", fresh=True)
    tell({"known": {"versions": engine.versions, **baseline}})
    wake_exactly()
    gc.collect()
    gc.disable()  # As in the timed pass: a pause that is ours is no token's.
    return watch, until_ns, baseline.get("baseline")


def _phases(
    request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel, watch: Watch, until_ns: int
) -> dict[str, Any]:
    clock = kernel.clock
    decoder, effective = _load(request, tell, engine, kernel)
    tell({"known": {**watch.read("load_peak"), "effective": effective}})

    tell({"phase": "first inference"})
    watch.restart()
    start = clock()
    decoder.restart()
    decoder.step(_prompt(request, 0))
    first_ns = clock() - start
    known = {"first_s": first_ns * 1e-9, "cache_bytes_per_token": decoder.cache_bytes // decoder.length}
    tell({"known": {**known, **watch.read("first_peak")}})

    tell({"phase": "warm-up"})
    watch.restart()
    warm_up = Plan(request["warmup_count"], int(request["warmup_duration_s"] * 1e9), until_ns)
    warmup_count = len(_sequences(decoder, request, warm_up, Count(), clock))
    tell({"known": {"binding": "runtime", "warmup_count": warmup_count, **kernel.process()}})

    tell({"phase": "timed"})
    waited, start = kernel.waited_ns(), clock()
    plan, stopped = Plan(request["min_count"], int(request["min_duration_s"] * 1e9), until_ns), False
    try:
        _sequences(decoder, request, plan, Rows(request["frames"]), clock, lambda *how: tell(_told(*how)))
    except Stopped:
        stopped = True
    share = run_queue_share(waited, kernel.waited_ns(), clock() - start)
    tell({"known": {**watch.read("steady_peak"), "run_queue_wait": share}})
    return {"stopped": stopped}


def _told(done: float, left_s: float) -> dict[str, Any]:
    return {"done": done, "left_s": left_s}


def _load(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> tuple[Steps, dict[str, Any]]:
    tell({"phase": "load"})
    start = kernel.clock()
    session: Any = engine.load(request)
    tell({"known": {"load_s": (kernel.clock() - start) * 1e-9}})
    return session.decoder(request["cache"]), session.effective()


def _prompt(request: Mapping[str, Any], sequence: int) -> list[int]:
    """The same seed, the same prompts; each sequence has one of its own."""
    rng = random.Random(f"{request['seed']} {sequence}")  # noqa: S311 - a text, no secret.
    return [rng.randrange(request["vocabulary"]) for _ in range(request["prompt_tokens"])]


def _sequences(
    decoder: Steps,
    request: Mapping[str, Any],
    plan: Plan,
    frames: Store,
    clock: Callable[[], int],
    progress: Progress = nobody,
) -> Store:
    """Generate whole sequences until both minima of the plan are reached; time ends in the middle of one."""
    begun, sequence = clock(), 0
    next_tell = begun + TELL_EVERY_NS
    while True:
        tokens = _prompt(request, sequence)
        decoder.restart()
        for _ in range(request["new_tokens"]):
            start = clock()
            tokens = [decoder.step(tokens)]
            end = clock()
            frames.append(start, start, end)
            if end >= plan.until_ns:
                return frames
        sequence += 1
        span_ns = end - begun
        if span_ns >= plan.min_duration_ns and len(frames) >= plan.min_count:
            return frames
        if end >= next_tell:
            progress(*how_far(len(frames), span_ns, plan))
            next_tell = end + TELL_EVERY_NS


def context_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Read a context of "prompt_tokens" in one step, then time further tokens: in a process of its own, since what an
    arena of memory once took it does not give back.

    Returns:
        The fields of `Context` or, if the runtime refused, {"refused": its message, "kind": of failure}.
    """
    watch, until_ns, baseline = _begin(request, tell, engine, kernel)

    def flow() -> dict[str, Any]:
        decoder, _ = _load(request, tell, engine, kernel)
        decoder.restart()
        token = decoder.step(_prompt(request, 0))
        taken: list[int] = []
        while len(taken) < CONTEXT_TOKENS and (not taken or kernel.clock() < until_ns):
            start = kernel.clock()
            token = decoder.step([token])
            taken.append(kernel.clock() - start)
        peak = watch.peak()
        memory = None if peak is None or baseline is None else max(peak - baseline, 0)
        return {"length": request["prompt_tokens"], "token_ns": round(median(taken)), "memory_bytes": memory}

    return answer_or_refusal(engine, flow)
