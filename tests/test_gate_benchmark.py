"""The proof of the gate: what its peers print is understood, and its tables and goals follow from its records."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "benchmarks" / "harness"
sys.path.insert(0, str(HARNESS))  # Its scripts import each other by name.
import gate as harness  # noqa: E402
from gate_models import MODELS, SAME, VARIANTS  # noqa: E402
from gate_peers import (  # noqa: E402
    Answer,
    Ended,
    asv_answer,
    hyperfine_answer,
    pyperf_answer,
    pytest_benchmark_answer,
    run,
)
from gate_table import Calibration, Gate, goals, line, lower_bound, mend, read, tables, upper_bound  # noqa: E402
from gate_tools import ASSESS, LONGER, TOOLS, Tool, assess_answer  # noqa: E402

sys.path.remove(str(HARNESS))


def printed(out="", err="", code=0):
    return Ended(code, out, err)


# What the peers printed on two of the models: pytest-benchmark 5.3.1, pyperf 2.11.0, asv 0.6.6, hyperfine 1.15.


def test_pytest_benchmark_alarms_where_its_check_of_the_mean_failed():
    text = "\tField 'mean' has failed PercentageRegressionCheck: 6.006073147 > 5.000000000\n"
    text = "Performance has regressed:\n\ttest_model (0001_accepted) - " + text.strip() + "\n"
    assert pytest_benchmark_answer(printed(text, code=1)) == Answer("alarm", "mean +6.0 %")
    compared = "Comparing against benchmarks from: Linux-CPython-3.11-64bit/0001_accepted.json\n"
    assert pytest_benchmark_answer(printed(".  [100%]\n1 passed in 0.17s\n", compared)) == Answer("none", "passed")


def test_pytest_benchmark_that_fails_or_compares_nothing_is_no_answer():
    assert pytest_benchmark_answer(printed("1 failed in 0.2s\n", code=1)) == Answer("failed", "1 failed in 0.2s")
    assert pytest_benchmark_answer(printed("1 passed in 0.17s\n")).kind == "failed"


PYPERF = """\
+-----------+---------+-----------------------+
| Benchmark | a       | b                     |
+===========+=========+=======================+
| model     | 21.6 us | 25.0 us: 1.16x slower |
+-----------+---------+-----------------------+
"""


def test_pyperf_alarms_where_it_is_slower_and_significant():
    assert pyperf_answer(printed(PYPERF)) == Answer("alarm", "1.16x slower")
    assert pyperf_answer(printed(PYPERF.replace("slower", "faster"))) == Answer("none", "1.16x faster")
    hidden = "Benchmark hidden because not significant (1): model\n"
    assert pyperf_answer(printed(hidden)) == Answer("none", "not significant")
    assert pyperf_answer(printed("", "No such file\n", 1)) == Answer("failed", "No such file")


ASV = """\
[100.00%] ··· model.time_model                                        20.2±0.4μs
| Change   | Before [a17c6ed4] <main~1>   | After [f3eec018] <main>   |   Ratio | Benchmark (Parameter)   |
|----------|------------------------------|---------------------------|---------|-------------------------|
| +        | 20.2±0.4μs                   | 22.0±0.2μs                |    1.09 | model.time_model        |

SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.
PERFORMANCE DECREASED.
"""


def test_asv_alarms_where_performance_decreased():
    assert asv_answer(printed(ASV, code=1)) == Answer("alarm", "1.09x")
    assert asv_answer(printed(ASV.replace("DECREASED", "INCREASED"))) == Answer("none", "increased")
    assert asv_answer(printed("\nBENCHMARKS NOT SIGNIFICANTLY CHANGED.\n")).kind == "none"


def test_asv_whose_suite_does_not_load_exits_with_the_code_of_a_regression_and_is_no_answer():
    text = "·· Failed to build the project and import the benchmark suite.\n"
    assert asv_answer(printed(text, code=1)) == Answer("failed", text.strip())


def seen(*means_and_spreads):
    return json.dumps({"results": [{"mean": mean, "stddev": spread} for mean, spread in means_and_spreads]})


def test_hyperfine_alarms_where_the_ratio_less_its_spread_is_above_one():
    # Printed beside it: "1.34 ± 0.33 times faster than".
    exported = seen((0.72561089744, 0.14526731972478374), (0.9694733359400001, 0.14059235852210492))
    assert hyperfine_answer(exported) == Answer("alarm", "1.34 +- 0.33")
    assert hyperfine_answer(seen((1.0, 0.04), (1.04, 0.03))) == Answer("none", "1.04 +- 0.05")
    assert hyperfine_answer(seen((1.0, 0.04), (0.5, 0.03))).kind == "none"


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        ("REGRESSION", "alarm"), ("PASS", "none"), ("IMPROVEMENT", "none"), ("INCONCLUSIVE", "inconclusive"),
        ("NOISY", "inconclusive"), ("NOT COMPARABLE", "failed"), ("FAILED", "failed"),
    ],
)  # fmt: skip
def test_what_our_gate_says(verdict, kind):
    assert assess_answer(printed(json.dumps({"verdict": verdict, "span_s": 7.5}))) == Answer(kind, verdict, 7.5)


def test_a_gate_that_reports_nothing_has_failed():
    assert assess_answer(printed("", "error: no such model\n", 2)) == Answer("failed", "error: no such model")


# Records, tables and goals.


def gates(tool, model, variant, *answers, seconds=8.0, span_s=7.0, loaded=False):
    words = {"alarm": "REGRESSION", "none": "PASS", "inconclusive": "NOISY", "failed": "killed"}
    return [Gate(tool, model, variant, loaded, each, words[each], seconds, span_s, 0.5) for each in answers]


MADE_UP = [
    Calibration("mlp", "5", False, 40, {"latency floor": [0.05, 0.04, 0.06], "latency median": [0.052, 0.05, 0.054]}),
    *gates(ASSESS, "mlp", SAME, *["none"] * 3, "inconclusive"),
    *gates(ASSESS, "mlp", "5", "alarm", "inconclusive", seconds=12.0),
    *gates(ASSESS, "mlp", "10", "alarm", seconds=20.0),
    *gates("threshold", "mlp", SAME, "alarm", "none", seconds=1.5),
    *gates("threshold", "mlp", "10", "none", seconds=1.5),
]

TABLES = """\
### Idle machine: how much slower the variants are

| model | more work | latency floor | latency median | pairs |
|---|--:|--:|--:|--:|
| mlp | +5 % | +5.0% (+4.0% to +6.0%) | +5.2% (+5.0% to +5.4%) | 40 |

### Idle machine

| tool | model | unchanged: false alarms | at most (95 %) | +2 % caught | +5 % caught | +10 % caught \
| passed at +10 % | cannot tell | failed | s, median | s, most |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| assess | mlp | 0 of 4 | 52.7% | - | 1 of 2 | 1 of 1 | 0 of 1 | 29% | 0 | 8.0 | 20.0 |
| assess | all | 0 of 4 | 52.7% | - | 1 of 2 | 1 of 1 | 0 of 1 | 29% | 0 | 8.0 | 20.0 |
| threshold | mlp | 1 of 2 | 97.5% | - | - | 0 of 1 | 1 of 1 | 0% | 0 | 1.5 | 1.5 |
| threshold | all | 1 of 2 | 97.5% | - | - | 0 of 1 | 1 of 1 | 0% | 0 | 1.5 | 1.5 |

Our answers:

| tool | | NOISY | PASS | REGRESSION |
|---|---|--:|--:|--:|
| assess | unchanged | 1 | 3 | 0 |
| assess | +5 % | 1 | 0 | 1 |
| assess | +10 % | 0 | 0 | 1 |

- assess: ours.
- threshold: a mean.
"""


def test_the_tables_of_a_made_up_record_to_the_letter():
    assert tables(MADE_UP, {ASSESS: "ours", LONGER: "both", "threshold": "a mean"}) == TABLES


def test_records_come_back_from_their_file_as_they_were(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(map(line, MADE_UP)))
    assert read([path]) == MADE_UP
    assert len(read([path, path])) == 2 * len(MADE_UP)


def test_a_last_line_that_a_kill_cut_off_is_left_out_and_any_other_is_refused(tmp_path):
    path = tmp_path / "records.jsonl"
    whole = line(MADE_UP[1])
    path.write_text(whole + whole[:40])
    assert read([path]) == [MADE_UP[1]]
    mend(path)
    assert path.read_text() == whole
    path.write_text(whole + whole[:40] + "\n")
    with pytest.raises(SystemExit, match=r"records\.jsonl:2: no record of a gate"):
        read([path])


def test_bounds_are_those_of_clopper_and_pearson():
    # With no success the bound solves (1 - p)^n = 0.05.
    assert upper_bound(0, 200) == pytest.approx(1.0 - 0.05 ** (1 / 200), abs=1e-9)
    bound = upper_bound(2, 200)
    seldom = sum(math.comb(200, count) * bound**count * (1.0 - bound) ** (200 - count) for count in range(3))
    assert (round(bound, 4), seldom) == (0.0311, pytest.approx(0.05, abs=1e-9))
    assert lower_bound(3, 20) == pytest.approx(0.042169, abs=1e-6)
    assert (upper_bound(5, 5), lower_bound(0, 5)) == (1.0, 0.0)


def reached(records):
    return {goal.text: goal.met for goal in goals(records)}


def test_one_false_alarm_in_a_hundred_is_allowed_and_two_hundred_pairs_are_needed():
    def false_alarms(count, pairs):
        found = reached(gates(ASSESS, "small", SAME, *["alarm"] * count, *["none"] * (pairs - count)))
        return found[f"idle, assess, false alarms {count} of {pairs} unchanged pairs, at most 1% of 200"]

    assert false_alarms(2, 200) is True
    assert false_alarms(3, 200) is False
    assert false_alarms(0, 199) is None
    assert false_alarms(3, 20) is False  # At least 4.2 %: more pairs would not mend it.


def test_a_single_pass_at_ten_percent_and_a_single_failure_miss():
    found = reached([*gates(ASSESS, "big", "10", *["alarm"] * 99, "none"), *gates(ASSESS, "big", "2", "failed")])
    assert found["idle, assess, passed at +10 %: 1 of 100, never"] is False
    assert found["idle, assess, failed: 1 of 101, never"] is False


def test_of_twenty_slowdowns_of_five_percent_nineteen_have_to_be_caught_in_time():
    def caught(*parts):
        found = reached([gate for part in parts for gate in part])
        return next(met for text, met in found.items() if "+5 % caught" in text)

    assert caught(gates(ASSESS, "mlp", "5", *["alarm"] * 19, "inconclusive")) is True
    assert caught(gates(ASSESS, "mlp", "5", *["alarm"] * 18, *["inconclusive"] * 2)) is False
    slow = gates(ASSESS, "mlp", "5", "alarm", span_s=60.5)
    assert caught(gates(ASSESS, "mlp", "5", *["alarm"] * 18, "none"), slow) is False
    assert caught(gates(ASSESS, "mlp", "5", *["alarm"] * 5)) is None
    # A longer gate that followed counts in place of the one that could not tell.
    assert caught(
        gates(ASSESS, "mlp", "5", *["inconclusive"] * 20), gates(LONGER, "mlp", "5", *["alarm"] * 20, span_s=59.0)
    ) is True  # fmt: skip


def test_what_is_not_caught_on_a_loaded_machine_must_be_told_as_unknown():
    text = "loaded, assess, +5 % not caught is INCONCLUSIVE or NOISY: {} of 2 passed, never"
    assert reached(gates(ASSESS, "mlp", "5", "alarm", "inconclusive", loaded=True))[text.format(0)] is True
    assert reached(gates(ASSESS, "mlp", "5", "alarm", "none", loaded=True))[text.format(1)] is False


def test_every_gate_on_an_unchanged_model_has_to_end_in_time_on_an_idle_machine():
    records = [*gates(ASSESS, "mlp", SAME, "none", seconds=15.1), *gates(ASSESS, "big", SAME, "none", seconds=59.9)]
    found = reached(records)
    assert found["idle, a gate on the unchanged mlp ends within 15 s: 15.1 s at most"] is False
    assert found["idle, a gate on the unchanged big ends within 60 s: 59.9 s at most"] is True
    assert not any("ends within" in text for text in reached(gates(ASSESS, "mlp", SAME, "none", loaded=True)))


@pytest.mark.slow
def test_the_script_reports_files_alone_and_exits_by_the_goals(tmp_path):
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text("".join(map(line, gates(ASSESS, "mlp", SAME, *["none"] * 200))))
    bad.write_text("".join(map(line, gates(ASSESS, "mlp", "10", "none"))))
    ended = [
        run([sys.executable, HARNESS / "gate.py", "--report", *files], tmp_path) for files in ([good], [good, bad])
    ]
    assert [each.code for each in ended] == [0, 1]
    assert "- idle, assess, false alarms 0 of 200 unchanged pairs, at most 1% of 200: met" in ended[0].out
    assert "- idle, assess, passed at +10 %: 1 of 1, never: MISSED" in ended[1].out


# The run itself.


def test_each_round_has_every_case_once_in_an_order_of_its_own_that_is_always_the_same():
    first, again = (
        list(harness.in_turn(2, [ASSESS, LONGER, "asv"], ["mlp", "big"], [SAME, "5", "10"])) for _ in range(2)
    )
    assert first == again
    rounds = first[:12], first[12:]
    assert sorted(rounds[0]) == sorted(rounds[1])
    assert len(set(rounds[0])) == 12
    assert rounds[0] != rounds[1]
    assert LONGER not in {case.tool for case in first}


def told(*answers):
    """A tool that gives one answer after the other."""
    left = iter(answers)
    return Tool("made up", lambda pair: next(left))


def test_a_longer_gate_follows_only_where_ours_cannot_tell_and_every_result_is_kept_at_once(tmp_path):
    record = tmp_path / "records.jsonl"
    tools = {
        ASSESS: told(Answer("none", "PASS", 7.0), Answer("inconclusive", "NOISY", 9.0)),
        LONGER: told(Answer("alarm", "REGRESSION", 58.0)),
    }
    bench = harness.Bench(tmp_path, record, loaded=True, longer=True, tools=tools)
    for _ in range(2):
        bench.compare(harness.Case(ASSESS, "mlp", "5"))
    found = [(each.tool, each.answer, each.span_s, each.loaded) for each in read([record])]
    assert found == [
        (ASSESS, "none", 7.0, True),
        (LONGER, "none", 7.0, True),
        (ASSESS, "inconclusive", 9.0, True),
        (LONGER, "alarm", 58.0, True),
    ]
    third, fourth = read([record])[2:]
    assert fourth.seconds >= third.seconds  # Of both gates.


def comes_to_pass(claim, within_s=10.0):
    until = time.monotonic() + within_s
    while not claim() and time.monotonic() < until:
        time.sleep(0.05)
    return claim()


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_the_neighbour_is_gone_when_its_time_is_over_or_when_whoever_started_it_was_killed():
    script = f"import sys; sys.path.insert(0, {str(HARNESS)!r}); import gate, subprocess, time\n"
    script += "with gate.neighbour(True):\n    print('burning', flush=True)\n    time.sleep(60)\n"
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == "burning\n"
    (burner,) = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert is_running(burner)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert comes_to_pass(lambda: not is_running(burner))


@pytest.mark.slow
def test_a_process_that_is_interrupted_leaves_nothing_running(tmp_path):
    script = "import subprocess\nasleep = subprocess.Popen(['sleep', '60'])\n"
    script += "open('pids', 'w').write(f'{asleep.pid} {__import__(\"os\").getpid()}')\nasleep.wait()"

    def interrupted():
        comes_to_pass(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupted).start()
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", script], tmp_path)
    assert comes_to_pass(lambda: not any(map(is_running, (tmp_path / "pids").read_text().split())))


# The models.


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_slower_variants_have_more_blocks_and_put_out_the_same_to_the_last_bit(name):
    import numpy as np
    import onnxruntime

    x = np.random.default_rng(3).standard_normal(MODELS[name].shape).astype(np.float32)
    sizes, outputs = [], []
    for variant in VARIANTS:
        model = MODELS[name].build(variant)
        sizes.append(len(model.graph.node))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        outputs.append(session.run(None, {"x": x})[0])
    assert sizes == sorted(set(sizes))
    assert all(np.array_equal(each, outputs[0]) for each in outputs)
    assert np.array_equal(outputs[0], np.maximum(x, 0.0))


def test_every_tool_says_how_it_is_asked():
    assert list(TOOLS)[:2] == [ASSESS, LONGER]
    assert all(tool.how for tool in TOOLS.values())
