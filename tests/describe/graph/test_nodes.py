from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of, port, weight

from assess.describe.graph import each_node
from assess.describe.graph.nodes import NodeFact, describe_nodes
from assess.errors import AssessError

node = helper.make_node


def saved(tmp_path, model):
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def rows(tmp_path, model, **dims):
    return each_node.with_costs(saved(tmp_path, model), dims)


@pytest.mark.slow
def test_a_node_is_described_from_a_child(tmp_path):
    model = model_of(
        [node("MatMul", ["x", "w"], ["h"], name="fc"), node("Gelu", ["h"], ["y"], name="act", domain="com.microsoft")],
        {"x": ["N", 3]},
        ["y"],
        {"w": np.ones((3, 5), np.float32)},
    )
    assert describe_nodes(saved(tmp_path, model), dims={"N": 2}) == (
        NodeFact("fc", "MatMul", ("x", "w"), ("h",), macs=30),
        NodeFact("act", "com.microsoft:Gelu", ("h",), ("y",), macs=0),
    )


def test_nodes_without_a_name_are_called_as_the_profile_calls_them(tmp_path):
    # ONNX Runtime turns Constants into initializers before it counts.
    model = model_of(
        [
            node("Constant", [], ["c"], value=weight("", np.float32(2))),
            node("Relu", ["x"], ["a"]),
            node("Constant", [], ["d"], value=weight("", np.float32(2))),
            node("Mul", ["a", "c"], ["b"], name="given"),
            node("Mul", ["b", "d"], ["y"]),
        ],
        {"x": [4]},
        ["y"],
    )
    found = rows(tmp_path, model)
    assert [(row[0], row[7], row[8]) for row in found if row[1] != "Constant"] == [
        ("Relu_0", False, False),
        ("given", True, False),
        ("Mul_2", False, False),
    ]
    assert [row[8] for row in found if row[1] == "Constant"] == [True, True]


def test_the_body_of_a_loop_runs_as_often_as_it_turns(tmp_path):
    body = helper.make_graph(
        [node("MatMul", ["acc", "w"], ["acc2"], name="mm"), node("Identity", ["c"], ["c2"], name="keep")],
        "body",
        [port("i", [], "int64"), port("c", [], "bool"), port("acc", [4, 4])],
        [port("c2", [], "bool"), port("acc2", [4, 4])],
    )
    model = model_of(
        [node("Loop", ["trips", "", "x"], ["y"], name="loop", body=body)],
        {"x": [4, 4]},
        ["y"],
        {"w": np.ones((4, 4), np.float32), "trips": np.int64(7)},
    )
    assert [(row[0], row[4], row[5], row[6]) for row in rows(tmp_path, model)] == [
        ("loop", [], 0, 1),
        ("mm", ["loop.body"], 64, 7),
        ("keep", ["loop.body"], 0, 7),
    ]


def branch(name):
    return helper.make_graph([node("MatMul", ["x", "x"], [name], name=name)], name, [], [port(name, [4, 4])])


def test_of_two_branches_the_one_that_is_counted_runs(tmp_path):
    model = model_of(
        [node("If", ["c"], ["y"], name="if", then_branch=branch("yes"), else_branch=branch("no"))],
        {"x": [4, 4], "c": ([], "bool")},
        ["y"],
    )
    assert {row[0]: (row[4], row[5], row[6]) for row in rows(tmp_path, model)} == {
        "if": ([], 0, 1),
        "no": (["if.else_branch"], 64, 0),
        "yes": (["if.then_branch"], 64, 1),
    }


def test_a_branch_that_a_constant_rules_out_is_no_part_of_the_model(tmp_path):
    model = model_of(
        [node("If", ["c"], ["y"], name="if", then_branch=branch("yes"), else_branch=branch("no"))],
        {"x": [4, 4]},
        ["y"],
        {"c": np.bool_(False)},
    )
    assert [row[0] for row in rows(tmp_path, model)] == ["if", "no"]


def test_nodes_of_an_expanded_function_are_called_after_their_output(tmp_path):
    function = helper.make_function(
        "local", "Double", ["a"], ["b"], [node("MatMul", ["a", "a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    model = model_of(
        [node("Double", ["x"], ["y"], domain="local", name="call")],
        {"x": [4, 4]},
        ["y"],
        functions=[function],
        domains=("local",),
    )
    assert [row[:2] for row in rows(tmp_path, model)] == [("y", "MatMul")]


def test_names_are_read_without_dimensions_or_known_operators(tmp_path):
    model = model_of(
        [node("Conv", ["x", "w"], ["r"], name="r_nchwc", domain="com.microsoft.nchwc")], {"x": ["N", 3]}, ["r"]
    )
    assert each_node.names_only(saved(tmp_path, model)) == [
        ("r_nchwc", "com.microsoft.nchwc:Conv", ["x", "w"], ["r"], [], None, 1, True, False)
    ]


@pytest.mark.slow
def test_an_error_names_the_file_as_the_caller_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("model.onnx").write_bytes(b"\x08\x0a\x3a\xff")
    with pytest.raises(AssessError) as caught:
        describe_nodes(Path("model.onnx"))
    assert caught.value.where == "model.onnx"


@pytest.mark.slow
def test_fifty_thousand_nodes_are_no_trouble(tmp_path):
    chain = [node("Relu", [f"t{i}"], [f"t{i + 1}"], name=f"n{i}") for i in range(50_000)]
    path = saved(tmp_path, model_of(chain, {"t0": [4]}, ["t50000"]))
    found = describe_nodes(path)
    assert len(found) == 50_000
    assert found[-1] == NodeFact("n49999", "Relu", ("t49999",), ("t50000",), macs=0)
