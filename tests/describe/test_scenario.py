"""Scenarios as authored: each kind's keys and defaults, and what is wrong shown in its line."""

import re

import pytest

from assess.describe.authored import load
from assess.describe.workload import Workload
from assess.errors import AssessError

HEAD = """\
name = "A job"
version = 1
sectors = ["robotics"]
why = "why"
source = "source"
[requires]
deadline = "10 ms"
"""


@pytest.fixture
def authored(tmp_path):
    def read(scenario):
        (tmp_path / "job.toml").write_text(HEAD + "[scenario]\n" + scenario)
        return load(tmp_path / "job.toml", Workload, id="job").scenario

    return read


def problems(authored, scenario):
    """Each as "line: key: text"; the first line of the scenario's own is 9."""
    with pytest.raises(AssessError) as caught:
        authored(scenario)
    return re.findall(r"^.*?job\.toml:(\d+: .*)$", str(caught.value), re.M)


@pytest.mark.parametrize(
    ("text", "kind", "is_open"),
    [
        ("", "single", False),
        ('rate = "30 Hz"', "periodic", True),
        ('kind = "single"\nrate = "30 Hz"', "single", False),
        ('kind = "poisson"\nrate = "30 Hz"\nqueue = "queue:4"', "poisson", True),
        ('kind = "trace"\ntrace = "shutter.csv"\nqueue = "drop-late"', "trace", True),
        ('kind = "offline"\nbatches = [1, 8]\nbatch_dim = "n"', "offline", False),
        ('kind = "generate"\nprompt_tokens = 8\nnew_tokens = 4\ncontexts = [16, 64]', "generate", False),
        ('kind = "stateful"\n[scenario.states]\nh_next = "h"', "stateful", False),
        ('kind = "stateful"\nrate = "50 Hz"\n[scenario.states]\nh_next = "h"', "stateful", True),
        ('kind = "sustained"', "sustained", False),
        ('kind = "sustained"\nrate = "50 Hz"', "sustained", True),
        ('kind = "pipeline"\n[[scenario.stage]]\nname = "eye"\nrate = "30 Hz"', "pipeline", True),
    ],
)
def test_each_kind_has_its_keys(authored, text, kind, is_open):
    found = authored(text)
    assert (found.kind, found.is_open, found.queue in ("latest-only", "queue:4", "drop-late")) == (kind, is_open, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kind = "periodic"', ["9: scenario.kind: kind 'periodic' needs rate"]),
        ('kind = "generate"', ["9: scenario.kind: kind 'generate' needs new_tokens, prompt_tokens"]),
        ('kind = "single"\nqueue = "drop-late"', ["10: scenario.queue: kind 'single' has no queue"]),
        ('kind = "perodic"', ["9: scenario.kind: 'perodic' is not known; did you mean 'periodic'?"]),
        ('rate = "30 Hz"\nqueue = "queue:0"',
         ["10: scenario.queue: 'queue:0' is not one of latest-only, drop-late, queue:N"]),
        ('kind = "trace"\ntrace = "../x.csv"',
         ["10: scenario.trace: '../x.csv' does not lie beside the workload's file"]),
        ('kind = "trace"\ntrace = "/x.csv"', ["10: scenario.trace: '/x.csv' does not lie beside the workload's file"]),
        ('kind = "trace"\ntrace = ""', ["10: scenario.trace: must not be empty"]),
        ('kind = "offline"\nbatches = []', ["10: scenario.batches: must not be empty"]),
        ('kind = "offline"\nbatches = [1, 0]', ["10: scenario.batches[1]: 0 must be at least 1"]),
        ('kind = "offline"\nbatches = [8, 1, 8]', ["10: scenario.batches: 8 is there more than once"]),
        ('kind = "stateful"\nstates = {}', ["10: scenario.states: must not be empty"]),
        ('kind = "stateful"\nstates = { a = "h", b = "h" }',
         ["10: scenario.states: input 'h' is fed from more than one output"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_shown_in_its_line(authored, text, expected):
    assert problems(authored, text) == expected


def stages(*tables):
    return 'kind = "pipeline"\n' + "".join(f"[[scenario.stage]]\n{table}\n" for table in tables)


EYE = 'name = "eye"\nrate = "30 Hz"'


def test_a_stage_has_a_rate_or_comes_after_another(authored):
    mind = 'name = "mind"\nafter = "eye"\nprobability = "50 %"\nmodel = "mind.onnx"\ndims = { n = 1 }'
    eye, mind = authored(stages(EYE, mind)).stage
    assert (eye.rate, eye.after, eye.probability, eye.model) == (30.0, "", 1.0, "")
    assert (mind.rate, mind.after, mind.probability, dict(mind.dims)) == (None, "eye", 0.5, {"n": 1})


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (['name = "eye"'], ["10: scenario.stage[0]: a stage has either a rate or the stage that it comes after"]),
        (
            [EYE, 'name = "b"\nrate = "1 Hz"\nafter = "eye"'],
            ["15: scenario.stage[1].rate: a stage has either a rate or the stage that it comes after"],
        ),
        (
            [EYE + '\nprobability = "50 %"'],
            ["13: scenario.stage[0].probability: a stage with a rate of its own has no probability"],
        ),
        (
            [EYE + "\ndims = { n = 1 }"],
            ["13: scenario.stage[0].dims: the command's own model has its dimensions bound by --dim"],
        ),
        (
            [EYE, 'name = "mind"\nafter = "eya"'],
            ["15: scenario.stage[1].after: there is no stage 'eya'; did you mean 'eye'?"],
        ),
        ([EYE, 'name = "eye"\nrate = "1 Hz"'], ["14: scenario.stage[1].name: stage 'eye' is there already"]),
        (
            [EYE, 'name = "me"\nafter = "me"'],
            ["15: scenario.stage[1].after: comes after itself: 'me' after 'me'"],
        ),
        (
            [EYE, 'name = "a"\nafter = "b"', 'name = "b"\nafter = "a"', 'name = "c"\nafter = "b"'],
            [
                "15: scenario.stage[1].after: comes after itself: 'a' after 'b' after 'a'",
                "18: scenario.stage[2].after: comes after itself: 'b' after 'a' after 'b'",
            ],
        ),
        # One without a name, and names that are none, are problems of their own and nothing else.
        (['after = "eye"'], ["10: scenario.stage[0]: missing key 'name'",
                             "11: scenario.stage[0].after: there is no stage 'eye'; there are none"]),
        (['name = ["eye"]\nrate = "1 Hz"'], ["11: scenario.stage[0].name: expected text, found a list"]),
    ],
)  # fmt: skip
def test_stages_that_cannot_follow_each_other_are_shown(authored, tables, expected):
    assert problems(authored, stages(*tables)) == expected


@pytest.mark.parametrize("text", ['kind = "pipeline"\nstage = 3', 'kind = "pipeline"\nstage = [3]'])
def test_stages_that_are_no_tables_are_one_problem(authored, text):
    assert len(problems(authored, text)) == 1


@pytest.mark.parametrize(
    ("scenario", "requires", "problem"),
    [
        ('kind = "single"', "misses = { at_most = 1, in_any = 10 }", "requires.misses: needs a deadline"),
        ('kind = "trace"\ntrace = "t.csv"\nqueue = "drop-late"', "percentile = 99", "scenario.queue: drop-late needs"),
    ],
)
def test_what_stands_on_a_deadline_needs_one(tmp_path, scenario, requires, problem):
    head = HEAD.replace('deadline = "10 ms"', requires)
    (tmp_path / "job.toml").write_text(f"{head}[scenario]\n{scenario}\n")
    with pytest.raises(AssessError, match=problem):
        load(tmp_path / "job.toml", Workload, id="job")


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ('rate = "1 MHz"', "must be at most 100000"),
        ('kind = "trace"\ntrace = "a\\u0000b"', "does not lie beside the workload's file"),
        (
            'kind = "pipeline"\n[[scenario.stage]]\nname = "a"\nmodel = "x\\u0000y.onnx"\nrate = "1 Hz"',
            "does not lie beside the workload's file",
        ),
    ],
)
def test_what_no_host_can_do_is_refused(tmp_path, scenario, problem):
    (tmp_path / "job.toml").write_text(f"{HEAD}[scenario]\n{scenario}\n")
    with pytest.raises(AssessError, match=problem):
        load(tmp_path / "job.toml", Workload, id="job")
