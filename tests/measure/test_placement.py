from assess.describe.graph.nodes import NodeFact
from assess.measure.node_names import Own
from assess.measure.placement import Fallback, Given, GivenNode, Part, Placement, own_parts, placement

CPU, NPU = "CPUExecutionProvider", "NpuExecutionProvider"


def fact(name, operator, macs=0, **more):
    return NodeFact(name, operator, (), (f"{name}_out",), macs=macs, **more)


def part(provider, *nodes):
    return Given(provider, tuple(GivenNode(*node.split(":", 1)) for node in nodes))


FACTS = (
    fact("c1", "Conv", 600),
    fact("nms", "NonMaxSuppression"),
    fact("c2", "Conv", 300),
    fact("fc", "MatMul", 100),
)


def test_each_provider_gets_its_nodes_operators_and_share_of_the_macs():
    parts = [part(NPU, "c1:Conv"), part(NPU, "c2:Conv", "fc:MatMul"), part(CPU, "nms:NonMaxSuppression")]
    found = placement(NPU, parts, Own(FACTS))
    assert found == Placement(
        asked=NPU,
        parts=(
            Part(NPU, 3, {"Conv": 2, "MatMul": 1}, 1.0),
            Part(CPU, 1, {"NonMaxSuppression": 1}, 0.0),
        ),
        partitions=3,
        fallbacks=(Fallback("nms", "NonMaxSuppression", CPU),),
    )
    assert (found.on_asked_nodes, found.on_asked_macs) == (0.75, 1.0)
    assert found.fallen_back == {"NonMaxSuppression": 1}


def test_a_provider_that_took_nothing_has_no_share():
    found = placement(NPU, [part(CPU, "c1:Conv"), part(CPU, "fc:MatMul")], Own([FACTS[0], FACTS[3]]))
    assert (found.on_asked_nodes, found.on_asked_macs, found.partitions) == (0.0, 0.0, 1)
    assert found.fallen_back == {"Conv": 1, "MatMul": 1}


def test_nothing_told_is_no_placement():
    assert placement(NPU, [], Own(FACTS)) is None


def test_names_of_basic_optimisation_are_traced_back():
    parts = [part(NPU, "gemm_input_reshape:Reshape", "fc/MatMulAddFusion:Gemm"), part(CPU, "c1:Conv")]
    found = placement(NPU, parts, Own([FACTS[0], FACTS[3]]))
    assert [(each.provider, each.macs_share) for each in found.parts] == [(NPU, 100 / 700), (CPU, 600 / 700)]


def test_macs_of_nodes_that_nobody_can_tell_apart_are_not_shared_out():
    facts = [fact("Conv_0", "Conv", 600, is_named=False), fact("Conv_1", "Conv", 300, is_named=False)]
    found = placement(NPU, [part(NPU, ":Conv"), part(CPU, ":Conv")], Own(facts))
    assert [each.macs_share for each in found.parts] == [None, None]
    assert found.on_asked_macs is None


def test_nodes_without_a_name_that_all_went_to_one_provider_are_its():
    facts = [fact("Conv_0", "Conv", 600, is_named=False), fact("Conv_1", "Conv", 300, is_named=False), FACTS[3]]
    found = placement(NPU, [part(NPU, ":Conv"), part(NPU, ":Conv"), part(CPU, "fc:MatMul")], Own(facts))
    assert [each.macs_share for each in found.parts] == [0.9, 0.1]


def test_a_loop_body_counts_as_often_as_it_runs_and_goes_with_its_loop():
    body = fact("mm", "MatMul", 10, path=("loop.body",), runs=7)
    found = placement(
        NPU, [part(NPU, "loop:Loop"), part(CPU, "fc:MatMul")], Own([fact("loop", "Loop"), body, FACTS[3]])
    )
    assert [each.macs_share for each in found.parts] == [70 / 170, 100 / 170]


def test_nodes_taken_one_by_one_are_a_partition_where_they_follow_one_another():
    facts = [fact(name, "Conv", 1) for name in "abcdef"]
    owners = zip("abcdef", [NPU, NPU, CPU, NPU, CPU, CPU], strict=True)
    found = placement(NPU, [part(owner, f"{name}:Conv") for name, owner in owners], Own(facts))
    assert found.partitions == 4


def test_a_compiled_part_is_one_partition_though_others_lie_between_its_nodes():
    facts = [fact(name, "Conv", 1) for name in "abcd"]
    found = placement(NPU, [part(NPU, "a:Conv", "c:Conv"), part(CPU, "b:Conv"), part(CPU, "d:Conv")], Own(facts))
    assert found.partitions == 3


def test_a_long_list_of_fallbacks_is_cut_and_counted():
    parts = [part(CPU, *(f"n{index}:Relu" for index in range(250)))]
    found = placement(NPU, parts, Own([fact(f"n{index}", "Relu") for index in range(250)]))
    assert (len(found.fallbacks), found.more_fallbacks) == (100, 150)
    assert found.fallen_back == {"Relu": 250}


def test_a_compiled_part_holds_what_was_removed_from_it():
    facts = [FACTS[0], fact("bn", "BatchNormalization"), fact("k", "Constant", is_fixed=True), FACTS[3]]
    found = own_parts([part(NPU, "c1:Conv", "fc:MatMul")], Own(facts))
    assert [(provider, [each.name for each in nodes]) for provider, nodes in found] == [(NPU, ["c1", "bn", "fc"])]


def test_nodes_run_one_by_one_are_no_compiled_part():
    assert own_parts([part(CPU, "c1:Conv")], Own(FACTS)) == []
