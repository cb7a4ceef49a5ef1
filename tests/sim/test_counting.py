"""One thing is never told of in the plural: numbers with what they count go through one helper."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import deadheat
from deadheat.sim.counting import counted

PACKAGE = Path(deadheat.__file__).parent
SAMPLE = {"states", "steps", "faults", "events", "evaluations", "Jobs", "jobs", "orphans", "requests"}
CONSTANT = re.compile(r"[A-Z_ +0-9]+")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 states"), (1, "1 state"), (2, "2 states"), (12345, "12,345 states"), (-1, "-1 states")]
)
def test_one_alone_is_in_the_singular(number: int, text: str) -> None:
    assert counted(number, "state") == text


def test_a_plural_that_does_not_just_add_an_s_is_given() -> None:
    assert [counted(each, "property", "properties") for each in (1, 2)] == ["1 property", "2 properties"]


def nouns(trees: Iterable[ast.AST]) -> set[str]:
    """The plurals of all that is counted anywhere, and a few more."""
    found = set(SAMPLE)
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "counted":
            words = [str(each.value) for each in node.args[1:] if isinstance(each, ast.Constant)]
            if not words:  # the user's own word, such as the key of a design
                continue
            plural = words[-1] if len(words) > 1 else f"{words[0]}s"
            found.add([each for each in plural.split() if each.endswith("s")][-1])
    return found


def counts(name: str, tree: ast.AST, plurals: set[str]) -> Iterator[str]:
    """Each number in a text that has a plural behind it; constants are known to be more than one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, then in itertools.pairwise(node.values):
            if isinstance(value, ast.FormattedValue) and isinstance(then, ast.Constant):
                word = re.match(r"(?:\[/\])? ([A-Za-z]+)\b", str(then.value))
                if word and word[1] in plurals and not CONSTANT.fullmatch(ast.unparse(value.value)):
                    yield f"{name}: {{{ast.unparse(value.value)}}} {word[1]}"


ALWAYS_MORE = {
    "cuts.py: {cuts_max} states",
    "endings.py: {len(maybe)} steps",
    "explosion.py: {_rounded(estimate.likely)} states",
    "folded.py: {nodes} nodes",
    "fuzz.py: {portfolio.walker.steps / elapsed} steps",
    "fuzz.py: {worth.estimate.states} states",
    "graph.py: {states_max} states",
    "migrate.py: {orphans} orphans",
    "properties.py: {jobs} Jobs",
    "rollout.py: {total} stops",
    "simulate.py: {_value(found.orphans_per_day)} orphans",
    "progress.py: {rate} states",
    "scenario.py: {self.evaluations} evaluations",
    "composition.py: {sizes} states",
    "blocks.py: {place_of(function)} sets",
    "mistakes.py: {statement.table} sets",
    "scenario.py: {text} sets",
}
"""Said of two or more, or of less than one, alone; a rate, an estimate, a limit; or a verb."""


def test_every_count_goes_through_the_helper() -> None:
    trees = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
    plurals = nouns(trees.values())
    assert {each for path, tree in trees.items() for each in counts(path.name, tree, plurals)} == ALWAYS_MORE
