import builders
import pytest

from assess.describe.device import Identity
from assess.measure.measurement import Effective
from assess.project.target import binding_in_effect, host_name, why_not_the_device


def test_a_host_that_reports_the_board_is_the_device():
    assert why_not_the_device(builders.host(), builders.device()) == ""


def test_another_board_is_a_proxy():
    found = why_not_the_device(builders.host(board="Laptop"), builders.device())
    assert found == "its board is 'Laptop', acme-rover is 'ACME Rover Board'"


def test_a_board_that_cannot_be_read_is_a_proxy():
    found = why_not_the_device(builders.host(board="", absent={"board": "no DMI here"}), builders.device())
    assert found == "its board is not readable (no DMI here), acme-rover is 'ACME Rover Board'"


def test_the_power_mode_is_part_of_the_identity():
    device = builders.device(identity={"board": ["ACME Rover Board"], "power_mode": ["25W"]})
    assert why_not_the_device(builders.host(power_mode="25W"), device) == ""
    assert why_not_the_device(builders.host(power_mode="15W"), device) == "its power mode is '15W', acme-rover is '25W'"


def test_a_power_mode_alone_identifies_nothing():
    device = builders.device(identity={"power_mode": ["25W"]})
    assert "does not say by what a host is recognised" in why_not_the_device(builders.host(power_mode="25W"), device)


def test_a_host_of_which_no_mode_is_asked_is_no_evidence_for_a_mode():
    device = builders.device(power_mode="25W")
    why = (
        "acme-rover is in power mode '25W', but its profile does not say how a host reports that "
        "(power_mode of [identity])"
    )
    assert why_not_the_device(builders.host(), device) == why
    assert why_not_the_device(builders.host(power_mode="15W"), device) == why


def test_a_host_that_reports_no_mode_is_no_evidence_for_one():
    device = builders.device(power_mode="25W", identity={"board": ["ACME Rover Board"], "power_mode": ["25W"]})
    assert why_not_the_device(builders.host(), device) == (
        "its power mode is not readable (nothing reports it), acme-rover is '25W'"
    )


def test_a_profile_without_identity_is_never_the_host():
    device = builders.device(identity=None)
    assert "does not say by what a host is recognised" in why_not_the_device(builders.host(), device)


@pytest.mark.parametrize(("memory_bytes", "is_it"), [(930_000_000, True), (500_000_000, False), (2 * 10**9, False)])
def test_a_board_of_the_same_name_with_other_memory_is_a_proxy(memory_bytes, is_it):
    why = why_not_the_device(builders.host(memory_bytes=memory_bytes), builders.device())
    assert (why == "") is is_it


FAST = builders.runtime(id="fast", provider="TensorrtExecutionProvider")
PLAIN = builders.runtime(id="plain", provider="CPUExecutionProvider")
TWO = builders.device(
    runtime=[{"id": "fast", "engine": "npu"}, {"id": "plain", "engine": "npu"}], runtimes=(FAST, PLAIN)
)


def ran_with(provider):
    return builders.measurement(effective=Effective((provider,), 2, "all", "preallocated", 50, {}))


def test_a_run_is_judged_with_the_runtime_that_ran_it():
    assert binding_in_effect(TWO, ran_with("CPUExecutionProvider"))[0].id == "plain"
    assert binding_in_effect(TWO, ran_with("TensorrtExecutionProvider"))[0].id == "fast"


def test_without_a_run_the_preferred_runtime_is_meant():
    binding, why = binding_in_effect(TWO, None)
    assert (binding.id, why) == ("fast", "nothing was measured")


def test_a_run_with_a_provider_that_the_device_does_not_have_is_a_proxy():
    binding, why = binding_in_effect(TWO, ran_with("OpenVINOExecutionProvider"))
    assert binding.id == "fast"
    assert why == "it was run with OpenVINOExecutionProvider, which no runtime of acme-rover stands for"


def test_what_nothing_reports_matches_no_identity():
    blank = Identity.model_construct(board=("",), cpu=(), power_mode=("",))
    device = builders.device().model_copy(update={"identity": blank})
    host = builders.host(board="", power_mode="", absent={"board": "no DMI here"})
    assert why_not_the_device(host, device) == "its board is not readable (no DMI here), acme-rover is ''"


def test_an_emulated_host_is_the_device_by_no_name():
    host = builders.host(emulator="qemu-aarch64-st, in user mode")
    assert why_not_the_device(host, builders.device()) == (
        "its processor is emulated, by qemu-aarch64-st, in user mode: whatever it is called, it is none of acme-rover"
    )
    assert host_name(host) == "ACME Rover Board, emulated"
