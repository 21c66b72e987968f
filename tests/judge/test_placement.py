from dataclasses import replace

import builders

from assess.judge.criteria.placement import placement
from assess.judge.finding import Verdict
from assess.measure.measurement import Settings
from assess.measure.placement import Fallback, Part, Placement

CPU, NPU = "CPUExecutionProvider", "NpuExecutionProvider"
PROXY = builders.host(board="Laptop")

WHOLE = Placement(NPU, (Part(NPU, 20, {"Conv": 20}, 1.0),), 1)
SPLIT = Placement(
    NPU,
    (Part(NPU, 18, {"Conv": 18}, 0.97), Part(CPU, 2, {"NonMaxSuppression": 1, "TopK": 1}, 0.03)),
    3,
    (Fallback("nms", "NonMaxSuppression", CPU), Fallback("top", "TopK", CPU)),
)


def ask(placed, *, required=False, provider=NPU, absent=None, **changes):
    requested = Settings(provider=provider, require_full_placement=required)
    run = replace(builders.measurement(), requested=requested, placement=placed, absent=absent or {}, **changes)
    return placement.ask(builders.case(run=run))


def test_a_model_that_is_taken_whole_passes_on_the_device():
    found = ask(WHOLE)
    assert (found.verdict, found.because) == (Verdict.PASS, "NpuExecutionProvider was given all 20 nodes")


def test_on_a_proxy_a_model_that_is_taken_whole_is_to_be_measured_on_the_device():
    found = ask(WHOLE, before=PROXY, after=PROXY)
    assert found.verdict is Verdict.MARGINAL
    assert found.next_step


def test_operators_that_fall_back_are_named_with_their_share():
    found = ask(SPLIT)
    assert (found.verdict, found.because) == (
        Verdict.MARGINAL,
        "NonMaxSuppression, TopK: 2 nodes with 3.0% of the MACs not on NpuExecutionProvider; 3 partitions",
    )
    assert found.details == (
        "NonMaxSuppression 'nms' on CPUExecutionProvider",
        "TopK 'top' on CPUExecutionProvider",
    )


def test_a_fallback_fails_where_full_placement_is_required():
    assert ask(SPLIT, required=True).verdict is Verdict.FAIL
    assert ask(WHOLE, required=True).verdict is Verdict.PASS


def test_a_share_that_is_not_known_is_said_not_to_be():
    unknown = replace(SPLIT, parts=tuple(replace(part, macs_share=None) for part in SPLIT.parts))
    assert "an unknown share of the MACs" in ask(unknown).because


def test_the_cpu_cannot_fall_back():
    found = ask(None, provider=CPU)
    assert (found.verdict, found.because) == (Verdict.NOT_ASKED, "only the CPU was asked for")


def test_a_run_that_does_not_tell_is_unknown():
    found = ask(None, absent={"placement": "this version does not tell"})
    assert (found.verdict, found.because) == (Verdict.UNKNOWN, "this version does not tell")


def test_without_a_run_it_is_not_asked():
    assert placement.ask(builders.case()).verdict is Verdict.NOT_ASKED


def test_many_fallbacks_are_cut():
    many = replace(SPLIT, fallbacks=SPLIT.fallbacks * 10, more_fallbacks=5)
    assert ask(many).details[-1] == "15 more"
