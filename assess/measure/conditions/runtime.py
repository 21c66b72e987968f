"""Conditions of ONNX Runtime: which one, what it can run on, and that it sends nothing."""

from __future__ import annotations

from assess.measure.conditions.condition import Condition, Look, unknown
from assess.measure.engine import CLOUD


def onnx_runtime(look: Look) -> Condition:
    """The runtime as its worker told it."""
    name = "ONNX Runtime"
    if look.runtime is None or not look.runtime.versions:
        return unknown(name, "its process ended before it could tell")
    providers = ", ".join(provider for provider in look.runtime.providers if provider != CLOUD)
    found = f"{look.runtime.versions.get('onnxruntime', 'of no known version')} with {providers or 'no provider'}"
    if look.runtime.telemetry:
        because = "its worker may send what it runs: ORT_DISABLE_TELEMETRY is not 1 there"
        return Condition(name, "bad", f"{found}; telemetry on", because, "export ORT_DISABLE_TELEMETRY=1")
    return Condition(name, "good", f"{found}; telemetry off")
