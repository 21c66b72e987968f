"""`assess doctor` from the command line, on this very host."""

import json

import pytest
from typer.testing import CliRunner

from assess.cli.main import app


def doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--rate", "100"), "--rate: '100' has no unit"),
        (("--rate", "0 Hz"), "--rate: '0 Hz' is not between"),
        (("--deadline", "10 Hz"), "--deadline: '10 Hz' has the unit 'Hz'"),
        (("--deadline", "0 ms"), "--deadline: '0 ms' is not between"),
        (("--format", "xml"), "--format: there is no format 'xml'"),
    ],
)
def test_what_is_no_quantity_or_format_is_refused_before_anything_runs(arguments, complaint):
    result = doctor(*arguments)
    assert result.exit_code == 2
    assert f"error: {complaint}" in result.stderr


@pytest.mark.slow
def test_a_generous_deadline_can_be_measured_here():
    result = doctor("--rate", "100 Hz", "--deadline", "100 s", "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert found["schema"] == "assess.doctor/1"
    assert found["fit"] is True
    assert found["floor"]["period_ns"] == 10_000_000
    assert found["floor"]["lateness"]["count"] == 300
    assert found["shortest_deadline_s"] == pytest.approx(10 * found["floor_p99_s"])
    assert len(found["conditions"]) > 20


@pytest.mark.slow
def test_a_deadline_of_a_microsecond_cannot_be_certified_and_the_period_is_the_usual_deadline():
    result = doctor("--rate", "1 MHz")
    assert result.exit_code == 3
    assert "\nNOT FIT  the host itself takes " in result.stdout
    assert "of the deadline of 1 us, 10% may be; the shortest" in " ".join(result.stdout.split())


@pytest.mark.slow
def test_a_provider_that_is_not_there_is_bad_input():
    result = doctor("--provider", "NoSuchExecutionProvider")
    assert result.exit_code == 2
    assert "this ONNX Runtime has no NoSuchExecutionProvider" in result.stderr
