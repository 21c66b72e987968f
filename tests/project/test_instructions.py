"""What a profile tells of a CPU's instructions, and what it does not."""

import builders
import pytest

from assess.describe.model import Quantisation
from assess.judge.criteria import precision
from assess.judge.finding import Verdict
from assess.project.instructions import without_dot_products


def device(note="", kind="cpu", cpu=()):
    engine = {
        "name": "cores", "kind": kind, "units": {"value": 4, "source": "DS", "grade": "A", "note": note},
        "peak": [{"precision": "int8", "dense": {"value": "1 TOPS", "source": "DS", "grade": "A"}}],
    }  # fmt: skip
    identity = {"board": ["ACME Rover Board"], "cpu": list(cpu)}
    return builders.device(engine=[engine], runtime=[{"id": "acme-rt", "engine": "cores"}], identity=identity)


@pytest.mark.parametrize(
    ("on", "cores"),
    [
        (device("Cortex-A53"), "Cortex-A53"),
        (device("4 Cortex-A53 and 2 Cortex-A72"), "Cortex-A53, Cortex-A72"),
        (device(cpu=["Cortex-A72"]), "Cortex-A72"),
    ],
)
def test_cores_of_armv8_0_have_no_dot_products(on, cores):
    assert without_dot_products(on, builders.runtime()) == (
        f"{cores} has no dot products of 8-bit numbers: int8 gains less time there than elsewhere"
    )


@pytest.mark.parametrize(
    "on",
    [
        device("Cortex-A76"), device("4 Cortex-A76 and 4 Cortex-A53"), device("eight cores"), device(""),
        device("Cortex-A53", kind="npu"), builders.device(),
    ],
)  # fmt: skip
def test_nothing_is_said_of_what_is_not_known(on):
    assert without_dot_products(on, builders.runtime()) == ""


def test_it_is_told_with_the_precision():
    form = Quantisation("QDQ", "per-tensor", ("int8",), ("uint8",), 1.0)
    int8 = builders.model(precision="int8", quantisation=form)
    finding = precision.ask(builders.case(of=int8, on=device("Cortex-A53")))
    assert finding.verdict is Verdict.PASS
    assert finding.because.endswith(f"; {without_dot_products(device('Cortex-A53'), builders.runtime())}")
    assert "dot products" not in precision.ask(builders.case(of=int8)).because
