import builders
import pytest
from onnx import helper
from onnx_models import model_of

from assess.describe.graph import DEFAULT_LIMITS
from assess.describe.graph.nodes import NodeFact
from assess.measure.passes.profile import OperatorTime, Profile, ProfileAnswer, ProfiledNode
from assess.measure.plain import decode
from assess.measure.read_profile import profile_keys, profile_parts, read_profile

CPU, NPU = "CPUExecutionProvider", "NpuExecutionProvider"


def fact(name, operator, inputs, outputs, macs=0, **more):
    return NodeFact(name, operator, tuple(inputs.split()), tuple(outputs.split()), macs=macs, **more)


def kernel(name, operator, ns, calls=10, provider=CPU, **more):
    return {
        "name": name,
        "operator": operator,
        "provider": provider,
        "calls": calls,
        "ns": ns,
        "arena_bytes": None,
        **more,
    }


def answer(*kernels, **changes):
    """As it comes from the worker."""
    single = [{"provider": CPU, "nodes": [{"name": "fc", "operator": "MatMul"}]}]
    plain = {
        "runs": 10,
        "run_ns": 100_000,
        "plain_ns": 5_000,
        "profiled_ns": 9_000,
        "kernels": list(kernels),
        "arena_peak_bytes": 4096,
        "unread": 0,
        "placement": single,
        "stopped": False,
        **changes,
    }
    return decode(ProfileAnswer, plain, "profile")


FACTS = (
    fact("fc", "MatMul", "x w", "m", macs=64_000),
    fact("bias", "Add", "m b", "a"),
    fact("k", "Shape", "w", "s", is_fixed=True),
    fact("drop", "Identity", "a", "i"),
    fact("act", "Tanh", "i", "y"),
)


def test_a_profile_is_joined_with_the_models_nodes():
    found, _ = read_profile(
        answer(kernel("act", "Tanh", 20_000), kernel("fused fc", "FusedGemm", 50_000), kernel("x9", "Reshape", 10_000)),
        FACTS,
        (),
        CPU,
    )
    assert found.nodes == (
        ProfiledNode("fused fc", "FusedGemm", CPU, 10, 50_000, ("fc",), macs=64_000),
        ProfiledNode("act", "Tanh", CPU, 10, 20_000, ("act",), macs=0),
        ProfiledNode("x9", "Reshape", CPU, 10, 10_000),
    )
    assert found.by_operator[0] == OperatorTime("FusedGemm", CPU, 1, 10, 50_000)
    assert (found.overhead, found.kernel_share, found.mapped_share) == (1.8, 0.8, 0.875)
    assert (found.folded, found.absorbed, found.unseen) == (1, 0, ("bias", "drop"))
    assert found.nodes[0].macs_per_s == pytest.approx(12.8e9)
    assert (found.nodes[1].macs_per_s, found.nodes[2].macs_per_s) == (None, None)


def test_the_saved_graph_leaves_nothing_unseen():
    optimised = (fact("fused fc", "com.microsoft:FusedGemm", "x w b", "i"), fact("act", "Tanh", "i", "y"))
    found, _ = read_profile(
        answer(kernel("fused fc", "FusedGemm", 50_000), kernel("act", "Tanh", 20_000)), FACTS, optimised, CPU
    )
    assert found.nodes[0].own == ("fc", "bias", "drop")
    assert (found.absorbed, found.unseen, found.mapped_share) == (2, (), 1.0)


def test_a_long_profile_is_cut_and_its_rest_summed():
    kernels = [kernel(f"n{index}", "Relu", 1000 - index) for index in range(260)]
    found, _ = read_profile(answer(*kernels), FACTS, (), CPU)
    assert (len(found.nodes), found.more_nodes) == (200, 60)
    assert found.more_ns == sum(1000 - index for index in range(200, 260))
    assert found.kernel_ns == sum(1000 - index for index in range(260))
    assert found.by_operator == (OperatorTime("Relu", CPU, 260, 2600, found.kernel_ns),)


def test_a_compiled_part_stands_for_its_nodes():
    parts = [
        {"provider": NPU, "nodes": [{"name": "fc", "operator": "MatMul"}, {"name": "bias", "operator": "Add"}]},
        {"provider": CPU, "nodes": [{"name": "act", "operator": "Tanh"}]},
    ]
    compiled = kernel("Npu-subgraph_2_0", "Npu-subgraph_2", 40_000, provider=NPU)
    found, placed = read_profile(answer(compiled, kernel("act", "Tanh", 5_000), placement=parts), FACTS, (), NPU)
    assert found.nodes[0].own == ("fc", "bias")
    assert found.nodes[0].macs == 64_000
    assert placed.on_asked_macs == 1.0


def test_compiled_parts_are_told_apart_by_their_numbers():
    pairs = [("fc", "bias"), ("drop", "act")]
    parts = [{"provider": NPU, "nodes": [{"name": name, "operator": ""} for name in pair]} for pair in pairs]
    kernels = [kernel(f"sub_{number}_0", "sub", 1_000, provider=NPU) for number in (10, 9)]
    found, _ = read_profile(answer(*kernels, placement=parts), FACTS, (), NPU)
    assert {node.name: node.own for node in found.nodes} == {"sub_9_0": pairs[0], "sub_10_0": pairs[1]}


def test_more_kernels_than_parts_stay_unknown():
    parts = [{"provider": NPU, "nodes": [{"name": name, "operator": ""} for name in ("fc", "act")]}]
    kernels = [kernel(f"sub_{number}", "sub", 1_000, provider=NPU) for number in (1, 2)]
    found, _ = read_profile(answer(*kernels, placement=parts), FACTS, (), NPU)
    assert [node.own for node in found.nodes] == [(), ()]
    assert found.mapped_share == 0.0


def test_a_compiled_loop_does_the_arithmetic_of_all_its_turns():
    facts = (fact("loop", "Loop", "x", "y"), fact("mm", "MatMul", "a", "b", macs=5, path=("loop.body",), runs=7))
    parts = [{"provider": NPU, "nodes": [{"name": "loop", "operator": "Loop"}, {"name": "z", "operator": "Relu"}]}]
    found, _ = read_profile(answer(kernel("sub_1", "sub", 1_000, provider=NPU), placement=parts), facts, (), NPU)
    assert found.nodes[0].macs == 35


def test_a_turn_of_a_loop_that_is_run_node_by_node_is_one_call():
    facts = (fact("loop", "Loop", "x", "y"), fact("mm", "MatMul", "a", "b", macs=5, path=("loop.body",), runs=7))
    found, _ = read_profile(answer(kernel("mm", "MatMul", 1_000, calls=70)), facts, (), CPU)
    assert (found.nodes[0].macs, found.nodes[0].calls) == (5, 70)


def test_unknown_macs_are_not_zero():
    facts = (fact("fc", "MatMul", "x w", "y", macs=None),)
    found, _ = read_profile(answer(kernel("fc", "MatMul", 1_000)), facts, (), CPU)
    assert found.nodes[0].macs is None


@pytest.mark.parametrize(
    ("stopped", "why"),
    [
        (True, "no inference was profiled: it was stopped before the first one"),
        (False, "no inference was profiled: the profile holds none"),
    ],
)
def test_no_run_is_no_profile(stopped, why):
    found, placed = read_profile(answer(runs=0, stopped=stopped), FACTS, (), CPU)
    assert found == why
    assert placed.on_asked_nodes == 1.0


def test_no_placement_says_why():
    _, placed = read_profile(answer(kernel("fc", "MatMul", 1_000), placement=[]), FACTS, (), CPU)
    assert placed == "this version of ONNX Runtime does not tell which provider it gives a node to"


def test_a_profile_survives_its_file():
    import json
    from dataclasses import asdict

    found, placed = read_profile(answer(kernel("fc", "MatMul", 1_000)), FACTS, (), CPU)
    assert decode(Profile, json.loads(json.dumps(asdict(found))), "profile") == found
    assert decode(type(placed), json.loads(json.dumps(asdict(placed))), "placement") == placed


def test_the_graph_of_a_model_that_protobuf_cannot_hold_is_not_saved(tmp_path):
    small, large = builders.model(), builders.model(weight_bytes={"float32": 2**30})
    assert profile_keys(small, tmp_path)["save_optimised"] == str(tmp_path / "optimised.onnx")
    assert "save_optimised" not in profile_keys(large, tmp_path)
    assert profile_keys(small, tmp_path)["executions"] == sum(group.count for group in small.operators)


@pytest.mark.slow
def test_parts_of_a_measurement(tmp_path):
    model = model_of([helper.make_node("Tanh", ["x"], ["y"], name="act")], {"x": ["N"]}, ["y"])
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    described = builders.model(dims={"N": 4})
    keys = {"save_optimised": str(path)}
    given = [{"provider": CPU, "nodes": [{"name": "act", "operator": "Tanh"}]}]
    took = answer(kernel("act", "Tanh", 1_000), saved=True, placement=given)
    found = profile_parts(took, described, path, NPU, keys, DEFAULT_LIMITS)
    assert set(found) == {"profile", "placement", "absent"}
    assert (found["profile"].nodes[0].own, found["placement"].on_asked_nodes, found["absent"]) == (("act",), 0.0, {})
    assert set(profile_parts(took, described, path, CPU, keys, DEFAULT_LIMITS)) == {"profile", "absent"}
    nothing = profile_parts(answer(runs=0, placement=[]), described, path, NPU, keys, DEFAULT_LIMITS)
    assert set(nothing) == {"absent"}
    assert set(nothing["absent"]) == {"profile", "placement"}
