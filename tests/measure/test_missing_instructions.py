"""A model that would be ended by its first missing instruction is found before it is run."""

from dataclasses import replace

import builders
import pytest

from assess.describe.model import Quantisation
from assess.judge.criteria import execution
from assess.judge.finding import Verdict
from assess.measure.measurement import Failure, Settings
from assess.measure.missing_instructions import missing_instructions, why_illegal

INT8 = builders.model(
    precision="int8",
    operators=(replace(builders.CONV, precision="int8"), builders.RELU),
    quantisation=Quantisation("QDQ", "per-tensor", ("int8",), ("uint8",), 1.0),
)
LACKING = builders.host(cpu="Cortex-A76", instructions=("asimd",), not_offered=("asimdhp", "asimddp"))


def found(model=INT8, host=LACKING, **settings):
    return missing_instructions((model,), host, Settings(**settings))


def test_an_int8_model_on_a_core_without_dot_products_is_not_run():
    failure = found()
    assert (failure.phase, failure.kind) == ("start", "missing instructions")
    assert failure.cause == (
        "this processor does not offer asimddp (dot products of 8-bit numbers), which 2 int8 operators (Conv) would "
        "use: the first would end the process (SIGILL), so it was not run"
    )
    assert "by its number in /proc/cpuinfo (Cortex-A76)" in failure.detail


def test_a_model_of_half_precision_needs_that():
    half = builders.model(operators=(replace(builders.CONV, precision="fp16"),))
    assert "does not offer asimdhp (half precision)" in found(half).cause


@pytest.mark.parametrize(
    ("model", "host", "settings"),
    [
        (builders.model(), LACKING, {}),  # fp32 uses neither.
        (INT8, builders.host(), {}),
        (INT8, replace(LACKING, not_offered=("asimdhp",)), {}),
        (INT8, LACKING, {"provider": "CUDAExecutionProvider"}),
        # Between Q and DQ it stays a float operator then.
        (INT8, LACKING, {"optimisation": "basic"}),
        (INT8, LACKING, {"optimisation": "disabled"}),
    ],
)
def test_everything_else_is_run(model, host, settings):
    assert found(model, host, **settings) is None


def test_integer_operators_use_them_whatever_is_optimised():
    operators = replace(INT8, quantisation=replace(INT8.quantisation, format="QOperator"))
    assert found(operators, optimisation="disabled") is not None


def test_another_stage_of_a_pipeline_counts_too():
    assert missing_instructions((builders.model(), INT8), LACKING, Settings()) is not None


def test_a_process_that_ended_so_all_the_same_is_explained():
    crashed = Failure("timed", "crashed", "stopped by SIGILL, while running")
    assert why_illegal(crashed, LACKING).startswith("asimdhp, asimddp: ONNX Runtime takes the core to have it")
    assert why_illegal(crashed, builders.host()) == ""
    assert why_illegal(Failure("timed", "crashed", "stopped by SIGSEGV"), LACKING) == ""
    assert why_illegal(None, LACKING) == ""


def test_on_the_device_itself_it_is_a_fail_with_a_next_step():
    host = replace(builders.host(), cpu="Cortex-A76", not_offered=("asimddp",))
    failed = builders.measurement(
        model=INT8, failure=found(host=host), service_ns=(), memory=None, effective=None, before=host, after=host,
        absent={"memory": "it was not run"},
    )  # fmt: skip
    finding = execution.ask(builders.case(of=INT8, run=failed))
    assert finding.verdict is Verdict.FAIL
    assert finding.because.startswith("missing instructions in phase 'start': this processor does not offer asimddp")
    assert "--optimisation basic" in finding.next_step
