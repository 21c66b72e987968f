"""What is made of outputs: finite or not, the same time for all data or not, and what a reference says."""

from dataclasses import replace

import builders
import pytest

from assess.judge.criteria.agreement import agreement
from assess.judge.criteria.data_dependence import data_dependence
from assess.judge.criteria.numerics import numerics
from assess.judge.finding import Verdict
from assess.measure.agreement import Agreement, OutputAgreement
from assess.measure.passes.outputs import NotFinite, OutputFacts, Variant

MS = 1_000_000
SAME = {"runs": True, "sessions": True, "threads": True}
COMPARED = {"runs": "4 inferences in one session", "sessions": "2 sessions", "threads": "1 and 2 threads"}
PROXY = builders.host(board="Laptop")


def facts(**changes) -> OutputFacts:
    """Zeros take 4 % longer than the run's own 10 ms; everything is finite and the same."""
    variants = (
        Variant("run", (), 10 * MS, 1.0),
        Variant("run again", (), 10 * MS, 1.01),
        Variant("seed 1", ("image",), 10 * MS, 1.0),
        Variant("zeros", ("image",), 10_400_000, 1.04),
        Variant("card", absent="the model has no card"),
    )
    return replace(OutputFacts(variants, 20, (), SAME, COMPARED, {"scores": "ab" * 32}), **changes)


def timed(again=1.0, run_ns=10 * MS, **ratios) -> OutputFacts:
    others = [Variant(name, ("image",), int(run_ns * ratio), ratio) for name, ratio in ratios.items()]
    base = [Variant("run", (), run_ns, 1.0), Variant("run again", (), int(run_ns * again), again)]
    return facts(variants=tuple(base + others))


def ask(criterion, host=None, **changes):
    run = builders.measurement(**changes, **({"before": host, "after": host} if host else {}))
    return criterion.ask(builders.case(run=run))


# numerics


def test_finite_outputs_on_the_device_pass_and_determinism_is_told():
    finding = ask(numerics, outputs=facts())
    assert finding.verdict is Verdict.PASS
    assert finding.because == (
        "with 3 kinds of inputs; the same bit by bit in 4 inferences in one session, 2 sessions, 1 and 2 threads"
    )


def test_finite_outputs_on_another_host_are_marginal():
    finding = ask(numerics, host=PROXY, outputs=facts())
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because.endswith("; on another host")
    assert finding.next_step.startswith("on acme-rover: assess measure")


def fed(source):
    return (replace(builders.measurement().inputs[0], source=source),)


def test_nan_for_generated_inputs_is_unknown_since_the_model_may_never_see_such():
    found = (NotFinite("scores", "run", 3, 0, 10), NotFinite("scores", "seed 1", 2, 1, 10))
    finding = ask(numerics, outputs=facts(not_finite=found))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.because.startswith("'scores' with the run's own inputs, seed 1: 3 NaN of 10; the same bit by bit")
    assert finding.next_step == "feed real inputs (--input NAME=FILE.npy): these were generated: image"
    assert finding.details == ("'scores' fed run: 3 NaN of 10", "'scores' fed seed 1: 2 NaN and 1 infinite of 10")


@pytest.mark.parametrize(
    ("source", "variant", "verdict"),
    [
        ("frame.npy", "run", Verdict.FAIL),
        ("frame.npy", "seed 1", Verdict.UNKNOWN),
        ("card", "run", Verdict.FAIL),
        ("card", "seed 1", Verdict.FAIL),
        ("generated", "card", Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("host", [None, PROXY])
def test_nan_for_inputs_that_occur_fails_on_any_host(source, variant, verdict, host):
    found = (NotFinite("scores", variant, 3, 0, 10),)
    assert ask(numerics, host=host, inputs=fed(source), outputs=facts(not_finite=found)).verdict is verdict


def test_nan_for_real_inputs_has_another_next_step():
    used = replace(builders.measurement().inputs[0], source="frame.npy")
    finding = ask(numerics, inputs=(used,), outputs=facts(not_finite=(NotFinite("scores", "card", 0, 1, 10),)))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step.startswith("look for an overflow")


def test_nan_for_inputs_that_no_sensor_gives_is_marginal():
    found = (NotFinite("scores", "zeros", 10, 0, 10), NotFinite("scores", "denormals", 10, 0, 10))
    finding = ask(numerics, outputs=facts(not_finite=found))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because.startswith("'scores' only with zeros, denormals: 10 NaN of 10; the same bit by bit")
    assert finding.next_step


def test_outputs_that_change_from_run_to_run_are_a_fact_and_no_failure():
    finding = ask(numerics, outputs=facts(deterministic={**SAME, "threads": False}))
    assert finding.verdict is Verdict.PASS
    assert finding.because == "with 3 kinds of inputs; not the same bit by bit in 1 and 2 threads"
    assert "not compared bit by bit" in ask(numerics, outputs=facts(deterministic={})).because


def test_without_a_look_at_the_outputs_there_is_no_answer():
    for criterion in (numerics, data_dependence):
        assert criterion.ask(builders.case()).verdict is Verdict.UNKNOWN
        assert criterion.ask(builders.case()).because == "nothing was run"
        assert ask(criterion).verdict is Verdict.NOT_ASKED
        finding = ask(criterion, absent={"outputs": "stopped by SIGFPE while it was fed zeros"})
        assert finding.verdict is Verdict.UNKNOWN
        assert finding.because == "stopped by SIGFPE while it was fed zeros"
        assert finding.next_step


# data dependence


def test_a_spread_below_the_threshold_passes_on_the_device():
    finding = ask(data_dependence, outputs=facts())
    assert finding.verdict is Verdict.PASS
    assert finding.because == (
        "zeros takes 4.0% longer than run (looked for: 10%); the same inputs timed twice differ by 1.0%"
    )
    assert finding.details == (
        "run: 10 ms, 1.00 of the run's own",
        "seed 1: 10 ms, 1.00 of the run's own",
        "zeros: 10.4 ms, 1.04 of the run's own",
        "card: not tried: the model has no card",
    )


def test_a_spread_below_the_threshold_is_marginal_on_another_host():
    assert ask(data_dependence, host=PROXY, outputs=facts()).verdict is Verdict.MARGINAL


def test_a_spread_over_the_threshold_is_marginal_and_names_the_variants():
    finding = ask(data_dependence, outputs=timed(zeros=0.8, ones=1.2))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because.startswith("ones takes 50.0% longer than zeros (looked for: 10%)")
    assert finding.next_step == "measure with the slowest inputs that the job has: --input NAME=FILE.npy"


def test_denormals_that_are_slow_are_to_be_flushed():
    finding = ask(data_dependence, outputs=timed(denormals=9.0))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.next_step.startswith("flush denormals")


def test_the_threshold_is_twice_as_large_below_200_us():
    assert ask(data_dependence, outputs=timed(run_ns=199_999, zeros=1.15)).verdict is Verdict.PASS
    assert ask(data_dependence, outputs=timed(run_ns=200_000, zeros=1.15)).verdict is Verdict.MARGINAL
    finding = ask(data_dependence, outputs=timed(run_ns=100_000, zeros=1.25))
    assert "(looked for: 20%, of an inference below 200 us)" in finding.because


def test_a_host_that_cannot_tell_the_same_inputs_apart_cannot_tell_others():
    for again in (1.12, 1 / 1.12):
        finding = ask(data_dependence, outputs=timed(again=again, zeros=1.5))
        assert finding.verdict is Verdict.UNKNOWN
        assert finding.because == "the same inputs timed twice differ by 12%, more than the 10% looked for"


def test_what_was_not_timed_is_unknown_with_the_reason():
    untimed = facts(variants=(Variant("run"), Variant("zeros", ("image",))), absent={"timing": "it would take 60 s"})
    finding = ask(data_dependence, outputs=untimed)
    assert (finding.verdict, finding.because) == (Verdict.UNKNOWN, "it would take 60 s")


# agreement

EQUAL = OutputAgreement("scores", "scores", 160, 1.0, 0, 0.0, 0.0, 0.0, 0.0, 1.0, 16, "name")
CLOSE = OutputAgreement("scores", "scores", 160, 0.1, 0, 0.25, 0.0125, 0.0005, 0.03, 0.9375, 16, "name")


def against(*outputs) -> Agreement:
    return Agreement("teacher.onnx", "cd" * 32, "model", tuple(f"seed {seed}" for seed in range(16)), "name", outputs)


def test_without_a_reference_agreement_is_not_asked():
    for finding in (agreement.ask(builders.case()), ask(agreement)):
        assert (finding.verdict, finding.because) == (Verdict.NOT_ASKED, "no reference was given (--reference)")


def test_a_student_that_is_close_is_told_in_figures_and_not_judged():
    finding = ask(agreement, agreement=against(CLOSE))
    assert finding.verdict is Verdict.NOT_ASKED
    assert finding.because == (
        "top-1 agreement 93.8%, cosine 0.999500, largest difference 0.25 against teacher.onnx in 16 frames; "
        "camera-30hz sets no limit"
    )
    assert finding.details == (
        "'scores': 10.0% equal, max 0.25, mean 0.0125, cosine 0.999500, relative L2 0.03, top-1 93.8% of 16",
    )


def test_the_summary_is_of_the_worst_output():
    worse = replace(CLOSE, output="boxes", reference="output0", cosine_distance=0.5, top1=None, max_abs=3.0)
    finding = ask(agreement, agreement=against(CLOSE, worse))
    assert finding.because.startswith("top-1 agreement 93.8%, cosine 0.500000, largest difference 3 against")
    assert finding.details[1].startswith("'boxes' as 'output0': ")


def test_outputs_that_are_all_the_same_pass_on_the_device():
    finding = ask(agreement, agreement=against(EQUAL))
    assert (finding.verdict, finding.because) == (Verdict.PASS, "all outputs are those of teacher.onnx in 16 frames")
    assert ask(agreement, host=PROXY, agreement=against(EQUAL)).verdict is Verdict.MARGINAL


def test_an_output_that_could_not_be_compared_leaves_it_open():
    finding = ask(agreement, agreement=against(EQUAL, OutputAgreement("boxes", "", absent="has shape 1x4")))
    assert (finding.verdict, finding.because) == (Verdict.UNKNOWN, "teacher.onnx: 'boxes' has shape 1x4")
    assert finding.next_step == "give a reference whose outputs have the same names and shapes"


def test_nan_where_the_other_has_a_number_leaves_it_open():
    finding = ask(agreement, agreement=against(replace(CLOSE, mismatched=3)))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.because == (
        "teacher.onnx: 'scores' is no finite number in 3 of 160 places where the other is another"
    )


def test_a_reference_that_did_not_run_leaves_it_open_with_the_reason():
    finding = ask(agreement, absent={"agreement": "the reference was refused: no Frob"})
    assert (finding.verdict, finding.because) == (Verdict.UNKNOWN, "the reference was refused: no Frob")


def test_text_outputs_are_told_by_their_share_of_equal_elements():
    finding = ask(agreement, agreement=against(OutputAgreement("label", "label", 16, 0.75)))
    assert finding.because.startswith("75.0% of the elements equal against teacher.onnx")
