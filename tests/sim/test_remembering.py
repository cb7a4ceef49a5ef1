"""What was learned is kept between runs: it changes no answer, is never of another model, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deadheat.scenarios.scenario import Scenario
from deadheat.sim import kept
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn import identity, remembering, tables as learned
from deadheat.sim.learn.recalled import Recalled
from deadheat.sim.learn.tables import Tables, WantsMoreError
from deadheat.sim.model import Model
from tests.breadth import tried_on
from tests.protocols import EACH
from tests.sim.random_models import models

EXPLORERS = (auto.explore, python.explore)


def keep_although_tests_run(patch: pytest.MonkeyPatch) -> None:
    """Have what is learned kept: beside tests, nothing would be."""
    patch.setattr(identity, "is_patched", lambda: False)
    patch.setattr(identity, "_is_told_by_others", lambda: False)  # pytest is loaded
    patch.setattr(identity, "_is_our_program", lambda _: True)  # a worker of xdist is a program without a file
    # Other tests load extensions that make modules out of nothing (cryptography's `_openssl`).
    loaded = identity._foreign_modules
    patch.setattr(identity, "_foreign_modules", lambda: [each for each in loaded() if getattr(each, "__file__", None)])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "cache"))
    keep_although_tests_run(monkeypatch)
    return tmp_path / "cache" / remembering.FOLDER


def in_words(found: Exploration) -> tuple[Any, ...]:
    """All that an exploration says, but for how much memory it took."""
    values = {name: set(map(repr, every)) for name, every in found.values.items()}
    return replace(found, bytes_per_state=None), values


def model_of(protocol: str, **faults: int) -> Model:
    kinds = tuple((kind.replace("_", "-"), budget) for kind, budget in faults.items())
    scenario = Scenario(protocol, faults=kinds)
    return scenario.model_of(scenario.subject)


@pytest.fixture
def steps_taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests whose steps are learned."""
    taken: list[Any] = []

    def noted(model: Any, request: Any, values: Any) -> Any:
        taken.append(request)
        return steps_of(model, request, values)

    steps_of = learned.steps_of  # type: ignore[attr-defined]
    monkeypatch.setattr(learned, "steps_of", noted)
    monkeypatch.setattr(identity, "is_patched", lambda: False)  # it would be told of this, and of others' lambdas
    return taken


# With and without, the same


@pytest.mark.parametrize("protocol", EACH)
def test_a_second_run_learns_nothing_and_says_the_same(
    protocol: str, cache: Path, monkeypatch: pytest.MonkeyPatch, steps_taken: list[Any]
) -> None:
    model = model_of(protocol, http_retry=1, worker_crash=1)
    monkeypatch.setenv(kept.VARIABLE, "off")
    without = in_words(auto.explore(model))
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    assert in_words(auto.explore(model)) == without
    steps_taken.clear()
    assert in_words(auto.explore(model)) == without
    assert steps_taken == []


@tried_on(models(), few=25, many=150)
def test_random_models_are_explored_alike_with_and_without(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        keep_although_tests_run(patch)
        for explore in EXPLORERS:
            patch.setenv(kept.VARIABLE, "off")
            without = in_words(explore(model, SearchOptions(states_max=20_000)))
            patch.setenv(kept.VARIABLE, str(folder))
            for _ in range(2):
                assert in_words(explore(model, SearchOptions(states_max=20_000))) == without


@tried_on(models(), few=10, many=30)
def test_the_kernel_explores_random_models_alike_with_and_without(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        keep_although_tests_run(patch)
        options = SearchOptions(states_max=20_000, partial_order=True, symmetry=False)
        without = in_words(kernel.explore(model, options))
        patch.setenv(kept.VARIABLE, str(folder))
        for _ in range(2):
            assert in_words(kernel.explore(model, options)) == without


def test_a_search_that_stops_sooner_says_no_more_than_it_has_seen(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("fenced-generation", http_retry=1)
    python.explore(model)
    assert len(list(cache.iterdir())) == 1
    for states in (1, 20, 200, 1_000):
        recalled = in_words(python.explore(model, SearchOptions(states_max=states)))
        with monkeypatch.context() as patch:
            patch.setenv(kept.VARIABLE, "off")
            assert in_words(python.explore(model, SearchOptions(states_max=states))) == recalled


def test_what_a_search_learns_more_is_kept_too(cache: Path, steps_taken: list[Any]) -> None:
    model = model_of("fenced-generation", http_retry=1)
    python.explore(model, SearchOptions(states_max=100))
    first = len(steps_taken)
    whole = in_words(python.explore(model))
    assert len(steps_taken) > first
    steps_taken.clear()
    assert in_words(python.explore(model)) == whole
    assert in_words(python.explore(model, SearchOptions(states_max=100)))
    assert steps_taken == []


def test_parts_that_are_explored_alone_are_kept_alone(cache: Path, steps_taken: list[Any]) -> None:
    scenario = Scenario("state-machine", 2)
    model = scenario.model_of(scenario.subject)
    found = in_words(auto.explore(model))
    steps_taken.clear()
    assert in_words(auto.explore(model)) == found
    assert steps_taken == []


def test_whoever_wants_more_than_numbers_ends_and_all_is_learned(cache: Path, steps_taken: list[Any]) -> None:
    model = model_of("baseline")
    python.explore(model)
    fresh = Tables(model)
    python.Search(fresh, SearchOptions(), None).run()
    recalled = remembering.remembering(model)
    assert isinstance(recalled, Recalled)
    python.Search(recalled, SearchOptions(), None).run()
    assert [each.cyclic() for each in recalled.locals] == [each.cyclic() for each in fresh.locals]
    assert recalled.numbers_in_use() == fresh.numbers_in_use()
    assert recalled.values() == fresh.values()
    assert recalled.marks == fresh.marks
    assert recalled.lessons == fresh.lessons
    for ask in (
        lambda: recalled.locals[0].states[0],
        lambda: recalled.locals[0].gone,
        lambda: recalled.number_of(5, 1),
    ):
        with pytest.raises(WantsMoreError):
            ask()


def test_a_search_that_always_wants_more_than_numbers_is_not_begun_with_them_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Scenario("state-machine", 2, properties=("no-permanent-orphan", "terminal-is-final"))
    model = scenario.model_of(scenario.subject)
    made: list[Any] = []

    def noted(recalled: Recalled) -> None:
        made.append(recalled)
        begin(recalled)

    begin = Recalled._begin
    monkeypatch.setattr(Recalled, "_begin", noted)
    answers = [in_words(kernel.explore(model, SearchOptions(symmetry=True))) for _ in range(4)]
    assert answers[1:] == answers[:1] * 3
    assert len(made) == 1


# Never of another model

HELPER = "LIMIT = 1\nSETTING = {'by': 1}\n\ndef bounded(value):\n    return min(value, LIMIT)\n"
OTHER = "import helper\n\ndef limit():\n    return getattr(helper, 'LIM' + 'IT')\n"
MODEL = """
import sys
from typing import NamedTuple
import helper, other
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.explore import python
from deadheat.sim.learn import recalled
from deadheat.sim.model import Kind, Model, Process, Property

class Count(NamedTuple):
    number: int = 0

class Counter(Component):
    initial = Count()

    @operation
    def add(self, value, by):
        {operation}
        return (Step(None, Count(helper.bounded(value.number + by))),)

def role(counter):
    for _ in range(3):
        yield counter.add(helper.SETTING["by"])

def too_many(view):
    return "two" if view["counter"].number > 1 else None

def made():
    counter = Counter("counter")
    few = Property("few", "", Kind.ALWAYS, ("counter",), too_many)
    return Model({{"counter": counter}}, (Process("one", role, (counter,)),), (few,))

{changed}
model = made()
told = []
def noted(frame, event, _):
    if event == "call" and frame.f_code.co_name in ("add", "too_many"):
        told.append(frame.f_code.co_name)
sys.setprofile(noted)
found = python.explore(model)
sys.setprofile(None)
print(sorted(found.counterexamples), found.states, "learned" if told else "recalled")
"""


def said(folder: Path, *, operation: str = "pass", changed: str = "", **others: str) -> str:
    """Return what a program says that explores a small model: what is violated, states, and whether it was learned."""
    (folder / "program.py").write_text(MODEL.format(operation=operation, changed=changed))
    environment = {**os.environ, kept.VARIABLE: str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1", **others}
    command = [sys.executable, "program.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "other.py").write_text(OTHER)
    return tmp_path


ONE, TWO = "[] 4", "['few'] 4"


def test_an_unchanged_program_recalls(program: Path) -> None:
    assert said(program) == f"{ONE} learned"
    assert said(program) == f"{ONE} recalled"
    assert said(program, PYTHONHASHSEED="7") == f"{ONE} recalled"


@pytest.mark.parametrize(
    "changed",
    [
        {"helper.py": HELPER.replace("LIMIT = 1", "LIMIT = 9")},
        {"helper.py": HELPER.replace("min(value, LIMIT)", "value")},
        {"helper.py": HELPER.replace("'by': 1", "'by': 2").replace("LIMIT = 1", "LIMIT = 9")},
    ],
    ids=["a constant of a helper", "the code of a helper", "what is in a helper's dictionary"],
)
def test_a_helper_in_another_file_that_was_changed_is_noticed(program: Path, changed: dict[str, str]) -> None:
    assert said(program) == f"{ONE} learned"
    for name, text in changed.items():
        (program / name).write_text(text)
    answer = said(program)
    assert answer.startswith("['few']")
    assert answer.endswith("learned")


@pytest.mark.parametrize(
    "changed",
    [
        "helper.LIMIT = 9",
        "helper.bounded = lambda value: value",
        "helper.SETTING['by'] = 2; helper.LIMIT = 9",
        "Counter.add.step = lambda self, value, by: (Step(None, Count(2)),)",
        "Counter.initial = Count(2); helper.LIMIT = 9",
        "role = lambda counter, role=role: (each for _ in (1, 2) for each in role(counter)); helper.LIMIT = 9",
        "import json, pathlib; helper.LIMIT = json.loads(pathlib.Path('limit.json').read_text())",
        "import os; helper.LIMIT = int(os.environ['LIMIT'])",
    ],
)
def test_what_was_changed_at_run_time_is_noticed(program: Path, changed: str) -> None:
    """The text of the program is the same both times, so that only what it does to itself tells."""
    text = f"import os\nif 'CHANGED' in os.environ:\n    {changed}"
    (program / "limit.json").write_text("9")
    assert said(program, changed=text) == f"{ONE} learned"
    assert said(program, changed=text) == f"{ONE} recalled"
    answer = said(program, changed=text, CHANGED="1", LIMIT="9")
    assert answer.startswith("['few']"), answer


def test_a_global_that_is_looked_up_by_a_name_that_is_made_is_noticed(program: Path) -> None:
    assert said(program, operation="by = other.limit()") == f"{ONE} learned"
    (program / "helper.py").write_text(HELPER.replace("LIMIT = 1", "LIMIT = 9"))
    assert said(program, operation="by = other.limit()").startswith("['few']")


def test_a_function_of_deadheat_in_whose_place_the_program_has_put_another_keeps_nothing(program: Path) -> None:
    patched = (
        "from deadheat.sim.learn import tables\n"
        "steps_of = tables.steps_of\n"
        "tables.steps_of = lambda *given: steps_of(*given)\n"
    )
    for _ in range(2):
        assert said(program, changed=patched) == f"{ONE} learned"
    assert not list(program.rglob("*.kept"))


def test_what_reads_a_file_through_something_that_is_installed_is_learned_each_time(program: Path) -> None:
    (program / "by.txt").write_text("1\n")
    reads = "import linecache; linecache.clearcache(); by = int(linecache.getline('by.txt', 1))"
    assert said(program, operation=reads) == f"{ONE} learned"
    (program / "by.txt").write_text("9\n")
    (program / "helper.py").write_text(HELPER.replace("LIMIT = 1", "LIMIT = 9"))
    assert said(program, operation=reads).startswith("['few']")
    (program / "by.txt").write_text("1\n")
    for _ in range(2):
        assert said(program, operation=reads).endswith("learned")


def test_a_key_that_leaves_helpers_out_would_be_noticed(program: Path) -> None:
    """A mutant: no module's file, and of functions no more than their names."""
    blind = (
        "from deadheat.sim.learn import identity, remembering\n"
        "identity.is_patched = lambda: False\n"
        "identity._content_of = lambda module: ''\n"
        "identity.digest_with_lines = lambda value, trusts_models: b''\n"
    )
    assert said(program, changed=blind) == f"{ONE} learned"
    (program / "helper.py").write_text(HELPER.replace("LIMIT = 1", "LIMIT = 9"))
    assert said(program, changed=blind) == f"{ONE} recalled"  # which is wrong


def test_lines_that_moved_are_learned_again(program: Path) -> None:
    """What was reached is told by lines."""
    assert said(program) == f"{ONE} learned"
    assert said(program, changed="\n\n") == f"{ONE} learned"


# A model that breaks a rule


@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        ("raise ValueError('broken')", "broken"),
        ("import random; by = random.randrange(2)", "random"),
        ("return (Step(None, [value]),)", "immutable"),
        ("return (Step(None, value, fault='nobody'),)", "nobody"),
    ],
)
def test_a_model_that_raises_raises_again(program: Path, operation: str, complaint: str) -> None:
    first = said(program, operation=operation)
    assert complaint in first
    assert said(program, operation=operation).splitlines()[-1] == first.splitlines()[-1]
    assert not list(program.rglob("*.kept"))


def test_a_role_that_counts_in_a_global_is_refused_again(program: Path) -> None:
    counts = "helper.SETTING['by'] += 1"
    first = said(program, operation=counts)
    assert "Error" in first
    assert said(program, operation=counts).splitlines()[-1] == first.splitlines()[-1]


# On disk


def test_an_entry_that_is_cut_off_damaged_or_of_another_form_is_learned_anew(program: Path) -> None:
    said(program)
    [path] = program.rglob("*.kept")
    whole = path.read_bytes()
    for damaged in (
        whole[:-5],
        b"",
        whole[:90] + bytes([whole[90] ^ 1]) + whole[91:],
        b"deadheat kept 2\n" + whole[16:],
    ):
        path.write_bytes(damaged)
        assert said(program) == f"{ONE} learned"
        assert path.read_bytes() == whole
    content = kept.read(path.with_suffix("")) or b""
    for body in (b"", b"\x90", content[:-3], b"\xc1"):
        kept.write(path.with_suffix(""), body)
        assert said(program) == f"{ONE} learned"
        assert path.read_bytes() == whole


def test_two_programs_at_once_do_not_disturb_each_other(program: Path) -> None:
    said(program, changed="raise SystemExit")
    environment = {**os.environ, kept.VARIABLE: str(program / "cache")}
    text = MODEL.format(operation="pass", changed="")
    (program / "program.py").write_text(text)
    started = [
        subprocess.Popen(
            [sys.executable, "program.py"], cwd=program, env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers = {each.communicate()[0].strip().rpartition(" ")[0] for each in started}
    assert answers == {ONE}
    assert len(list(program.rglob("*.kept"))) == 1
    assert not list(program.rglob("*.part"))


def test_a_folder_that_others_may_write_to_is_not_used(program: Path) -> None:
    said(program)
    for path in program.rglob("learned"):
        path.chmod(0o777)
    assert said(program) == f"{ONE} learned"


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_folders_are_the_users_own_whatever_the_umask_says(umask: int, cache: Path) -> None:
    before = os.umask(umask)
    try:
        assert kept.folder("learned") == cache
        assert kept.folder("learned") == cache  # which is there now
    finally:
        os.umask(before)
    assert [each.stat().st_mode & 0o777 for each in (cache.parent, cache)] == [0o700, 0o700]


def test_off_is_off(program: Path) -> None:
    for _ in range(2):
        assert said(program, **{kept.VARIABLE: "off"}) == f"{ONE} learned"
    assert not list(program.rglob("*.kept"))
