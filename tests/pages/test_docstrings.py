"""The examples in docstrings run: indented blocks, after an empty line, as the reference shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, NamedTuple

import pytest

import deadheat
from deadheat import Component, Components, Fault, Steps, library
from tests.pages.blocks import ROOT

BLOCK = re.compile(r"(?:^|\n\n)((?:    .*\n?|\n(?=    ))+)")

NO_PYTHON = {
    "deadheat/reports/columns.py": "a table",
    "deadheat/reports/lanes.py": "a timeline",
    "deadheat/scenarios/distributions.py": "a grammar",
    "deadheat/scenarios/profiles/__init__.py": "a file of settings",
    "deadheat/scenarios/catalogue.py": "references, as they are typed",
    "deadheat/scenarios/stops.py": "references, as they are typed",
    "deadheat/sim/durations.py": "a grammar",
    "deadheat/sim/errors.py": "a tree of classes",
}


class Example(NamedTuple):
    """A block in a docstring of a file."""

    file: str
    text: str


def examples() -> Iterator[Example]:
    for path in sorted(Path(deadheat.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                told = ast.get_docstring(node) or ""
                assert "```" not in told, f"{path}: an example in a docstring is indented"
                yield from (Example(str(path.relative_to(ROOT)), dedent(each)) for each in BLOCK.findall(told))


EXAMPLES = list(examples())


class Orders(Component):
    """What a docstring's reader has: a component, a system of it, roles, a fault."""

    initial = 0


@dataclass(frozen=True)
class Shop(Components):
    orders: Orders = Orders("orders")


def role(system: Any, *_: Any) -> Steps:
    yield from ()


def an_order_is_missing(orders: int) -> bool:
    return orders < 1


def an_order_is_doubled(orders: int) -> bool:
    return orders > 1


USERS = {
    "Letters": tuple,
    "LOST": Fault("letter-lost", "a letter is lost", "post"),
    "Orders": Orders,
    "RELAY_CRASH": Fault("relay-crash", "the relay is killed", "pod"),
    "Shop": Shop,
    "every_order_arrives": deadheat.settled(an_order_is_missing),
    "never_shipped_twice": deadheat.always(an_order_is_doubled),
    "place": role,
    "relay": role,
    "worker": role,
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.file}: {each.text.split(chr(10))[0][:30]}")
def test_an_example_runs(example: Example) -> None:
    if example.file in NO_PYTHON:
        with pytest.raises(SyntaxError):
            ast.parse(example.text)
        return
    text = example.text
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(ast.parse(text))):
        text = f"def role(system):\n{indent(text, '    ')}"
    module = import_module(example.file.removesuffix(".py").replace("/", "."))
    theirs = {name: getattr(each, name) for each in (library, deadheat) for name in each.__all__}
    names = {"__name__": module.__name__, "dataclass": dataclass, **theirs, **vars(module), **USERS}
    exec(compile(f"from __future__ import annotations\n{text}", example.file, "exec"), names)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > len(NO_PYTHON)
    assert {each.file for each in EXAMPLES} >= set(NO_PYTHON)
