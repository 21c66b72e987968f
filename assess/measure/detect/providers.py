"""Execution providers of the ONNX Runtime that is installed, asked of a child: it alone imports the runtime."""

from __future__ import annotations

from typing import Any, Final

from assess.clean import clean
from assess.errors import AssessError
from assess.measure.detect.facts import RuntimeBuild
from assess.sandbox import Limits, run

_CHILD: Final = "assess.measure.detect.providers_child"
#: Importing a build with CUDA from a slow card takes some ten seconds.
_TIMEOUT_S: Final = 60.0


def installed_runtime() -> RuntimeBuild:
    """The installed ONNX Runtime.

    Raises:
        AssessError: it is not there, cannot be imported, or its import did not end.
    """
    ending = run(_CHILD, {}, Limits(_TIMEOUT_S, None))
    if ending.cause != "answered":
        raise AssessError(f"ONNX Runtime could not be asked: {ending.detail}")
    return _build(ending.answer)


def _build(answer: Any) -> RuntimeBuild:
    if not isinstance(answer, dict) or not isinstance(answer.get("providers"), list):
        raise AssessError("ONNX Runtime's answer is no list of providers")
    return RuntimeBuild(clean(str(answer.get("version", ""))), tuple(clean(str(name)) for name in answer["providers"]))
