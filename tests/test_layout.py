"""The architecture, held: imports go one way, and the engine is deterministic by construction."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest

import deadheat

PACKAGE = Path(deadheat.__file__).parent
ROOMS = ("sim", "models", "scenarios", "live", "reports", "gate", "api", "commands", "cli")
FORBIDDEN_IN_ENGINE = {"datetime", "uuid", "secrets", "threading", "asyncio"}
FORBIDDEN_CALLS = {"id", "hash", "time.time", "time.monotonic", "random.random", "random.choice"}


COMPARE_ADDRESSES = {
    "alike.py",
    "blocks.py",
    "fingerprint.py",
    "freeze.py",
    "holdings.py",
    "purity.py",
    "shared_state.py",
}
"""They compare addresses within one look, to tell aliases from copies, and never let one out."""


def sources(room: str) -> Iterator[Path]:
    yield from sorted((PACKAGE / room).rglob("*.py") or PACKAGE.glob(f"{room}.py"))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_rooms_below_it(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    for path in sources(room):
        for module in imported_modules(path):
            for higher in above:
                assert not module.startswith(f"deadheat.{higher}"), f"{path.name} imports {module}"


@pytest.mark.parametrize("room", ["sim", "models", "scenarios"])
def test_the_rooms_below_the_command_line_do_not_know_its_flags(room: str) -> None:
    for path in sources(room):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                flags = re.findall(r"(?<![\w-])--[a-z][\w-]*", node.value)
                assert not flags, f"{path}, line {node.lineno}: {flags[0]}"


def imported_at_once(path: Path) -> Iterator[str]:
    """Yield what a module imports when it is imported itself: not for type checkers alone, nor when a function runs."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in files.items()}
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for name, path in modules.items():
        graph.add_edges_from((name, each) for each in imported_at_once(path) if each in modules and each != name)
    assert [each for each in networkx.strongly_connected_components(graph) if len(each) > 1] == []
    assert graph.number_of_edges() > len(modules)


def test_the_engine_imports_no_other_room_at_all() -> None:
    for path in sources("sim"):
        ours = {module for module in imported_modules(path) if module.startswith("deadheat")}
        ours = {module for module in ours if not module.startswith("deadheat.version")}  # which is no room
        assert all(module.startswith("deadheat.sim") for module in ours), path.name


@pytest.mark.parametrize("room", ["sim", "models"])
def test_nothing_that_decides_a_run_looks_at_a_clock_or_an_address(room: str) -> None:
    for path in sources(room):
        assert not FORBIDDEN_IN_ENGINE & set(imported_modules(path)), path.name
        if path.name in COMPARE_ADDRESSES:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in FORBIDDEN_CALLS, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_file_can_be_read_in_one_sitting(room: str) -> None:
    assert [path.name for path in sources(room) if len(path.read_text().splitlines()) > 400] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [path.name for path in PACKAGE.rglob("*.py") if not ast.get_docstring(ast.parse(path.read_text()))] == []
