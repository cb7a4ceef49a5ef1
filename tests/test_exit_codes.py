"""Every ending of a command, as a shell meets it: 0, 1 and 3 are verdicts, and nothing else looks like one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deadheat.commands.ending import ExitCode
from deadheat.commands.users_code import STILL_AT_WORK
from tests.command import deadheat, forked
from tests.following import rest_of

HOLDS = ["check", "state-machine", "-p", "no-permanent-orphan"]
VIOLATED = ["check", "baseline", "-p", "no-permanent-orphan"]
VACUOUS = ["check", "never-matches", "-p", "no-permanent-orphan"]

WITH_TEST_PROTOCOLS = """
from tests.protocols import NEVER_MATCHES, added
with added(NEVER_MATCHES):
    main()
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "150", **more}


def program(script: str = "main()", *arguments: str) -> list[str]:
    """Return the arguments of a Python that runs deadheat as a program, in some circumstances."""
    return ["-c", f"from deadheat.cli import main\n{script}", *arguments]


def run(arguments: list[str], script: str = "main()", **more: str) -> subprocess.CompletedProcess[str]:
    if script == "main()":
        done = deadheat(*arguments, env=environment(**more))
    else:
        done = forked("python", *program(script, *arguments), env=environment(**more))
    assert "Traceback" not in done.stderr
    return done


def shell(redirected: str, arguments: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m deadheat` with its output redirected; the exit code is that of deadheat, whoever reads."""
    line = f'"$PYTHON" -m deadheat {" ".join(arguments)} {redirected}'
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        env=environment(PYTHON=sys.executable, **more),
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (HOLDS, 0),
        (VIOLATED, 1),
        (["check", "state-machine", "-p", "no-permanent-orphan", "-p", "no-transient-orphan"], 1),
        (["check", "no-such-protocol"], 2),
        (["check", "--no-such-option"], 2),
        (["no-such-command"], 2),
        ([], 2),
        ([*HOLDS, "--max-states", "20"], 3),
        (VACUOUS, 3),
        ([*VACUOUS, "-p", "nothing-stuck"], 1),  # violated wins
        ([*HOLDS, "--faults", "watch-loss=1"], 3),
        (["--version"], 0),
        (["check", "--help"], 0),
        (["list", "faults"], 0),
        (["replay", "nowhere.json"], 2),
    ],
)
def test_a_command_ends_with_the_code_of_its_verdict(arguments: list[str], code: int) -> None:
    assert run(arguments, WITH_TEST_PROTOCOLS).returncode == code


def test_the_codes_are_those_that_the_page_about_them_explains() -> None:
    page = (Path(__file__).parent.parent / "docs" / "exit-codes.md").read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    assert [int(row) for row in rows if row.isdecimal()] == [int(code) for code in ExitCode]


@pytest.mark.parametrize(
    "command",
    ["", "list", "check", "show", "frontier", "replay", "window", "mutate", "incidents", "conform", "cleanup"],
)
def test_the_help_of_every_command_says_its_codes_once(command: str) -> None:
    text = " ".join(run([*command.split(), "--help"]).stdout.split())
    assert text.count("Exit codes: 0 ") == 1
    assert "4 a defect of deadheat, 5 a server refused or failed, 130 interrupted" in text


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("KeyError('x')", "This is a defect of deadheat, and no verdict: KeyError: 'x' (<string>:"),
        ("SystemExit(0)", "SystemExit: 0"),
        ("SystemExit(1)", "SystemExit: 1"),
        ("SystemExit", "no verdict: SystemExit ("),
        ("GeneratorExit", "GeneratorExit"),
        ("RecursionError('too deep')", "RecursionError: too deep"),
        ("MemoryError", "not enough memory, so nothing is decided"),
        ("AssertionError('one\\ntwo')", "AssertionError: one two"),
    ],
)
def test_what_nobody_foresaw_is_a_defect_in_one_sentence(raised: str, said: str) -> None:
    script = f"""
import deadheat.scenarios.check as it
def fails(*_): raise {raised}
it.check = fails
main()
"""
    done = run(HOLDS, script)
    assert done.returncode == 4
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


FAILS_AT_BASELINE = """
import deadheat.scenarios.frontier as it
right = it.minimal_sets
def search(scenario, *others):
    if scenario.protocol == "baseline":
        {fails}
    return right(scenario, *others)
it.minimal_sets = search
main()
"""


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("raise IndexError('list index out of range')", "defect of deadheat, and no verdict: IndexError"),
        ("import os; os._exit(1)", "A worker process was killed before it had an answer"),
    ],
)
def test_of_a_frontier_in_which_one_search_fails_the_others_are_told(fails: str, said: str) -> None:
    arguments = ["frontier", "state-machine", "baseline", "--only", "k8s-refusal", "--up-to", "0"]
    done = run(arguments, FAILS_AT_BASELINE.format(fails=fails))
    assert done.returncode == 4
    first, second = done.stderr.splitlines()
    assert first.startswith("deadheat: Nothing is decided of ")
    assert "baseline" in first
    assert said in second
    if "os" not in fails:
        assert "How few faults break it?" in done.stdout
        assert "state-machine" in done.stdout


@pytest.mark.parametrize("raised", ["redis.ConnectionError('secret')", "kubernetes.client.ApiException(403, 'secret')"])
def test_what_a_servers_client_raises_is_the_servers_and_tells_no_secret(raised: str) -> None:
    script = f"""
import redis, kubernetes.client, deadheat.scenarios.check as it
def fails(*_): raise {raised}
it.check = fails
main()
"""
    done = run(HOLDS, script)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("deadheat: A real server refused or failed (")
    assert "secret" not in done.stderr


def test_a_traceback_is_shown_to_whoever_asks_for_it() -> None:
    script = "import deadheat.scenarios.check as it\nit.check = lambda *_: 1 / 0\nmain()"
    done = forked("python", *program(script, *HOLDS), env=environment(DEADHEAT_TRACEBACK="1"))
    assert done.returncode == 4
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError: division by zero (<string>:3, <lambda>)" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("UsageError", 2),
        ("ModelError", 2),
        ("PurityError", 2),
        ("CheckpointError", 2),
        ("TraceError", 2),
        ("ReplayDivergedError", 1),
        ("LiveError", 5),
        ("NoLiveFormError", 2),  # no server was asked
        ("UndecidedError", 3),
        ("InternalError", 4),
    ],
)
def test_each_error_that_is_raised_on_purpose_has_its_code(error: str, code: int) -> None:
    script = f"""
import deadheat.sim.errors, deadheat.scenarios.check as it
def fails(*_): raise deadheat.sim.errors.{error}("This is why.")
it.check = fails
main()
"""
    done = run(HOLDS, script)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "deadheat: This is why.\n")


ENDS_IT = """
import sys
from tests.protocols import added, changed
def worker(system, task):
    yield system.queue.deliver(task.evaluation, task.worker)
    sys.exit(0)
with added(changed("ends-it", worker=worker)):
    main()
"""


def test_a_role_that_ends_the_program_ends_it_with_no_verdict() -> None:
    done = run(["check", "ends-it", "-p", "no-permanent-orphan"], ENDS_IT)
    assert done.returncode in (2, 4)  # by a rule of the engine, or as what nobody foresaw
    assert done.stdout == ""
    assert "SystemExit" in done.stderr


KILLED = """
import multiprocessing, os, signal
multiprocessing.set_start_method("fork")  # so that what is changed here is changed there
import deadheat.commands.searches, deadheat.scenarios.check as it
deadheat.commands.searches.cores = lambda: 2
real, us = it.check, os.getpid()
def killed(*arguments):
    if os.getpid() != us: os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
it.check = killed
main()
"""


def test_a_worker_that_is_killed_decides_nothing() -> None:
    done = run(["check", "baseline", "state-machine", "-n", "2", "-p", "at-most-one-job"], KILLED)
    assert (done.returncode, done.stdout) == (4, "")
    assert "A worker process was killed before it had an answer, so nothing is decided" in done.stderr


# Output that nobody reads, and that cannot be written


@pytest.mark.parametrize(
    ("arguments", "code", "unbuffered"),
    [(HOLDS, 0, ""), (VIOLATED, 1, ""), (VIOLATED, 1, "1"), ([*HOLDS, "--json"], 0, ""), (["list"], 0, "")],
)
@pytest.mark.parametrize("redirected", ["| true", "| head -1 > /dev/null", ">&-", ">&- 2>&-", "2>&-"])
def test_whoever_does_not_read_changes_no_verdict(
    arguments: list[str], code: int, redirected: str, unbuffered: str
) -> None:
    done = shell(redirected, arguments, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == code
    assert done.stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_went_before_there_was_a_verdict_is_none_of_the_verdicts(unbuffered: str) -> None:
    line = '(sleep 0.5; "$PYTHON" -m deadheat check --help) | true; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        env=environment(PYTHON=sys.executable, PYTHONUNBUFFERED=unbuffered),
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [HOLDS, VIOLATED, [*HOLDS, "--json"], [*HOLDS, "--max-states", "9"], ["list"], ["check", "--help"]]
)
def test_a_full_disk_is_no_verdict(arguments: list[str], unbuffered: str) -> None:
    done = shell("> /dev/full", arguments, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr == "deadheat: The output cannot be written: No space left on device.\n"


def test_a_full_disk_for_errors_leaves_the_code() -> None:
    assert shell("2> /dev/full", ["check", "nothing"]).returncode == 2


def test_what_cannot_be_encoded_is_no_verdict_and_json_always_can() -> None:
    done = shell("", HOLDS, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith("deadheat: The output cannot be written in the encoding 'ascii'; set PYTHONIOENC")
    done = shell("", [*VIOLATED, "--json"], PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert json.loads(done.stdout)["results"][0]["verdict"] == "violated"


def test_an_error_never_reaches_a_result_whose_reader_closed_the_other_stream(tmp_path: Path) -> None:
    done = shell("2>&-", [*HOLDS, "--json", "--trace", str(tmp_path / "none.json")])
    assert done.returncode == 0
    json.loads(done.stdout)


# Ctrl-C


def interrupted(arguments: list[str], script: str = "main()") -> tuple[int, str, str]:
    """Start deadheat, interrupt it once it says that it is at work, and return how it ended.

    That it was still at work for some seconds is left out: on a machine with much to do, it may be.
    """
    code, out, err = interrupted_in_all_words(arguments, script)
    return code, out, err.replace(f"{STILL_AT_WORK}\n", "")


def interrupted_in_all_words(arguments: list[str], script: str) -> tuple[int, str, str]:
    running = subprocess.Popen(
        [sys.executable, *program(script, *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "at work\n"
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = rest_of(running, 120)
    return running.returncode, out, err


AT_WORK = """
import signal, sys
import deadheat.scenarios.check as it
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts what runs in the background
real = it.check
def check(*arguments):
    sys.stderr.write("at work\\n")  # at once, where workers do so side by side
    return real(*arguments)
it.check = check
"""

LARGE = ["check", "event-sourcing", "-n", "3", "--explorer", "python", "--no-composition", "--max-states", "100000000"]


def test_a_search_that_is_interrupted_shows_what_it_has_and_is_no_verdict() -> None:
    code, out, err = interrupted([*LARGE, "-p", "wanted-job-survives", "--json"], f"{AT_WORK}\nmain()")
    assert (code, err) == (130, "")
    [entry] = json.loads(out)["results"]
    assert entry["verdict"] == "inconclusive"


def test_what_an_interrupted_search_has_found_violated_is_violated() -> None:
    script = f"{AT_WORK}\nfrom deadheat.sim.explore import limits\nlimits.STATES_WITHOUT_LOOKING = 0\nmain()"
    code, out, _ = interrupted([*LARGE, "-p", "wanted-job-survives", "-p", "terminal-is-final", "--json"], script)
    verdicts = {entry["property"]: entry["verdict"] for entry in json.loads(out)["results"]}
    assert verdicts["wanted-job-survives"] == "inconclusive"
    assert code == (1 if verdicts["terminal-is-final"] == "violated" else 130)


IN_WORKERS = f"""
import multiprocessing
multiprocessing.set_start_method("fork")  # so that what is changed here is changed there
import deadheat.commands.searches
deadheat.commands.searches.cores = lambda: 2
{AT_WORK}
main()
"""


def test_an_interrupted_program_tells_its_workers() -> None:
    """A terminal would tell them, too; here only the program that the user knows is told."""
    arguments = ["check", "fenced-generation", *LARGE[1:], "-p", "wanted-job-survives", "--json"]
    code, out, err = interrupted(arguments, IN_WORKERS)
    assert (code, err.replace("at work\n", "")) == (130, "")
    assert [entry["verdict"] for entry in json.loads(out)["results"]] == ["inconclusive"] * 2


SLEEPING = f"""
{AT_WORK}
import time
import deadheat.scenarios.frontier as frontier
def frontiers(*_, **__):
    sys.stderr.write("at work\\n")  # at once, where workers do so side by side
    time.sleep(60)
frontier.frontiers = frontiers
main()
"""


MIGRATING = """
import sys, time
import deadheat.scenarios.migrate as migrate
from deadheat.scenarios import interruption
def check_all(*_):
    interruption.asked()  # as its searches do
    sys.stderr.write("at work\\n")
    time.sleep(60)
    sys.exit("it went on")
migrate.check_all = check_all
main()
"""


def test_a_path_of_which_there_is_nothing_to_show_ends_at_the_first_ctrl_c() -> None:
    code, out, err = interrupted(["migrate"], MIGRATING)
    assert (code, out, err) == (130, "", "deadheat: interrupted; nothing was decided.\n")


def test_what_shows_nothing_when_interrupted_says_so() -> None:
    code, out, err = interrupted(["frontier", "baseline"], SLEEPING)
    assert (code, out) == (130, "")
    assert err == "deadheat: interrupted; nothing was decided.\n"


WITH_A_BROKEN_ONE = """
from dataclasses import replace
from deadheat.models.protocols.baseline import BASELINE
from tests.protocols import added

def dispatch(system, request):
    raise RuntimeError("broken")
    yield

with added(replace(BASELINE, name="broken", dispatch=dispatch)):
    main()
"""


@pytest.mark.parametrize(
    ("protocols", "code", "shown"),
    [(["broken", "baseline"], 1, "baseline"), (["state-machine", "broken"], 2, "state-machine"), (["broken"], 2, "")],
)
@pytest.mark.parametrize("size", ["1", "2"])
def test_a_protocol_that_breaks_a_rule_leaves_the_results_of_others(
    protocols: list[str], code: int, shown: str, size: str
) -> None:
    done = run(["check", *protocols, "-p", "no-permanent-orphan", "-n", size], WITH_A_BROKEN_ONE)
    assert done.returncode == code
    assert "failed after 1 outcome in dispatch (<string>:" in done.stderr
    assert "): RuntimeError('broken').\n" in done.stderr
    assert shown in done.stdout


EXPECTING = """
from dataclasses import dataclass
from deadheat import Components, Design, always, one
from deadheat.library import Row

@dataclass(frozen=True)
class Rows(Components):
    row: Row = Row("row", 0)

def work(rows):
    for number in range(1, 9):
        yield rows.row.set(number)

@always
def early(row: int) -> bool:
    return row == 1

@always
def late(row: int) -> bool:
    return row == 99

DESIGN = Design("rows", "a row", "this test", Rows(), (one("work", work),), (early, late), expects={EXPECTS})
"""


@pytest.mark.parametrize(
    ("expects", "limit", "code", "said"),
    [
        ({"early": "violated"}, 100, 0, "As expected."),
        ({"early": "violated", "late": "inconclusive"}, 3, 0, "As expected."),
        ({"early": "violated"}, 3, 3, "DESIGN: late is inconclusive; expected was holds."),
        ({"late": "inconclusive"}, 3, 1, "DESIGN: early is violated; expected was holds."),
        ({"early": "violated", "late": "inconclusive"}, 100, 1, "DESIGN: late is holds; expected was inconclusive."),
    ],
)
def test_what_is_as_expected_ends_with_0_whatever_that_is(
    expects: dict[str, str], limit: int, code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "rows.py").write_text(EXPECTING.replace("{EXPECTS}", repr(expects)))
    done = deadheat(
        "check", "rows.py:DESIGN", "--expected", "--max-states", str(limit), cwd=tmp_path, env=environment()
    )
    assert done.returncode == code
    assert said in done.stdout
    assert ("As expected." in done.stdout) is (code == 0)
