from dataclasses import replace

from assess.measure.passes.profile import OperatorTime, Profile, ProfiledNode
from assess.measure.placement import Fallback, Part, Placement
from assess.report.facts.fact import table_lines
from assess.report.profile import fallbacks, node_table, operator_table, operators_in_short, placement_table, taken

CPU, NPU = "CPUExecutionProvider", "NpuExecutionProvider"

PROFILE = Profile(
    runs=100,
    plain_ns=10_000_000,
    profiled_ns=11_200_000,
    run_ns=1_100_000_000,
    kernel_ns=1_000_000_000,
    mapped_ns=980_000_000,
    nodes=(
        ProfiledNode("r_nchwc", "Conv", CPU, 100, 900_000_000, ("conv", "relu"), macs=450_000_000),
        ProfiledNode("softmax", "Softmax", CPU, 100, 80_000_000, ("softmax",), macs=0),
        ProfiledNode("ReorderOutput", "ReorderOutput", CPU, 100, 15_000_000),
    ),
    more_nodes=2,
    more_ns=5_000_000,
    by_operator=(
        OperatorTime("Conv", CPU, 1, 100, 900_000_000),
        OperatorTime("Softmax", CPU, 1, 100, 80_000_000),
        OperatorTime("ReorderOutput", CPU, 3, 300, 20_000_000),
    ),
    folded=3,
    absorbed=1,
    unseen=("drop",),
    arena_peak_bytes=2_500_000,
)

PLACEMENT = Placement(
    NPU,
    (Part(NPU, 18, {"Conv": 12, "Relu": 6}, 0.97), Part(CPU, 2, {"NonMaxSuppression": 1, "TopK": 1}, 0.03)),
    3,
    (Fallback("nms", "NonMaxSuppression", CPU), Fallback("top", "TopK", CPU)),
)


def test_a_profile_as_tables():
    assert taken(PROFILE) == [
        "100 inferences of 11 ms each while profiled, which takes 1.12 times as long as without",
        "91% of that within kernels, of which the model's nodes are known for 98%",
        "the model's nodes: 3 folded, 1 absorbed by others, 1 not seen",
        "2.5 MB of the arena in use at most",
    ]
    assert operators_in_short(PROFILE) == "Conv 90%, Softmax 8%, ReorderOutput 2%"
    assert table_lines(operator_table(PROFILE)) == [
        "share  nodes  operator       provider",
        "90.0%      1  Conv           CPUExecutionProvider",
        " 8.0%      1  Softmax        CPUExecutionProvider",
        " 2.0%      3  ReorderOutput  CPUExecutionProvider",
    ]
    assert table_lines(node_table(PROFILE)) == [
        "share  per call      speed  operator       executed as    the model's own",
        "90.0%      9 ms  50 GMAC/s  Conv           r_nchwc        conv, relu",
        " 8.0%    800 us             Softmax        softmax        =",
        " 1.5%    150 us             ReorderOutput  ReorderOutput  (unknown)",
        " 0.5%                       2 more",
    ]


def test_what_is_not_shown_is_summed():
    assert table_lines(operator_table(PROFILE, shown=1))[-1] == "10.0%      4  2 more"
    assert table_lines(node_table(PROFILE, shown=1))[-1] == "10.0%                       4 more"
    many = replace(PROFILE, by_operator=tuple(replace(PROFILE.by_operator[2], operator=f"Op{i}") for i in range(7)))
    assert operators_in_short(many).endswith("Op4 2%, 2 more 4%")


def test_a_profile_that_could_not_be_read_whole_says_so():
    assert "4 lines of the profile could not be read" in taken(replace(PROFILE, unread=4))


def test_long_names_keep_their_ends_and_long_lists_their_number():
    own = tuple(f"/model/encoder/layers.{index}/attention/self/query/MatMul" for index in range(6))
    node = ProfiledNode("sub\x1b[31m", "sub", CPU, 1, 10, own, more_own=100)
    row = table_lines(node_table(replace(PROFILE, nodes=(node,))))[1]
    assert row.count("\x1b") == 0
    assert row.endswith(", .../encoder/layers.3/attention/self/query/MatMul, 102 more")


def test_a_placement_as_a_table():
    assert table_lines(placement_table(PLACEMENT)) == [
        "provider              nodes   MACs  operators",
        "NpuExecutionProvider     18  97.0%  12 Conv, 6 Relu",
        "CPUExecutionProvider      2   3.0%  1 NonMaxSuppression, 1 TopK",
    ]
    assert fallbacks(PLACEMENT) == [
        "fell back: NonMaxSuppression 'nms' on CPUExecutionProvider",
        "fell back: TopK 'top' on CPUExecutionProvider",
    ]


def test_a_share_that_is_not_known_is_not_zero():
    parts = tuple(replace(part, macs_share=None) for part in PLACEMENT.parts)
    found = replace(PLACEMENT, parts=parts, more_fallbacks=7)
    assert placement_table(found).rows[0] == ("NpuExecutionProvider", "18", "unknown", "12 Conv, 6 Relu")
    assert fallbacks(found)[-1] == "fell back: 7 more"
