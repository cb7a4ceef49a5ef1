"""Rollouts of one file in two versions: each has classes of its own, and what is one value in both is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadheat.models import translation
from deadheat.scenarios import user_code
from deadheat.scenarios.rollout import Rollout, rollout
from deadheat.scenarios.stops import Stop
from deadheat.scenarios.subjects import subject_of
from deadheat.sim.errors import UsageError

FILE = '''
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from deadheat import Component, Components, Design, Step, always, atomic_block, operation, one_each


class Phase(Enum):
    OPEN = "open"
    CLOSED = "closed"  # more


@dataclass(frozen=True)
class Entry:
    phase: Phase = Phase.OPEN


class State(NamedTuple):
    entry: Entry = Entry()
    is_started: bool = False
    too_late: bool = False


class Ledger(Component):
    keyed, initial = True, State()

    @operation
    def put(self, value, order: str, entry: Entry):
        return (Step(None, value._replace(entry=entry)),)

    @operation
    def look(self, value, order: str):
        return (Step(value.entry, value),)

    @operation
    def start(self, value, order: str):
        is_closed = value.entry.phase is not Phase.OPEN
        return (Step(None, value._replace(is_started=True, too_late=is_closed)),)
    # an operation more


@dataclass(frozen=True)
class Desk(Components):
    ledger: Ledger = Ledger("ledger")


@always
def never_too_late(ledger):
    """Nothing is started that is closed."""
    return ledger.too_late


def start_if_open(ledger, order):
    if (yield ledger.look(order)) != Entry(Phase.CLOSED):
        yield ledger.start(order)


def dispatch(desk, order):
    yield atomic_block(start_if_open, desk.ledger, order)


def cancel(desk, order):
    yield desk.ledger.put(order, Entry(Phase.CLOSED))


DESIGN = Design(
    name="desk", summary="", source="a test", key="order", components=Desk(),
    roles=(one_each("dispatch", dispatch), one_each("cancel", cancel)), claims=(never_too_late,),
)
'''

LOOKS_FIRST = FILE.replace(
    "    yield desk.ledger.put(order, Entry(Phase.CLOSED))",
    "    if (yield desk.ledger.look(order)) == Entry(Phase.OPEN):\n"
    "        yield desk.ledger.put(order, Entry(Phase.CLOSED))",
)
"""The same values, in another cancel handler."""

CLOSING = (
    FILE.replace('"closed"  # more', '"closed"\n    CLOSING = "closing"')
    .replace("Entry(Phase.CLOSED))\n\n\nDESIGN", "Entry(Phase.CLOSING))\n\n\nDESIGN")
    .replace("!= Entry(Phase.CLOSED)", "== Entry(Phase.OPEN)")
)
"""One value more, which the old dispatcher takes for "not closed"."""


def files(tmp_path: Path, old: str, new: str) -> tuple[str, str]:
    """Write two versions of a file, and return the references to what is in them."""
    found = []
    for folder, text in (("old", old), ("new", new)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "ours.py").write_text(text)
        found.append(f"{tmp_path / folder / 'ours.py'}:DESIGN")
    return found[0], found[1]


def of(tmp_path: Path, old: str, new: str) -> Rollout:
    return rollout(*files(tmp_path, old, new))


def unsafe(found: Rollout) -> list[Stop]:
    return [each.stop for each in found.results if each.is_unsafe]


def test_a_file_that_differs_in_its_comments_alone_rolls_nothing_out(tmp_path: Path) -> None:
    found = of(tmp_path, FILE, FILE.replace("# more", "# other"))
    assert (found.roles, found.is_safe) == ((), True)


def test_values_of_both_are_one_value(tmp_path: Path) -> None:
    found = of(tmp_path, FILE, LOOKS_FIRST)
    assert found.roles == ("cancel",)
    assert not unsafe(found)
    assert found.is_safe


def test_it_is_what_it_would_be_with_both_in_one_file(tmp_path: Path) -> None:
    together = LOOKS_FIRST + (
        "\n\ndef cancel_at_once(desk, order):\n    yield desk.ledger.put(order, Entry(Phase.CLOSED))\n"
        "\n\nBEFORE = DESIGN.variant('before', '', roles={'cancel': cancel_at_once})\n"
    )
    (tmp_path / "both.py").write_text(together)
    one = rollout(f"{tmp_path / 'both.py'}:BEFORE", f"{tmp_path / 'both.py'}:DESIGN")
    two = of(tmp_path, FILE, LOOKS_FIRST)
    assert [(each.stop, each.violated, each.states) for each in one.results] == [
        (each.stop, each.violated, each.states) for each in two.results
    ]


def test_without_a_translation_the_values_would_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation.Classes, "__call__", lambda self, value: value)
    with pytest.raises(UsageError, match="begins with another value"):
        of(tmp_path, FILE, LOOKS_FIRST)


VALUES, REST = FILE[: FILE.index("class Ledger")], FILE[FILE.index("class Ledger") :]
IMPORTED = (
    "Entry, Phase, State, Component, Components, Design, Step, always, atomic_block, dataclass, operation, one_each"
)


@pytest.mark.parametrize("form", ["{0}.py", "{0}_of/desk.py"])
def test_values_are_one_value_in_whichever_file_and_package_their_classes_are(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a whole project is compared with what it was: the old files are set aside once they are loaded."""
    module = f"beside_{form.count('/')}"
    files = {
        f"{module}_of/__init__.py": "",
        f"{module}_of/values.py": VALUES,
        form.format(module): f"from {module}_of.values import {IMPORTED}\n\n\n{REST}",
    }
    for folder, change in (("old", ("", "")), ("new", (REST, LOOKS_FIRST[LOOKS_FIRST.index("class Ledger") :]))):
        for name, text in files.items():
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text.replace(*change))
    reference = f"{form.format(module).removesuffix('.py').replace('/', '.')}:DESIGN"
    monkeypatch.syspath_prepend(str(tmp_path / "old"))
    old = subject_of(reference)
    user_code.set_aside(tmp_path / "old")
    monkeypatch.syspath_prepend(str(tmp_path / "new"))
    found = rollout(old, reference)
    assert (found.roles, found.is_safe) == (("cancel",), True)


def test_a_file_that_was_renamed_has_the_same_values(tmp_path: Path) -> None:
    for name, text in (("desk_before.py", FILE), ("desk_after.py", LOOKS_FIRST)):
        (tmp_path / name).write_text(text)
    found = rollout(f"{tmp_path / 'desk_before.py'}:DESIGN", f"{tmp_path / 'desk_after.py'}:DESIGN")
    assert (found.roles, found.is_safe) == (("cancel",), True)


ROWS = """
from dataclasses import dataclass

from deadheat import Components, Design, always, one_each
from deadheat.library import Column, Database, Record, column


class Job(Record, table="jobs"):
    id: Column[str]
    status: Column[str] = column(default="new")


@dataclass(frozen=True)
class Shop(Components):
    db: Database = Database("db", Job)


@always
def never_gone(job, db):
    \"\"\"Nothing is ever gone.\"\"\"
    row = db.row(Job, job)
    return row is not None and row.status == "gone"


def work(shop, job):
    yield shop.db.insert(Job(job))
    yield shop.db.update(Job, Job.status.to("done"), Job.id == job)
    yield shop.db.select(Job, Job.id == job)


DESIGN = Design(
    name="rows", summary="", source="a test", key="job", components=Shop(),
    roles=(one_each("worker", work),), claims=(never_gone,),
)
"""
"""Statements that commit by themselves, which name a table to its database."""


@pytest.mark.parametrize("other", ['to("finished")', 'to("done")'])
def test_a_table_is_one_table(other: str, tmp_path: Path) -> None:
    found = of(tmp_path, ROWS, ROWS.replace('to("done")', other))
    assert found.is_safe
    assert found.roles == (("worker",) if "finished" in other else ())


def test_a_role_that_is_told_what_it_does_not_know_takes_it_for_none_of_its_own(tmp_path: Path) -> None:
    found = of(tmp_path, FILE, CLOSING)
    assert set(found.roles) == {"dispatch", "cancel"}
    assert found.safe_orders == (("dispatch", "cancel"),)
    assert found.at(Stop(("cancel",))).violated == ("never-too-late",)
    assert Stop(("dispatch",), ("cancel",)) not in unsafe(found)


def test_what_the_new_roles_write_is_read_by_the_old_ones_in_a_block_too(tmp_path: Path) -> None:
    """A dispatcher that never starts what is closed, old, beside a cancel handler that closes, new."""
    found = of(tmp_path, FILE, LOOKS_FIRST)
    assert found.at(Stop(("cancel",))).is_safe


def test_an_operation_that_is_gone_is_asked_for_by_old_roles(tmp_path: Path) -> None:
    without = FILE.replace("    @operation\n    def look", "    def look").replace(
        "yield ledger.look(order)", "yield ledger.start(order)"
    )
    with pytest.raises(UsageError, match=r"'ledger' has no operation 'look' any more"):
        of(tmp_path, FILE, without)


def test_a_value_that_is_stored_otherwise_is_a_migration(tmp_path: Path) -> None:
    other = FILE.replace(
        "    too_late: bool = False\n\n\nclass", "    too_late: bool = False\n    more: int = 0\n\n\nclass"
    )
    with pytest.raises(UsageError, match="begins with another value before than after, which is a migration"):
        of(tmp_path, FILE, other)


def test_servers_that_do_something_else_for_the_old_version_are_refused(tmp_path: Path) -> None:
    other = FILE.replace("value._replace(is_started=True, too_late=is_closed)", "value._replace(too_late=True)")
    with pytest.raises(UsageError, match="does something else for it"):
        of(tmp_path, FILE, other)


def test_an_operation_that_is_new_is_no_matter(tmp_path: Path) -> None:
    more = FILE.replace(
        "    # an operation more",
        "\n    @operation\n    def wait(self, value, order: str):\n        return (Step(None, value),)",
    ).replace("    yield atomic_block(start", "    yield desk.ledger.wait(order)\n    yield atomic_block(start")
    found = of(tmp_path, FILE, more)
    assert "dispatch" in found.roles
    assert found.is_safe


def test_a_role_that_calls_another_method_of_its_components_is_another_role(tmp_path: Path) -> None:
    """What it calls is no part of its own code: it is given its components."""
    by_method = FILE.replace(
        'ledger: Ledger = Ledger("ledger")\n',
        'ledger: Ledger = Ledger("ledger")\n\n    def shut(self, order):\n'
        "        yield self.ledger.put(order, self.shutting)\n\n    @property\n    def shutting(self):\n"
        "        return Entry(Phase.CLOSED)\n",
    ).replace("def cancel(desk, order):", "def shutting(desk):\n    return desk.shut\n\n\ndef cancel(desk, order):")
    by_method = by_method.replace(
        "    yield desk.ledger.put(order, Entry(Phase.CLOSED))", "    yield from shutting(desk)(order)"
    )
    other = by_method.replace("return Entry(Phase.CLOSED)", "return Entry(Phase.OPEN)")
    assert other != by_method
    assert of(tmp_path, by_method, other).roles == ("cancel",)
    assert of(tmp_path / "again", by_method, by_method.replace("# more", "# else")).roles == ()


@pytest.mark.parametrize(
    ("own", "asked"),
    [
        ("    def __getitem__(self, name):\n        return self.{0}\n", "desk['ledger']"),
        ("    def __call__(self):\n        return self.{0}\n", "desk()"),
        ("    WHICH = '{0}'\n", "getattr(desk, getattr(desk, 'WHICH'))"),
        ("    WHICH = '{0}'\n", "getattr(desk, vars(type(desk))['WHICH'])"),
        ("    WHICH = '{0}'\n", "getattr(desk, BY_NAME(desk))"),
    ],
)
def test_a_role_that_gets_a_component_in_a_way_of_its_own_is_another_role(own: str, asked: str, tmp_path: Path) -> None:
    ledger = '    ledger: Ledger = Ledger("ledger")\n'
    both = ledger + ledger.replace("ledger", "other")
    by_name = "from operator import attrgetter\n\nBY_NAME = attrgetter('WHICH')\n\n\nclass Phase("
    old, new = (
        FILE.replace(ledger, both + own.format(each))
        .replace("yield desk.ledger.put(order", f"yield {asked}.put(order")
        .replace("class Phase(", by_name)
        for each in ("ledger", "other")
    )
    found = of(tmp_path, old, new)
    assert "cancel" in found.roles
