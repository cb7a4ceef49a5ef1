"""The command line, as a user meets it: run in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deadheat.models.steps import LABELS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.properties import PROPERTIES
from deadheat.version import VERSION
from tests.command import deadheat


def run(*arguments: str, columns: int = 200) -> subprocess.CompletedProcess[str]:
    done = deadheat(*arguments, env={"PATH": "", "COLUMNS": str(columns)})
    assert "Traceback" not in done.stderr
    return done


def check_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = run("check", *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def test_help_explains_each_command_with_an_example() -> None:
    assert "Exit codes" in run("--help").stdout
    for command in ("list", "check", "show", "replay", "mutate", "incidents"):
        done = run(command, "--help")
        assert done.returncode == 0
        assert f"Example: deadheat {command}" in done.stdout


def test_the_version_is_printed() -> None:
    assert run("--version").stdout.strip() == f"deadheat {VERSION}"


def test_list_names_everything_with_a_line_each() -> None:
    text = run("list").stdout
    for name in (*DEFAULT_PROTOCOLS[:7], "X+orphan-cleanup", "X+storage-worker", *PROPERTIES, "worker-crash"):
        assert re.search(rf"^ *{re.escape(name)} +\S", text, re.MULTILINE), name
    assert "worker-crash" not in run("list", "protocols").stdout


def test_check_without_arguments_checks_everything() -> None:
    done = run("check")
    assert done.returncode == 1
    assert done.stderr == ""
    for name in DEFAULT_PROTOCOLS:
        assert name in done.stdout
    assert "Covers 1 evaluation, no faults; all states, stored exactly; reductions: merging." in done.stdout


def test_the_json_of_a_check_is_the_contract() -> None:
    code, content = check_json("baseline", "creation-lock", "--faults", "http-retry=1")
    assert code == 1
    assert content["schema"] == 1
    assert content["deadheat"] == VERSION
    assert len(content["results"]) == 2 * len(PROPERTIES)
    for entry in content["results"]:
        assert entry["verdict"] in ("holds", "violated", "inconclusive")
        assert (entry["counterexample_length"] is not None) is (entry["verdict"] == "violated")
        assert entry["evaluations"] == 1
        assert entry["faults"] == {"http-retry": 1}
        assert entry["reductions"] == ["merging"]
        assert entry["storage"] == "exact"
        assert entry["omission_odds"] == 0
        assert entry["states"] > 0
        assert entry["transitions"] > 0
        assert entry["seconds"] > 0
        assert isinstance(entry["not_reached"], list)
    assert [each["property"] for each in content["results"][: len(PROPERTIES)]] == list(PROPERTIES)


@pytest.mark.parametrize(
    ("arguments", "code", "verdict"),
    [
        (["state-machine", "--property", "no-permanent-orphan"], 0, "holds"),
        (["baseline", "--property", "no-permanent-orphan"], 1, "violated"),
        (["state-machine", "--property", "no-permanent-orphan", "--max-states", "20"], 3, "inconclusive"),
        (["baseline", "-p", "no-transient-orphan", "--explorer", "reference"], 1, "violated"),
        (["baseline", "-p", "no-transient-orphan", "--no-merging"], 1, "violated"),
    ],
)
def test_the_exit_code_tells_the_verdict(arguments: list[str], code: int, verdict: str) -> None:
    returned, content = check_json(*arguments)
    assert [entry["verdict"] for entry in content["results"]] == [verdict]
    assert returned == code


def test_a_check_by_fingerprint_says_so() -> None:
    code, content = check_json("state-machine", "-p", "no-permanent-orphan", "--explorer", "kernel", "--fingerprint")
    [entry] = content["results"]
    assert (code, entry["verdict"], entry["storage"], entry["omission_odds"]) == (0, "holds", "fingerprint", 0)
    done = run("check", "state-machine", "-p", "no-permanent-orphan", "--explorer", "kernel", "--fingerprint")
    assert "all states, stored by fingerprint; reductions: merging." in done.stdout
    assert "state-machine: no two states have one fingerprint, so none was left out." in done.stdout
    assert "stored exactly" in run("check", "state-machine", "--fingerprint").stdout  # small: no kernel, none used


def test_a_search_cut_short_says_so() -> None:
    done = run("check", "state-machine", "--max-states", "20")
    assert done.returncode == 3
    assert "CUT SHORT" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "basline"], "There is no protocol 'basline'; did you mean baseline"),
        (["check", "BASELINE"], "There is no protocol 'BASELINE'; did you mean baseline"),
        (["check", "--property", "orphans"], "There is no property 'orphans'; did you mean"),
        (["check", "--faults", "crash=1"], "There is no fault 'crash'; did you mean worker-crash"),
        (["check", "--faults", "worker-crash"], "write KIND=K"),
        (["check", "--evaluations", "0"], "ask for at least 1"),
        (["check", "--explorer", "spin"], "There is no explorer 'spin'"),
        (["check", "--trace", "x.json"], "needs exactly one PROTOCOL"),
        (["check", "--checkpoint", "x"], "needs exactly one PROTOCOL"),
        (["check", "baseline", "--checkpoint", "/dev/null"], "/dev/null is not a checkpoint"),
        (
            ["check", "baseline", "--explorer", "python", "--checkpoint", "x"],
            "saves no checkpoints; use auto or kernel",
        ),
        (["check", "--memory", "lots"], "'lots' is not a size"),
        (
            ["check", "baseline", "--explorer", "python", "--fingerprint"],
            "The explorer 'python' stores states exactly, never by fingerprint; use auto or kernel.",
        ),
        (["check", "baseline", "--explorer", "reference", "--fingerprint"], "never by fingerprint"),
        (["show", "baseline", "--property", "nothing"], "There is no property 'nothing'"),
        (["replay", "nowhere.json"], "nowhere.json cannot be read"),
        (
            ["mutate", "creation-lock", "--faults", "http-loss=1", "--show", "99"],
            "its mutants are numbered from 1 to 33",
        ),
        (["show", "creation-lock~x"], "'creation-lock~x' names no mutant; write its number"),
        (["mutate", "baslin"], "There is no protocol 'baslin'"),
        (["list", "protocol"], "There is no list 'protocol'; did you mean protocols"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_show_tells_the_seeds_story(tmp_path: Path) -> None:
    done = run("show", "baseline", "--save", str(tmp_path / "orphan.json"), columns=100)
    assert done.returncode == 1
    for label in LABELS:
        assert f"{label.name} " in done.stdout
    assert "the race is lost here" in done.stdout
    assert "404 Not Found" in done.stdout
    assert (tmp_path / "orphan.json").exists()


def test_a_wide_terminal_gets_a_lane_for_each_process_and_component() -> None:
    lines = run("show", "baseline", columns=220).stdout.splitlines()
    for lane in ("worker", "user", "cancel", "dispatcher/1", "status", "kubernetes"):
        assert any(line.replace("│", " ").split()[:1] == [lane] for line in lines)
    [with_values] = [line for line in lines if line.split()[-5:] == ["queue", "status", "http", "user", "kubernetes"]]
    [created] = [line for line in lines if " create job " in line]
    assert created[with_values.rindex("kubernetes") :].startswith("evaluation-e1 created")


def test_show_of_what_holds_says_that_it_holds(tmp_path: Path) -> None:
    target = tmp_path / "none.json"
    done = run("show", "state-machine", "--property", "no-permanent-orphan", "--save", str(target))
    assert done.returncode == 0
    assert "holds" in done.stdout
    assert not target.exists()


def test_what_show_and_check_save_is_replayed(tmp_path: Path) -> None:
    one, other = tmp_path / "show.json", tmp_path / "check.json"
    run("show", "two-phase", "--property", "no-transient-orphan", "--save", str(one))
    run("check", "two-phase", "--property", "no-transient-orphan", "--trace", str(other))
    assert one.read_text() == other.read_text()
    done = run("replay", str(one))
    assert done.returncode == 0
    assert "in 18 steps, so the race is still there" in done.stdout


def test_the_advice_under_the_table_can_be_followed() -> None:
    done = run("check", "two-phase", "--faults", "http-retry=1", columns=300)
    [advice] = [line for line in done.stdout.splitlines() if line.startswith("See one: ")]
    followed = run(*advice.removeprefix("See one: deadheat ").split())
    assert followed.returncode == 1
    assert "violates no-permanent-orphan" in followed.stdout


def test_nothing_but_the_result_reaches_a_pipe() -> None:
    done = run("check", "baseline", "--evaluations", "2", "--json")
    assert done.stderr == ""
    json.loads(done.stdout)


def test_a_verdict_by_composition_says_why_it_holds() -> None:
    done = run("check", "state-machine", "--evaluations", "3", "-p", "no-permanent-orphan")
    assert done.returncode == 0
    assert "reductions: merging, composition." in done.stdout
    assert "Composed of 3 parts, each explored alone" in done.stdout


def test_without_composition_all_states_are_explored_and_what_they_took_is_said() -> None:
    arguments = ["check", "request-token", "--evaluations", "2", "--no-composition", "-p", "at-most-one-job"]
    done = run(*arguments, "--no-symmetry", "--no-partial-order")
    assert done.returncode == 0
    assert "222,784" in done.stdout
    assert re.search(r"explored by the compiled kernel on \d cores?, \d+\.\d bytes a state", done.stdout)


def test_symmetry_halves_the_states_and_says_why_that_is_sound() -> None:
    arguments = ["check", "request-token", "--evaluations", "2", "--no-composition", "-p", "at-most-one-job"]
    done = run(*arguments, "--no-partial-order")
    assert done.returncode == 0
    assert "111,628" in done.stdout  # 472 * 473 / 2: of each two that differ, one order is enough
    assert "reductions: merging, symmetry." in " ".join(done.stdout.split())
    assert "differ only by an exchange of e1 and e2" in " ".join(done.stdout.split())


def test_partial_order_leaves_out_most_states() -> None:
    arguments = ["check", "request-token", "--evaluations", "2", "--no-composition", "-p", "at-most-one-job", "--json"]
    whole, reduced = (json.loads(run(*arguments, *more).stdout)["results"] for more in (["--no-partial-order"], []))
    assert [each["verdict"] for each in reduced] == [each["verdict"] for each in whole] == ["holds"]
    assert reduced[0]["reductions"] == ["merging", "symmetry", "partial-order"]
    assert reduced[0]["states"] < whole[0]["states"] / 4


def test_symmetry_is_not_asked_for_with_liveness() -> None:
    done = run("check", "request-token", "--evaluations", "2", "--symmetry")
    assert done.returncode == 2
    assert "Symmetry is not sound for liveness, and 'eventually-cleaned' is liveness" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_reference_knows_no_symmetry() -> None:
    done = run("check", "baseline", "--symmetry", "--explorer", "reference", "-p", "at-most-one-job")
    assert done.returncode == 2
    assert "The explorer 'reference' knows no symmetry; use auto, kernel or python." in done.stderr


def test_a_bound_on_memory_ends_in_inconclusive() -> None:
    done = run("check", "fenced-generation", "--evaluations", "2", "--no-composition", "--memory", "1M")
    assert done.returncode in (1, 3)  # what was violated before stands
    assert "CUT SHORT" in done.stdout
    assert "it reached 1 MiB of memory (--memory)" in done.stdout


def test_mutate_says_which_property_notices(tmp_path: Path) -> None:
    done = run("mutate", "creation-lock", "--faults", "http-loss=1", columns=220)
    assert done.returncode == 1
    assert re.search(
        r"dispatch \(creation_lock\.py:\d+\) +redis\.acquire left out +no-permanent-orphan \d+", done.stdout
    )
    assert re.search(
        r"cancel \(creation_lock\.py:\d+\) +status\.set happens only after redis\.delete_if_equal in cancel "
        r"\(creation_lock\.py:\d+\) +no-permanent-orphan \d+",
        done.stdout,
    )
    assert "of 33 mutants of creation-lock." in done.stdout
    assert "Nobody notices: " in done.stdout
    assert "Makes no difference: " in done.stdout
    assert "Covers 1 evaluation, http-loss=1;" in done.stdout
    [advice] = [line for line in done.stdout.splitlines() if line.startswith("See one: ")]
    followed = run(*advice.removeprefix("See one: deadheat ").split())
    assert followed.returncode == 0
    [first] = re.findall(r"(creation-lock~\d+) with 1 evaluation, http-loss=1 violates", followed.stdout)
    saved = tmp_path / "mutant.json"
    assert run("show", first, "--faults", "http-loss=1", "--save", str(saved)).returncode == 1
    assert "Reproduced" in run("replay", str(saved)).stdout


def test_mutate_takes_any_model_at_the_sizes_that_are_set() -> None:
    done = run("mutate", "examples/two_phase_commit.py:two_phase_commit", "--set", "managers=2", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    content = json.loads(done.stdout)
    assert content["settings"] == {"managers": "2"}
    assert {notice["property"] for each in content["results"] for notice in each["noticed_by"]} == {"agreement"}


def test_the_json_of_mutate_is_the_contract() -> None:
    done = run("mutate", "creation-lock", "--faults", "http-loss=1", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    content = json.loads(done.stdout)
    assert (content["schema"], content["deadheat"], content["protocol"]) == (1, VERSION, "creation-lock")
    assert content["evaluations"] == 1
    assert "terminal-is-final" in content["cannot_notice"]
    assert content["never_reached"] == []
    assert [each["mutant"] for each in content["results"]] == [f"creation-lock~{number}" for number in range(1, 34)]
    for entry in content["results"]:
        assert set(entry) == {
            "mutant",
            "protocol",
            "role",
            "site",
            "operation",
            "change",
            "only_after",
            "survived",
            "fate",
            "noticed_by",
            "differs_under",
            "differs_in",
            "error",
        }
        assert (entry["only_after"] is not None) is entry["change"].startswith("happens only after ")
        assert entry["survived"] is (entry["fate"] in ("survived", "no difference"))
        assert (entry["fate"] == "noticed") is bool(entry["noticed_by"])
        assert (entry["fate"] == "survived") is (entry["differs_under"] is not None) is bool(entry["differs_in"])
        assert (entry["fate"] == "cannot run") is (entry["error"] is not None)
        for notice in entry["noticed_by"]:
            assert notice["property"] in PROPERTIES
            assert notice["faults"] == {"http-loss": 1}
            assert notice["counterexample_length"] > 0


def test_a_mutant_that_nobody_notices_is_said_to_be_so() -> None:
    done = run("mutate", "creation-lock", "--faults", "http-loss=1", "--show", "1")
    assert done.returncode == 1
    assert "status.set left out: NOBODY NOTICES" in done.stdout


def test_incidents_found_are_a_success_and_their_json_is_the_contract() -> None:
    done = run("incidents", "kueue-12820", "airflow-69762", "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    held, failed = json.loads(done.stdout)["results"]
    assert (held["incident"], held["violated"], held["fix_holds"]) == ("kueue-12820", ["no-transient-orphan"], True)
    assert "lease-expiry" in held["fix_broken_by"]
    assert (failed["incident"], failed["fix_holds"], failed["fix_broken_by"]) == ("airflow-69762", False, [])


def test_the_advice_under_the_incidents_can_be_followed() -> None:
    done = run("incidents", "tekton-2381", columns=300)
    [advice] = [line for line in done.stdout.splitlines() if line.startswith("See one: ")]
    followed = run(*advice.removeprefix("See one: deadheat ").split())
    assert followed.returncode == 1
    assert "violates no-permanent-orphan" in followed.stdout


def test_an_unknown_incident_gets_one_sentence() -> None:
    done = run("incidents", "tekton")
    assert done.returncode == 2
    assert done.stderr == "deadheat: There is no incident 'tekton'; did you mean tekton-2381?\n"


def test_the_plain_explorer_knows_symmetry_too() -> None:
    done = run("check", "baseline", "-n", "2", "-p", "no-permanent-orphan", "--explorer", "python", "--symmetry")
    assert (done.returncode, done.stderr) == (1, "")
