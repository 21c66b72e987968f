"""Where the time of an inference goes and who computes it, in lines and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.measure.passes.profile import Profile, ProfiledNode
from assess.measure.placement import Placement
from assess.report.facts.fact import Table, seconds, several, size, table

#: Rows of a table unless more are asked for.
SHOWN: Final = 20
#: Characters of a name; exporters write whole module paths.
_NAME: Final = 48
_LISTED: Final = 4


def operators_in_short(profile: Profile) -> str:
    """The operators that take most of the time, one line."""
    top = ", ".join(f"{time.operator} {time.ns / profile.kernel_ns:.0%}" for time in profile.by_operator[:5])
    return f"{top}{_rest_of(profile)}" if profile.kernel_ns else "no kernel was seen"


def _rest_of(profile: Profile) -> str:
    rest = profile.by_operator[5:]
    return f", {len(rest)} more {sum(time.ns for time in rest) / profile.kernel_ns:.0%}" if rest else ""


def taken(profile: Profile) -> list[str]:
    """What a profile stands on."""
    per_run = profile.run_ns / max(profile.runs, 1)
    lines = [
        f"{several(profile.runs, 'inference')} of {seconds(per_run)} each while profiled, which takes "
        f"{profile.overhead:.3g} times as long as without",
        f"{profile.kernel_share:.0%} of that within kernels, of which the model's nodes are known for "
        f"{profile.mapped_share:.0%}",
        f"the model's nodes: {profile.folded} folded, {profile.absorbed} absorbed by others, "
        f"{len(profile.unseen) + profile.more_unseen} not seen",
    ]
    if profile.arena_peak_bytes is not None:
        lines.append(f"{size(profile.arena_peak_bytes)} of the arena in use at most")
    if profile.unread:
        lines.append(f"{profile.unread} lines of the profile could not be read")
    return lines


def operator_table(profile: Profile, *, shown: int = SHOWN) -> Table:
    """Time by operator and provider."""
    rows = [
        (_share(time.ns, profile), str(time.nodes), time.operator, time.provider)
        for time in profile.by_operator[:shown]
    ]
    if rest := profile.by_operator[shown:]:
        nodes = str(sum(time.nodes for time in rest))
        rows.append((_share(sum(time.ns for time in rest), profile), nodes, f"{len(rest)} more", ""))
    heads = ("share", "nodes", "operator", "provider")
    return table("Time by operator", heads, rows, numbers=heads[:2])


def node_table(profile: Profile, *, shown: int = SHOWN) -> Table:
    """The slowest nodes as they were executed, with the model's own ones behind them."""
    rows = [_node(node, profile) for node in profile.nodes[:shown]]
    rest = profile.nodes[shown:]
    if more := len(rest) + profile.more_nodes:
        hidden_ns = sum(node.ns for node in rest) + profile.more_ns
        rows.append((_share(hidden_ns, profile), "", "", f"{more} more", "", ""))
    heads = ("share", "per call", "speed", "operator", "executed as", "the model's own")
    return table("The slowest nodes", heads, rows, numbers=heads[:3])


def placement_table(placement: Placement) -> Table:
    """What each provider was given."""
    rows = []
    for part in placement.parts:
        names = [f"{count} {operator}" for operator, count in part.operators.items()]
        share = "unknown" if part.macs_share is None else f"{part.macs_share:.1%}"
        rows.append((part.provider, str(part.nodes), share, _some(names)))
    heads = ("provider", "nodes", "MACs", "operators")
    return table(f"Nodes by provider, {placement.asked} asked for", heads, rows, numbers=heads[1:3])


def fallbacks(placement: Placement) -> list[str]:
    """Nodes that the provider asked for did not take, by name."""
    fallen = [f"fell back: {node.operator} {node.name!r} on {node.provider}" for node in placement.fallbacks[:SHOWN]]
    hidden = len(placement.fallbacks[SHOWN:]) + placement.more_fallbacks
    return fallen + ([f"fell back: {hidden:,} more"] if hidden else [])


def _node(node: ProfiledNode, profile: Profile) -> tuple[str, ...]:
    speed = "" if node.macs_per_s is None else f"{node.macs_per_s * 1e-9:.3g} GMAC/s"
    own = _some(node.own, node.more_own) if node.own else "(unknown)"
    name = _short(node.name)
    per_call = seconds(node.ns / max(node.calls, 1))
    return _share(node.ns, profile), per_call, speed, node.operator, name, own if own != name else "="


def _share(ns: int, profile: Profile) -> str:
    return f"{ns / profile.kernel_ns:.1%}" if profile.kernel_ns else "0.0%"


def _some(names: Sequence[str], more: int = 0) -> str:
    hidden = max(len(names) - _LISTED, 0) + more
    return ", ".join([*map(_short, names[:_LISTED]), *([f"{hidden} more"] if hidden > 0 else [])])


def _short(text: str) -> str:
    # Names of nodes share their beginnings and differ in their ends.
    return text if len(text) <= _NAME else f"...{text[3 - _NAME :]}"
