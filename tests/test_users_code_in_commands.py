"""Commands over the user's own code: what that prints stays out of results, and what never ends is ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.command import forked
from tests.test_exit_codes import AT_WORK, environment, interrupted, interrupted_in_all_words
from tests.users_mistakes.files import model

USERS = """
import multiprocessing, os, sys
multiprocessing.set_start_method("fork")  # so that what is added here is known there
import deadheat.commands.searches
deadheat.commands.searches.cores = lambda: 2
from deadheat.models.protocols import baseline
from tests.protocols import added, changed

def talks(system, request):
    print("from a role")
    os.write(1, b"from below\\n")
    return (yield from baseline.dispatch(system, request))

def loops(system, request):
    yield system.status.get(request.evaluation)
    while True:
        pass

def counts(system, request):
    seen = 0
    while True:
        seen += 1
        yield system.status.get(request.evaluation)

with added(changed("talks", dispatch=talks), changed("loops", dispatch=loops), changed("counts", dispatch=counts)):
    main()
"""


def scripted(script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run that as a program, to its end, as `python -c` would."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        text = f"from deadheat.cli import main\n{script}"
        file.write(f"exec({text!r})")
        file.flush()
        return forked("python", file.name, *arguments, env=environment(**more))


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    done = scripted(USERS, *arguments, **more)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("size", ["1", "2"])
def test_what_a_role_prints_is_no_part_of_the_json(size: str) -> None:
    done = run("check", "talks", "baseline", "-p", "at-most-one-job", "-n", size, "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["results"]) == 2
    assert "from a role\n" in done.stderr
    assert "from below\n" in done.stderr


def test_what_a_role_prints_is_no_part_of_a_timeline_either() -> None:
    done = run("show", "talks", "-p", "no-permanent-orphan")
    assert done.returncode == 1
    assert done.stdout.startswith("talks with 1 evaluation violates no-permanent-orphan\n")
    assert "from a role" not in done.stdout
    assert "from below" not in done.stdout
    assert "from a role\n" in done.stderr


@pytest.mark.parametrize("size", ["1", "2"])
def test_a_role_that_never_comes_back_is_named_and_leaves_the_results_of_others(size: str) -> None:
    done = run("check", "loops", "baseline", "-p", "at-most-one-job", "-n", size, "--json", DEADHEAT_STEP_SECONDS="1")
    assert done.returncode == 2
    [entry] = json.loads(done.stdout)["results"]
    assert entry["protocol"] == "baseline"
    [sentence] = done.stderr.splitlines()
    assert "The process 'dispatcher/e1/1' failed after 2 outcomes: it went on for 1 s in loops (<string>:" in sentence
    assert sentence.endswith("(DEADHEAT_STEP_SECONDS allows it more time).")


def test_a_counter_without_a_bound_is_named() -> None:
    done = run("check", "counts", "-p", "at-most-one-job", COLUMNS="1000")
    assert done.returncode == 3
    assert "since the local 'seen' of counts (<string>:" in done.stdout
    assert "seems to have no bound; give it one, or raise the limit (--max-values)." in done.stdout
    assert run("check", "counts", "-p", "at-most-one-job", "--max-values", "9").returncode == 3


ENDLESS = Path(__file__).parent / "scenarios" / "attacked" / "endless.py"


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("SPIN", " in spin (tests/scenarios/attacked/endless.py:"),
        ("PONDER", " in pondered (tests/scenarios/attacked/endless.py:"),
    ],
)
def test_a_walk_by_hand_ends_what_never_comes_back_too(name: str, where: str) -> None:
    done = run("explore", f"{ENDLESS}:{name}", "--do", "1", DEADHEAT_STEP_SECONDS="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it went on for 1 s " in done.stderr
    assert where in done.stderr


@pytest.mark.parametrize("arguments", [("graph",), ("show", "--runs", "2")])
def test_what_grows_without_an_end_ends_what_needs_all_states_and_is_named(arguments: tuple[str, ...]) -> None:
    command, *more = arguments
    done = run(command, f"{ENDLESS}:GROW", *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the component 'log' took on 251 values, and seems to have no bound" in done.stderr
    assert "(--max-values)" in done.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "1.5", ""])
def test_a_time_for_steps_that_is_none_is_refused(seconds: str) -> None:
    done = run("check", "baseline", DEADHEAT_STEP_SECONDS=seconds)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"deadheat: DEADHEAT_STEP_SECONDS is {seconds!r}, which is no number of seconds; set it to 10, for one.\n"
    )


DEAF = f"""
{AT_WORK}
import time
def deaf(*arguments):
    from deadheat.scenarios import interruption
    interruption.asked()  # as a search does now and then
    print("at work", file=sys.stderr, flush=True)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        time.sleep(0.1)
    return real(*arguments)
it.check = deaf
main()
"""


def test_a_first_ctrl_c_is_answered_also_where_nothing_looks_for_it() -> None:
    arguments = ["check", "baseline", "-p", "wanted-job-survives", "-n", "2", "--json"]
    code, out, err = interrupted_in_all_words(arguments, DEAF)
    assert code == 130
    json.loads(out)
    assert err == (
        "deadheat: interrupted; ending with what was found so far. That may take a while; Ctrl-C again ends at once, "
        "with nothing.\n"
    )


def test_ctrl_c_while_the_program_is_still_being_imported_shows_no_traceback() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "deadheat", "check", "baseline"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(PYTHONHASHSEED="0"))
    assert running.stderr is not None
    assert any("typer" in line for line in running.stderr)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode in (-signal.SIGINT, 130)
    assert "Traceback" not in err


def test_ctrl_c_while_a_protocol_is_looked_up_ends_at_once() -> None:
    script = """
import sys, types
def never_ends(name, *_):
    print("at work", file=sys.stderr, flush=True)
    while True:
        pass
import deadheat.scenarios.subjects as it
it.subject_of = never_ends
import deadheat.scenarios.scenario
deadheat.scenarios.scenario.subject_of = never_ends
main()
"""
    code, out, err = interrupted(["check", "baseline"], script)
    assert (code, out, err) == (130, "", "deadheat: interrupted; nothing was decided.\n")


BUILDING = f"""
{AT_WORK}
import deadheat.scenarios.subjects as subjects
def never_ends(*_):
    print("at work", file=sys.stderr, flush=True)
    while True:
        pass
subjects.build = never_ends
it.check = real
main()
"""


def test_a_first_ctrl_c_ends_a_model_that_is_still_being_put_together() -> None:
    code, out, err = interrupted(["check", "baseline", "--json"], BUILDING)
    assert (code, out, err) == (130, "", "deadheat: interrupted; nothing was decided.\n")


def test_what_was_learned_of_a_users_own_design_is_kept(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(model())
    kept = {**os.environ, "DEADHEAT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "deadheat", "check", "ours.py:model", "--json"]
    said = [json.loads(subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True).stdout) for _ in range(2)]
    assert list((tmp_path / "cache" / "learned").iterdir())
    for each in said:
        for result in each["results"]:
            del result["seconds"]
    assert said[0] == said[1]
