import inspect
import re
from dataclasses import replace
from pathlib import Path

import builders
import pytest

import assess.judge.criteria
from assess.judge.case import Invocation
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Verdict
from assess.measure.measurement import Failure

BY_NAME = {criterion.name: criterion for criterion in CRITERIA}
PROXY = builders.host(board="Laptop")


def ask(name, **case):
    return BY_NAME[name].ask(builders.case(**case))


def answer(name, **case):
    finding = ask(name, **case)
    return finding.verdict, finding.because


def test_every_file_is_listed_once():
    folder = Path(inspect.getfile(assess.judge.criteria)).parent
    files = {path.stem.replace("_", " ") for path in folder.glob("*.py")} - {"  init  "}
    assert files == {name.replace("-", " ") for name in BY_NAME}
    assert len(CRITERIA) == len(BY_NAME)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)
def test_every_criterion_asks_a_question_and_explains_it(criterion):
    assert criterion.question.endswith("?")
    assert len(criterion.page) > 40


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)
def test_every_open_finding_of_an_unmeasured_model_says_what_to_do(criterion):
    finding = criterion.ask(builders.case(whom=builders.partner()))
    assert finding.criterion == criterion.name
    assert finding.because
    if finding.verdict >= Verdict.MARGINAL:
        assert finding.next_step


# model validity


def test_a_model_in_the_runtimes_range_is_valid():
    assert answer("model validity") == (Verdict.PASS, "valid; opset 13; ACME Runtime 2 reads 7 to 17")


def test_a_newer_operator_set_fails():
    finding = ask("model validity", of=builders.model(opsets={"ai.onnx": 18}))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "export with opset 17, or convert with onnx.version_converter"


def test_an_older_operator_set_fails():
    assert answer("model validity", of=builders.model(opsets={"ai.onnx": 6}))[0] is Verdict.FAIL


def test_a_broken_file_fails_whatever_the_device():
    finding = ask(
        "model validity", of=builders.model(problems=("node 'x' has no input",)), on=builders.device(runtime=[])
    )
    assert finding.verdict is Verdict.FAIL
    assert finding.because == "the file breaks the ONNX specification: node 'x' has no input"


def test_a_runtime_without_range_leaves_it_unknown():
    device = builders.device(runtimes=(builders.runtime(opset=None),))
    assert answer("model validity", on=device) == (
        Verdict.UNKNOWN, "ACME Runtime does not say which operator sets it reads"
    )  # fmt: skip


def test_a_closed_device_leaves_it_unknown():
    device = builders.device(runtime=[], runtimes=(), availability="closed-sdk")
    assert answer("model validity", on=device) == (
        Verdict.UNKNOWN, "no runtime of acme-rover is publicly described (closed-sdk)"
    )  # fmt: skip


# operators


def test_listed_operators_pass():
    assert answer("operators") == (Verdict.PASS, "ACME Runtime 2 lists all 2 operators")


def missing_relu(**more):
    return builders.device(runtimes=(builders.runtime(operators={"Conv": {}}, **more),), **(
        {"fallbacks": {"cpu": builders.runtime(id="cpu", name="CPU")}} if more else {}
    ))  # fmt: skip


def test_an_operator_that_nothing_runs_fails():
    finding = ask("operators", on=missing_relu())
    assert finding.verdict is Verdict.FAIL
    assert finding.because == "Relu: not in ACME Runtime 2, and nothing on the device takes over"
    assert finding.details == ("Relu: 2 in one inference",)


def test_an_operator_that_falls_back_is_marginal_with_its_share():
    assert answer("operators", on=missing_relu(fallback="cpu")) == (
        Verdict.MARGINAL, "Relu fall back to CPU: 0.0% of the MACs"
    )  # fmt: skip


def test_the_share_is_weighed_by_macs():
    device = builders.device(
        runtimes=(builders.runtime(operators={"Relu": {}}, fallback="cpu"),),
        fallbacks={"cpu": builders.runtime(id="cpu", name="CPU")},
    )
    assert answer("operators", on=device)[1] == "Conv fall back to CPU: 100.0% of the MACs"


def test_an_unknown_cost_is_not_a_share_of_zero():
    odd = replace(builders.CONV, type="Odd", domain="com.acme", macs=None)
    device = builders.device(
        runtimes=(builders.runtime(fallback="cpu"),),
        fallbacks={"cpu": builders.runtime(id="cpu", name="CPU", operators={"com.acme:Odd": {}})},
    )
    finding = ask("operators", of=builders.model(operators=(builders.CONV, odd)), on=device)
    assert finding.because == "com.acme:Odd fall back to CPU: their share of the arithmetic is not known"


def test_conditions_that_nobody_checked_are_marginal():
    device = builders.device(runtimes=(builders.runtime(operators={"Conv": {"conditions": ["2-D only"]}, "Relu": {}}),))
    finding = ask("operators", on=device)
    assert finding.verdict is Verdict.MARGINAL
    assert finding.details == ("Conv: 2-D only",)


# precision


def test_a_native_precision_passes():
    assert answer("precision") == (Verdict.PASS, "fp32; ACME Runtime computes in it natively")


def test_a_float_model_on_an_integer_device_fails():
    finding = ask("precision", on=builders.device(runtimes=(builders.runtime(precisions=["int8"]),)))
    assert finding.verdict is Verdict.FAIL
    assert finding.because == "the model computes in fp32; ACME Runtime in int8"
    assert finding.next_step == "bring the model to int8"


def test_a_float_model_in_another_float_format_runs_with_casts():
    finding = ask("precision", of=builders.model(precision="fp16"))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because == "the model computes in fp16; ACME Runtime would in fp32, with casts"


def test_constants_are_not_run_and_need_no_support():
    constant = replace(builders.RELU, type="Constant")
    assert answer("operators", of=builders.model(operators=(builders.CONV, constant)))[0] is Verdict.PASS


def test_a_device_without_onnx_runtime_is_measured_with_its_vendors_tools():
    sensor = builders.device(runtimes=(builders.runtime(provider=""),))
    assert builders.case(on=sensor).to_measure == (
        "compile the model with the vendor's tools and measure it on acme-rover with them"
    )


def test_a_run_on_the_cpu_is_not_proposed_as_one_on_the_npu():
    npu, cpu = builders.runtime(id="acme-npu", provider=""), builders.runtime(id="onnxruntime-cpu")
    engines = [*builders.DEVICE["engine"], {**builders.DEVICE["engine"][0], "name": "cpu", "kind": "cpu"}]
    bound = [{"id": "acme-npu", "engine": "npu"}, {"id": "onnxruntime-cpu", "engine": "cpu"}]
    assert builders.case(on=builders.device(engine=engines, runtime=bound, runtimes=(npu, cpu))).to_measure == (
        "compile the model with acme-npu and measure it on acme-rover with its own tools; its cpu alone: "
        "assess measure student.onnx --workload camera-30hz -o run.json"
    )


def test_the_provider_to_measure_with_is_named():
    fast = builders.device(runtimes=(builders.runtime(provider="TensorrtExecutionProvider"),))
    assert builders.case(on=fast).to_measure == (
        "on acme-rover: assess measure student.onnx --workload camera-30hz --provider TensorrtExecutionProvider "
        "-o run.json"
    )


def test_what_was_typed_is_typed_again():
    invocation = Invocation("../a b/student.onnx", "jobs/own.toml", ("--profiles", "my dir", "--card", "card.toml"))
    case = replace(builders.case(of=builders.model(dims={"n": 2})), invocation=invocation)
    assert case.to_measure == (
        "on acme-rover: assess measure '../a b/student.onnx' --workload jobs/own.toml --profiles 'my dir' "
        "--card card.toml --dim n=2 -o run.json"
    )


def quantised(granularity):
    from assess.describe.model import Quantisation

    return builders.model(precision="int8", quantisation=Quantisation("QDQ", granularity, ("int8",), ("uint8",), 1.0))


def test_granularity_matters_as_much_as_width():
    assert answer("precision", of=quantised("per-tensor"))[0] is Verdict.PASS
    finding = ask("precision", of=quantised("per-channel"))
    assert finding.verdict is Verdict.FAIL
    assert finding.because == "the weights are quantised per-channel; ACME Runtime takes per-tensor"
    assert finding.next_step == "quantise again: QDQ, per-tensor"


def test_a_runtime_that_quantises_itself_takes_floats():
    device = builders.device(runtimes=(builders.runtime(precisions=["int8"], quantises_floats=True),))
    finding = ask("precision", on=device)
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because == "the model computes in fp32; ACME Runtime would in int8, quantised when it is compiled"


def test_a_model_of_no_known_format_is_unknown():
    assert answer("precision", of=builders.model(precision="other"))[0] is Verdict.UNKNOWN


def test_a_form_of_quantisation_that_is_not_taken_is_not_hidden_by_casts():
    from assess.describe.model import Quantisation

    weights_only = builders.model(quantisation=Quantisation("weight-only", "block", ("int4",), (), 0.0))
    assert answer("precision", of=weights_only) == (
        Verdict.FAIL, "the model is quantised as weight-only; ACME Runtime takes QDQ"
    )  # fmt: skip


def test_a_runtime_that_states_no_quantisation_leaves_it_unknown():
    device = builders.device(runtimes=(builders.runtime(quantisation=None),))
    assert answer("precision", of=quantised("per-tensor"), on=device)[0] is Verdict.UNKNOWN


# execution


def test_a_run_on_the_device_passes():
    assert answer("execution", run=builders.measurement()) == (
        Verdict.PASS, "700 inferences with CPUExecutionProvider"
    )  # fmt: skip


def test_a_run_on_a_proxy_is_marginal():
    assert answer("execution", run=builders.measurement(before=PROXY)) == (
        Verdict.MARGINAL, "700 inferences with CPUExecutionProvider, on a proxy: Laptop"
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["refused", "crashed", "hung", "out of memory"])
def test_a_failure_is_a_finding_with_its_cause(kind):
    failed = builders.measurement(failure=Failure("load", kind, "why it ended", "last words"), service_ns=())
    finding = ask("execution", run=failed)
    assert finding.verdict is Verdict.FAIL
    assert finding.because == f"{kind} in phase 'load': why it ended"
    assert finding.details == ("last words",)
    assert finding.next_step


def test_a_board_in_a_mode_that_nobody_asks_for_is_a_proxy_and_says_why():
    finding = ask("execution", run=builders.measurement(), on=builders.device(power_mode="25W"))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because == (
        "700 inferences with CPUExecutionProvider, on a proxy: ACME Rover Board; acme-rover is in power mode '25W', "
        "but its profile does not say how a host reports that (power_mode of [identity])"
    )
    assert finding.next_step.startswith(
        "write what the board calls its mode into power_mode of [identity] of acme-rover, then on acme-rover: assess "
    )


def test_a_failure_on_a_proxy_leaves_it_open():
    failed = builders.measurement(failure=Failure("load", "hung", "why"), service_ns=(), before=PROXY)
    assert answer("execution", run=failed) == (Verdict.UNKNOWN, "hung in phase 'load': why, on a proxy: Laptop")


# measurement validity


def test_a_valid_measurement_passes_and_a_proxys_is_not_asked():
    assert answer("measurement validity", run=builders.measurement())[0] is Verdict.PASS
    assert answer("measurement validity", run=builders.measurement(before=PROXY))[0] is Verdict.NOT_ASKED


def test_nothing_that_stands_on_an_invalid_measurement_passes():
    early = builders.measurement(service_ns=(10_000_000,) * 200)
    for name in ("measurement validity", "latency", "memory", "evidence"):
        assert answer(name, run=early, whom=builders.partner(evidence="measured"))[0] is Verdict.UNKNOWN


# latency


def test_a_percentile_under_the_deadline_passes():
    finding = ask("latency", run=builders.measurement())
    assert finding.verdict is Verdict.PASS
    assert finding.limit.text == "deadline of camera-30hz at p99"


def test_a_percentile_over_the_deadline_fails():
    finding = ask("latency", run=builders.measurement(), job=builders.workload(deadline="10 ms"))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "Conv holds 100% of 1 GMACs: quantise, distil, or allow more --threads"


def test_a_deadline_inside_the_range_is_marginal():
    assert answer("latency", run=builders.measurement(), job=builders.workload(deadline="10.69 ms"))[0] is (
        Verdict.MARGINAL
    )


def test_a_projection_never_passes():
    assert answer("latency")[0] is Verdict.MARGINAL


def test_a_bound_over_the_deadline_fails_without_any_run():
    finding = ask("latency", job=builders.workload(deadline="0.5 ms"))
    assert finding.verdict is Verdict.FAIL
    assert "the peak of the engine that it would run on is too low" in finding.next_step


def test_the_period_is_the_deadline_where_only_a_rate_is_given():
    assert ask("latency", job=builders.workload(deadline=None)).limit.value == pytest.approx(1 / 30)


# cold start


def test_cold_start_is_asked_only_where_the_job_asks():
    assert answer("cold start", run=builders.measurement())[0] is Verdict.NOT_ASKED
    # One start with warm files bounds a cold one from below only.
    assert answer("cold start", run=builders.measurement(), job=builders.workload(cold_start="2 s"))[0] is (
        Verdict.MARGINAL
    )
    assert answer("cold start", run=builders.measurement(), job=builders.workload(cold_start="0.2 s"))[0] is (
        Verdict.FAIL
    )


def test_cold_start_on_a_proxy_is_unknown():
    assert answer("cold start", run=builders.measurement(before=PROXY), job=builders.workload(cold_start="2 s")) == (
        Verdict.UNKNOWN, "only a run on acme-rover itself can tell"
    )  # fmt: skip


# memory


def test_memory_is_judged_against_the_share_of_what_is_left():
    finding = ask("memory", run=builders.measurement())
    assert finding.verdict is Verdict.PASS
    assert finding.limit.value == pytest.approx(200e6)
    assert finding.limit.text == "25% of what the system leaves"


def test_too_much_memory_names_what_int8_would_bring():
    # A peak of 12 MB, of which 6 MB are weights: 1.5 MB of weights leave 7.5 MB.
    finding = ask("memory", run=builders.measurement(), job=builders.workload(memory="8 MB"))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "INT8 would bring 6 MB of weights to 1.5 MB: fits"


def test_memory_that_int8_does_not_save_says_so():
    # The weights alone would fit into 2 MB; what was seen beside them does not.
    finding = ask("memory", run=builders.measurement(), job=builders.workload(memory="2 MB"))
    assert finding.next_step == "INT8 would bring 6 MB of weights to 1.5 MB: still above 2 MB with all else"


def test_an_unknown_system_share_is_never_a_pass():
    memory = {key: value for key, value in builders.DEVICE["memory"].items() if key != "reserved"}
    finding = ask("memory", run=builders.measurement(), on=builders.device(memory=memory))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.limit.text == "25% of capacity; what the system keeps is not known"


def test_a_recalled_capacity_is_never_a_pass():
    memory = {**builders.DEVICE["memory"], "capacity": {"value": "1 GB", "source": "DS", "grade": "R"}}
    assert answer("memory", run=builders.measurement(), on=builders.device(memory=memory))[0] is Verdict.MARGINAL


def test_the_smallest_of_all_memory_limits_counts():
    roomy = builders.workload(memory="900 MB", memory_share=None)
    assert ask("memory", run=builders.measurement(), job=roomy).limit.value == pytest.approx(800e6)
    shared = builders.workload(memory="300 MB")
    assert ask("memory", run=builders.measurement(), job=shared).limit.text == "25% of what the system leaves"


def test_a_jobs_own_memory_limit_holds_for_on_chip_devices_too():
    sensor = builders.device(memory=None, on_chip=CHIP)
    finding = ask("memory", on=sensor, job=builders.workload(memory="2 MB"))
    assert (finding.verdict, finding.limit.text) == (Verdict.FAIL, "memory of camera-30hz")


# on-chip memory

CHIP = {"kind": "on-chip", "capacity": {"value": "8 MB", "source": "DS", "grade": "A"}}


def test_on_chip_memory_is_asked_only_where_there_is_no_other():
    assert answer("on-chip memory")[0] is Verdict.NOT_ASKED


def test_on_chip_memory_holds_weights_and_activations_together():
    sensor = builders.device(memory=None, on_chip=CHIP)
    assert answer("on-chip memory", on=sensor)[0] is Verdict.MARGINAL
    big = builders.model(weight_bytes={"float32": 7_500_000}, parameters=1_875_000)
    finding = ask("on-chip memory", of=big, on=sensor)
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "INT8 would bring 7.5 MB of weights to 1.88 MB: fits"
    assert answer("memory", on=sensor)[0] is Verdict.NOT_ASKED


# storage


def test_storage_takes_the_smaller_limit():
    device = builders.device(storage={"value": "4 MB", "source": "DS", "grade": "A"})
    finding = ask("storage", on=device, job=builders.workload(storage="8 MB"))
    assert (finding.verdict, finding.limit.text) == (Verdict.FAIL, "storage of acme-rover")
    assert answer("storage", job=builders.workload(storage="8 MB"))[0] is Verdict.PASS
    assert answer("storage")[0] is Verdict.NOT_ASKED


# licence and evidence


def test_an_accepted_licence_passes_in_any_case():
    of = builders.model(licence="apache-2.0")
    assert answer("licence", of=of, whom=builders.partner()) == (
        Verdict.PASS, "apache-2.0 (from the card); acme accepts Apache-2.0, MIT"
    )  # fmt: skip


def test_another_licence_fails():
    assert answer("licence", of=builders.model(licence="CC-BY-NC-4.0"), whom=builders.partner())[0] is Verdict.FAIL


def test_a_card_that_contradicts_the_file_is_unknown():
    of = builders.model(metadata={"license": "GPL-3.0-only"})
    assert answer("licence", of=of, whom=builders.partner()) == (
        Verdict.UNKNOWN, "the card says 'Apache-2.0', the file itself 'GPL-3.0-only'"
    )  # fmt: skip


def test_no_licence_is_unknown_and_no_partner_not_asked():
    assert answer("licence", of=builders.model(licence=""), whom=builders.partner())[0] is Verdict.UNKNOWN
    assert answer("licence")[0] is Verdict.NOT_ASKED


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        ("MIT OR Apache-2.0", Verdict.PASS),
        ("(MIT AND Apache-2.0)", Verdict.PASS),
        ("MIT OR GPL-3.0-only", Verdict.PASS),
        ("MIT AND GPL-3.0-only", Verdict.FAIL),
        ("(MIT OR GPL-3.0-only) AND (GPL-3.0-only OR Apache-2.0)", Verdict.PASS),
        ("GPL-3.0-only WITH Classpath-exception-2.0", Verdict.FAIL),
        ("GPL-3.0-only AND CC-BY-4.0", Verdict.FAIL),
        ("LicenseRef-acme", Verdict.FAIL),
        ("mit/apache-2.0", Verdict.UNKNOWN),
        ("MIT OR", Verdict.UNKNOWN),
        ("Llama 3 Community", Verdict.UNKNOWN),
        ("(" * 51 + "MIT" + ")" * 51, Verdict.UNKNOWN),
        ("?", Verdict.UNKNOWN),
    ],
)
def test_a_licence_expression_is_evaluated_and_other_text_not_guessed(stated, verdict):
    assert answer("licence", of=builders.model(licence=stated), whom=builders.partner())[0] is verdict


def test_a_refused_part_is_named_and_text_that_is_no_licence_says_why():
    whom = builders.partner()
    assert answer("licence", of=builders.model(licence="MIT AND CC-BY-4.0"), whom=whom) == (
        Verdict.FAIL, "MIT AND CC-BY-4.0 (from the card); acme accepts Apache-2.0, MIT; not CC-BY-4.0"
    )  # fmt: skip
    assert answer("licence", of=builders.model(licence="Llama 3"), whom=whom)[1] == (
        "the licence 'Llama 3' names 'Llama 3', which is not on the SPDX list"
    )


def test_an_exception_is_accepted_with_its_licence_only():
    whom = builders.partner(licences=["GPL-2.0-only WITH Classpath-exception-2.0"])
    exact = builders.model(licence="gpl-2.0-only with classpath-exception-2.0")
    assert answer("licence", of=exact, whom=whom)[0] is Verdict.PASS
    assert answer("licence", of=builders.model(licence="GPL-2.0-only"), whom=whom)[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("Apache 2.0", "'Apache 2.0' names 'Apache 2.0', which is not on the SPDX list"),
        ("MIT OR ISC", "'MIT OR ISC' is more than one licence: each is an entry of its own"),
        ("", "'' is empty"),
    ],
)
def test_a_policy_lists_licences_that_exist(entry, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        builders.partner(licences=[entry])


def test_what_a_policy_wants_stated_is_repeated_or_missing():
    whom = builders.partner(statements=["origin", "data-residency"])
    said = builders.model(statements={"origin": "ACME, Tokyo", "data-residency": "Japan"})
    assert answer("statements", of=said, whom=whom) == (Verdict.PASS, "origin: ACME, Tokyo; data-residency: Japan")
    assert answer("statements", of=builders.model(statements={"origin": "ACME"}), whom=whom) == (
        Verdict.UNKNOWN, "acme asks for a statement on data-residency, and the model's card has none"
    )  # fmt: skip
    assert answer("statements", of=said, whom=builders.partner()) == (Verdict.NOT_ASKED, "acme asks for no statement")
    assert answer("statements", of=said)[0] is Verdict.NOT_ASKED


def test_a_policy_may_demand_a_measurement_on_the_device():
    strict = builders.partner(evidence="measured")
    assert answer("evidence", whom=strict, run=builders.measurement())[0] is Verdict.PASS
    verdict, because = answer("evidence", whom=strict, run=builders.measurement(before=PROXY))
    assert verdict is Verdict.UNKNOWN
    assert because == (
        "acme demands that latency and memory be measured on the device: its board is 'Laptop', acme-rover is "
        "'ACME Rover Board'"
    )
    assert answer("evidence", whom=builders.partner())[0] is Verdict.PASS
