"""Criterion: the execution provider that was asked for takes the whole model."""

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.placement import Placement
from assess.providers import CPU


@criterion("placement")
def placement(case: Case) -> Finding:
    """Does the execution provider that was asked for run the whole model?

    ONNX Runtime tells which provider it gave each node to. Nodes that an accelerator does not take run on the CPU
    instead, and tensors are copied each time: MARGINAL on the device, with the operators and their share of the MACs;
    FAIL where `--require-full-placement` was asked for. Not asked where only the CPU was.
    """
    measurement = case.measurement
    if measurement is None:
        raise NotAskedError("nothing was run")
    if measurement.tool_run is not None:
        raise NotAskedError(f"{measurement.tool_run.name} ran the model: who ran which node it was not asked")
    provider = measurement.requested.provider
    if provider == CPU:
        raise NotAskedError("only the CPU was asked for")
    found = measurement.placement
    if found is None:
        why = measurement.absent.get("placement", "the run does not tell who ran which node")
        raise NoEvidenceError(why, case.to_measure)
    if not found.fallen_back:
        verdict = Verdict.PASS if case.estimates.on_device else Verdict.MARGINAL
        text = f"{provider} was given all {sum(part.nodes for part in found.parts)} nodes"
        return Finding(verdict, text, next_step="" if verdict is Verdict.PASS else case.to_measure)
    required = measurement.requested.require_full_placement
    verdict = Verdict.FAIL if required else Verdict.MARGINAL
    return Finding(verdict, _because(found), next_step=_step(found), details=_details(found))


def _because(found: Placement) -> str:
    macs = found.on_asked_macs
    share = "an unknown share of the MACs" if macs is None else f"{1 - macs:.1%} of the MACs"
    count = sum(found.fallen_back.values())
    names = ", ".join(found.fallen_back)
    nodes = "1 node" if count == 1 else f"{count} nodes"
    return f"{names}: {nodes} with {share} not on {found.asked}; {found.partitions} partitions"


def _step(found: Placement) -> str:
    first = next(iter(found.fallen_back))
    return f"replace {first} by operators that {found.asked} takes, or let the CPU run the model and compare"


def _details(found: Placement) -> tuple[str, ...]:
    lines = [f"{node.operator} {node.name!r} on {node.provider}" for node in found.fallbacks[:10]]
    hidden = len(found.fallbacks[10:]) + found.more_fallbacks
    return (*lines, *([f"{hidden} more"] if hidden else []))
