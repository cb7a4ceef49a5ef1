"""A folded graph as DOT, GraphML and Mermaid; whatever names it has are labels there, and nothing else."""

from __future__ import annotations

from html import escape

from deadheat.reports.graph.labels import edge_label, node_lines, title_of
from deadheat.reports.inert import inert, mermaid_text
from deadheat.scenarios.folded import Folded

__all__ = ["dot_of", "graphml_of", "mermaid_graph_of"]

COLOURS = {"violated": "#fbe6e3", "lost": "#fbeecb", "possible": "#e7ebfa", "by a fault": "#f0eee7"}
OTHER_COLOUR = "#e2f2e7"

BAD = "#b3261e"


def dot_of(folded: Folded) -> str:
    """Return the graph in Graphviz's language."""
    lines = [
        "digraph deadheat {",
        f"  label={_dot(title_of(folded))}; labelloc=t; rankdir=TB;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"]; edge [fontname="sans-serif"];',
    ]
    for number, node in enumerate(folded.nodes):
        colour = COLOURS.get(node.standing, OTHER_COLOUR)
        strong = f', color="{BAD}", penwidth=2' if node.on_the_way else ""
        lines.append(f'  n{number} [label={_dot(chr(10).join(node_lines(node)))}, fillcolor="{colour}"{strong}];')
    for (source, target), names in folded.edges.items():
        strong = f', color="{BAD}", penwidth=2' if (source, target) in folded.way else ""
        lines.append(f"  n{source} -> n{target} [label={_dot(edge_label(names))}{strong}];")
    return "\n".join([*lines, "}"]) + "\n"


def _dot(text: str) -> str:
    """Return a quoted string, in which a backslash and a quote are themselves, and nothing is markup, or an entity."""
    lines = [escape(inert(line), quote=False).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n")]
    return '"' + "\\n".join(lines) + '"'


def mermaid_graph_of(folded: Folded) -> str:
    """Return the graph as a Mermaid `flowchart`."""
    title = mermaid_text(title_of(folded)).replace("#59;", ";")  # it ends no statement in a remark
    lines = [f"%% {title}", "flowchart TB"]
    classes: dict[str, list[str]] = {}
    for number, node in enumerate(folded.nodes):
        lines.append(f'    n{number}["{"<br>".join(mermaid_text(each) for each in node_lines(node))}"]')
        classes.setdefault(node.standing, []).append(f"n{number}")
    for (source, target), names in folded.edges.items():
        arrow = "==>" if (source, target) in folded.way else "-->"
        label = mermaid_text(edge_label(names))
        lines.append(
            f"    n{source} {arrow}{f'|&quot;{label}&quot;|'.replace('&quot;', chr(34)) if label else ''} n{target}"
        )
    for number, (standing, members) in enumerate(classes.items()):
        lines.append(f"    classDef c{number} fill:{COLOURS.get(standing, OTHER_COLOUR)},stroke:#565b66,color:#1b1d22")
        lines.append(f"    class {','.join(members)} c{number}")
    strong = [number for number, pair in enumerate(folded.edges) if pair in folded.way]
    if strong:
        lines.append(f"    linkStyle {','.join(map(str, strong))} stroke:{BAD},stroke-width:3px")
    return "\n".join(lines) + "\n"


def graphml_of(folded: Folded) -> str:
    """Return the graph as GraphML, by networkx."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph(title=inert(title_of(folded)))
    for number, node in enumerate(folded.nodes):
        graph.add_node(
            f"n{number}",
            label=inert("; ".join(node_lines(node))),
            standing=node.standing,
            states=node.states,
            initial=node.is_initial,
            violation=node.on_the_way,
        )
    for (source, target), names in folded.edges.items():
        label = inert(", ".join(names))
        graph.add_edge(f"n{source}", f"n{target}", label=label, violation=(source, target) in folded.way)
    return "\n".join(networkx.generate_graphml(graph)) + "\n"
