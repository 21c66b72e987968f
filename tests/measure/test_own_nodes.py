import pytest

from assess.describe.graph.nodes import NodeFact
from assess.measure.kernel_times import KernelTime
from assess.measure.node_names import Own
from assess.measure.own_nodes import owned


def fact(name, operator, inputs, outputs, macs=0, **more):
    return NodeFact(name, operator, tuple(inputs.split()), tuple(outputs.split()), macs=macs, **more)


def kernel(name, operator):
    return KernelTime(name, operator, "CPUExecutionProvider", 1, 1000)


def behind(kernels, facts, optimised=()):
    """Of each kernel: names of the model's nodes, and of those whose arithmetic it does."""
    found = owned(kernels, Own(facts), optimised)
    return [([each.name for each in entry.own], [each.name for each in entry.costed]) for entry in found]


MLP = [
    fact("fc", "MatMul", "x w", "m", macs=64),
    fact("bias", "Add", "m b", "a"),
    fact("erf", "Erf", "a", "e"),
    fact("act", "Mul", "a e", "y"),
]


@pytest.mark.parametrize(
    ("executed", "own"),
    [
        ("fc", "fc"),
        ("fused fc", "fc"),
        ("fc/MatMulAddFusion", "fc"),
        ("fc/MatmulTransposeFusion//MatMulScaleFusion/", "fc"),
        ("fused fc/MatMulAddFusion_token_3", "fc"),
        ("fc_transformed", "fc"),
        ("fc_QuantizeLinear_token_12", "fc"),
        ("m_nchwc", "fc"),
    ],
)
def test_a_name_is_found_under_what_the_runtime_added_to_it(executed, own):
    assert behind([kernel(executed, "Gemm")], MLP) == [([own], [own])]


@pytest.mark.parametrize("executed", ["BiasGelu_token_9", "", "/MatMulAddFusion", "fcx", "_nchwc"])
def test_a_name_of_the_runtimes_own_is_nobodys(executed):
    assert behind([kernel(executed, "Gemm")], MLP) == [([], [])]


def test_a_models_own_name_that_ends_like_the_runtimes_wins():
    facts = [fact("q_quant", "Relu", "x", "a"), fact("q", "Relu", "a", "b")]
    assert behind([kernel("q_quant", "Relu")], facts) == [(["q_quant"], ["q_quant"])]


CNN = [
    fact("conv", "Conv", "x w", "c", macs=900),
    fact("relu", "Relu", "c", "r"),
    fact("pool", "MaxPool", "r", "p"),
    fact("tanh", "Tanh", "p", "y"),
]


def test_without_the_saved_graph_a_layout_name_reaches_back_to_the_arithmetic():
    kernels = [kernel("r_nchwc", "Conv"), kernel("pool", "MaxPool"), kernel("tanh", "Tanh")]
    assert behind(kernels, CNN) == [
        (["conv", "relu"], ["conv", "relu"]),
        (["pool"], ["pool"]),
        (["tanh"], ["tanh"]),
    ]


def test_the_saved_graph_tells_what_was_fused():
    optimised = [
        fact("gemm_input_reshape", "Reshape", "x s", "in_arg"),
        fact("fc/MatMulAddFusion", "Gemm", "in_arg w b", "out_arg"),
        fact("gemm_output_reshape", "Reshape", "out_arg s", "a"),
        fact("Gelu", "com.microsoft:Gelu", "a", "y"),
    ]
    kernels = [kernel(node.name, node.operator.rpartition(":")[2]) for node in optimised]
    # The reshapes were inserted for the sake of the same nodes; their arithmetic is counted once.
    assert behind(kernels, MLP, optimised) == [
        (["fc", "bias"], []),
        (["fc", "bias"], ["fc", "bias"]),
        (["fc", "bias"], []),
        (["erf", "act"], ["erf", "act"]),
    ]


def test_a_change_of_layout_belongs_to_the_node_before_it():
    optimised = [
        fact("r_nchwc", "com.microsoft.nchwc:Conv", "x reorder", "reorder_token_0"),
        fact("pool", "com.microsoft.nchwc:MaxPool", "reorder_token_0", "reorder_token_1"),
        fact("ReorderOutput", "com.microsoft.nchwc:ReorderOutput", "reorder_token_1", "p"),
        fact("tanh", "Tanh", "p", "y"),
    ]
    kernels = [kernel(node.name, node.operator.rpartition(":")[2]) for node in optimised]
    assert behind(kernels, CNN, optimised) == [
        (["conv", "relu"], ["conv", "relu"]),
        (["pool"], ["pool"]),
        (["pool"], []),
        (["tanh"], ["tanh"]),
    ]


def test_nodes_without_a_name_are_told_apart_by_what_they_write():
    facts = [fact("Relu_0", "Relu", "x", "a", is_named=False), fact("Relu_1", "Relu", "a", "y", is_named=False)]
    optimised = [fact("Relu_0", "Relu", "x", "a", is_named=False), fact("Relu_1", "Relu", "a", "y", is_named=False)]
    kernels = [kernel("Relu_1", "Relu"), kernel("Relu_0", "Relu")]
    assert behind(kernels, facts, optimised) == [(["Relu_1"], ["Relu_1"]), (["Relu_0"], ["Relu_0"])]


def test_nodes_of_an_expanded_function_are_told_apart_by_their_order():
    # ONNX Runtime and onnx give the insides of a function different names, and the same outside.
    facts = [
        fact("inner__1", "MatMul", "x x", "t__1", macs=8),
        fact("p", "Tanh", "t__1", "p", is_named=False),
        fact("inner__2", "MatMul", "p p", "t__2", macs=8),
        fact("y", "Tanh", "t__2", "y", is_named=False),
    ]
    optimised = [
        fact("_inlfunc_Double_inner", "MatMul", "x x", "_inlfunc_Double_t"),
        fact("Tanh_1", "Tanh", "_inlfunc_Double_t", "p", is_named=False),
        fact("_inlfunc_Double_token_0_inner", "MatMul", "p p", "_inlfunc_Double_token_0_t"),
        fact("Tanh_3", "Tanh", "_inlfunc_Double_token_0_t", "y", is_named=False),
    ]
    names = ["_inlfunc_Double_inner", "Tanh_3", "_inlfunc_Double_token_0_inner", "Tanh_5"]
    kernels = [kernel(name, node.operator) for name, node in zip(names, optimised, strict=True)]
    assert behind(kernels, facts, optimised) == [
        (["inner__1"], ["inner__1"]),
        (["p"], ["p"]),
        (["inner__2"], ["inner__2"]),
        (["y"], ["y"]),
    ]


def test_equal_names_in_two_branches_keep_their_tensors_apart():
    facts = [
        fact("if", "If", "c", "y"),
        fact("mm", "MatMul", "x x", "t", macs=8, path=("if.else_branch",)),
        fact("mm2", "MatMul", "x x", "t", macs=9, path=("if.then_branch",)),
    ]
    optimised = [facts[0], facts[1], facts[2]]
    assert behind([kernel("mm2", "MatMul"), kernel("if", "If")], facts, optimised) == [
        (["mm2"], ["mm2"]),
        (["if"], ["if"]),
    ]


def test_folded_nodes_are_nobodys():
    facts = [fact("shape", "Shape", "w", "s", is_fixed=True), fact("re", "Reshape", "x s", "y")]
    assert behind([kernel("re", "Reshape")], facts, [facts[1]]) == [(["re"], ["re"])]
