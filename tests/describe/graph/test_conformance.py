"""Every case of the ONNX standard's own conformance tests is described, and no shape is wrong."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from assess.describe.graph import facts
from assess.describe.graph.settings import SETTINGS
from assess.errors import AssessError

VERSION = tuple(int(part) for part in onnx.__version__.split(".")[:2])

#: What may stay uncosted: everything else in the standard has a rule.
UNCOUNTABLE = {"DFT", "STFT", "Det", "ImageDecoder", "Loop", "Scan", "SequenceMap"}


def cases() -> list[Any]:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(collect_testcases(None))  # type: ignore[arg-type]


def with_known_settings(model: ModelProto, fed: Any) -> ModelProto:
    """The model with its shapes and axes as constants, as exporters write them, and its outputs without a shape."""
    settings = {
        name for node in model.graph.node for i, name in enumerate(node.input) if i in SETTINGS.get(node.op_type, ())
    }
    inputs = list(model.graph.input)
    del model.graph.input[:]
    for info, array in itertools.zip_longest(inputs, fed[: len(inputs)]):
        if info.name in settings and isinstance(array, np.ndarray | np.generic) and array.dtype.kind in "iubf":
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), info.name))
        else:
            model.graph.input.append(info)
    for output in model.graph.output:
        if output.type.WhichOneof("value") == "tensor_type":
            output.type.tensor_type.ClearField("shape")
    return model


def fits(found: tuple[int, ...], real: tuple[int, ...]) -> bool:
    return len(found) == len(real) and all(a in (-1, b) for a, b in zip(found, real, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(VERSION < (1, 23), reason="older versions have cases that break the standard")
def test_no_shape_of_the_conformance_cases_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    wrong, problems, unknown, known = [], [], set(), 0
    for case in cases():
        fed, results = case.data_sets[0]
        path.write_bytes(with_known_settings(case.model, fed).SerializeToString())
        try:
            model = facts.describe(path, {})
        except AssessError as error:
            assert "has no number" in error.problem, (case.name, error)
            continue
        problems += [(case.name, problem) for problem in model.problems]
        unknown |= {entry.type for entry in model.unknown if not entry.why.startswith("shape of ")}
        for port, result in zip(model.outputs, results, strict=False):
            if isinstance(result, np.ndarray | np.generic) and f"shape of output {port.name!r}" not in model.absent:
                known += -1 not in port.shape
                wrong += [] if fits(port.shape, result.shape) else [(case.name, port.shape, result.shape)]
    assert (wrong, problems, unknown - UNCOUNTABLE) == ([], [], set())
    assert known > 1500
