"""Where the time of an inference goes and who computes it, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.clean import clean
from assess.measure.passes.profile import Profile, ProfiledNode
from assess.measure.placement import Placement
from assess.units import format_quantity

#: Nodes that a terminal shows unless asked for more.
SHOWN: Final = 20
#: Characters of a name; exporters write whole module paths.
_NAME: Final = 48
_LISTED: Final = 4


def profile_lines(profile: Profile, *, shown: int = SHOWN) -> list[str]:
    """A profile: what it stands on, time by operator, and the slowest nodes with the model's own ones behind them."""
    per_run = profile.run_ns / max(profile.runs, 1) * 1e-9
    lines = [
        f"{profile.runs} inferences of {format_quantity(per_run, 's')} each while profiled, which takes "
        f"{profile.overhead:.3g} times as long as without",
        f"{profile.kernel_share:.0%} of that within kernels, of which the model's nodes are known for "
        f"{profile.mapped_share:.0%}",
        f"the model's nodes: {profile.folded} folded, {profile.absorbed} absorbed by others, "
        f"{len(profile.unseen) + profile.more_unseen} not seen",
    ]
    if profile.arena_peak_bytes is not None:
        lines.append(f"{format_quantity(profile.arena_peak_bytes, 'B')} of the arena in use at most")
    if profile.unread:
        lines.append(f"{profile.unread} lines of the profile could not be read")
    operators = [
        [_share(time.ns, profile), str(time.nodes), time.operator, time.provider]
        for time in profile.by_operator[:shown]
    ]
    lines += ["", *_table(["share", "nodes", "operator", "provider"], operators)]
    lines += _more(
        len(profile.by_operator) - shown, "operators", sum(t.ns for t in profile.by_operator[shown:]), profile
    )
    heads = ["share", "per call", "speed", "operator", "executed as", "the model's own"]
    lines += ["", *_table(heads, [_node(node, profile) for node in profile.nodes[:shown]])]
    rest = profile.nodes[shown:]
    hidden_ns = sum(node.ns for node in rest) + profile.more_ns
    return lines + _more(len(rest) + profile.more_nodes, "nodes", hidden_ns, profile)


def placement_lines(placement: Placement) -> list[str]:
    """A placement: what each provider was given, and what fell back."""
    rows = []
    for part in placement.parts:
        names = [f"{count} {operator}" for operator, count in part.operators.items()]
        share = "unknown" if part.macs_share is None else f"{part.macs_share:.1%}"
        rows.append([part.provider, str(part.nodes), share, _some(names)])
    lines = [
        f"asked for {clean(placement.asked)}: {placement.on_asked_nodes:.1%} of the nodes; "
        f"{placement.partitions} {'partition' if placement.partitions == 1 else 'partitions'}",
        *_table(["provider", "nodes", "MACs", "operators"], rows),
    ]
    fallen = [f"{clean(node.operator)} {clean(node.name)!r} on {clean(node.provider)}" for node in placement.fallbacks]
    lines += [f"fell back: {text}" for text in fallen[:SHOWN]]
    hidden = len(fallen[SHOWN:]) + placement.more_fallbacks
    return lines + ([f"fell back: {hidden} more"] if hidden else [])


def _node(node: ProfiledNode, profile: Profile) -> list[str]:
    speed = "" if node.macs_per_s is None else f"{node.macs_per_s * 1e-9:.3g} GMAC/s"
    own = _some(node.own, node.more_own) if node.own else "(unknown)"
    per_call = format_quantity(node.ns * 1e-9 / max(node.calls, 1), "s")
    return [
        _share(node.ns, profile),
        per_call,
        speed,
        node.operator,
        _short(node.name),
        own if own != _short(node.name) else "=",
    ]


def _share(ns: int, profile: Profile) -> str:
    return f"{ns / profile.kernel_ns:.1%}" if profile.kernel_ns else "0.0%"


def _more(count: int, what: str, ns: int, profile: Profile) -> list[str]:
    return [f"{_share(ns, profile)} in {count} more {what}"] if count > 0 else []


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they need to be."""
    cells = [[clean(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _some(names: Sequence[str], more: int = 0) -> str:
    hidden = max(len(names) - _LISTED, 0) + more
    return ", ".join([*map(_short, names[:_LISTED]), *([f"{hidden} more"] if hidden > 0 else [])])


def _short(text: str) -> str:
    # Names of nodes share their beginnings and differ in their ends.
    return text if len(text) <= _NAME else f"...{text[3 - _NAME :]}"
