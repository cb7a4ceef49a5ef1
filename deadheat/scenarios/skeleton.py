"""A first file of a user's own: one of the package's protocols to begin with, and a test of what it promises."""

from __future__ import annotations

import ast
import inspect
import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent
from types import ModuleType

from deadheat.models.system import Protocol
from deadheat.scenarios.catalogue import Reference, find_protocol, protocols
from deadheat.scenarios.check import CheckResult, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.user_code import is_installed
from deadheat.sim.errors import UsageError

__all__ = ["NAME", "Skeleton", "first_design", "skeleton_of"]

NAME = "PROTOCOL"
"""What the protocol in the file is called."""

IN_THE_WAY = frozenset({"pytest", "conftest"})
"""What no file in which tests are run can be called."""

MEANING = {
    "worker": "Run the Celery task: what a worker does with one evaluation.",
    "dispatch": "Handle one request in the dispatcher.",
    "cancel": "Answer one request of the user's for cancellation.",
    "complete": "Record that the Job has finished.",
    "resubmit": "Return what a new submission of the same evaluation does at once.",
}
"""What the roles of a protocol are there for."""

HOW_TO_READ = """\
A role is a generator: each `yield` is one step, at which everybody else may come in between, and what lies between two
steps happens at once. T0 to T8 name the steps of the race; a step without a name is a step all the same. `system` has
the user, the queue, the status store, HTTP, Redis and Kubernetes. Change the roles until they do what yours do."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The texts of the two files, and the check of the protocol in the first."""

    protocol: str
    test: str
    checked: CheckResult


def skeleton_of(reference: str, stem: str) -> Skeleton:
    """Return a protocol that does what one of the package's does, as the text of a module of that name, with a test.

    Raises UsageError for a reference that names none of the package's own, and for a name that no module can have.
    """
    _require_importable(stem)
    base, added, mutants = Reference.of(reference)
    find_protocol(reference)
    if base not in protocols() or mutants:
        raise UsageError(f"{reference!r} is none of deadheat's own protocols, which a new file can begin from.")
    checked = check(Scenario(reference))
    return Skeleton(_protocol_file(protocols()[base], added, reference, stem), _test_file(checked, stem), checked)


def first_design(stem: str) -> Skeleton:
    """Return a small design, of any system, as the text of a module of that name, with a test.

    Raises UsageError for a name that no module can have.
    """
    _require_importable(stem)
    from deadheat.scenarios import first_design as module

    source = inspect.getsource(module).replace("first-design", stem)
    checked = check(Scenario(f"{module.__name__}:{NAME}"))
    return Skeleton(source.replace('"""', f'"""{stem}, a first design: ', 1), _test_file(checked, stem), checked)


def _require_importable(stem: str) -> None:
    if not stem.isidentifier() or keyword.iskeyword(stem):
        raise UsageError(f"{stem}.py could not be imported by its test; name it with letters, digits and _ alone.")
    if stem in sys.stdlib_module_names:
        raise UsageError(f"{stem}.py would hide Python's own module {stem!r}; give it another name.")
    if is_installed(stem) or stem in IN_THE_WAY:
        raise UsageError(f"{stem}.py would hide the module {stem!r} that is installed; give it another name.")


def _protocol_file(protocol: Protocol, added: tuple[str, ...], reference: str, stem: str) -> str:
    module, constant = _made_in(protocol)
    lines = inspect.getsource(module).splitlines()
    tree = ast.parse("\n".join(lines))
    told = inspect.cleandoc(ast.get_docstring(tree) or "")
    docstring = f'"""{stem}: begun from deadheat\'s `{reference}`.\n\n{HOW_TO_READ}\n\nWhat it is: {told}\n"""'
    for first, last, text in sorted(_changes(tree, docstring), reverse=True):
        lines[first:last] = text
    source = re.sub(rf"\b{constant}\b", NAME, "\n".join(lines))
    source = source.replace(f'name="{protocol.name}"', f'name="{stem}"')
    additions = [each.upper().replace("-", "_") for each in added]
    if additions:
        source = re.sub(
            r"^from deadheat\.library import \(?", rf"\g<0>{', '.join(additions)}, ", source, count=1, flags=re.M
        )
        source += f"\n{NAME} = {NAME}" + "".join(f".plus({each})" for each in additions)
    return source.rstrip("\n") + "\n"


def _made_in(protocol: Protocol) -> tuple[ModuleType, str]:
    """Return the module of the package that makes a protocol, and how it calls it."""
    module = sys.modules[f"deadheat.models.protocols.{protocol.name.replace('-', '_')}"]
    return module, next(name for name, value in vars(module).items() if value is protocol)


def _changes(tree: ast.Module, docstring: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield which lines to put in the place of which: from one line, counted from 0, to before another."""
    first = tree.body[0]
    yield first.lineno - 1, first.end_lineno or first.lineno, docstring.splitlines()
    for each in tree.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__":
            yield each.lineno - 1, (each.end_lineno or each.lineno) + 1, []
        if isinstance(each, ast.FunctionDef) and each.name in MEANING and ast.get_docstring(each) is None:
            body = each.body[0].lineno - 1
            yield body, body, [indent(f'"""{MEANING[each.name]}"""', "    ")]


def _test_file(checked: CheckResult, stem: str) -> str:
    kept = [each.property for each in checked.outcomes if each.verdict is Verdict.HOLDS]
    broken = [each.property for each in checked.outcomes if each.verdict is Verdict.VIOLATED]
    needs_pytest = "import pytest\n\n" if broken else ""
    text = f'''"""What {stem} promises: run with pytest."""

{needs_pytest}import deadheat
from {stem} import {NAME}


def test_what_it_promises_it_keeps() -> None:
    deadheat.check({NAME}).require(
{_listed(kept)}    )
'''
    if broken:
        text += f"""

@pytest.mark.xfail(raises=deadheat.NotHeldError, strict=True, reason="not yet")
@pytest.mark.parametrize(
    "name",
    [
{_listed(broken)}    ],
)
def test_what_it_does_not_promise_yet(name: str) -> None:
    deadheat.check({NAME}, properties=[name]).require()
"""
    return text


def _listed(names: list[str]) -> str:
    return "".join(f'        "{each}",\n' for each in names)
