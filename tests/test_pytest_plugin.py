"""The pytest plugin, as pytest runs it: installed by its entry point, in projects of its own."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree.ElementTree import parse

import builders
import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model_of

from assess.describe.library import Library
from assess.gate import for_job  # noqa: F401 - else each run of pytest in this process imports it anew
from assess.measure.alone import alone
from assess.measure.baseline_json import to_json
from assess.pipeline import find_model

pytest_plugins = ["pytester"]
#: A plugin of this environment that takes a second in each run, and has no part in these.
OTHERS = ("-p", "no:hypothesispytest")
WORSE = "allow=('file size', 'weights', 'parameters', 'MACs', 'nodes', 'operators')"
#: What makes the inputs of two models differ, so that nothing can be fed to both.
OTHER_INPUTS = "'inputs', 'output ports', 'file size', 'weights', 'parameters', 'MACs', 'live activations'"


def saved(path, *, layers=1, width=8, domain=""):
    rng = np.random.default_rng(0)
    weights = {f"w{index}": rng.standard_normal((width, width)).astype(np.float32) for index in range(layers)}
    names = ["x", *(f"m{index}" for index in range(1, layers)), "y"]
    nodes = [
        helper.make_node("MatMul", [names[index], f"w{index}"], [names[index + 1]], domain=domain)
        for index in range(layers)
    ]
    domains = ("com.microsoft", *([domain] if domain else []))
    onnx.save(model_of(nodes, {"x": [1, width]}, ["y"], weights, domains=domains), path)


@pytest.fixture
def project(pytester, monkeypatch):
    """A function that makes a project with models and one test for each call, and runs pytest in it."""
    monkeypatch.setenv("TMPDIR", str(pytester.path))  # Nobody else's timed run is waited for.
    saved(pytester.path / "old.onnx")
    saved(pytester.path / "more.onnx", layers=3)
    saved(pytester.path / "wide.onnx", width=9)

    def run(*calls, words=(), separate=False):
        tests = (f"def test_{index}(assess_gate):\n    {call}\n" for index, call in enumerate(calls))
        pytester.makepyfile("\n".join(tests))
        runs = pytester.runpytest_subprocess if separate else pytester.runpytest_inprocess
        return runs("-rs", *OTHERS, *words)

    return run


@pytest.mark.slow
def test_a_gate_passes_fails_or_skips_the_test(project, pytester):
    result = project(
        "assert assess_gate('old.onnx', against='old.onnx', static=True).verdict.value == 'PASS'",
        "assess_gate('more.onnx', against='old.onnx', static=True)",
        f"assert assess_gate('more.onnx', against='old.onnx', static=True, {WORSE}).verdict.value == 'PASS'",
        f"assess_gate('wide.onnx', against='old.onnx', allow=({OTHER_INPUTS}))",
        words=("--junit-xml=tests.xml", "-W", "error"),
    )
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "REGRESSION  more.onnx against old.onnx: files alone, nothing was run",
            "*nodes *REGRESSION*",
            "SKIPPED * NOT COMPARABLE: wide.onnx against old.onnx: *; outputs: the two models do not take the *",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str().split("short test summary")[0]
    noted = [each.get("value") for each in parse("tests.xml").getroot().iter("property")]
    assert noted[0] == "PASS: old.onnx against old.onnx: files alone, nothing was run"
    assert noted[1].startswith("REGRESSION: more.onnx against old.onnx: files alone, nothing was run; ")
    assert len(noted) == 4


@pytest.mark.slow
def test_what_could_not_be_told_fails_where_it_is_strict(project):
    call = f"assess_gate('wide.onnx', against='old.onnx', allow=({OTHER_INPUTS}))"
    result = project(call, words=("--assess-strict",))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["NOT COMPARABLE  wide.onnx against old.onnx*"])


@pytest.mark.slow
def test_a_passing_report_is_shown_where_the_test_fails_later(project):
    result = project("assess_gate('old.onnx', against='old.onnx', static=True)\n    assert 1 == 2")
    result.stdout.fnmatch_lines(["*Captured assess gate call*", "PASS  old.onnx against old.onnx: files alone*"])


def test_bad_usage_fails_the_test_in_its_own_words(project):
    said = {
        "'none.onnx'": "none.onnx: there is no such file",
        "'old.onnx', margin='3 percent'": "assess_gate(margin=...): '3 percent' is no share between 0 and 1",
        "'old.onnx', margin=1.5": "assess_gate(margin=...): '1.5' is no share between 0 and 1",
        "'old.onnx', budget='1 s', max_pairs=9": "assess_gate(budget=...): either time or the number of pairs is fixed",
        "'old.onnx', baseline='b.json'": "assess_gate(against=..., baseline=...): is compared with one of them",
        "'old.onnx', device=['raspberry-pi-5-8gb']": "assess_gate(device=...): a device is judged for a job",
        "'old.onnx', device='raspberry-pi-5-8gb'": "assess_gate(device=...): is one word, not several",
        "'old.onnx', budget='60'": "assess_gate(budget=...): '60' has no unit; expected a quantity such as '33 ms'",
        "'old.onnx', skip='MACs'": "assess_gate(skip=...): is one word, not several",
        "'old.onnx', skip=['MAC']": "assess_gate(skip=...): there is no metric 'MAC'",
        "'old.onnx', dims={'batch': 2}": "assess_gate(dims=...): neither model has a dynamic dimension 'batch'",
    }
    result = project(*(f"assess_gate({words}, against='old.onnx')" for words in said))
    result.assert_outcomes(failed=len(said))
    told = [line for line in result.stdout.lines if line.startswith("nothing was judged: ")]
    assert told == [f"nothing was judged: {each}" for each in said.values()]


def test_without_anything_to_compare_with_nothing_is_judged(project):
    result = project(
        "assess_gate('old.onnx')",
        "assess_gate('old.onnx', baseline='none.json')",
        "assess_gate('old.onnx', baseline='none.json', budget='60 s')",
        "assess_gate('old.onnx', against='old.onnx', workload='camera-30hz', device=['no-such-board'])",
    )
    result.assert_outcomes(failed=4)
    told = [line for line in result.stdout.lines if line.startswith("nothing was judged: ")]
    assert told[0] == "nothing was judged: assess_gate(against=..., baseline=...): is compared with one of them"
    assert told[1].startswith("nothing was judged: none.json: ")
    assert told[2].startswith("nothing was judged: assess_gate(budget=...): a stored floor is compared with a fixed")
    assert "no-such-board" in told[3]


@pytest.mark.slow
def test_a_baseline_takes_the_place_of_the_accepted_model(project, pytester):
    old = find_model(str(pytester.path / "old.onnx"), Library(), dims={}).model
    (pytester.path / "kept.json").write_text(to_json(builders.baseline(model=old)))
    result = project(
        "assert assess_gate('old.onnx', baseline='kept.json', static=True).acceptance.who == 'Mio'",
        "assess_gate('more.onnx', baseline='kept.json', static=True)",
        "assess_gate('old.onnx', baseline='kept.json', skip=['outputs'])",  # It was accepted on another machine.
    )
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*nodes *REGRESSION*", "SKIPPED * NOT COMPARABLE: old.onnx against old.onnx: *"])


def test_the_margin_is_the_usual_one_of_each_kind_unless_one_is_named(project):
    # Of a gate in turns 3 %, of a stored floor 5 %: neither is repeated in the plugin.
    call = "import inspect; assert inspect.signature(type(assess_gate).__call__).parameters['margin'].default is None"
    project(call).assert_outcomes(passed=1)


@pytest.mark.slow
def test_each_gate_of_a_test_has_reports_of_its_own(project, pytester):
    call = "assess_gate('old.onnx', against='old.onnx', static=True)"
    project(f"{call}; assess_gate('more.onnx', against='old.onnx', static=True)", words=("--assess-report=a/b",))
    first, second = sorted((pytester.path / "a" / "b").glob("*.json"))
    assert first.name.endswith("-1.json")
    assert first.name.startswith("test_each_gate_of_a_test_has_reports_of_its_own.py-test_0-")
    verdicts = [json.loads(file.read_text())["verdict"] for file in (first, second)]
    assert verdicts == ["PASS", "REGRESSION"]
    assert parse(second.with_suffix(".xml")).getroot().get("name") == "assess gate"


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_measured(project):
    result = project("assess_gate('none.onnx', against='old.onnx')", words=("--assess-report=old.onnx",))
    result.stdout.fnmatch_lines(["nothing was judged: --assess-report *old.onnx: cannot be made: *"])


@pytest.mark.slow
def test_workers_of_xdist_gate_beside_one_another(project, pytester):
    call = "assess_gate('old.onnx', against='old.onnx', static=True)"
    result = project(call, call, words=("-n", "2", "--assess-report=reports"), separate=True)
    result.assert_outcomes(passed=2)
    assert len(list((pytester.path / "reports").glob("*.json"))) == 2


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who waits for a lock")
def test_a_gate_waits_for_the_timed_run_of_another_process(project, pytester):
    saved(pytester.path / "broken.onnx", domain="acme.robotics")
    skip = f"('outputs', 'operators', 'operators of unknown cost', {OTHER_INPUTS})"
    pytester.makepyfile(f"def test_0(assess_gate):\n    assess_gate('broken.onnx', against='old.onnx', skip={skip})")
    place = pytester.path / f"assess-{os.getuid()}"
    place.mkdir(mode=0o700)
    with alone("the other suite", print, folder=place):
        words = [sys.executable, "-m", "pytest", *OTHERS]
        other = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while f"-> FLOCK  ADVISORY  WRITE {other.pid} " not in Path("/proc/locks").read_text():
            assert other.poll() is None, other.communicate()[0]
            time.sleep(0.05)
    said = other.communicate(timeout=60)[0]
    assert other.returncode == 1
    assert f"waited for another timed run: the other suite, process {os.getpid()}" in said
    assert "FAILED  broken.onnx against old.onnx" in said


def test_the_plugin_can_be_left_out(project):
    result = project("pass", words=("-p", "no:assess"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'assess_gate' not found*"])


def test_pytest_pays_for_nothing_before_a_gate_is_asked_for(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_0():
            ours = {name for name in sys.modules if name.startswith("assess")}
            assert ours == {"assess", "assess.pytest_plugin"}
            assert not {"numpy", "onnx", "pydantic", "typer"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess(*OTHERS).assert_outcomes(passed=1)
