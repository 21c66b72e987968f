"""Join what a profile pass found with what is known of the model's own nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.describe.graph.nodes import NodeFact, describe_nodes
from assess.measure.kernel_times import KernelTime
from assess.measure.node_names import Own
from assess.measure.own_nodes import Owned, owned
from assess.measure.passes.profile import OperatorTime, Profile, ProfileAnswer, ProfiledNode
from assess.measure.placement import Placement, own_parts, placement
from assess.providers import CPU
from assess.sandbox import Limits

if TYPE_CHECKING:
    from assess.describe.model import Model

#: Executed nodes that are listed; models of more have a tail that no one reads, and the rest is summed.
SHOWN: Final = 200
#: Inferences and span of a profile, the first that is reached: shares of the time settle long before quantiles do.
_COUNT: Final = 100
_DURATION_S: Final = 5.0
#: Weights up to which the graph is saved as it was executed: protobuf cannot hold 2 GiB, and folding adds to them.
MOST_SAVED_BYTES: Final = 2**30
#: The model's own nodes that are listed for one executed node: a compiled part may hold all of them.
_OWN_SHOWN: Final = 50


def profile_parts(
    answer: ProfileAnswer, model: Model, model_path: Path, asked: str, keys: Mapping[str, Any], limits: Limits
) -> dict[str, Any]:
    """Parts of a measurement: "profile" and "placement", or in "absent" why there is none.

    Args:
        answer: of the profile pass.
        model: what was run.
        model_path: its file.
        asked: the provider that was asked for; of the CPU's placement there is nothing to say.
        keys: what `profile_keys` gave.
        limits: for the processes that read the model, and the graph that was saved.

    Raises:
        AssessError: the model's nodes cannot be read.
    """
    facts = describe_nodes(model_path, dims=model.dims, limits=limits)
    optimised: tuple[NodeFact, ...] = ()
    if answer.saved:
        optimised = describe_nodes(Path(keys["save_optimised"]), limits=limits, costs=False)
    profile, placed = read_profile(answer, facts, optimised, asked)
    parts: dict[str, Any] = {"profile": profile}
    if asked != CPU:
        parts["placement"] = placed
    absent = {name: part for name, part in parts.items() if isinstance(part, str)}
    return {**{name: part for name, part in parts.items() if name not in absent}, "absent": absent}


def read_profile(
    answer: ProfileAnswer, facts: Sequence[NodeFact], optimised: Sequence[NodeFact], asked: str
) -> tuple[Profile | str, Placement | str]:
    """Profile and placement, each or why there is none.

    Args:
        answer: of the profile pass.
        facts: the model's own nodes, with costs.
        optimised: nodes of the graph that the pass saved, if it did ("saved" of its answer); otherwise empty.
        asked: the provider that was asked for.
    """
    own = Own(facts)
    placed = placement(asked, answer.placement, own)
    why = "this version of ONNX Runtime does not tell which provider it gives a node to"
    if not answer.runs or not answer.plain_ns:
        reason = "it was stopped before the first one" if answer.stopped else "the profile holds none"
        return f"no inference was profiled: {reason}", placed or why
    behind = owned(answer.kernels, own, optimised)
    _add_compiled(answer.kernels, behind, own_parts(answer.placement, own))
    return _profile(answer, behind, facts), placed or why


def profile_keys(model: Model, scratch: Path) -> dict[str, Any]:
    """What a profile pass's request has beside the common keys."""
    keys: dict[str, Any] = {
        "pass": "profile",
        "count": _COUNT,
        "duration_s": _DURATION_S,
        "executions": sum(group.count for group in model.operators),
    }
    if model.total_weight_bytes < MOST_SAVED_BYTES:
        keys["save_optimised"] = str(scratch / "optimised.onnx")
    return keys


def _profile(answer: ProfileAnswer, behind: Sequence[Owned], facts: Sequence[NodeFact]) -> Profile:
    nodes = sorted(map(_node, answer.kernels, behind), key=lambda node: -node.ns)
    seen = {id(fact) for entry in behind for fact in entry.own}
    folded = [fact for fact in facts if fact.is_fixed and id(fact) not in seen]
    unseen = [fact.name for fact in facts if not fact.is_fixed and fact.runs and id(fact) not in seen]
    standing = {id(entry.own[-1]) for entry in behind if entry.own}
    return Profile(
        runs=answer.runs,
        plain_ns=answer.plain_ns,
        profiled_ns=answer.profiled_ns,
        run_ns=answer.run_ns,
        kernel_ns=sum(node.ns for node in nodes),
        mapped_ns=sum(node.ns for node in nodes if node.own),
        nodes=tuple(nodes[:SHOWN]),
        more_nodes=len(nodes[SHOWN:]),
        more_ns=sum(node.ns for node in nodes[SHOWN:]),
        by_operator=_by_operator(nodes),
        folded=len(folded),
        absorbed=len(seen - standing),
        unseen=tuple(unseen[:SHOWN]),
        more_unseen=len(unseen[SHOWN:]),
        arena_peak_bytes=answer.arena_peak_bytes,
        unread=answer.unread,
    )


def _node(kernel: KernelTime, behind: Owned) -> ProfiledNode:
    # Nodes of several graphs in one kernel were compiled as a whole, bodies as often as they run in one call.
    whole = len({fact.path for fact in behind.costed}) > 1
    costed = [fact for fact in behind.costed if fact.runs or not whole]
    macs = [None if fact.macs is None else fact.macs * (fact.runs if whole else 1) for fact in costed]
    return ProfiledNode(
        name=kernel.name,
        operator=kernel.operator,
        provider=kernel.provider,
        calls=kernel.calls,
        ns=kernel.ns,
        own=tuple(fact.name for fact in behind.own[:_OWN_SHOWN]),
        more_own=len(behind.own[_OWN_SHOWN:]),
        macs=None if not macs or None in macs else sum(count or 0 for count in macs),
        arena_bytes=kernel.arena_bytes,
    )


def _by_operator(nodes: Sequence[ProfiledNode]) -> tuple[OperatorTime, ...]:
    groups: dict[tuple[str, str], list[ProfiledNode]] = {}
    for node in nodes:
        groups.setdefault((node.operator, node.provider), []).append(node)
    times = [
        OperatorTime(*key, len(group), sum(node.calls for node in group), sum(node.ns for node in group))
        for key, group in groups.items()
    ]
    return tuple(sorted(times, key=lambda time: -time.ns))


def _add_compiled(
    kernels: Sequence[KernelTime], behind: Sequence[Owned], parts: Sequence[tuple[str, list[NodeFact]]]
) -> None:
    """Map kernels that a provider compiled from a whole part, if it is certain which from which: by their numbers."""
    for provider in dict.fromkeys(name for name, _ in parts):
        compiled = [
            (_numbers(kernel.name), index)
            for index, kernel in enumerate(kernels)
            if kernel.provider == provider and not behind[index].own
        ]
        mine = [facts for name, facts in parts if name == provider]
        if len(compiled) == len(mine):
            for (_, index), facts in zip(sorted(compiled), mine, strict=True):
                behind[index].add(facts)


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,18}", name)]
