"""Claims about on-chip memory, where weights lie with activations, in a memory of their own, or in storage."""

import builders
import pytest

from assess.judge.criteria.on_chip_memory import on_chip_memory
from assess.judge.criteria.storage import storage
from assess.judge.finding import Verdict

CHIP = {"kind": "on-chip", "capacity": {"value": "8 MB", "source": "DS", "grade": "A"}}

#: Of builders.model(): weights of 6 MB, and 1 MB of live activations, for which compilers take 0.99 MB to 1.4 MB.
BLIND = builders.model(peak_activation_bytes=None, absent={"peak_activation_bytes": "shape of 'x' is not known"})


def size(text, grade="A"):
    return {"value": text, "source": "DS", "grade": grade}


def chip(capacity="8 MB", *, storage="", kept="", runtime=None, **keys):
    on_chip = {"kind": "on-chip", **keys} | ({"capacity": size(capacity)} if capacity else {})
    on_chip |= {"reserved": size(kept)} if kept else {}
    more = {"storage": size(storage)} if storage else {}
    more |= {"runtimes": (runtime,)} if runtime else {}
    return builders.device(memory=None, on_chip=on_chip, **more)


def ask(device, of=None):
    return on_chip_memory.ask(builders.case(of=of, on=device))


def numbers(finding):
    return finding.found.low, finding.found.high, finding.limit.value, finding.limit.text


# together


def test_weights_and_activations_share_the_memory_unless_it_is_said_otherwise():
    finding = ask(chip())
    assert finding.verdict is Verdict.MARGINAL
    assert numbers(finding) == (6_990_000, 7_400_000, 8e6, "on-chip memory")
    assert finding.details == ()
    finding = ask(chip("6.5 MB"))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "INT8 would bring 6 MB of weights to 1.5 MB: fits"


def test_what_the_system_keeps_is_not_there_for_the_model():
    assert ask(chip("8 MB", kept="1 MB")).limit.value == 7e6


def test_int8_is_no_way_out_where_the_runtime_narrows_the_weights_already():
    narrowing = builders.runtime(precisions=["int8"], quantises_floats=True)
    finding = ask(chip("1 MB", runtime=narrowing))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step == "INT8 would bring 6 MB of weights to 1.5 MB: still above 1 MB with all else"


# a memory for weights


def test_weights_too_large_for_their_memory_fail_where_the_sum_would_pass():
    finding = ask(chip("20 MB", weight_capacity=size("5 MB")))
    assert finding.verdict is Verdict.FAIL
    assert numbers(finding) == (6_000_000, 6_000_000, 5e6, "on-chip memory for weights")
    assert finding.because == "weights, from the narrowest format that the runtime may use to as stored"
    assert finding.next_step == "INT8 would bring 6 MB of weights to 1.5 MB: fits"
    assert finding.details == (
        "weights: 6 MB of 5 MB, on-chip memory for weights: FAIL",
        "activations: 990 kB to 1.4 MB of 20 MB, on-chip memory for activations: MARGINAL",
    )


def test_activations_too_large_for_theirs_fail_whatever_the_weights_have_left():
    finding = ask(chip("900 kB", weight_capacity=size("20 MB")))
    assert finding.verdict is Verdict.FAIL
    assert numbers(finding) == (990_000, 1_400_000, 900e3, "on-chip memory for activations")
    assert finding.next_step == (
        "a smaller input, or fewer channels where most is alive at once: at most 900 kB of activations"
    )


@pytest.mark.parametrize(
    ("capacity", "weights", "decides"),
    [
        ("2 MB", "6.1 MB", "on-chip memory for weights"),  # 98 % of it against 70 %
        ("1.41 MB", "20 MB", "on-chip memory for activations"),  # 99 % against 30 %
        ("1.2 MB", "6.1 MB", "on-chip memory for activations"),  # 117 % against 98 %
    ],
)
def test_the_fuller_of_two_memories_decides_where_neither_overflows(capacity, weights, decides):
    finding = ask(chip(capacity, weight_capacity=size(weights)))
    assert (finding.verdict, finding.limit.text) == (Verdict.MARGINAL, decides)
    assert finding.next_step == "compile the model with the vendor's tools to confirm"


def test_what_int8_would_bring_starts_at_what_the_runtime_narrows_weights_to():
    quantises = builders.runtime(precisions=["int8"], quantises_floats=True)
    finding = ask(chip("20 MB", weight_capacity=size("1 MB"), runtime=quantises))
    assert numbers(finding)[:3] == (1_500_000, 6_000_000, 1e6)
    assert finding.next_step == "distil a student of at most 1 MB of weights"
    halves = builders.runtime(precisions=["fp16"])
    finding = ask(chip("20 MB", weight_capacity=size("1 MB"), runtime=halves))
    assert finding.next_step == "INT8 would bring 3 MB of weights to 1.5 MB: still above 1 MB"


# storage


def test_weights_in_storage_leave_the_memory_to_activations():
    finding = ask(chip("2 MB", weights="storage", storage="16 MB"))
    assert finding.verdict is Verdict.MARGINAL
    assert numbers(finding) == (990_000, 1_400_000, 2e6, "on-chip memory for activations")
    assert finding.details == (
        "weights: 6 MB of 16 MB, storage of acme-rover, for weights: MARGINAL",
        "activations: 990 kB to 1.4 MB of 2 MB, on-chip memory for activations: MARGINAL",
    )


def test_weights_that_storage_does_not_hold_fail_as_their_file_does():
    device = chip("2 MB", weights="storage", storage="4 MB")
    finding = ask(device)
    assert finding.verdict is Verdict.FAIL
    assert numbers(finding) == (6_000_000, 6_000_000, 4e6, "storage of acme-rover, for weights")
    assert storage.ask(builders.case(on=device)).verdict is Verdict.FAIL


def test_storage_of_unknown_size_is_told_and_does_not_decide():
    finding = ask(chip("900 kB", weights="storage"))
    assert (finding.verdict, finding.limit.text) == (Verdict.FAIL, "on-chip memory for activations")
    assert finding.details[0] == "weights: 6 MB, in storage, whose size the profile does not give"


# streamed


def test_weights_beyond_the_chip_are_marginal_where_they_are_streamed():
    finding = ask(chip("5 MB", weights_beyond="streamed"))
    assert finding.verdict is Verdict.MARGINAL
    assert numbers(finding) == (6_990_000, 7_400_000, 5e6, "on-chip memory")
    assert finding.because.startswith(
        "what does not fit is streamed by the host in every inference, which takes time; weights and live activations"
    )
    assert finding.next_step == (
        "compile the model with the vendor's tools and measure what streaming costs, or: "
        "INT8 would bring 6 MB of weights to 1.5 MB: fits"
    )
    assert finding.details == (
        "weights and activations: 6.99 MB to 7.4 MB of 5 MB, on-chip memory: MARGINAL",
        "activations: 990 kB to 1.4 MB of 5 MB, on-chip memory, with all weights streamed: MARGINAL",
    )


def test_what_fits_is_judged_as_anywhere_where_weights_may_be_streamed():
    assert ask(chip(weights_beyond="streamed")) == ask(chip())


def test_activations_are_never_streamed():
    finding = ask(chip("900 kB", weights_beyond="streamed"))
    assert finding.verdict is Verdict.FAIL
    assert numbers(finding) == (990_000, 1_400_000, 900e3, "on-chip memory, with all weights streamed")


def test_weights_beyond_a_memory_of_their_own_may_be_streamed_too():
    finding = ask(chip("20 MB", weight_capacity=size("5 MB"), weights_beyond="streamed"))
    assert (finding.verdict, finding.limit.text) == (Verdict.MARGINAL, "on-chip memory for weights")
    assert finding.because.startswith("what does not fit is streamed")


# what is not known


def test_unknown_activations_leave_it_open():
    for device in (chip(), chip(weight_capacity=size("7 MB")), chip(weights="storage")):
        finding = ask(device, BLIND)
        assert (finding.verdict, finding.because) == (Verdict.UNKNOWN, "shape of 'x' is not known")


def test_weights_that_do_not_fit_fail_whatever_the_activations_are():
    finding = ask(chip(weight_capacity=size("5 MB")), BLIND)
    assert (finding.verdict, finding.limit.text) == (Verdict.FAIL, "on-chip memory for weights")


def test_an_unknown_capacity_leaves_it_open():
    for device in (chip(""), chip("", weight_capacity=size("7 MB")), chip("", weights="storage", storage="16 MB")):
        finding = ask(device)
        assert (finding.verdict, finding.because) == (
            Verdict.UNKNOWN, "the on-chip memory of acme-rover is not published"
        )  # fmt: skip
    assert ask(chip("", weight_capacity=size("5 MB"))).verdict is Verdict.FAIL
