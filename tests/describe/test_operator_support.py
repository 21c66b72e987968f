"""Claims about the versions that a runtime has an operator in."""

import builders
import pytest

from assess.describe.authored import load
from assess.describe.runtime import OperatorSupport, Runtime
from assess.errors import AssessError


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, ""),
        ({"max_opset": 21}, "up to operator set 21"),
        ({"min_opset": 11}, "from operator set 11"),
        ({"min_opset": 11, "max_opset": 20}, "operator sets 11 to 20"),
    ],
)
def test_the_versions_read_as_words(limits, words):
    assert OperatorSupport(**limits).opsets == words


def test_both_ends_are_within():
    found = OperatorSupport(min_opset=11, max_opset=20)
    assert [found.reads(opset) for opset in (10, 11, 20, 21)] == [False, True, True, False]
    assert OperatorSupport().reads(1)


def test_an_operator_is_supported_in_its_versions_only():
    runtime = builders.runtime(operators={"Conv": {"max_opset": 21}, "com.acme:Odd": {"min_opset": 2}})
    assert runtime.supports("Conv", "ai.onnx", 21) == OperatorSupport(max_opset=21)
    assert runtime.listed("Conv", "ai.onnx") == OperatorSupport(max_opset=21)
    assert runtime.supports("Conv", "ai.onnx", 22) is None
    assert runtime.supports("Odd", "com.acme", 1) is None
    assert runtime.supports("Odd", "com.acme", None) is not None
    assert runtime.supports("Relu", "ai.onnx", None) is None


def loaded(tmp_path, operator):
    path = tmp_path / "acme.toml"
    path.write_text(f'name = "a"\nversion = "1"\nsource = "s"\n[operators]\n{operator}\n', encoding="utf-8")
    return load(path, Runtime, id="acme")


def test_limits_are_read_from_a_file(tmp_path):
    found = loaded(tmp_path, '"com.acme:Odd" = { min_opset = 2, max_opset = 2 }')
    assert found.listed("Odd", "com.acme") == OperatorSupport(min_opset=2, max_opset=2)


@pytest.mark.parametrize(
    ("operator", "complaint"),
    [
        ("Conv = { min_opset = 12, max_opset = 11 }", "operators.Conv.max_opset: is less than 'min_opset'"),
        ('Conv = { max_opset = "21" }', "operators.Conv.max_opset: expected a whole number, found '21'"),
        ("Conv = { max_opset = true }", "operators.Conv.max_opset: expected a whole number, found true"),
        ("Conv = { min_opset = 0 }", "operators.Conv.min_opset: 0 must be at least 1"),
        ("Conv = { maxopset = 3 }", "operators.Conv.maxopset: unknown key; did you mean 'max_opset'?"),
    ],
)
def test_limits_that_cannot_be_are_told(tmp_path, operator, complaint):
    with pytest.raises(AssessError) as caught:
        loaded(tmp_path, operator)
    assert complaint in str(caught.value)
