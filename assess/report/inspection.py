"""What a model is, for a terminal: the static facts alone."""

from __future__ import annotations

from collections import Counter

from assess.clean import clean
from assess.describe.model import Model, Port
from assess.units import format_quantity

_SHOWN_OPERATORS = 12


def inspection(model: Model) -> str:
    """The facts of a model as plain text."""
    lines = [clean(f"{model.name}  sha256:{model.sha256}"), ""]
    lines += [f"  {name:<17} {clean(text)}" for name, text in _facts(model)]
    lines += ["", *(f"  {line}" for line in _ports("inputs", model.inputs)), ""]
    lines += [*(f"  {line}" for line in _ports("outputs", model.outputs)), ""]
    lines += [f"  {line}" for line in _operators(model)]
    for title, entries in (
        ("not a valid model", model.problems),
        (
            "unknown cost",
            [f"{u.count} x {_name(u.type, u.domain)}: {u.why} ({', '.join(u.nodes)})" for u in model.unknown],
        ),
        ("not known", [f"{name}: {why}" for name, why in model.absent.items()]),
    ):
        if entries:
            lines += ["", f"  {title}", *(f"    {clean(entry)}" for entry in entries)]
    return "\n".join(lines) + "\n"


def _facts(model: Model) -> list[tuple[str, str]]:
    external = len(model.files) - 1
    intensity = model.arithmetic_intensity
    quantised = model.quantisation
    weights = ", ".join(f"{format_quantity(size, 'B')} {dtype}" for dtype, size in sorted(model.weight_bytes.items()))
    activations = model.peak_activation_bytes
    return [
        ("file", format_quantity(model.file_bytes, "B") + (f", {external} of external data" if external else "")),
        ("producer", model.producer or "not stated"),
        ("licence", f"{model.licence} (from the {model.licence_basis})" if model.licence else "not stated"),
        (
            "opset",
            ", ".join(f"{name} {version}" for name, version in model.opsets.items()) + f"; IR {model.ir_version}",
        ),
        ("dimensions", ", ".join(f"{name}={value}" for name, value in model.dims.items()) or "all fixed"),
        ("nodes", f"{model.nodes:,}"),
        ("parameters", format_quantity(model.parameters, "count")),
        ("weights", weights or "none"),
        (
            "arithmetic",
            format_quantity(model.macs, "MAC") + (", not counting what is unknown" if model.unknown else ""),
        ),
        (
            "live activations",
            "not known" if activations is None else f"{format_quantity(activations, 'B')} at the peak",
        ),
        ("intensity", "not known" if intensity is None else f"{intensity:.3g} operations per byte"),
        ("precision", model.precision),
        ("quantisation", "none" if quantised.format == "none" else _quantisation(model)),
    ]


def _quantisation(model: Model) -> str:
    found = model.quantisation
    dtypes = f"weights {', '.join(found.weight_dtypes) or '-'}, activations {', '.join(found.activation_dtypes) or '-'}"
    return f"{found.format}, {found.weight_granularity}, {dtypes}; {found.share_of_macs:.0%} of the MACs in integers"


def _ports(title: str, ports: tuple[Port, ...]) -> list[str]:
    width = max((len(clean(port.name)) for port in ports), default=0)
    lines = [title]
    for port in ports:
        shape = "x".join("?" if size < 0 else str(size) for size in port.shape) or "scalar"
        meaning = f"  {port.meaning} (from the {port.basis})" if port.meaning else ""
        below = f", below {port.limit}" if port.limit is not None else ""
        lines.append(clean(f"  {clean(port.name):<{width}}  {port.dtype} {shape}{meaning}{below}").rstrip())
    return lines


def _operators(model: Model) -> list[str]:
    counts: Counter[tuple[str, str]] = Counter()
    macs: Counter[tuple[str, str]] = Counter()
    unknown = {(entry.type, entry.domain) for entry in model.unknown}
    for group in model.operators:
        counts[group.type, group.domain] += group.count
        macs[group.type, group.domain] += group.count * (group.macs or 0)
    order = sorted(counts, key=lambda key: (-macs[key], -counts[key], key))
    width = max([24, *(len(clean(_name(*key))) for key in order[:_SHOWN_OPERATORS])])
    lines = [f"{'operator':<{width}} {'count':>7} {'MACs':>12} {'share':>7}"]
    for key in order[:_SHOWN_OPERATORS]:
        share = f"{macs[key] / model.macs:.1%}" if model.macs else "-"
        amount = "unknown" if key in unknown and not macs[key] else format_quantity(macs[key], "MAC")
        lines.append(f"{clean(_name(*key)):<{width}} {counts[key]:>7,} {amount:>12} {share:>7}")
    if rest := order[_SHOWN_OPERATORS:]:
        lines.append(f"and {len(rest)} more: {', '.join(clean(_name(*key)) for key in rest)}")
    return lines


def _name(type_: str, domain: str) -> str:
    return type_ if domain == "ai.onnx" else f"{domain}:{type_}"
