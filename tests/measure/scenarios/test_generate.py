"""A decoder token by token: a fake one in exact numbers, and a real one against itself without its cache."""

from dataclasses import replace
from itertools import chain, repeat

import pytest
import real_runs
from fakes import MS, FakeClock, FakeEngine, RefusedError, kernel

from assess.child import Stopped
from assess.errors import AssessError
from assess.measure.frames import read_frames
from assess.measure.measurement import Failure
from assess.measure.onnx_runtime import OnnxRuntime
from assess.measure.scenarios.generate import Context, Generation, cache_of, context_pass, generate_pass
from assess.sandbox import Ending

PORTS = ["past_key_values.0.key", "past_key_values.0.value"]


@pytest.mark.parametrize(
    ("inputs", "outputs", "cache"),
    [
        (PORTS, ["present.0.key", "present.0.value"], ["present.0.key", "present.0.value"]),
        (PORTS, [f"present_key_values.0.{part}" for part in ("key", "value")], None),
        (["past.0.key"], ["present.0.key"], ["present.0.key"]),
        (["past_0"], ["present_0"], ["present_0"]),
        (["past_key_values.0.decoder.key"], ["present.0.decoder.key"], ["present.0.decoder.key"]),
    ],
)
def test_a_cache_is_found_by_the_names_that_exporters_give(inputs, outputs, cache):
    found = cache_of(["input_ids", "attention_mask", *inputs], ["logits", *outputs])
    assert found == dict(zip(inputs, cache or outputs, strict=True))


def test_what_the_encoder_read_is_not_fed_back():
    inputs = ["input_ids", "past_key_values.0.decoder.key", "past_key_values.0.encoder.key"]
    assert list(cache_of(inputs, ["logits", "present.0.decoder.key"])) == ["past_key_values.0.decoder.key"]


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem", "hint"),
    [
        (["pixels"], ["logits"], "no input 'input_ids'", "needs a decoder"),
        (["input_ids"], ["logits"], "the decoder has no cache", "export it with its cache"),
        (["input_ids", *PORTS], ["logits"], "fed from output 'present.0.key', which the model does not", "export"),
        (["input_ids", *PORTS], ["present.0.kei"], "fed from output 'present.0.key'", "did you mean 'present.0.kei'?"),
    ],
)
def test_a_model_that_is_no_decoder_is_refused_by_name(inputs, outputs, problem, hint):
    with pytest.raises(AssessError) as caught:
        cache_of(inputs, outputs)
    assert problem in caught.value.problem
    assert hint in caught.value.hint


class FakeDecoder:
    """Takes 1 ms for each token that it reads, or the next of some times; the next token is how many it has read."""

    def __init__(self, clock, times=None):
        self._clock, self._times = clock, iter(times or repeat(None))
        self.length, self.read, self.caches = 0, [], []

    @property
    def cache_bytes(self):
        return 96 * self.length

    def restart(self):
        self.caches.append(self.length)
        self.length = 0

    def step(self, tokens):
        time = next(self._times)
        if isinstance(time, BaseException):
            raise time
        self._clock.now += len(tokens) * MS if time is None else time
        self.length += len(tokens)
        self.read.append(list(tokens))
        return self.length


def generated(tmp_path, flow=generate_pass, *, times=None, **changes):
    clock = FakeClock()
    engine, decoder, told = FakeEngine(clock), FakeDecoder(clock, times), []
    engine._session.decoder = lambda cache: decoder
    request = {
        "provider": "CPUExecutionProvider", "inputs": [], "timeout_s": 600.0, "frames": str(tmp_path / "frames"),
        "warmup_count": 10, "warmup_duration_s": 0.0, "min_count": 10, "min_duration_s": 0.0, "seed": 7,
        "cache": {"past": "present"}, "prompt_tokens": 5, "new_tokens": 4, "vocabulary": 50, **changes,
    }  # fmt: skip
    answer = flow(request, told.append, engine, kernel(clock))
    known = {}
    for message in told:
        known |= message.get("known", {})
    return answer, known, decoder, read_frames(tmp_path / "frames")[1], [m["phase"] for m in told if "phase" in m]


def test_each_token_is_a_frame_and_the_first_of_a_sequence_reads_the_prompt(tmp_path):
    answer, known, _, frames, phases = generated(tmp_path)
    assert answer == {"stopped": False}
    assert phases == ["load", "first inference", "warm-up", "timed"]
    # Ten tokens at least, in whole sequences.
    assert frames.service_ns == (5 * MS, MS, MS, MS) * 3
    assert known["first_s"] == pytest.approx(0.005)
    assert (known["cache_bytes_per_token"], known["binding"], known["warmup_count"]) == (96, "runtime", 12)
    assert [known[name] for name in ("baseline", "load_peak", "first_peak", "steady_peak")] == [50, 90, 70, 80]


def test_what_is_put_out_is_read_next_and_each_sequence_has_a_prompt_of_its_own(tmp_path):
    _, _, decoder, _, _ = generated(tmp_path)
    timed = decoder.read[-12:]
    assert timed[1:4] == [[5], [6], [7]]
    prompts = timed[0::4]
    assert len({tuple(prompt) for prompt in prompts}) == 3
    assert all(0 <= token < 50 for prompt in prompts for token in prompt)
    assert generated(tmp_path, frames=str(tmp_path / "again"))[2].read == decoder.read
    assert generated(tmp_path, frames=str(tmp_path / "other"), seed=8)[2].read != decoder.read


def test_time_that_is_up_ends_it_in_the_middle_of_a_sequence(tmp_path):
    times = chain(repeat(MS, 13), repeat(1000 * MS))
    answer, _, _, frames, _ = generated(tmp_path, times=times, timeout_s=10.0)
    assert answer == {"stopped": False}
    assert len(frames) == 8  # 80 % of 10 s, less the 58 ms before: the eighth ends after them.


def test_tokens_before_a_stop_are_kept(tmp_path):
    answer, known, _, frames, _ = generated(tmp_path, times=chain(repeat(MS, 19), [Stopped()]))
    assert answer == {"stopped": True}
    assert len(frames) == 6
    assert known["steady_peak"] == 80


def test_a_refusal_is_an_answer(tmp_path):
    answer, _, _, _, phases = generated(tmp_path, times=[RefusedError("indices out of bounds")])
    assert answer == {"refused": "indices out of bounds", "kind": "refused"}
    assert phases[-1] == "first inference"


def test_a_context_is_read_at_once_and_then_tokens_are_timed(tmp_path):
    answer, _, decoder, _, _ = generated(tmp_path, context_pass, prompt_tokens=30)
    assert answer == {"length": 30, "token_ns": MS, "memory_bytes": 40}
    assert [len(tokens) for tokens in decoder.read] == [30, *[1] * 15]


def test_rates_are_of_further_tokens_alone():
    found = Generation(2, 5, 3, (9 * MS, 11 * MS), (MS, 3 * MS, 2 * MS, 2 * MS))
    assert found.tokens_per_s == 500.0
    assert Generation(1, 5, 1, (9 * MS,), ()).tokens_per_s is None


def loaded(tmp_path, model):
    engine = OnnxRuntime()
    path = str(real_runs.saved(tmp_path, model))
    session = engine.load({"model": path, "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all"})
    inputs = [each.name for each in session._session.get_inputs()]
    outputs = [each.name for each in session._session.get_outputs()]
    return session.decoder(cache_of(inputs, outputs))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"merged": True}, {"rename": ("past", "present")}])
def test_text_from_the_cache_is_the_text_without_one(tmp_path, options):
    found = loaded(tmp_path, real_runs.decoder(**options))
    prompt = [3, 1, 4, 1, 5, 9, 2, 6]
    written, told = list(prompt), []
    for _ in range(20):  # Without a cache: the whole text is read for each token.
        found.restart()
        told.append(found.step(written))
        written.append(told[-1])
    found.restart()
    tokens, cached = prompt, []
    for _ in range(20):
        cached.append(found.step(tokens))
        tokens = cached[-1:]
    assert cached == told
    assert len(set(told)) > 2  # A text that says nothing would prove nothing.
    assert found.length == 27
    # Keys and values of two layers, two heads of four float32 each.
    assert found.cache_bytes == 27 * 2 * 2 * 2 * 4 * 4


@pytest.mark.slow
def test_a_cache_of_which_nothing_grows_is_refused(tmp_path):
    model = real_runs.decoder()
    for port in model.graph.input:
        if port.name.startswith("past"):
            port.type.tensor_type.shape.dim[2].dim_value = 16
    with pytest.raises(AssessError, match="which dimension grows with the text cannot be told"):
        loaded(tmp_path, model)


SCENARIO = {"kind": "generate", "prompt_tokens": 6, "new_tokens": 8}


@pytest.mark.slow
def test_a_decoder_is_measured_with_its_contexts(tmp_path):
    wanted = real_runs.job({**SCENARIO, "contexts": [40, 8, 100]})
    found = real_runs.run(tmp_path, real_runs.decoder(), wanted, dims=real_runs.DIMS)
    assert found["failure"] is None, found["failure"]
    generation = found["generation"]
    assert (generation.prompt_tokens, generation.new_tokens, generation.sequences) == (6, 8, len(found["frames"]) // 8)
    assert len(generation.first_token_ns) == generation.sequences
    assert len(generation.token_ns) == 7 * generation.sequences
    assert generation.cache_bytes_per_token == 2 * 2 * 2 * 4 * 4
    assert found["effective"].binding == "runtime"
    assert [context.length for context in generation.contexts] == [8, 40, 100]
    assert all(context.token_ns > 0 and context.memory_bytes > 0 for context in generation.contexts[:2])
    assert "refused: " in generation.contexts[2].absent  # It knows 64 positions.
    assert generation.contexts[2].token_ns is None


@pytest.mark.slow
def test_a_prompt_that_is_too_long_is_a_failure_with_its_phase(tmp_path):
    wanted = real_runs.job({**SCENARIO, "prompt_tokens": 65})
    found = real_runs.run(tmp_path, real_runs.decoder(), wanted, dims=real_runs.DIMS)
    assert (found["failure"].phase, found["failure"].kind) == ("first inference", "refused")
    assert found["generation"] is None
    assert found["absent"]["generation"] == "no token was generated"


@pytest.mark.slow
def test_a_worker_that_answers_nonsense_is_a_crash(tmp_path):
    def overrun(module, request, limits, *, on_progress, **options):
        on_progress({"known": {"cache_bytes_per_token": "many"}})
        return Ending("answered", {"stopped": False}, "", "")

    path = real_runs.saved(tmp_path, real_runs.decoder())
    found = real_runs.run(tmp_path, path, real_runs.job(SCENARIO), dims=real_runs.DIMS, launch=overrun)
    assert isinstance(found["failure"], Failure)
    assert (found["failure"].kind, found["generation"]) == ("crashed", None)


@pytest.mark.slow
def test_a_model_without_a_cache_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(AssessError, match="no input 'input_ids'"):
        real_runs.run(tmp_path, real_runs.relu(), real_runs.job(SCENARIO), launch=lambda *_, **__: pytest.fail("ran"))


def test_a_context_says_why_it_is_absent():
    assert Context(8, absent="refused: no").token_ns is None


@pytest.mark.slow
def test_text_that_is_stopped_keeps_its_tokens_and_asks_for_no_context(tmp_path):
    wanted = real_runs.job({**SCENARIO, "contexts": [8]})
    settings = replace(real_runs.BRIEF, min_duration_s=20.0)
    options = {"dims": real_runs.DIMS, "settings": settings, "launch": real_runs.stopping()}
    found = real_runs.run(tmp_path, real_runs.decoder(), wanted, **options)
    assert found["incomplete"].startswith("stopped by SIGINT after 0.")
    assert (found["failure"], found["generation"].contexts) == (None, ())
    assert found["generation"].sequences > 1
