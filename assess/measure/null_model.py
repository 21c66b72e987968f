"""The model that does nothing: what is left of an inference is the harness's price."""

from __future__ import annotations

from typing import Final

from assess.measure.onnx_bytes import model, node, port

#: Its one input, a float tensor of shape [1]; the output is called "y".
INPUT: Final = "x"

#: y = Identity(x). Optimisation keeps the node: without it the graph's input would have to be its output.
NULL_MODEL: Final = model(
    "null", [node("Identity", [INPUT], "y")], [port(INPUT, "float32", [1])], [port("y", "float32", [1])]
)
