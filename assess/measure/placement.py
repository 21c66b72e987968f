"""Placement: which execution provider each node was given to, and which the one that was asked for did not take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from assess.measure.node_names import Own

if TYPE_CHECKING:
    from assess.describe.graph.nodes import NodeFact

Taker = TypeVar("Taker")

#: Fallbacks that are named; the rest is counted.
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class GivenNode:
    """A node as a session lists it.

    Attributes:
        name: after basic optimisation; empty where the model gives none.
        operator: there, with its domain unless that is the standard one.
    """

    name: str
    operator: str


@dataclass(frozen=True, slots=True)
class Given:
    """A part of the graph that a session gave to a provider: what is compiled as a whole, or a single node.

    Attributes:
        provider: as ONNX Runtime names it.
        nodes: in it.
    """

    provider: str
    nodes: tuple[GivenNode, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one provider was given.

    Attributes:
        provider: as ONNX Runtime names it.
        nodes: how many.
        operators: of these nodes, with how many there are of each; the most frequent first.
        macs_share: share of the MACs that could be counted, 0 to 1; None if it is not known whose they are.
    """

    provider: str
    nodes: int
    operators: Mapping[str, int]
    macs_share: float | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """A node that the provider asked for did not take.

    Attributes:
        name: of the node; the runtime's name for it, which may be empty.
        operator: what it is.
        provider: who took it.
    """

    name: str
    operator: str
    provider: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Who was given which nodes, after constants were folded and before providers fused their own.

    Attributes:
        asked: the provider that was asked for.
        parts: by provider, the one asked for first.
        partitions: pieces that the graph is cut into, in the model's order: at each border tensors change hands.
        fallbacks: nodes that are not on the provider asked for, the first of them.
        more_fallbacks: how many more there are.
    """

    asked: str
    parts: tuple[Part, ...]
    partitions: int
    fallbacks: tuple[Fallback, ...] = ()
    more_fallbacks: int = 0

    @property
    def on_asked_nodes(self) -> float:
        """Share of the nodes that are on the provider asked for, 0 to 1."""
        nodes = sum(part.nodes for part in self.parts)
        return sum(part.nodes for part in self.parts if part.provider == self.asked) / nodes if nodes else 0.0

    @property
    def on_asked_macs(self) -> float | None:
        """Share of the MACs that are on the provider asked for, 0 to 1; None if that is not known."""
        for part in self.parts:
            if part.provider == self.asked:
                return part.macs_share
        others = [part.macs_share for part in self.parts]
        return None if not others or None in others else 0.0

    @property
    def fallen_back(self) -> Mapping[str, int]:
        """Operators that are not on the provider asked for, with how many there are of each."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            if part.provider != self.asked:
                counts.update(part.operators)
        return dict(counts.most_common())


@dataclass(slots=True)
class _Placed:
    """A node as the runtime lists it, and the model's own node behind it."""

    part: int
    provider: str
    name: str
    operator: str
    own: NodeFact | None


def placement(asked: str, parts: Sequence[Given], own: Own) -> Placement | None:
    """What a session says of its placement, or None if it says nothing.

    Args:
        asked: the provider that was asked for.
        parts: as `Session.placement` has them.
        own: the model's nodes, for names and MACs.
    """
    placed = _placed(parts, own)
    if not placed:
        return None
    shares = _macs_shares(placed, own)
    providers = sorted(dict.fromkeys(node.provider for node in placed), key=lambda name: name != asked)
    operators = {name: Counter(node.operator for node in placed if node.provider == name) for name in providers}
    fallen = [Fallback(node.name, node.operator, node.provider) for node in placed if node.provider != asked]
    return Placement(
        asked=asked,
        parts=tuple(
            Part(name, operators[name].total(), dict(operators[name].most_common()), shares.get(name))
            for name in providers
        ),
        partitions=_partitions(placed, own),
        fallbacks=tuple(fallen[:_SHOWN]),
        more_fallbacks=len(fallen[_SHOWN:]),
    )


def own_parts(parts: Sequence[Given], own: Own) -> list[tuple[str, list[NodeFact]]]:
    """Provider and the model's own nodes of each part that has more than one: such parts are compiled as a whole."""
    found: list[tuple[str, list[NodeFact]]] = [(part.provider, []) for part in parts]
    takers = _takers(_placed(parts, own), own, lambda node: node.part)
    for fact in own.facts:
        if id(fact) in takers:
            found[takers[id(fact)]][1].append(fact)
    return [pair for part, pair in zip(parts, found, strict=True) if len(part.nodes) > 1]


def _placed(parts: Sequence[Given], own: Own) -> list[_Placed]:
    """All nodes of all parts; those without a name are told apart by operator, as far as that is certain."""
    placed = [
        _Placed(index, part.provider, node.name, node.operator, own.named(node.name))
        for index, part in enumerate(parts)
        for node in part.nodes
    ]
    unnamed: dict[str, list[_Placed]] = {}
    for node in placed:
        if node.own is None and not node.name:
            unnamed.setdefault(node.operator, []).append(node)
    for operator, nodes in unnamed.items():
        facts = own.unnamed(operator)
        if len(facts) == len(nodes) and len({node.part for node in nodes}) == 1:
            for node, fact in zip(nodes, facts, strict=True):
                node.own = fact
    return placed


def _takers(placed: Sequence[_Placed], own: Own, key: Callable[[_Placed], Taker]) -> dict[int, Taker]:
    """Who was given each of the model's own nodes, by its id; those of which that is not certain are left out."""
    known = {id(node.own): key(node) for node in placed if node.own is not None}
    # What is listed under no name that the model knows can only be with those who took such nodes.
    rest = {key(node) for node in placed if node.own is None} or {key(node) for node in placed}
    found: dict[int, Taker] = {}
    for fact in own.facts:
        holder = own.holder(fact)
        if fact.is_fixed:
            continue
        if id(fact) in known:
            found[id(fact)] = known[id(fact)]
        elif holder is not None and id(holder) in found:
            found[id(fact)] = found[id(holder)]  # Bodies are not listed where the node that holds them is compiled.
        elif len(rest) == 1:
            found[id(fact)] = next(iter(rest))
    return found


def _macs_shares(placed: Sequence[_Placed], own: Own) -> dict[str, float]:
    """Share of the MACs by provider; empty if some have no provider for certain."""
    takers = _takers(placed, own, lambda node: node.provider)
    by_provider = {node.provider: 0 for node in placed}
    for fact in own.facts:
        if fact.macs and fact.runs and not fact.is_fixed:
            if id(fact) not in takers:
                return {}
            by_provider[takers[id(fact)]] += fact.macs * fact.runs
    total = sum(by_provider.values())
    return {provider: macs / total for provider, macs in by_provider.items()} if total else {}


def _partitions(placed: Sequence[_Placed], own: Own) -> int:
    """Stretches of nodes with one provider in the model's order; of a provider that compiles, never more than parts."""
    known = {id(node.own): node.provider for node in placed if node.own is not None}
    complete = all(node.own is not None for node in placed if not node.name)
    order = [known[id(fact)] for fact in own.facts if id(fact) in known] if complete else []
    order = order or [node.provider for node in placed]
    stretches: Counter[str] = Counter()
    for index, provider in enumerate(order):
        stretches[provider] += index == 0 or order[index - 1] != provider
    parts = {provider: len({n.part for n in placed if n.provider == provider}) for provider in stretches}
    return sum(min(count, parts[provider]) for provider, count in stretches.items())
