"""What inputs mean, told by how the graph uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of

from assess.describe.card import Card, CardInput, CardState
from assess.describe.graph import describe, with_card
from assess.describe.model import Model
from assess.errors import AssessError

Describe = Callable[..., Model]
node = helper.make_node


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def facts_of(model: Model) -> list[tuple[str, str, int | None]]:
    return [(port.meaning, port.basis, port.limit) for port in model.inputs]


@pytest.mark.parametrize(
    ("nodes", "inputs", "weights", "expected"),
    [
        ([node("Conv", ["x", "w"], ["y"])], {"x": [1, 3, 32, 32]}, {"w": zeros(4, 3, 3, 3)}, ("image", "graph", None)),
        (
            [node("Cast", ["x"], ["f"], to=1), node("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2]),
             node("Conv", ["t", "w"], ["y"])],
            {"x": ([1, 32, 32, 1], "uint8")}, {"w": zeros(4, 1, 3, 3)}, ("image", "graph", None),
        ),
        (
            [node("Cast", ["x"], ["i"], to=7), node("Unsqueeze", ["i", "a"], ["u"]), node("Gather", ["w", "u"], ["y"])],
            {"x": ([1, 9], "int32")}, {"w": zeros(77, 4), "a": np.array([0], np.int64)}, ("token ids", "graph", 77),
        ),
        (
            [node("Add", ["x", "c"], ["y"])], {"x": ([1, 9], "int64")}, {"c": np.array(1, np.int64)}, ("", "", None),
        ),
        (
            [node("Unsqueeze", ["x", "a"], ["u"]), node("Conv", ["u", "w"], ["y"])],
            {"x": [1, 512]}, {"w": zeros(4, 1, 9), "a": np.array([1], np.int64)}, ("audio", "graph", None),
        ),
        (
            [node("LSTM", ["c", "w", "r", "", "", "x"], ["y"], hidden_size=4)],
            {"x": [1, 1, 4]}, {"c": zeros(3, 1, 2), "w": zeros(1, 16, 2), "r": zeros(1, 16, 4)},
            ("state", "graph", None),
        ),
        ([node("Relu", ["x"], ["y"])], {"x": [1]}, {}, ("scalar", "graph", None)),
        ([node("Relu", ["x"], ["y"])], {"x": [1, 7]}, {}, ("", "", None)),
    ],
)  # fmt: skip
def test_use_tells_the_meaning(
    describe_here: Describe, nodes: list[Any], inputs: dict[str, Any], weights: dict[str, Any], expected: Any
) -> None:
    model = describe_here(model_of(nodes, inputs, ["y"], weights))
    assert facts_of(model) == [expected]


@pytest.mark.parametrize(
    ("name", "dtype", "expected"),
    [
        ("attention_mask", "int64", ("mask", "name", 2)),
        ("past_key_values.0.key", "float32", ("state", "name", None)),
        ("observation", "float32", ("observation", "name", None)),
        ("audio_signal", "float32", ("audio", "name", None)),
    ],
)
def test_a_name_tells_it_where_use_does_not(describe_here: Describe, name: str, dtype: str, expected: Any) -> None:
    model = describe_here(model_of([node("Cast", [name], ["y"], to=1)], {name: ([2, 7], dtype)}, ["y"]))
    assert facts_of(model) == [expected]


def saved(folder: Path) -> Path:
    path = folder / "model.onnx"
    made = model_of([node("Relu", ["x"], ["y"])], {"x": ["batch", 7]}, ["y"], metadata={"License": "MIT"})
    made.producer_name, made.producer_version = "maker", "1.2"
    path.write_bytes(made.SerializeToString())
    return path


def card(sha256: str, **changes: Any) -> Card:
    fields: dict[str, Any] = {
        "name": "m", "summary": "s", "file": "model.onnx", "sha256": sha256, "licence": "Apache-2.0", "source": "s",
        "dims": {"batch": 4}, "input": (CardInput(name="x", meaning="joint angles"),),
    }  # fmt: skip
    return Card(**(fields | changes))


def test_the_file_tells_licence_and_producer(tmp_path: Path) -> None:
    model = describe(saved(tmp_path), dims={"batch": 2})
    assert (model.licence, model.licence_basis, model.producer) == ("MIT", "metadata", "maker 1.2")
    assert (dict(model.dims), dict(model.opsets)) == ({"batch": 2}, {"ai.onnx": 17, "com.microsoft": 1})


def test_a_card_gives_dims_licence_and_meaning(tmp_path: Path) -> None:
    path = saved(tmp_path)
    sha256 = describe(path, dims={"batch": 1}).sha256
    model = describe(path, card=card(sha256))
    assert (model.licence, model.licence_basis, model.inputs[0].shape) == ("Apache-2.0", "card", (4, 7))
    assert facts_of(model) == [("joint angles", "card", None)]
    assert describe(path, card=card(sha256), dims={"batch": 9}).inputs[0].shape == (9, 7)


def test_the_card_of_another_model_is_refused(tmp_path: Path) -> None:
    model = describe(saved(tmp_path), dims={"batch": 1})
    with pytest.raises(AssessError) as caught:
        with_card(model, card("0" * 64))
    assert caught.value.problem == (
        f"the card is that of another model: its sha256 is {'0' * 64}, the file's is {model.sha256}"
    )
    with pytest.raises(AssessError) as caught:
        with_card(model, card(model.sha256, input=(CardInput(name="z", meaning="m"),)))
    assert caught.value.problem == "the card names an input 'z', which the model does not have"
    state = (CardState(output="y", input="h"),)
    with pytest.raises(AssessError, match="the card names a state's input 'h', which the model does not have"):
        with_card(model, card(model.sha256, state=state))
