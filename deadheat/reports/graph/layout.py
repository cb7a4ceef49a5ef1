"""Where nodes are drawn: in layers below each other, as Sugiyama, Tagawa and Toda do it (1981), with few crossings.

How few, a few sweeps of medians decide. A node's layer is its distance from the initial one, along which a reader looks
for it; edges that lead back up curve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from deadheat.reports.graph.labels import edge_label, node_lines
from deadheat.scenarios.folded import Folded

__all__ = ["LOOP", "Box", "Layout", "layout_of"]

SWEEPS = 12

LETTER, LINE, PADDING = 6.6, 16.0, 9.0
"""The width of a letter, the height of a line and the room around them, in pixels."""

GAP_X, GAP_Y = 36.0, 64.0

LOOP = 36.0
"""How far an edge that leads back to its own node reaches out."""

LETTERS_MAX = 48


class Box(NamedTuple):
    """Where a node is: the middle of it, its size, and its lines."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


class Layout(NamedTuple):
    """The boxes of all nodes, by number, and the size of the picture."""

    boxes: Sequence[Box]
    width: float
    height: float


def layout_of(folded: Folded) -> Layout:
    """Return where the nodes are drawn."""
    lines = [tuple(_short(each) for each in node_lines(node)) for node in folded.nodes]
    widths = [max(map(len, each)) * LETTER + 2 * PADDING for each in lines]
    heights = [len(each) * LINE + 2 * PADDING for each in lines]
    loops = [_loop(folded, number) for number in range(len(lines))]
    layers = _ordered(_layers(folded), folded)
    total = max(sum(widths[n] + loops[n] for n in layer) + GAP_X * (len(layer) - 1) for layer in layers)
    boxes: dict[int, Box] = {}
    y = GAP_Y / 2
    for layer in layers:
        height = max(heights[n] for n in layer)
        x = (total - sum(widths[n] + loops[n] for n in layer) - GAP_X * (len(layer) - 1)) / 2 + GAP_X
        for n in layer:
            boxes[n] = Box(x + widths[n] / 2, y + height / 2, widths[n], heights[n], lines[n])
            x += widths[n] + loops[n] + GAP_X
        y += height + GAP_Y
    return Layout([boxes[n] for n in range(len(lines))], total + 2 * GAP_X, y)


def _loop(folded: Folded, number: int) -> float:
    """Return what room is needed beside a node for an edge back to itself, and its name."""
    names = folded.edges.get((number, number))
    return 0.0 if names is None else LOOP + len(edge_label(names)) * LETTER


def _short(text: str) -> str:
    return text if len(text) <= LETTERS_MAX else f"{text[: LETTERS_MAX - 1]}…"


def _layers(folded: Folded) -> list[list[int]]:
    """Return the nodes by their distance from the initial one."""
    following: dict[int, list[int]] = {}
    for source, target in folded.edges:
        following.setdefault(source, []).append(target)
    layers = [[next(number for number, node in enumerate(folded.nodes) if node.is_initial)]]
    seen = set(layers[0])
    while True:
        found = dict.fromkeys(after for n in layers[-1] for after in following.get(n, ()) if after not in seen)
        if not found:
            return layers
        layers.append(list(found))
        seen.update(found)


def _ordered(layers: list[list[int]], folded: Folded) -> list[list[int]]:
    """Return the layers, each in an order in which its nodes stand near those that they have edges with."""
    beside: Mapping[int, list[int]] = {number: [] for number in range(len(folded.nodes))}
    for source, target in folded.edges:
        if source != target:
            beside[source].append(target)
            beside[target].append(source)
    layer_of = {n: place for place, layer in enumerate(layers) for n in layer}
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for place in order:
            fixed = layers[place - 1 if down else place + 1]
            at = {n: (index + 0.5) / len(fixed) for index, n in enumerate(fixed)}
            now = {n: (index + 0.5) / len(layers[place]) for index, n in enumerate(layers[place])}
            wanted = {
                n: median([at[each] for each in beside[n] if each in at and layer_of[each] != place] or [now[n]])
                for n in layers[place]
            }
            layers[place] = sorted(layers[place], key=lambda n: (wanted[n], now[n]))
    return layers
