"""The whole story of a gate: it is set up, protocols change, some changes lose something, and that is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gate.project import CREATED, RECHECK, RECHECKED, Project


@pytest.fixture
def project(green: Project, tmp_path: Path) -> Project:
    """A project whose gate is green, and committed."""
    return green.copy(tmp_path / "project")


def test_without_a_lock_or_a_base_there_is_nothing_to_compare_with_and_that_is_no_success(tmp_path: Path) -> None:
    done = Project(tmp_path / "project").gate()
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "deadheat: There is no deadheat.lock beside pyproject.toml to compare with; write it with deadheat gate "
        "--update and commit it, or compare with --base REF.\n"
    )


def test_what_has_not_changed_passes(project: Project) -> None:
    for arguments in ((), ("--base", "HEAD")):
        done = project.gate(*arguments, "--json")
        assert (done.code, done.json) == (0, {"schema": 1, "passed": True, "findings": [], "refactored": []})


@pytest.mark.parametrize("arguments", [(), ("--base", "main")])
def test_an_edit_that_loses_the_recheck_is_told_with_how_it_happens(
    project: Project, arguments: tuple[str, ...]
) -> None:
    project.edit(RECHECK, RECHECKED)
    done = project.gate(*arguments, "--json")
    [finding] = done.json["findings"]
    assert done.code == 1
    assert not done.json["passed"]
    assert finding == {
        "id": finding["id"],
        "reference": "cloud.py:PROTOCOL",
        "property": "no-orphan",
        "faults": {},
        "kind": "lost",
        "text": "no-orphan no longer holds: it breaks in 5 steps.",
        "accepted_until": None,
    }
    text = project.gate(*arguments).out
    assert text.startswith("Failed: 1 finding in 1 check")
    assert re.search(r"J1 .* set there", text)
    assert "Nearest: the same up to step 2, with J1 of creator before step 3, can still hold." in text


def test_a_renamed_variable_and_an_inlined_helper_are_a_refactoring(project: Project) -> None:
    project.edit(
        '    if (yield cloud.flag.get()) == "raised":\n        return\n',
        ('    before = yield cloud.flag.get()\n    raised = before == "raised"\n    if raised:\n        return None\n'),
    )
    for arguments in ((), ("--base", "HEAD")):
        done = project.gate(*arguments, "--json")
        assert (done.code, done.json["refactored"]) == (0, ["cloud.py:PROTOCOL"])


def test_an_edit_after_which_an_operation_no_longer_runs_is_vacuous(project: Project) -> None:
    project.edit(CREATED, f"    if cloud is None:\n    {CREATED}")
    done = project.gate("--json")
    assert (done.code, done.kinds) == (3, ["vacuous"])
    assert done.json["findings"][0]["text"] == "no-orphan holds vacuously: no run reaches J1; before, it held."


def test_a_fault_that_now_breaks_what_it_did_not_is_told_in_words(project: Project) -> None:
    project.configure(up_to=1)
    assert project.gate("--update").code == 0
    project.edit("crash(KILLED)", "crash(KILLED, restarts=False)")
    done = project.gate("--json")
    [finding] = done.json["findings"]
    assert (done.code, finding["kind"], finding["faults"]) == (1, "weaker", {"canceller-killed": 1})
    assert finding["text"] == "Canceller-killed once now breaks no-orphan; before, only creator-lost once did."


def test_a_guard_that_no_property_tests_any_more_is_told(project: Project) -> None:
    project.configure(mutants=True)
    assert project.gate("--update").code == 0
    project.edit('job == "there" else', 'job == "elsewhere" else')
    done = project.gate("--json")
    assert done.code == 1
    assert set(done.kinds) == {"mutant"}
    assert any("creator, job.set: left out" in each["text"] for each in done.json["findings"])


def test_what_does_something_else_wants_the_lock_to_say_so(project: Project) -> None:
    project.edit(CREATED, f"    yield cloud.flag.get()\n{CREATED}")
    done = project.gate("--json")
    assert (done.code, done.kinds) == (1, ["changed"])
    assert project.gate("--base", "HEAD").code == 0  # a guarantee was not lost
    assert project.gate("--update").code == 0
    assert project.gate().code == 0


def test_a_finding_is_accepted_until_a_day_and_then_fails_again(project: Project) -> None:
    project.edit(RECHECK, RECHECKED)
    [finding] = project.gate("--json").json["findings"]
    accepting = ("--accept", finding["id"], "--reason", "the sweep removes it", "--until")
    done = project.gate(*accepting, "2999-01-31", "--json")
    assert (done.code, done.json["passed"]) == (0, True)
    assert done.json["findings"] == [{**finding, "accepted_until": "2999-01-31"}]
    assert project.gate().code == 0
    assert "accepted until 2999-01-31: the sweep removes it" in project.gate().out
    project.edit("2999-01-31", "2020-01-31", "deadheat.lock")
    done = project.gate()
    assert done.code == 1
    assert "was accepted until 2020-01-31, and that is over: the sweep removes it" in done.out


def test_writing_the_lock_does_not_make_one_forget_what_was_accepted_and_till_when(project: Project) -> None:
    project.edit(RECHECK, RECHECKED)
    [finding] = project.gate("--json").json["findings"]
    project.gate("--accept", finding["id"], "--reason", "later", "--until", "2999-01-31")
    project.edit("2999-01-31", "2020-01-31", "deadheat.lock")
    project.gate("--update")
    done = project.gate("--json")
    assert (done.code, [each["id"] for each in done.json["findings"]]) == (1, [finding["id"]])
    project.edit(RECHECKED, RECHECK)
    project.gate("--update")
    assert finding["id"] not in (project.folder / "deadheat.lock").read_text()


def test_another_finding_is_not_accepted_with_it(project: Project) -> None:
    project.configure(up_to=1)
    project.gate("--update")
    project.edit("crash(KILLED)", "crash(KILLED, restarts=False)")
    [finding] = project.gate("--json").json["findings"]
    assert project.gate("--accept", finding["id"], "--reason", "later", "--until", "2999-01-31").code == 0
    project.edit(RECHECK, RECHECKED)
    done = project.gate("--json")
    assert done.code == 1
    assert "lost" in [each["kind"] for each in done.json["findings"] if each["accepted_until"] is None]


def test_what_some_run_has_to_reach_is_asked_for(project: Project) -> None:
    reached = ["J1", "job.set", "flag.get=raised", "job=gone"]
    project.configure(f"must_reach = {reached}")
    assert project.gate("--update").code == 0
    project.edit('    yield cloud.flag.set("raised")', '    yield cloud.flag.set("up")')
    done = project.gate("--json")
    assert done.code == 1
    assert done.kinds == ["must-reach"]
    assert done.json["findings"][0]["text"] == "No run reaches flag.get=raised, which some run has to reach."


def test_what_is_expected_is_judged_without_a_lock_too(project: Project) -> None:
    project.configure('expect = "violated"')
    done = project.gate("--update", "--json")
    assert (done.code, done.kinds) == (1, ["changed"])
    project.configure('expect = { no-orphan = "holds" }\nfaults = { creator-lost = 1 }')
    done = project.gate("--update", "--json")
    assert (done.code, done.kinds) == (1, ["lost"])
    assert done.json["findings"][0]["text"] == (
        "no-orphan is violated, and expected is that it holds: it breaks under creator-lost once in 5 steps."
    )


def test_a_check_that_the_lock_does_not_know_or_alone_knows_is_told(project: Project) -> None:
    project.configure("evaluations = 2")
    done = project.gate("--json")
    assert (done.code, done.kinds) == (1, ["changed", "changed"])


def test_a_limit_leaves_it_undecided(project: Project) -> None:
    project.configure("max_states = 5")
    done = project.gate("--json")
    assert (done.code, done.kinds) == (3, ["inconclusive"])


def test_a_lock_that_another_version_made_says_so_and_how_to_go_on(project: Project) -> None:
    project.edit('"deadheat": "', '"deadheat": "0.0.', "deadheat.lock")
    done = project.gate()
    assert done.code == 0
    assert "compared with deadheat.lock, which deadheat 0.0." in done.out
    assert "run deadheat gate --update" in " ".join(done.out.split())


def test_a_hazard_of_two_versions_side_by_side_is_told_although_each_alone_is_right(project: Project) -> None:
    project.edit('"raised"', '"up"')  # what one version writes, the other does not understand
    done = project.gate("--base", "HEAD", "--json")
    assert (done.code, done.kinds, done.json["refactored"]) == (1, ["unsafe-rollout"], ["cloud.py:PROTOCOL"])
    text = done.json["findings"][0]["text"]
    assert text.startswith("While old and new run side by side (creator ")
    assert "no order of the roles is safe" in text


def test_what_is_checked_no_more_is_told(project: Project) -> None:
    project.write("other.py", (project.folder / "cloud.py").read_text())
    project.edit("cloud.py:PROTOCOL", "other.py:PROTOCOL", "pyproject.toml")
    done = project.gate("--base", "HEAD", "--json")
    assert (done.code, done.kinds) == (1, ["changed"])
    text = "At HEAD, cloud.py:PROTOCOL is checked, and no longer."
    assert done.json["findings"][0]["text"] == text


# What an acceptance, or a narrower question, must not hide


def accepted(project: Project, finding: str, *arguments: str) -> int:
    """Accept a finding for a long time; return the exit code."""
    return project.gate("--accept", finding, "--reason", "later", "--until", "2999-01-31", *arguments).code


def test_an_accepted_finding_hides_no_later_change_of_behaviour(project: Project) -> None:
    project.edit(RECHECK, RECHECKED)
    [finding] = project.gate("--json").json["findings"]
    assert accepted(project, finding["id"]) == 0
    project.edit(CREATED, f"    yield cloud.flag.get()\n{CREATED}")
    assert "changed" in [each["kind"] for each in project.gate("--json").json["findings"]]
    assert project.gate().code == 1


def test_an_accepted_change_is_that_change_and_no_later_one(project: Project) -> None:
    project.edit(CREATED, f"    yield cloud.flag.get()\n{CREATED}")
    [finding] = project.gate("--json").json["findings"]
    assert accepted(project, finding["id"]) == 0
    project.edit(CREATED, f"    yield cloud.job.get()\n    yield cloud.flag.get()\n{CREATED}")
    assert project.gate().code == 1


def test_that_nothing_is_compared_cannot_be_accepted(project: Project) -> None:
    project.configure("evaluations = 2")
    first, *_ = project.gate("--json").json["findings"]
    done = project.gate("--accept", first["id"], "--reason", "x", "--until", "2999-01-31")
    assert (done.code, "that cannot be accepted, since nothing would be compared" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "less", "said"),
    [
        ("faults = { creator-lost = 1 }", "", "faults were creator-lost=1 and are none"),
        ("evaluations = 2", "", "evaluations was 2 and is 1"),
        ('must_reach = ["J1"]', "", "must_reach leaves out J1"),
        ('expect = "holds"', "", "expect no longer says that every property holds"),
        ("", 'allow_unreached = ["J1"]', "allow_unreached has J1"),
        ("", "quiet = true", "quiet is true"),
    ],
)
def test_a_check_that_asks_for_less_is_told(project: Project, more: str, less: str, said: str) -> None:
    project.configure(more)
    project.gate("--update")
    project.commit()
    project.configure(less)
    for arguments in ((), ("--base", "HEAD")):
        done = project.gate(*arguments, "--json")
        assert done.code == 1
        assert "changed" in done.kinds
        if arguments:
            assert any(said in each["text"] for each in done.json["findings"])


def test_a_configuration_in_another_file_is_compared_with_the_one_before(project: Project) -> None:
    project.write("other.py", (project.folder / "cloud.py").read_text())
    project.write("deadheat.toml", 'up_to = 0\nmutants = false\n[[check]]\nprotocol = "other.py:PROTOCOL"\n')
    done = project.gate("--base", "HEAD", "--json")
    assert (done.code, done.kinds) == (1, ["changed"])


def test_a_property_that_is_there_no_more_is_told_and_can_be_accepted(project: Project) -> None:
    project.edit('@settled("no-orphan"', '@settled("never-left"')
    done = project.gate("--json")
    assert (done.code, done.kinds) == (1, ["lost"])
    assert done.json["findings"][0]["text"] == "no-orphan is not checked any more; before, it held."
    assert accepted(project, done.json["findings"][0]["id"]) == 0


def test_a_property_that_is_written_otherwise_is_told_although_the_protocol_does_what_it_did(project: Project) -> None:
    project.edit('    return "the Job is left"', '    # nothing else\n    return "the Job is left"')
    assert "read whether it demands as much" not in " ".join(project.gate().out.split())
    project.edit('flag == "raised" and job == "there"', 'flag == "raised" and job == "there" and job != "gone"')
    done = project.gate()
    told = "cloud.py:PROTOCOL was rewritten, and does what it did before; but what no-orphan says is written otherwise"
    assert told in " ".join(done.out.split())
