"""References are found, wherever the protocol that they name is."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from deadheat.models import protocols as own
from deadheat.models.protocols import PROTOCOLS
from deadheat.models.system import Protocol
from deadheat.scenarios import catalogue, user_code
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, Reference, find_protocol, names_stop
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.references import is_the_users
from tests.scenarios.golden import GOLDEN, measured


def test_the_names_of_the_protocols_are_a_contract() -> None:
    assert DEFAULT_PROTOCOLS == (
        "baseline",
        "status-check",
        "creation-lock",
        "request-token",
        "state-machine",
        "two-phase",
        "event-sourcing",
        "owner-tombstone",
        "suspended-create",
        "name-tombstone",
        "fenced-generation",
        "baseline+orphan-cleanup",
        "baseline+storage-worker",
        "baseline+orphan-cleanup-by-uid",
    )


def test_an_addition_goes_with_any_protocol() -> None:
    composed = find_protocol("request-token+orphan-cleanup")
    assert composed.name == "request-token+orphan-cleanup"
    assert composed.worker is find_protocol("request-token").worker
    assert [each.name for each in composed.roles] == ["orphan-cleanup", "orphan-cleanup/2"]
    assert find_protocol("event-sourcing+storage-worker+orphan-cleanup").watches_jobs


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("status-chek", "no protocol 'status-chek'; did you mean status-check"),
        ("orphan-cleanup", "addition to a protocol; ask for one with it, such as baseline\\+orphan-cleanup"),
        ("baseline+orphan", "no addition 'orphan'; did you mean orphan-cleanup"),
        ("baseline+orphan-cleanup+orphan-cleanup", "twice"),
        ("", "no protocol ''"),
    ],
)
def test_an_unknown_protocol_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_protocol(name)


def test_two_protocols_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PROTOCOLS", (*PROTOCOLS, PROTOCOLS[0]))
    with pytest.raises(UsageError, match="Two protocols are named 'baseline'"):
        catalogue.find_protocol("baseline")


# The user's own


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, in which we are, and from which modules may be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


OURS = """
from dataclasses import replace

from deadheat.models.protocols import baseline

PROTOCOL = replace(baseline.BASELINE, name="ours")
OTHER = replace(PROTOCOL, name="another")
NUMBER = 1
"""


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("baseline", Reference("baseline", (), ())),
        ("baseline+a+b~3~4", Reference("baseline", ("a", "b"), ("3", "4"))),
        ("incident:x:fixed+a~1", Reference("incident:x:fixed", ("a",), ("1",))),
        ("a+b/c~d/ours.py:P", Reference("a+b/c~d/ours.py:P", (), ())),
        ("a.py:b/ours.py:P.q+a~1", Reference("a.py:b/ours.py:P.q", ("a",), ("1",))),
        ("package.ours:P+a", Reference("package.ours:P", ("a",), ())),
        ("ours.py", Reference("ours.py", (), ())),
        ("", Reference("", (), ())),
    ],
)
def test_a_reference_is_taken_apart_behind_the_name(text: str, reference: Reference) -> None:
    assert Reference.of(text) == reference


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=[each.name for each in PROTOCOLS])
def test_a_built_in_protocol_copied_out_is_judged_as_the_built_in_is(protocol: Protocol, folder: Path) -> None:
    module, constant = where_it_is_made(protocol)
    shutil.copy(str(sys.modules[module].__file__), folder / "copy.py")
    scenario = Scenario(f"copy.py:{constant}")
    assert find_protocol(scenario.protocol) is not protocol
    assert measured(scenario) == GOLDEN[protocol.name]["no faults"]


def where_it_is_made(made: Protocol) -> tuple[str, str]:
    constant = made.name.upper().replace("-", "_")
    return f"{own.__name__}.{made.name.replace('-', '_')}", constant


def test_one_from_a_file_goes_with_additions_and_has_mutants(folder: Path) -> None:
    (folder / "ours.py").write_text(OURS)
    assert find_protocol("ours.py:PROTOCOL+orphan-cleanup").name == "ours+orphan-cleanup"
    assert measured(Scenario("ours.py:PROTOCOL+orphan-cleanup")) == GOLDEN["baseline+orphan-cleanup"]["no faults"]
    assert find_protocol("ours.py:PROTOCOL~1").worker is not find_protocol("ours.py:PROTOCOL").worker


def test_one_from_a_module_is_found_from_where_one_is(folder: Path) -> None:
    (folder / "package_of_ours").mkdir()
    (folder / "package_of_ours" / "module_of_ours.py").write_text(OURS)
    assert find_protocol("package_of_ours.module_of_ours:OTHER").name == "another"


def test_a_file_is_imported_once_and_anew_when_it_has_changed(folder: Path) -> None:
    file = folder / "ours.py"
    file.write_text(OURS)
    first = find_protocol("ours.py:PROTOCOL")
    assert find_protocol(f"{file}:PROTOCOL") is first
    file.write_text(OURS.replace('"ours"', '"changed"'))
    assert find_protocol("ours.py:PROTOCOL") is first  # in the middle of a command
    user_code.look_again()
    assert find_protocol("ours.py:PROTOCOL").name == "changed"


def test_a_file_imports_what_lies_beside_it_and_hides_nothing_that_is_installed(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "helpers_of_ours.py").write_text("NAME = 'from beside'")
    (folder / "inner" / "redis.py").write_text("raise AssertionError('hidden')")
    (folder / "inner" / "ours.py").write_text(
        OURS + "import helpers_of_ours, redis\nPROTOCOL = replace(PROTOCOL, name=helpers_of_ours.NAME)\n"
    )
    assert find_protocol("inner/ours.py:PROTOCOL").name == "from beside"


def test_a_file_is_never_given_what_lies_beside_another(folder: Path) -> None:
    for name in ("old", "new"):
        (folder / name).mkdir()
        (folder / name / "helpers_twice.py").write_text(f"NAME = {name!r}")
        (folder / name / "ours.py").write_text(
            OURS + "import helpers_twice\nPROTOCOL = replace(PROTOCOL, name=helpers_twice.NAME)\n"
        )
        (folder / name / "late.py").write_text(OURS + "def late():\n    import helpers_twice\n")
        (folder / name / "alone.py").write_text(OURS)
    assert find_protocol("old/ours.py:PROTOCOL").name == "old"
    assert find_protocol("new/alone.py:PROTOCOL").name == "ours"
    for each in ("ours", "late"):
        with pytest.raises(UsageError, match=r"^new/\w+.py imports helpers_twice, and another helpers_twice is in use"):
            find_protocol(f"new/{each}.py:PROTOCOL")
    assert find_protocol("old/ours.py:PROTOCOL").name == "old"


def test_a_module_beside_a_file_that_imports_it_finds_this_one(folder: Path) -> None:
    (folder / "names_of_this.py").write_text("import this_of_ours\n\ndef name():\n    return this_of_ours.SENTINEL")
    (folder / "this_of_ours.py").write_text(
        OURS + "import names_of_this\nSENTINEL = object()\ndef same():\n    return names_of_this.name() is SENTINEL\n"
    )
    find_protocol("this_of_ours.py:PROTOCOL")
    assert user_code.load("this_of_ours.py", "same")()


@pytest.mark.parametrize("name", ["queue.v2.py", "deadheat.new.py", "my-site-packages/ours.py"])
def test_whatever_a_file_is_called_it_is_the_users(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(OURS + "def worker(system, task):\n    yield\n")
    assert is_the_users(user_code.load(name, "worker").__module__)


def test_mutants_are_those_of_the_file_as_it_is(folder: Path) -> None:
    (folder / "ours.py").write_text("from deadheat.library import BASELINE as PROTOCOL")
    before = len(guards_of("ours.py:PROTOCOL").mutations)
    (folder / "ours.py").write_text("from deadheat.library import STATUS_CHECK as PROTOCOL")
    user_code.look_again()
    assert len(guards_of("ours.py:PROTOCOL").mutations) > before


def test_what_lies_beside_a_file_is_found_before_what_lies_where_one_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # as `python -m deadheat` has it
    (folder / "inner").mkdir()
    (folder / "helpers_here_too.py").write_text("NAME = 'here'")
    (folder / "inner" / "helpers_here_too.py").write_text("NAME = 'beside'")
    (folder / "inner" / "ours.py").write_text(
        OURS + "import helpers_here_too\nPROTOCOL = replace(PROTOCOL, name=helpers_here_too.NAME)\n"
    )
    assert find_protocol("inner/ours.py:PROTOCOL").name == "beside"


def test_a_package_beside_a_file_is_imported_from_there(folder: Path) -> None:
    (folder / "package_beside" / "inner").mkdir(parents=True)
    (folder / "package_beside" / "__init__.py").write_text("from package_beside.inner.names import NAME")
    (folder / "package_beside" / "inner" / "__init__.py").touch()
    (folder / "package_beside" / "inner" / "names.py").write_text("NAME = 'of the package'")
    (folder / "ours.py").write_text(OURS + "from package_beside import NAME\nPROTOCOL = replace(PROTOCOL, name=NAME)\n")
    assert find_protocol("ours.py:PROTOCOL").name == "of the package"


def test_a_file_is_imported_anew_when_what_it_imports_has_changed(folder: Path) -> None:
    (folder / "deep_of_ours.py").write_text("NAME = 'first'")
    (folder / "names_of_ours.py").write_text("from deep_of_ours import NAME")
    (folder / "ours.py").write_text(
        OURS + "import names_of_ours\nPROTOCOL = replace(PROTOCOL, name=names_of_ours.NAME)\n"
    )
    assert find_protocol("ours.py:PROTOCOL").name == "first"
    (folder / "deep_of_ours.py").write_text("NAME = 'again'")
    user_code.look_again()
    assert find_protocol("ours.py:PROTOCOL").name == "again"


@pytest.mark.parametrize(
    ("content", "reference", "message"),
    [
        (OURS, "our.py:PROTOCOL", "There is no file our.py; give the path of a Python file, as FILE.py:NAME."),
        (OURS, "ours.py:PROTOCL", "There is no object in ours.py named 'PROTOCL'; did you mean PROTOCOL?"),
        (OURS, "ours.py:NUMBER", "NUMBER in ours.py is an int, and no Protocol, Design or Model, nor a function"),
        (
            "A = 1",
            "ours.py:A",
            "A in ours.py is an int, and no Protocol, Design or Model, nor a function that makes one; there is none",
        ),
        (OURS, "ours.py", "'ours.py' is the name of a file; say what of it: ours.py:PROTOCOL or ours.py:OTHER."),
        (OURS, "theirs.py", "There is no file theirs.py; give the path of a Python file, as FILE.py:NAME."),
        (OURS, "no_such_module:P", "There is no module 'no_such_module'; give one that can be imported from here,"),
        ("x =", "ours.py:P", "ours.py:1 is no Python: invalid syntax; mend it there."),
        ("\nimport nothing_such", "ours.py:P", "ours.py:2 cannot be imported: ModuleNotFoundError: No module named"),
        ("\n\nx = 1 / 0", "ours.py:P", "ours.py:3 cannot be imported: ZeroDivisionError: division by zero."),
        ("raise SystemExit(0)", "ours.py:P", "ours.py:1 cannot be imported: SystemExit: 0."),
        ("import json\njson.loads('{')", "ours.py:P", "ours.py:2 cannot be imported: JSONDecodeError: Expecting"),
    ],
)
def test_what_is_wrong_with_the_users_own_is_told_with_its_place(
    content: str, reference: str, message: str, folder: Path
) -> None:
    (folder / "ours.py").write_text(content)
    with pytest.raises(UsageError, match="^" + re.escape(message)):
        find_protocol(reference)


def test_a_module_that_fails_is_told_with_its_place(folder: Path) -> None:
    (folder / "module_of_ours_fails.py").write_text("\nNAME = UNKNOWN")
    with pytest.raises(UsageError, match=r"^module_of_ours_fails.py:2 cannot be imported: there is no 'UNKNOWN'\."):
        find_protocol("module_of_ours_fails:P")


def test_a_scenario_is_made_without_a_search_for_the_mutant_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_: object) -> Protocol:
        raise AssertionError

    monkeypatch.setattr("deadheat.scenarios.mutants.mutant", searched)
    assert Scenario("state-machine~3").protocol == "state-machine~3"
    with pytest.raises(UsageError, match="'state-machine~x' names no mutant"):
        Scenario("state-machine~x")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("baseline%request-token%worker", True),
        ("ours.py:PROTOCOL%name-tombstone%", True),
        ("ours.py:PROTOCOL+orphan-cleanup%ours.py:PROTOCOL%", True),
        ("ours.py:PROTOCOL+orphan-cleanup%name-tombstone%orphan-cleanup", True),
        ("100%.py:PROTOCOL", False),
        ("100%.py:PROTOCOL+orphan-cleanup", False),
        ("100%.py:PROTOCOL~3", False),
        ("100%.py:PROTOCOL+orphan-cleanup%baseline%", True),
        ("ours.py:PROTOCOL+orphan-cleanup", False),
    ],
)
def test_a_stop_of_a_rollout_is_told_from_a_file_with_a_percent_sign_in_its_name(
    folder: Path, text: str, is_one: bool
) -> None:
    for name in ("ours.py", "100%.py"):
        (folder / name).touch()
    assert names_stop(text) == is_one
