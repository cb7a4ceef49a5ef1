"""deadheat from Python: what it exports, and how one checks a protocol in a test of one's own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import deadheat
from deadheat import library
from deadheat.library import BASELINE, NAME_TOMBSTONE, STATE_MACHINE, STATUS_CHECK
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.given import reference_to
from tests.scenarios.golden import GOLDEN

OURS = replace(BASELINE, name="ours")
LOST = deadheat.Fault("lost", "it is lost", "of this test")
CHECKED = deadheat.check(STATUS_CHECK, properties=["no-permanent-orphan"])


@pytest.mark.parametrize("module", [deadheat, library], ids=["deadheat", "deadheat.library"])
def test_what_type_checkers_are_told_is_what_there_is(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    block = next(each for each in tree.body if isinstance(each, ast.If))
    told = {
        (each.module, alias.name) for each in block.body if isinstance(each, ast.ImportFrom) for alias in each.names
    }
    assert told == {(source, name) for source, names in module._NAMES.items() for name in names}
    assert module.__all__ == sorted({name for _, name in told} | ({"VERSION"} if module is deadheat else set()))
    assert len(module.__all__) == len(set(module.__all__))
    assert all(getattr(module, name) is not None for name in module.__all__)
    assert dir(module) == module.__all__


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'deadheat.library' has no attribute 'nothing_such'"):
        _ = library.nothing_such  # type: ignore[attr-defined]


def test_importing_deadheat_imports_nothing_heavy() -> None:
    program = "import sys; before = set(sys.modules); import deadheat; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"deadheat", "deadheat.lazy", "deadheat.version", "__future__"}


@pytest.mark.parametrize("protocol", [STATE_MACHINE, "state-machine"])
def test_a_check_says_what_the_command_says(protocol: deadheat.Protocol | str) -> None:
    checked = deadheat.check(protocol)
    golden = GOLDEN["state-machine"]["no faults"]
    assert {name: str(verdict) for name, verdict in checked.verdicts.items()} == {
        name: str(said).partition(" ")[0] for name, said in golden.items() if name not in ("states", "transitions")
    }
    assert checked.result.exploration.states == golden["states"]
    assert set(checked.counterexamples) == {"no-transient-orphan", "cancelled-means-stopped"}


def test_what_is_required_and_holds_is_required_in_one_line() -> None:
    checked = deadheat.check(NAME_TOMBSTONE, faults={"stale-list": 1}, allow_unreached=["stale-list"])
    assert checked.require() is checked
    assert checked.require("no-permanent-orphan", "no-transient-orphan") is checked


def test_what_is_required_and_violated_is_shown_as_a_timeline() -> None:
    with pytest.raises(AssertionError) as caught:
        deadheat.check(OURS, properties=["terminal-is-final", "no-permanent-orphan"]).require("no-permanent-orphan")
    said = str(caught.value)
    assert said.startswith("no-permanent-orphan is violated.\n\ntests.test_api:OURS with 1 evaluation violates")
    assert re.search(r"T8 .* create job → 201 Created", said)
    assert "only later did the dispatcher create the Job (T8, step" in said


def test_what_holds_vacuously_or_was_not_decided_is_not_taken_for_holding() -> None:
    with pytest.raises(deadheat.NotHeldError, match=r"holds vacuously of baseline: no run reached stale-list; mend"):
        deadheat.check(BASELINE, faults={"stale-list": 1}).require("wanted-job-survives")
    with pytest.raises(deadheat.NotHeldError, match=r"was not decided of baseline: .*; raise states_max"):
        deadheat.check(BASELINE, states_max=10).require("wanted-job-survives")


def test_a_name_that_is_no_text_is_refused_as_any_other_that_there_is_not() -> None:
    with pytest.raises(deadheat.UsageError, match=r"There is no fault \('http-retry',\)"):
        deadheat.check(OURS, faults={("http-retry",): 1})  # type: ignore[dict-item]


def test_mistakes_in_a_call_are_answered_in_a_sentence() -> None:
    with pytest.raises(deadheat.UsageError, match="no fault 'http-retri'; did you mean http-retry"):
        deadheat.check(OURS, faults={"http-retri": 1})
    with pytest.raises(deadheat.UsageError, match="'http-retry' cannot have the budget 'two'; give it a number"):
        deadheat.check(OURS, faults={"http-retry": "two"})
    with pytest.raises(deadheat.UsageError, match=r"check.* was given an int; give it a Protocol"):
        deadheat.check(3)  # type: ignore[arg-type]
    with pytest.raises(deadheat.UsageError, match="no property 'no-orphans'"):
        deadheat.check(OURS, properties=["no-orphans"])
    checked = deadheat.check(OURS, properties=["no-permanent-orphan"])
    with pytest.raises(deadheat.UsageError, match="no property among those checked 'terminal-is-final'"):
        checked.require("terminal-is-final")
    with pytest.raises(deadheat.UsageError, match="no counterexample to 'terminal-is-final'"):
        checked.timeline("terminal-is-final")
    with pytest.raises(deadheat.UsageError, match="no counterexample to 'no-permanent-orphans'; did you mean no-perm"):
        checked.counterexamples["no-permanent-orphans"]
    with pytest.raises(
        deadheat.UsageError, match=r"properties of check.* names a Claim; write its name: \['never-a-job'\]"
    ):
        deadheat.check(OURS, properties=[never_a_job])  # type: ignore[list-item]


@deadheat.always
def never_a_job(kubernetes: object) -> bool:
    """A claim, as one imports it."""
    return kubernetes is None


def test_results_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        deadheat.check(OURS, properties=["no-permanent-orphan"]).result = None  # type: ignore[misc, assignment]
    with pytest.raises(FrozenInstanceError):
        CHECKED.verdicts = {}  # type: ignore[misc]


def test_an_object_is_found_again_by_its_reference() -> None:
    assert reference_to(BASELINE) == "baseline"
    assert reference_to(STATUS_CHECK) == "status-check"
    assert reference_to(OURS) == "tests.test_api:OURS"
    made = [replace(BASELINE, name="made+here~1") for _ in range(2)]
    references = [reference_to(each) for each in made]
    assert len(set(references)) == 2
    assert references == [reference_to(each) for each in made]
    assert [find_protocol(each) for each in references] == made
    assert find_protocol(references[1]) is made[1]
    assert find_protocol(f"{references[0]}+orphan-cleanup").roles


def test_a_check_goes_on_speaking_of_what_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script_of_ours.py"
    script.write_text(
        "import deadheat\n"
        "from dataclasses import replace\n"
        "from deadheat.library import BASELINE, STATE_MACHINE\n"
        "found = []\n"
        "for each in (replace(BASELINE, name='one'), replace(STATE_MACHINE, name='two')):\n"
        "    found.append(deadheat.check(each, properties=['no-transient-orphan']))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import script_of_ours  # type: ignore[import-not-found]

    first, second = (each.timeline("no-transient-orphan") for each in script_of_ours.found)
    assert "set if absent creating" not in first
    assert "set if absent creating" in second
    ours = tmp_path / "ours.py"
    ours.write_text("from deadheat.library import BASELINE as PROTOCOL")
    checked = deadheat.check(f"{ours}:PROTOCOL")
    ours.write_text("from deadheat.library import NAME_TOMBSTONE as PROTOCOL")
    assert not deadheat.check(f"{ours}:PROTOCOL").counterexamples
    assert re.search(r"T8 .* create job", checked.timeline("no-permanent-orphan"))


def test_what_was_found_is_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"neither true nor false; call .require"):
        assert deadheat.check(OURS, properties=["no-permanent-orphan"])


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"properties": []}, "was given no property to check; leave `properties` out"),
        ({"properties": "no-permanent-orphan"}, r"is a text; give it a list: \['no-permanent-orphan'\]"),
        ({"allow_unreached": "T5"}, r"is a text; give it a list: \['T5'\]"),
        ({"allow_unreached": ["T99"]}, "There is no step or fault 'T99'"),
        ({"faults": ["worker-crash"]}, "says how often each kind may happen"),
        ({"faults": "worker-crash=1"}, "says how often each kind may happen"),
        ({"evaluations": "2"}, "evaluations of check.* is '2'; give it a whole number"),
        ({"evaluations": True}, "evaluations of check.* is True; give it a whole number"),
    ],
)
def test_what_check_cannot_take_is_told(named: Any, message: str) -> None:
    with pytest.raises(deadheat.UsageError, match=message):
        deadheat.check(OURS, **named)


def test_of_a_design_only_its_own_steps_and_faults_are_told() -> None:
    river = Path(__file__).parents[1] / "examples" / "river_1358.py"
    with pytest.raises(deadheat.UsageError) as caught:
        deadheat.check(f"{river}:AS_IT_WAS", allow_unreached=["T8"])
    assert str(caught.value) == ("There is no step or fault 'T8'; there are: R3, R1, R2, R7, R4, R5, listener-lost.")


def test_what_require_cannot_take_is_told() -> None:
    with pytest.raises(deadheat.UsageError, match=r"require\(...\) was given a list; give it names, one by one"):
        deadheat.check(OURS).require(["no-permanent-orphan"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mistaken", "said"),
    [
        (lambda: deadheat.check(BASELINE, faults="worker-crash=1"), "faults of check"),  # type: ignore[arg-type]
        (lambda: deadheat.check(BASELINE, faults={LOST: 1}), "names a Fault; write its kind: {'lost': 1}"),  # type: ignore[dict-item]
        (lambda: deadheat.check(BASELINE, faults={"worker-crush": 1}), "did you mean worker-crash"),
        (lambda: deadheat.check(BASELINE, evaluations="2"), "evaluations of check"),  # type: ignore[arg-type]
        (lambda: deadheat.check(library), "was given a module"),  # type: ignore[arg-type]
        (lambda: deadheat.check(BASELINE, properties="no-permanent-orphan"), "is a text"),
        (lambda: CHECKED.timeline("no-permanent-orphn"), "There is no counterexample to"),
        (lambda: CHECKED.require("no_permanent_orphan"), "did you mean no-permanent-orphan"),
        (lambda: CHECKED.verdicts["no_permanent_orphan"], "did you mean no-permanent-orphan"),
    ],
)
def test_pytest_shows_the_line_of_a_mistake_and_none_of_deadheat(mistaken: Callable[[], Any], said: str) -> None:
    with pytest.raises(deadheat.DeadheatError) as found:
        mistaken()
    assert said in str(found.value)
    assert {Path(each.path) for each in found.traceback.filter(found)} == {Path(__file__)}
