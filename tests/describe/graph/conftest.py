from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import ModelProto

from assess.describe.graph import facts
from assess.describe.model import Model


@pytest.fixture
def describe_here(tmp_path: Path) -> Callable[..., Model]:
    """Describe a ModelProto in this process, which is quicker than in a child and does the same."""

    def run(model: ModelProto, **dims: int) -> Model:
        path = tmp_path / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return facts.describe(path, dims)

    return run
