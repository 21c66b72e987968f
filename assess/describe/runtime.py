"""What a device's runtime accepts: operator sets, operators, precisions, quantisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from assess.describe.model import Precision
from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import Authored, Text, Whole


class OperatorSupport(Authored):
    """One operator in a runtime's list."""

    conditions: tuple[str, ...] = Field(default=(), description="Limits in words; not checked here.")


class OpsetRange(Authored):
    """Versions of the standard operator set that the runtime reads."""

    min: Whole = Field(default=1, ge=1)
    max: Whole = Field(ge=1)


class QuantisationSupport(Authored):
    """What quantised models the runtime runs in integers."""

    formats: tuple[str, ...] = Field(default=(), description='"QDQ", "QOperator", "weight-only", "dynamic".')
    granularity: tuple[str, ...] = Field(default=(), description='"per-tensor", "per-channel", "block".')


class Runtime(Authored):
    """A runtime that turns an ONNX model into inferences on an engine. `id` is the file's name."""

    id: str = ""
    name: Text
    version: Text
    summary: str = ""
    source: Text = Field(description="Where the lists below were read.")
    licence: str = Field(default="", description="Of the source.")
    provider: str = Field(default="", description="ONNX Runtime execution provider; empty if it has none.")
    fallback: str = Field(default="", description="Runtime that takes the operators it refuses; empty: none does.")
    opset: OpsetRange | None = Field(default=None, description="Absent if the source does not say.")
    precisions: tuple[Precision, ...] = Field(default=(), description="What it computes in natively.")
    quantises_floats: bool = Field(
        default=False, description="Whether it quantises float models when it compiles them."
    )
    quantisation: QuantisationSupport | None = Field(default=None, description="Absent if the source does not say.")
    operators: dict[str, OperatorSupport] | None = Field(
        default=None,
        description='By name; outside the standard domain as "domain:Name". One that is not here is not supported. '
        "Absent if the list is not public.",
    )

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
        """What does not agree with the rest of a runtime's file: the key's path and why."""
        opset = mapping.get("opset")
        low, high = (opset.get("min", 1), opset.get("max")) if isinstance(opset, Mapping) else (None, None)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield ("opset", "max"), "is less than 'min'"

    def supports(self, type_: str, domain: str) -> OperatorSupport | None:
        """What the list says of an operator; None if it is not in it."""
        return (self.operators or {}).get(type_ if domain == "ai.onnx" else f"{domain}:{type_}")
