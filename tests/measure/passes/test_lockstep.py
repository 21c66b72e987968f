"""Two sides that take turns: who runs when, what is timed, and what becomes of one that is left alone."""

import os
import threading

import pytest
from fakes import MS, FakeClock, FakeEngine, FakeMemory, RefusedError, kernel

from assess.measure.passes.lockstep import LeftAloneError, Pipes, lockstep_pass, plan_blocks, take_turns


@pytest.mark.parametrize(
    ("inference_ns", "plan"),
    [
        (20_000, (250, 40)),  # 5 ms a batch; 0.2 s are 40 of them
        (1_500_000, (3, 46)),
        (20 * MS, (3, 20)),
        (99 * MS, (3, 16)),  # 10 s for both sides, at most
        (150 * MS, (1, 20)),
        (1000 * MS, (1, 6)),
        (60_000 * MS, (1, 4)),
    ],
)
def test_batches_of_5_ms_and_blocks_of_an_even_number(inference_ns, plan):
    assert plan_blocks(inference_ns) == plan


class Turns:
    """Both sides in one thread of time: what was run, in order, as they would on one clock."""

    def __init__(self):
        self.said = threading.Semaphore(0)
        self.other = None

    def tell(self, word):
        self.other.said.release()

    def hear(self):
        assert self.said.acquire(timeout=10)


def test_who_begins_alternates_and_one_inference_after_each_switch_is_not_timed():
    ran, clock = [], FakeClock()
    sides = Turns(), Turns()
    sides[0].other, sides[1].other = sides[1], sides[0]
    batches = {}

    def side(name, peer, leads, takes):
        def infer():
            ran.append(name)
            clock.now += takes

        batches[name] = take_turns(infer, 3, 4, peer, leads=leads, clock=clock)

    other = threading.Thread(target=side, args=("b", sides[1], False, 7))
    other.start()
    side("a", sides[0], True, 5)
    other.join(timeout=10)
    # A B, B A, A B, B A: a timed batch has three, and a fourth where the other side ran before.
    assert "".join(ran) == "aaa" + "bbbb" + "bbb" + "aaaa" + "aaa" + "bbbb" + "bbb" + "aaaa"
    assert batches == {"a": [[5, 5, 5]] * 4, "b": [[7, 7, 7]] * 4}


class Alone:
    """A peer that is as fast as we are, and never late."""

    def __init__(self, *_):
        self.heard = [2 * MS]

    def tell(self, word):
        pass

    def hear(self):
        return self.heard.pop() if self.heard else 0


REQUEST = {
    "provider": "CPUExecutionProvider", "inputs": [], "scenario": {"kind": "single"}, "warmup_count": 30,
    "warmup_duration_s": 0.1, "timeout_s": 60.0, "inbox": "in", "outbox": "out", "leads": True,
}  # fmt: skip


def test_a_launch_has_batches_percentiles_and_memory():
    clock, told = FakeClock(), []
    found = lockstep_pass(
        REQUEST, told.append, FakeEngine(clock), kernel(clock, FakeMemory(90, 70)), meet=Alone
    )  # fmt: skip
    assert found == {
        "fastest_ns": (2 * MS,) * 34, "median_ns": (2 * MS,) * 34, "peak_bytes": 90, "steady_bytes": 70,
        "count": 102, "quantiles_ns": (2 * MS,) * 6,
    }  # fmt: skip
    assert told == [{"known": {"versions": {"onnxruntime": "fake"}}}]


def test_a_model_that_is_refused_says_so():
    clock = FakeClock()
    engine = FakeEngine(clock, load=RefusedError("no kernel"))
    found = lockstep_pass(REQUEST, [].append, engine, kernel(clock), meet=Alone)
    assert found == {"refused": "no kernel", "kind": "refused"}


def test_who_is_left_alone_ends():
    class Gone(Alone):
        def hear(self):
            raise LeftAloneError

    clock = FakeClock()
    found = lockstep_pass(REQUEST, [].append, FakeEngine(clock), kernel(clock), meet=Gone)
    assert found == {"left alone": True}


@pytest.fixture
def pipes(tmp_path):
    names = tmp_path / "first", tmp_path / "second"
    for name in names:
        os.mkfifo(name)
    return names


def test_numbers_go_both_ways_through_pipes(pipes):
    heard = []

    def other():
        peer = Pipes(pipes[1], pipes[0], 10.0)
        heard.append(peer.hear())
        peer.tell(heard[0] + 1)

    thread = threading.Thread(target=other)
    thread.start()
    peer = Pipes(pipes[0], pipes[1], 10.0)
    peer.tell(2**40)
    assert peer.hear() == 2**40 + 1
    thread.join(timeout=10)


def test_a_peer_that_ends_is_noticed_at_once(pipes):
    thread = threading.Thread(target=lambda: os.close(Pipes(pipes[1], pipes[0], 10.0)._out))
    thread.start()
    peer = Pipes(pipes[0], pipes[1], 60.0)
    thread.join(timeout=10)
    with pytest.raises(LeftAloneError):
        peer.hear()


def test_a_peer_that_never_comes_or_was_given_up_is_not_waited_for(pipes):
    with pytest.raises(LeftAloneError):
        Pipes(pipes[0], pipes[1], 0.05)
    for gone in (1, 0):
        pipes[gone].unlink()
        with pytest.raises(LeftAloneError):
            Pipes(pipes[0], pipes[1], 60.0)
