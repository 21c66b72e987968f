"""Claims about operators that a runtime has for some operator sets only."""

from dataclasses import replace

import builders
import pytest

from assess.judge.criteria.operators import operators
from assess.judge.finding import Verdict

CPU = {
    "cpu": builders.runtime(id="cpu", name="CPU", operators={"Conv": {}, "Relu": {}, "Cast": {}, "com.acme:Odd": {}})
}
CAST = replace(builders.RELU, type="Cast", count=3)
THREE = builders.model(operators=(builders.CONV, builders.RELU, CAST))


def ask(listed, *, of=None, opset=13, fallback="cpu"):
    runtime = builders.runtime(operators=listed, fallback=fallback)
    device = builders.device(runtimes=(runtime,), fallbacks=CPU if fallback else {})
    model = replace(of or builders.model(), opsets={"ai.onnx": opset})
    return operators.ask(builders.case(of=model, on=device))


@pytest.mark.parametrize(
    ("limits", "opset", "verdict"),
    [
        ({"max_opset": 13}, 13, Verdict.PASS),
        ({"max_opset": 13}, 14, Verdict.MARGINAL),
        ({"min_opset": 13}, 13, Verdict.PASS),
        ({"min_opset": 13}, 12, Verdict.MARGINAL),
        ({"min_opset": 11, "max_opset": 13}, 12, Verdict.PASS),
        ({"min_opset": 11, "max_opset": 13}, 10, Verdict.MARGINAL),
    ],
)
def test_a_kernel_counts_within_its_operator_sets(limits, opset, verdict):
    assert ask({"Conv": {}, "Relu": limits}, opset=opset).verdict is verdict


def test_what_falls_back_for_the_models_operator_set_says_so():
    finding = ask({"Conv": {"max_opset": 20}, "Relu": {}}, opset=21)
    assert finding.because == "Conv (up to operator set 20, the model has 21) fall back to CPU: 100.0% of the MACs"
    assert finding.details == ("Conv: up to operator set 20, the model has 21; 2 in one inference",)
    assert finding.next_step == "export with operator set 20, whose kernels ACME Runtime 2 has"


def test_operators_of_one_reason_are_told_together():
    finding = ask({"Conv": {}, "Relu": {"max_opset": 12}, "Cast": {"max_opset": 12}}, of=THREE)
    assert finding.because == "Cast, Relu (up to operator set 12, the model has 13) fall back to CPU: 0.0% of the MACs"
    finding = ask({"Conv": {}, "Relu": {"max_opset": 12}}, of=THREE)
    assert finding.because == "Cast; Relu (up to operator set 12, the model has 13) fall back to CPU: 0.0% of the MACs"
    assert finding.details == (
        "Cast: 3 in one inference", "Relu: up to operator set 12, the model has 13; 2 in one inference"
    )  # fmt: skip
    assert finding.next_step == "replace Cast, Relu, or measure what the change of runtime costs"


def test_without_a_fallback_another_operator_set_is_a_failure():
    finding = ask({"Conv": {}, "Relu": {"min_opset": 14}}, fallback="")
    assert finding.verdict is Verdict.FAIL
    assert finding.because == (
        "Relu (from operator set 14, the model has 13): not in ACME Runtime 2, and nothing on the device takes over"
    )
    assert finding.next_step == "export with operator set 14, whose kernels ACME Runtime 2 has"


def test_a_fallback_has_its_own_operator_sets():
    cpu = builders.runtime(id="cpu", name="CPU", operators={"Conv": {}, "Relu": {"max_opset": 12}})
    device = builders.device(
        runtimes=(builders.runtime(operators={"Conv": {}}, fallback="cpu"),), fallbacks={"cpu": cpu}
    )
    assert operators.ask(builders.case(on=device)).because == (
        "Relu: not in ACME Runtime 2, and nothing on the device takes over"
    )


def test_no_operator_set_is_advised_that_would_lose_another_operator():
    finding = ask({"Conv": {"min_opset": 13}, "Relu": {"max_opset": 12}})
    assert finding.next_step == "replace Relu, or measure what the change of runtime costs"
    finding = ask({"Conv": {"max_opset": 15}, "Relu": {"max_opset": 19}}, opset=21)
    assert finding.next_step == "export with operator set 15, whose kernels ACME Runtime 2 has"


def test_a_domain_of_its_own_has_its_own_versions():
    odd = replace(builders.RELU, type="Odd", domain="com.acme")
    model = builders.model(operators=(builders.CONV, odd), opsets={"ai.onnx": 21, "com.acme": 2})
    listed = {"Conv": {}, "com.acme:Odd": {"max_opset": 1}}
    device = builders.device(runtimes=(builders.runtime(operators=listed, fallback="cpu"),), fallbacks=CPU)
    finding = operators.ask(builders.case(of=model, on=device))
    assert finding.because == (
        "com.acme:Odd (up to operator set 1, the model has 2) fall back to CPU: 0.0% of the MACs"
    )
    assert finding.next_step == "export with operator set of com.acme 1, whose kernels ACME Runtime 2 has"


def test_a_domain_whose_version_the_model_does_not_say_is_not_limited():
    odd = replace(builders.RELU, type="Odd", domain="com.acme")
    model = builders.model(operators=(odd,), opsets={"ai.onnx": 13})
    device = builders.device(runtimes=(builders.runtime(operators={"com.acme:Odd": {"max_opset": 1}}),))
    assert operators.ask(builders.case(of=model, on=device)).verdict is Verdict.PASS


def test_conditions_in_words_stay_beside_the_operator_set():
    finding = ask({"Conv": {"conditions": ["no 3-D"], "max_opset": 21}, "Relu": {}})
    assert (finding.verdict, finding.details) == (Verdict.MARGINAL, ("Conv: no 3-D",))
