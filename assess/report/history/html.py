"""A trend as one self-contained HTML file: a picture and the table of levels; no script, nothing fetched."""

from __future__ import annotations

from html import escape
from typing import Final

from assess.clean import clean
from assess.project.history import Trend
from assess.report.history.words import HEADS, notes, of_series, rows, subject

_STYLE: Final = """
:root { --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea; --page: #fff; --bar: #5b7db1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #333b48; --page: #161a21;
  --bar: #7d9fd4; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 900px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; } p, th, figcaption { color: var(--soft); font-weight: normal; }
figure { margin: 1rem 0; } .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
svg { width: 100%; height: auto; } svg path { fill: none; }
svg .small { fill: var(--soft); font-size: 11px; paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
svg .grid { stroke: var(--line); } svg .mark { stroke: var(--ink); stroke-dasharray: 4 3; }
svg .dots { stroke: var(--bar); stroke-width: 4; stroke-linecap: round; }
svg .median { stroke: var(--ink); stroke-width: 2; }
"""
_CAPTION: Final = (
    "Each dot is a run; a line is the median of a level; a dashed line is where the next one begins, with the change."
)


def html(trend: Trend) -> str:
    """The trend as one page. All text from a database is escaped; the page may neither run nor fetch anything."""
    from assess.report.charts.trend import trend_picture  # Whoever looks at a terminal need not wait for pictures.

    title = _text(subject(trend))
    picture = trend_picture(subject(trend), trend)
    parts = [f"<h1>{title}</h1>", f"<p>{_text(of_series(trend.series))}</p>"]
    if picture:
        parts.append(f"<figure>{picture}<figcaption>{_CAPTION}</figcaption></figure>")
    if trend.levels:
        head = "".join(f"<th>{head}</th>" for head in HEADS)
        body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows(trend))
        parts.append(f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>')
    if told := "".join(f"<li>{_text(note)}</li>" for note in notes(trend)):
        parts.append(f"<ul>{told}</ul>")
    return "\n".join([*_head(title), *parts, "</body></html>"]) + "\n"


def _head(title: str) -> list[str]:
    return [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
    ]


def _text(text: str) -> str:
    return escape(clean(text))
