"""Graphs of states say what the states do, and no name in them is more than a name."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import networkx
import pytest

from deadheat.reports.graph.drawings import png_of, svg_of
from deadheat.reports.graph.layout import layout_of
from deadheat.reports.graph.texts import dot_of, graphml_of, mermaid_graph_of
from deadheat.reports.sequence import mermaid_sequence, plantuml_sequence
from deadheat.scenarios.check import check
from deadheat.scenarios.folded import NODES_MAX, Fold, Folded, fold
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from tests.command import deadheat
from tests.reports.pages import HOSTILE, hostile_model, reference


def folded(scenario: Scenario, how: Fold | None = None) -> Folded:
    [outcome] = check(scenario).outcomes
    schedule = outcome.counterexample.trace.schedule if outcome.counterexample else None
    return fold(scenario.model(), outcome.property, schedule, how)


ORPHAN = Scenario("baseline", properties=("no-transient-orphan",))


def runs(found: Folded) -> set[tuple[str, ...]]:
    """The sequences of named steps that a folded graph without cycles has, from the beginning to an end."""
    following: dict[int, list[tuple[str, int]]] = {}
    for (source, target), names in found.edges.items():
        for name in names:
            following.setdefault(source, []).append((name, target))
    [start] = [number for number, node in enumerate(found.nodes) if node.is_initial]
    ends: set[tuple[str, ...]] = set()

    def go(node: int, done: tuple[str, ...]) -> None:
        ways = following.get(node, [])
        if not ways:
            ends.add(done)
        for name, target in ways:
            go(target, (*done, name) if re.fullmatch(r"T\d", name) else done)

    go(start, ())
    return ends


def test_folding_by_steps_loses_no_order_of_them_and_adds_none() -> None:
    by_steps, plain = folded(ORPHAN, Fold.STEPS), folded(ORPHAN, Fold.STATES)
    assert len(plain.nodes) == 209
    assert len(by_steps.nodes) < 40
    assert sum(node.states for node in by_steps.nodes) == 209
    assert runs(by_steps) == runs(plain)


def test_every_fold_keeps_apart_how_the_property_stands_and_shows_the_way_into_the_violation() -> None:
    for how in Fold:
        found = folded(ORPHAN, how)
        assert {"violated", "lost", "possible", "out of reach"} == {node.standing for node in found.nodes}
        assert found.way <= found.edges.keys()
        assert [node.standing for node in found.nodes if node.on_the_way].count("violated") == 1
        assert found.nodes[0].is_initial
        assert found.nodes[0].on_the_way


def test_states_that_differ_by_an_exchange_of_names_are_one() -> None:
    small = Scenario(
        f"{Path(__file__).parents[2]}/examples/two_phase_commit.py:two_phase_commit", settings=(("managers", "3"),)
    )
    found = fold(small.model(), small.properties[0], None, Fold.STATES)
    assert (len(found.nodes), sum(node.states for node in found.nodes)) == (80, 288)  # as its docstring derives them
    assert "those that differ by an exchange of names are one" in found.remark


def test_of_too_many_states_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deadheat.scenarios.folded.STATES_MAX", 1_000)
    model = Scenario("status-check", 2, properties=("at-most-one-job",)).model()
    with pytest.raises(UsageError, match="more than 1,000 states, too many to fold into a picture"):
        fold(model, "at-most-one-job", None)


def test_what_cannot_be_read_is_summarised_and_that_is_said() -> None:
    found = folded(Scenario("name-tombstone", faults=(("http-retry", 1),), properties=("no-transient-orphan",)))
    assert len(found.nodes) <= NODES_MAX
    assert "summarised, since folding by steps leaves" in found.remark
    svg = svg_of(found)
    assert found.remark in svg
    width = float(re.findall(r'viewBox="0 0 (\d+) ', svg)[0])
    lines = re.findall(r'<text class="title"[^>]*>([^<]*)</text>', svg)
    assert " ".join(lines).endswith("Bold: the shortest violation" if found.way else found.remark)
    assert max(map(len, lines)) * 7.6 < width  # or its end, which says how it was folded, would not be seen


def test_all_formats_have_all_nodes_and_edges_and_their_readers_take_them() -> None:
    found = folded(ORPHAN)
    nodes, edges = len(found.nodes), len(found.edges)
    read = networkx.parse_graphml(graphml_of(found))
    assert (read.number_of_nodes(), read.number_of_edges()) == (nodes, edges)
    assert sum(data["violation"] for _, _, data in read.edges(data=True)) == len(found.way)
    dot = dot_of(found)
    assert (dot.count(" -> "), len(re.findall(r"^  n\d+ \[", dot, re.M))) == (edges, nodes)
    mermaid = mermaid_graph_of(found)
    assert mermaid.count("-->") + mermaid.count("==>") == edges
    assert mermaid.count("==>") == len(found.way)
    svg = ElementTree.fromstring(svg_of(found))
    assert len(svg.findall(".//{*}rect")) == nodes
    assert len([each for each in svg.findall(".//{*}path") if "edge" in each.get("class", "")]) == edges


def test_no_two_nodes_are_drawn_over_each_other() -> None:
    layout = layout_of(folded(ORPHAN))
    for place, one in enumerate(layout.boxes):
        assert 0 < one.x - one.width / 2 < one.x + one.width / 2 < layout.width
        for other in layout.boxes[:place]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= one.height
            assert apart


def test_a_png_is_one() -> None:
    pytest.importorskip("matplotlib")
    assert png_of(folded(ORPHAN, Fold.STANDING)).startswith(b"\x89PNG")


def test_hostile_names_stay_names() -> None:
    scenario = Scenario(reference(hostile_model()))
    found = folded(scenario, Fold.STATES)
    for text in (dot_of(found), mermaid_graph_of(found), graphml_of(found), svg_of(found)):
        assert "\u202e" not in text
        assert "<img" not in text
    strings = re.sub(r'"(?:[^"\\]|\\.)*"', "", dot_of(found))
    assert "hacked" not in strings
    svg = ElementTree.fromstring(svg_of(found))
    assert {each.tag.rpartition("}")[2] for each in svg.iter()} <= {
        *("svg", "title", "style", "defs", "marker", "path", "text", "g", "rect"),
    }
    assert networkx.parse_graphml(graphml_of(found)).number_of_nodes() == len(found.nodes)
    labels = re.findall(r'\["(.*)"\]', mermaid_graph_of(found))
    assert len(labels) == len(found.nodes)
    assert not any(set('"`') & set(label) for label in labels)
    png_of(found)
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    plantuml = plantuml_sequence(counterexample)
    assert [line for line in plantuml.splitlines() if line.startswith("@")] == ["@startuml", "@enduml"]
    assert "<" not in plantuml
    assert "\u202e" not in plantuml + mermaid_sequence(counterexample)
    assert HOSTILE not in plantuml


def test_a_run_is_drawn_step_by_step_with_the_cycle_and_the_moment_where_it_is_lost(tmp_path: Path) -> None:
    deadheat("show", "baseline", "-p", "no-transient-orphan", "--save", "orphan.json", cwd=tmp_path)
    mermaid = deadheat("graph", "orphan.json", cwd=tmp_path)
    assert mermaid.returncode == 0, mermaid.stderr
    assert len(re.findall(r"^    p\d->>p\d: ", mermaid.stdout, re.M)) == 10
    assert "    p6->>p7: T5 delete job → 404 Not Found\n    Note over p6: the race is lost here\n" in mermaid.stdout
    plantuml = deadheat("graph", "baseline", "--run", "-p", "no-transient-orphan", "-o", "a.puml", cwd=tmp_path)
    assert plantuml.stdout == "Wrote a.puml.\n"
    text = (tmp_path / "a.puml").read_text()
    assert text.startswith("@startuml\n' drawn by deadheat\n")
    assert text.endswith("@enduml\n")
    assert "p6 -> p7 : T5 delete job → 404 Not Found\nnote over p6 : the race is lost here\n" in text
    lasso = deadheat(
        *("graph", "baseline+orphan-cleanup", "--run", "-p", "eventually-cleaned", "--faults", "stale-list=*"),
        cwd=tmp_path,
    ).stdout
    assert lasso.index("    loop for ever\n") < lasso.index("stale-list") < lasso.index("\n    end\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "pdf"], "There is no format 'pdf'"),
        (["--format", "plantuml"], "add --run for the shortest violation as a sequence diagram"),
        (["--format", "png"], "say by -o FILE.png where it goes"),
        (["-o", "graph.what"], "does not say of which format it is"),
        (["-o", "nowhere/graph.svg"], "cannot be written"),
        (["--fold", "by-colour"], "There is no fold"),
        (["--run", "--format", "svg"], "A run is not drawn as svg, but as mermaid or plantuml"),
        (["--run", "-p", "at-most-one-job"], "Nothing is violated, so there is no run to draw"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(arguments: list[str], told: str, tmp_path: Path) -> None:
    done = deadheat("graph", "baseline", *arguments, cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_the_format_is_that_of_the_files_name(tmp_path: Path) -> None:
    for name, begins in (("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "%%"), ("a.graphml", "<graphml")):
        done = deadheat("graph", "baseline", "-p", "terminal-is-final", "--fold", "standing", "-o", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert begins in (tmp_path / name).read_text()[:60]


def test_what_was_not_decided_is_not_drawn_as_if_nothing_were_violated(tmp_path: Path) -> None:
    done = deadheat("graph", "baseline", "--run", "--max-states", "5", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "was not decided: the search was cut short, since it reached 5 states (--max-states)" in done.stderr
    done = deadheat("graph", "baseline", "--max-states", "100", "-o", "a.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    told = "There are more than 100 states, and a part of a graph is not drawn; ask for more (--max-states)."
    assert told in done.stderr
    assert not (tmp_path / "a.svg").exists()


def test_a_saved_run_takes_no_option_that_would_be_passed_over(tmp_path: Path) -> None:
    done = deadheat("graph", "saved.json", "--fold", "steps", cwd=tmp_path)
    assert (done.returncode, "leave out -n, --set" in done.stderr) == (2, True)


def test_the_remark_in_mermaid_reads_as_it_is_written() -> None:
    first = mermaid_graph_of(folded(ORPHAN)).splitlines()[0]
    assert first == "%% no-transient-orphan: 209 states; folded by steps into 35 nodes. Bold: the shortest violation"


@pytest.mark.parametrize("form", ["dot", "graphml", "mermaid", "svg", "png", "plantuml"])
def test_a_drawing_is_drawn_anew_and_nothing_of_anybody_elses_is_drawn_over(form: str, tmp_path: Path) -> None:
    what = ("baseline", "--run") if form == "plantuml" else ("name-tombstone",)
    drawn = ("graph", *what, "--format", form)
    for _ in range(2):
        done = deadheat(*drawn, "-o", "drawing", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "Wrote drawing.\n"), done.stderr
    (tmp_path / "drawing").write_text("# my notes\n")
    done = deadheat(*drawn, "-o", "drawing", cwd=tmp_path)
    told = "deadheat: drawing is there already and is no drawing of deadheat's; move it away, or give another name.\n"
    assert (done.returncode, done.stderr) == (2, told)
    assert (tmp_path / "drawing").read_text() == "# my notes\n"


def test_mermaid_in_a_file_of_markdown_is_fenced(tmp_path: Path) -> None:
    assert deadheat("graph", "name-tombstone", "-o", "a.md", cwd=tmp_path).returncode == 0
    lines = (tmp_path / "a.md").read_text().splitlines()
    assert (lines[:2], lines[-1]) == (["```mermaid", "%% drawn by deadheat"], "```")
