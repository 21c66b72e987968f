"""Throughput and tokens, in exact numbers."""

import builders

from assess.judge.criteria.first_token import first_token
from assess.judge.criteria.throughput import throughput
from assess.judge.criteria.token import token
from assess.judge.finding import Verdict
from assess.measure.frames import closed_loop_frames
from assess.measure.scenarios.generate import Generation
from assess.measure.scenarios.offline import BatchRun, Offline

MS = 1_000_000
PROXY = builders.host(board="Laptop")


def ask(criterion, wanted=None, **changes):
    return criterion.ask(builders.case(run=builders.measurement(**changes), job=builders.workload(**(wanted or {}))))


BATCHES = Offline(
    ("batch",),
    (BatchRun(1, closed_loop_frames((10 * MS,) * 100)), BatchRun(4, closed_loop_frames((16 * MS,) * 100)),
     BatchRun(8, closed_loop_frames(()), absent="out of memory")),
)  # fmt: skip


def test_the_best_batch_decides_the_throughput():
    found = ask(throughput, {"throughput": "250 Hz"}, offline=BATCHES)
    assert (found.verdict, found.found.low, found.because) == (Verdict.PASS, 250.0, "batch of 4, 100 runs")
    assert ask(throughput, {"throughput": "251 Hz"}, offline=BATCHES).verdict is Verdict.FAIL


def test_without_batches_frames_one_by_one_count():
    found = ask(throughput, {"throughput": "90 Hz"}, service_ns=(10 * MS,) * 700)
    assert (found.verdict, found.found.low) == (Verdict.PASS, 100.0)


TEXT = Generation(500, 32, 8, (40 * MS,) * 500, (5 * MS,) * 3500)


def test_the_first_token_and_each_further_one_have_a_limit_of_their_own():
    limits = {"first_token": "50 ms", "token": "4 ms"}
    first = ask(first_token, limits, generation=TEXT)
    assert (first.verdict, first.found.high) == (Verdict.PASS, 0.04)
    assert first.because == "p99 of 500 prompts of 32 tokens, 99% confidence each way"
    assert ask(token, limits, generation=TEXT).verdict is Verdict.FAIL


def test_too_few_prompts_leave_it_open():
    few = Generation(50, 32, 8, (40 * MS,) * 50, (5 * MS,) * 350)
    assert ask(first_token, {"first_token": "50 ms"}, generation=few).verdict is Verdict.MARGINAL


def test_what_nobody_asks_is_not_asked_and_what_was_not_run_is_unknown():
    for criterion, wanted in (
        (throughput, {"throughput": "1 Hz"}),
        (first_token, {"first_token": "1 s"}),
        (token, {"token": "1 s"}),
    ):
        assert ask(criterion).verdict is Verdict.NOT_ASKED
        assert ask(criterion, wanted, before=PROXY).verdict is Verdict.UNKNOWN
    assert ask(token, {"token": "1 s"}).because == "no text was generated"
