"""A folded graph drawn: as SVG without any help, and as PNG by matplotlib, from one layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from itertools import count
from textwrap import wrap
from typing import Any, NamedTuple

from deadheat.reports.graph.labels import edge_label, title_of
from deadheat.reports.graph.layout import LINE, LOOP, Box, Layout, layout_of
from deadheat.reports.graph.marks import MARK
from deadheat.reports.graph.texts import BAD, COLOURS, OTHER_COLOUR
from deadheat.scenarios.folded import Folded
from deadheat.sim.errors import UsageError

__all__ = ["png_of", "svg_of"]

INK, SOFT = "#1b1d22", "#7a7f8a"

TITLE_LINE, TITLE_LETTER, MARGIN = 19.0, 7.6, 16.0
"""The height of a line of the title, the width of a letter of it, and what is left free beside it."""

PIXELS_MAX = 12_000
"""A PNG is no larger than that on any side; a larger one is drawn smaller."""

DARK = (
    "@media (prefers-color-scheme: dark) { svg { background: #14161b } .title, .name { fill: #e9e8e3 } "
    ".name { stroke: #14161b } .edge { stroke: #a9adb8 } .way { stroke: #ff9a8f } .tip { fill: #a9adb8 } "
    ".way-tip { fill: #ff9a8f } }"
)


class _Curve(NamedTuple):
    """An edge: where it begins, two points that pull at it, where it ends, and where its name stands."""

    start: tuple[float, float]
    one: tuple[float, float]
    other: tuple[float, float]
    end: tuple[float, float]
    is_loop: bool = False

    @property
    def middle(self) -> tuple[float, float]:
        """Where its name is: in its middle; beside it, if it leads back to its own node."""
        if self.is_loop:
            return self.start[0] + LOOP, self.start[1]
        x, y = ((self.start[i] + 3 * self.one[i] + 3 * self.other[i] + self.end[i]) / 8 for i in range(2))
        return x, y


def svg_of(folded: Folded) -> str:
    """Return the graph as an SVG image, light or dark as its reader prefers."""
    layout = layout_of(folded)
    width = max(layout.width, 640.0)
    title = title_of(folded)
    told = _title_lines(title, width)
    above = _above(told)
    height = layout.height + above
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="12">',
        f'<title id="title">{escape(title)}</title>',
        f"<style>svg {{ background: #fff }} .edge {{ stroke: {SOFT}; fill: none }} .way {{ stroke: {BAD}; "
        f"stroke-width: 2.6 }} .name {{ fill: {INK}; stroke: #fff; stroke-width: 3; paint-order: stroke; "
        f"text-anchor: middle; font-size: 11px }} .title {{ fill: {INK} }} .tip {{ fill: {SOFT} }} .way-tip "
        f"{{ fill: {BAD} }} {DARK}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" '
        'markerUnits="userSpaceOnUse"><path class="tip" d="M0 0l8 4-8 4z"/></marker><marker id="way-tip" '
        'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="12" markerHeight="12" orient="auto" '
        'markerUnits="userSpaceOnUse"><path class="way-tip" d="M0 0l8 4-8 4z"/></marker></defs>',
        *(
            f'<text class="title" x="{MARGIN:.0f}" y="{y:.0f}" font-size="14">{escape(line)}</text>'
            for y, line in zip(count(22, TITLE_LINE), told, strict=False)
        ),
        f'<g transform="translate(0 {above:.0f})">',
    ]
    curves = list(_curves(folded, layout))
    for pair, curve in curves:
        kind, tip = ("edge way", "way-tip") if pair in folded.way else ("edge", "tip")
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (curve.one, curve.other, curve.end))
        x, y = curve.start
        lines.append(f'<path class="{kind}" d="M{x:.1f},{y:.1f} C{points}" marker-end="url(#{tip})"/>')
    for node, box in zip(folded.nodes, layout.boxes, strict=True):
        lines.extend(_svg_box(box, COLOURS.get(node.standing, OTHER_COLOUR), strong=node.on_the_way))
    for pair, curve in curves:
        x, y = curve.middle
        beside = ' style="text-anchor: start"' if curve.is_loop else ""
        label = escape(edge_label(folded.edges[pair]))
        lines.append(f'<text class="name" x="{x:.1f}" y="{y:.1f}"{beside}>{label}</text>')
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _title_lines(title: str, width: float) -> list[str]:
    return wrap(title, int((width - 2 * MARGIN) / TITLE_LETTER))


def _above(told: Sequence[str]) -> float:
    """Return what room the title takes above the graph."""
    return MARGIN + len(told) * TITLE_LINE


def _svg_box(box: Box, colour: str, *, strong: bool) -> Iterator[str]:
    left, top = box.x - box.width / 2, box.y - box.height / 2
    stroke = f'stroke="{BAD}" stroke-width="2.6"' if strong else f'stroke="{SOFT}"'
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="8" '
        f'fill="{colour}" {stroke}/>'
    )
    first = box.y - LINE * (len(box.lines) - 1) / 2 + 4
    for number, line in enumerate(box.lines):
        weight = ' font-weight="600"' if number == len(box.lines) - 1 else ""
        yield (
            f'<text x="{box.x:.1f}" y="{first + number * LINE:.1f}" text-anchor="middle" fill="{INK}"{weight}>'
            f"{escape(line)}</text>"
        )


def _curves(folded: Folded, layout: Layout) -> Iterator[tuple[tuple[int, int], _Curve]]:
    for source, target in folded.edges:
        yield (source, target), _curve(layout.boxes[source], layout.boxes[target])


def _curve(source: Box, target: Box) -> _Curve:
    """Return how an edge goes: down from below one to above the other; beside them where it leads back, or across."""
    if target.y > source.y:
        start, end = (source.x, source.y + source.height / 2), (target.x, target.y - target.height / 2)
        pull = (end[1] - start[1]) / 2
        return _Curve(start, (start[0], start[1] + pull), (end[0], end[1] - pull), end)
    side = 1 if target.x >= source.x else -1
    start = (source.x + side * source.width / 2, source.y)
    if target is source:
        x, y = start
        return _Curve(start, (x + 40, y - 30), (x + 40, y + 30), (x, y + 8), is_loop=True)
    if target.y == source.y:
        end = (target.x - side * target.width / 2, target.y)
        middle = (start[0] + end[0]) / 2
        return _Curve(start, (middle, start[1] - 30), (middle, end[1] - 30), end)
    end = (target.x + side * target.width / 2, target.y)
    away = max(start[0] * side, end[0] * side) * side + side * 50
    return _Curve(start, (away, start[1]), (away, end[1]), end)


def png_of(folded: Folded) -> bytes:
    """Return the graph as a PNG image; raises UsageError where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
        from matplotlib.path import Path
    except ImportError:
        raise UsageError(
            "A PNG is drawn by matplotlib, which is not installed; pip install 'deadheat[plot]', or ask for svg."
        ) from None
    layout = layout_of(folded)
    width = max(layout.width, 640.0)
    told = _title_lines(title_of(folded), width)
    above = _above(told)
    height = layout.height + above
    dots = min(144.0, PIXELS_MAX * 72 / max(width, height))
    figure = Figure(figsize=(width / 72, height / 72), dpi=dots)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height - above, -above)
    plain: dict[str, Any] = {"parse_math": False}  # or a name with two dollars would be a formula
    axes.text(MARGIN, -above / 2, "\n".join(told), fontsize=12, color=INK, va="center", **plain)
    for pair, (start, one, other, end, _) in _curves(folded, layout):
        strong = pair in folded.way
        path = Path([start, one, other, end], [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
        axes.add_patch(
            FancyArrowPatch(
                path=path,
                arrowstyle="-|>",
                mutation_scale=12,
                color=BAD if strong else SOFT,
                linewidth=2.4 if strong else 0.9,
            )
        )
    for node, box in zip(folded.nodes, layout.boxes, strict=True):
        axes.add_patch(
            FancyBboxPatch(
                (box.x - box.width / 2, box.y - box.height / 2),
                box.width,
                box.height,
                boxstyle="round,pad=0,rounding_size=8",
                facecolor=COLOURS.get(node.standing, OTHER_COLOUR),
                edgecolor=BAD if node.on_the_way else SOFT,
                linewidth=2.4 if node.on_the_way else 0.9,
            )
        )
        axes.text(box.x, box.y, "\n".join(box.lines), fontsize=9, color=INK, ha="center", va="center", **plain)
    halo = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
    for pair, curve in _curves(folded, layout):
        name = edge_label(folded.edges[pair])
        side = "left" if curve.is_loop else "center"
        axes.text(*curve.middle, name, fontsize=8, color=INK, ha=side, va="center", bbox=halo, **plain)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": MARK, "Title": title_of(folded)})
    return buffer.getvalue()
