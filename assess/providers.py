"""The execution provider that everything is compared with: ONNX Runtime's own, which each build has."""

from __future__ import annotations

from typing import Final

#: Runs whatever it is given: with it alone nothing can fall back.
CPU: Final = "CPUExecutionProvider"
