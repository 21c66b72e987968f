"""What a device's runtime accepts: operator sets, operators, precisions, quantisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from assess.describe.model import Precision
from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import Authored, Text, Truth, Whole

#: As they are typed after --runner; `measure/runners` has one for each.
RunnerName = Literal["trtexec", "benchmark_app", "benchmark_model", "command"]


class OperatorSupport(Authored):
    """One operator in a runtime's list."""

    conditions: tuple[str, ...] = Field(default=(), description="Limits in words; not checked here.")
    min_opset: Whole | None = Field(
        default=None,
        ge=1,
        description="First version of the operator set that the runtime has a kernel for; as max_opset.",
    )
    max_opset: Whole | None = Field(
        default=None,
        ge=1,
        description="Last version of the operator set that the runtime has a kernel for: that of a newer model falls "
        "back. In a table of kernels: the second of its two versions, or the last before ONNX changed the operator.",
    )

    def reads(self, opset: int) -> bool:
        """Whether there is a kernel for the operator as version `opset` of its domain's operator set has it."""
        return (self.min_opset or opset) <= opset <= (self.max_opset or opset)

    @property
    def opsets(self) -> str:
        """The versions that there is a kernel for, in words; empty if it is there for all."""
        if self.min_opset is None:
            return f"up to operator set {self.max_opset}" if self.max_opset is not None else ""
        if self.max_opset is None:
            return f"from operator set {self.min_opset}"
        return f"operator sets {self.min_opset} to {self.max_opset}"


class OpsetRange(Authored):
    """Versions of the standard operator set that the runtime reads."""

    min: Whole = Field(default=1, ge=1, description="The oldest.")
    max: Whole = Field(ge=1, description="The newest: release notes or operator table of the runtime.")


class QuantisationSupport(Authored):
    """What quantised models the runtime runs in integers."""

    formats: tuple[Literal["QDQ", "QOperator", "weight-only", "dynamic", "mixed"], ...] = Field(
        default=(), description='"QDQ", "QOperator", "weight-only", "dynamic"; "mixed": several in one model.'
    )
    granularity: tuple[Literal["per-tensor", "per-channel", "block", "mixed"], ...] = Field(
        default=(), description='"per-tensor", "per-channel", "block"; "mixed": several in one model.'
    )


class Runtime(Authored):
    """A runtime that turns an ONNX model into inferences on an engine. `id` is the file's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    version: Text = Field(description="The version that the lists below hold for.")
    summary: str = Field(default="", description="One sentence for people.")
    source: Text = Field(description="Where the lists below were read.")
    licence: str = Field(default="", description="Of the source.")
    provider: str = Field(default="", description="ONNX Runtime execution provider; empty if it has none.")
    runners: tuple[RunnerName, ...] = Field(
        default=(), description="Tools (--runner) that run this runtime; a run by one of them is one with it."
    )
    fallback: str = Field(default="", description="Runtime that takes the operators it refuses; empty: none does.")
    opset: OpsetRange | None = Field(default=None, description="Absent if the source does not say.")
    precisions: tuple[Precision, ...] = Field(default=(), description="What it computes in natively.")
    quantises_floats: Truth = Field(
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
        operators = mapping.get("operators")
        for name, support in operators.items() if isinstance(operators, Mapping) else ():
            limits = support if isinstance(support, Mapping) else {}
            first, last = limits.get("min_opset"), limits.get("max_opset")
            if isinstance(first, int) and isinstance(last, int) and first > last:
                yield ("operators", name, "max_opset"), "is less than 'min_opset'"

    def listed(self, type_: str, domain: str) -> OperatorSupport | None:
        """What the list says of an operator in any operator set; None if it is not in it."""
        return (self.operators or {}).get(type_ if domain == "ai.onnx" else f"{domain}:{type_}")

    def supports(self, type_: str, domain: str, opset: int | None) -> OperatorSupport | None:
        """What the list says of an operator; None if it is not in it, or not for this operator set.

        Args:
            type_: its name.
            domain: "ai.onnx" for the standard one.
            opset: version of the domain's operator set; None if the model does not say: then all are meant.
        """
        found = self.listed(type_, domain)
        if found is None or opset is None or found.reads(opset):
            return found
        return None
