"""What execution providers run on."""

import pytest

from assess.measure.providers import certain_engine, is_cpu, likely_engine


@pytest.mark.parametrize(
    ("provider", "certain", "likely"),
    [
        ("CPUExecutionProvider", "cpu", "cpu"),
        ("XnnpackExecutionProvider", "cpu", "cpu"),
        ("CUDAExecutionProvider", "gpu", "gpu"),
        ("OpenVINOExecutionProvider", None, "cpu"),
        ("DmlExecutionProvider", None, "gpu"),
        ("NobodysExecutionProvider", None, "npu"),
    ],
)
def test_an_engine_is_certain_where_a_provider_has_only_one(provider, certain, likely):
    assert (certain_engine(provider), likely_engine(provider)) == (certain, likely)


def test_only_what_certainly_runs_on_the_cpu_is_no_other_engine():
    assert is_cpu("XnnpackExecutionProvider")
    assert not is_cpu("OpenVINOExecutionProvider")
