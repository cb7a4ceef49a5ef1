"""Each format of the gate is as its readers want it, whatever the names are, and the same whenever it is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import cmarkgfm
import jsonschema
import pytest
import xmlschema

from deadheat.gate.config import Check
from deadheat.gate.findings import Kind
from deadheat.gate.formats import FORMATS, Screen, rendered
from deadheat.gate.formats.markdown import LENGTH_MAX, MARK
from deadheat.gate.gate import Gated
from tests.gate.results import HOSTILE, HOSTILE_TEXT, gated_of, of_every_kind, one_finding, witness_of

SCHEMAS = Path(__file__).parent / "schemas"
ACCEPTED = [each for each in of_every_kind("x") if each.is_accepted]


def written(gated: Gated, name: str) -> str:
    return rendered(gated, name, Screen())


def read(gated: Gated, name: str) -> Any:
    return json.loads(written(gated, name))


@cache
def validator(name: str) -> Any:
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=jsonschema.FormatChecker())


# All formats


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", [*HOSTILE, HOSTILE_TEXT, "x", ""])
def test_whatever_is_called_however_can_be_written(name: str, text: str, tmp_path: Path) -> None:
    assert written(gated_of(tmp_path, *of_every_kind(text)), name).encode()


@pytest.mark.parametrize("name", FORMATS)
def test_what_passes_can_be_written(name: str, tmp_path: Path) -> None:
    passed, accepted = gated_of(tmp_path), gated_of(tmp_path, *ACCEPTED)
    assert passed.passed
    assert accepted.passed
    assert written(passed, name).encode()
    assert written(accepted, name).encode()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_the_same_bytes_in_every_process(name: str, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.gate.results import *; from deadheat.gate.formats import *\n"
        f"gated = gated_of(Path(sys.argv[1]), *of_every_kind('x'))\n"
        f"sys.stdout.buffer.write(rendered(gated, {name!r}, Screen()).encode())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert made == {written(gated_of(tmp_path, *of_every_kind("x")), name).encode()}


@pytest.mark.parametrize("name", ["sarif", "codequality", "github", "junit", "markdown"])
def test_a_finding_is_at_the_yield_that_loses_the_race(name: str, tmp_path: Path) -> None:
    text = written(gated_of(tmp_path, one_finding(witness=witness_of())), name)
    wanted = {
        "sarif": r'"uri": "ours.py",\s+"uriBaseId": "%SRCROOT%"\s+},\s+"region": {\s+"startLine": 6',
        "codequality": r'"path": "ours.py",\s+"lines": {\s+"begin": 6',
        "github": r"::error file=ours\.py,line=6,",
        "junit": r"ours\.py:6: lost",
        "markdown": r"`ours\.py:6`",
    }
    assert re.search(wanted[name], text), text


@pytest.mark.parametrize(
    ("protocol", "path", "line"),
    [
        ("ours.py:PROTOCOL", "below/ours.py", 9),
        ("ours:PROTOCOL", "below/ours.py", 9),
        ("ours.py:worker", "below/ours.py", 4),
        ("ours.py:GONE", "below/ours.py", 1),
        ("baseline", "below/deadheat.toml", 1),
        ("gone.py:PROTOCOL", "below/deadheat.toml", 1),
        ("../../outside.py:PROTOCOL", "below/deadheat.toml", 1),
    ],
)
def test_a_finding_without_a_run_is_where_the_protocol_is(protocol: str, path: str, line: int, tmp_path: Path) -> None:
    """Paths are those of the repository, for its forge knows no others."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "below").mkdir()
    (tmp_path / "outside.py").write_text("PROTOCOL = 1\n")
    gated = gated_of(tmp_path / "repository" / "below", one_finding(check=Check(protocol), kind=Kind.MUTANT))
    [issue] = read(gated, "codequality")
    assert issue["location"] == {"path": path, "lines": {"begin": line}}


def test_a_protocol_of_the_library_s_is_where_the_configuration_names_it(tmp_path: Path) -> None:
    gated = gated_of(tmp_path, one_finding(check=Check("baseline"), kind=Kind.CHANGED))
    gated.config.file.write_text('up_to = 1\n\n[[check]]\nprotocol = "baseline"\n')
    [issue] = read(gated, "codequality")
    assert issue["location"] == {"path": "deadheat.toml", "lines": {"begin": 4}}


# SARIF


@pytest.mark.parametrize("text", [*HOSTILE, "x"])
def test_sarif_is_valid(text: str, tmp_path: Path) -> None:
    validator("sarif-2.1.0.json").validate(read(gated_of(tmp_path, *of_every_kind(text)), "sarif"))
    validator("sarif-2.1.0.json").validate(read(gated_of(tmp_path), "sarif"))


def test_the_rules_of_sarif_are_the_kinds_of_findings_and_are_always_all_there(tmp_path: Path) -> None:
    [none], [all_] = (read(gated_of(tmp_path, *found), "sarif")["runs"] for found in ((), of_every_kind("x")))
    assert none["tool"] == all_["tool"]
    rules = [each["id"] for each in all_["tool"]["driver"]["rules"]]
    assert rules == [str(each) for each in Kind]
    assert {each["ruleId"] for each in all_["results"]} == set(rules)
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in all_["results"])


def test_a_result_of_sarif_is_known_again_by_the_finding_and_not_by_a_line(tmp_path: Path) -> None:
    first, moved = one_finding(witness=witness_of()), one_finding(text="another text")
    one, other = (read(gated_of(tmp_path, each), "sarif")["runs"][0]["results"][0] for each in (first, moved))
    assert one["locations"] != other["locations"]
    assert one["partialFingerprints"] == other["partialFingerprints"]
    assert first.id in one["partialFingerprints"]["primaryLocationLineHash"]


def test_a_counterexample_is_a_code_flow_over_the_yields_of_the_user_s_file(tmp_path: Path) -> None:
    [result] = read(gated_of(tmp_path, one_finding(witness=witness_of())), "sarif")["runs"][0]["results"]
    [[flow]] = [each["threadFlows"] for each in result["codeFlows"]]
    places = [each["location"]["physicalLocation"]["region"]["startLine"] for each in flow["locations"]]
    assert places == [5, 6, 9]  # the fault is nobody's, so it stands where the protocol is defined
    assert [each["importance"] for each in flow["locations"]] == ["important", "essential", "unimportant"]
    assert "redis-failover" in flow["locations"][2]["location"]["message"]["text"]


def test_an_accepted_finding_is_suppressed_in_sarif_with_its_reason(tmp_path: Path) -> None:
    results = read(gated_of(tmp_path, *of_every_kind("why not")), "sarif")["runs"][0]["results"]
    suppressed = [each for each in results if "suppressions" in each]
    assert [each["suppressions"][0]["justification"] for each in suppressed] == ["why not (until 2027-01-31)"]
    assert [each["level"] for each in suppressed] == ["note"]
    assert {each["level"] for each in results if each not in suppressed} == {"error"}


def test_sarif_keeps_to_what_code_scanning_takes_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    """GitHub shows 5,000 results of a run, and 1,000 steps of a result (its page "SARIF results exceed limits")."""
    many = [one_finding(property_name=f"p{number}") for number in range(5_001)]
    long = one_finding(witness=witness_of(steps=1_200))
    [run] = read(gated_of(tmp_path, *ACCEPTED, long, *many), "sarif")["runs"]
    assert len(run["results"]) == 5_000
    assert all("suppressions" not in each for each in run["results"])  # what is open goes first
    assert "3 further findings" in run["invocations"][0]["toolExecutionNotifications"][1]["message"]["text"]
    [flow] = run["results"][0]["codeFlows"][0]["threadFlows"]
    assert [each["executionOrder"] for each in flow["locations"]][:2] == [201, 202]
    assert len(flow["locations"]) == 1_000


def test_sarif_reads_no_link_and_no_placeholder_into_a_name(tmp_path: Path) -> None:
    text = json.dumps(read(gated_of(tmp_path, one_finding(text=HOSTILE[6])), "sarif")["runs"][0]["results"])
    assert json.dumps(r"{{0}} \[link\](1) {curly}")[1:-1] in text


# JUnit


@pytest.mark.parametrize("text", [*HOSTILE, "x"])
def test_junit_is_valid(text: str, tmp_path: Path) -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    schema.validate(written(gated_of(tmp_path, *of_every_kind(text)), "junit"))
    schema.validate(written(gated_of(tmp_path), "junit"))


def cases_of(gated: Gated) -> dict[str, list[str]]:
    found = ET.fromstring(written(gated, "junit"))
    return {str(each.get("name")): [part.tag for part in each] for each in found.iter("testcase")}


def test_junit_has_a_case_for_each_property_and_for_what_the_protocol_does(tmp_path: Path) -> None:
    assert cases_of(gated_of(tmp_path)) == {"p": [], "q": [], "behaviour": []}
    assert cases_of(gated_of(tmp_path, one_finding())) == {"p": ["failure"], "q": [], "behaviour": []}
    changed = one_finding(kind=Kind.CHANGED, property_name=None)
    assert cases_of(gated_of(tmp_path, changed)) == {"p": [], "q": [], "behaviour": ["failure"]}


@pytest.mark.parametrize(
    ("kind", "detail", "case"),
    [
        (Kind.CHANGED, "", "behaviour"),
        (Kind.CHANGED, "ours.py:OTHER", "behaviour"),
        (Kind.VACUOUS, "", "behaviour"),
        (Kind.MUTANT, "a guard", "guards"),
        (Kind.MUST_REACH, "T8", "must-reach"),
        (Kind.INCONCLUSIVE, "T8", "must-reach"),
        (Kind.INCONCLUSIVE, "side by side", "rollout"),
        (Kind.UNSAFE_ROLLOUT, "it fails", "rollout"),
    ],
)
def test_what_is_about_no_property_has_a_case_of_its_own(kind: Kind, detail: str, case: str, tmp_path: Path) -> None:
    check = Check("ours.py:PROTOCOL", must_reach=("T8",))
    found = one_finding(check=check, kind=kind, property_name=None, detail=detail)
    cases = cases_of(gated_of(tmp_path, found, checks=(check,)))
    assert [name for name, tags in cases.items() if tags] == [case]


@pytest.mark.parametrize("kind", [Kind.INCONCLUSIVE, Kind.VACUOUS])
def test_what_is_not_decided_is_an_error_and_never_skipped(kind: Kind, tmp_path: Path) -> None:
    undecided = one_finding(kind=kind)
    assert cases_of(gated_of(tmp_path, undecided))["p"] == ["error"]
    assert cases_of(gated_of(tmp_path, undecided, one_finding(kind=Kind.WEAKER)))["p"] == ["failure"]


def test_what_is_accepted_passes_in_junit_and_says_why(tmp_path: Path) -> None:
    text = written(gated_of(tmp_path, *ACCEPTED), "junit")
    assert "Accepted until 2027-01-31: x" in text
    assert {each.tag for case in ET.fromstring(text).iter("testcase") for each in case} == {"system-out"}


def test_junit_counts_what_failed(tmp_path: Path) -> None:
    found = ET.fromstring(written(gated_of(tmp_path, *of_every_kind("x")), "junit"))
    failed, wrong = list(found.iter("failure")), list(found.iter("error"))
    assert (found.get("failures"), found.get("errors")) == (str(len(failed)), str(len(wrong)))
    assert sum(int(str(each.get("tests"))) for each in found.iter("testsuite")) == int(str(found.get("tests")))
    assert "skipped" not in {each.tag for each in found.iter()}


def test_a_failure_shows_all_that_is_open_of_its_case_and_how_it_happens(tmp_path: Path) -> None:
    text = written(
        gated_of(tmp_path, one_finding(witness=witness_of("the timeline")), one_finding(kind=Kind.WEAKER)), "junit"
    )
    [failure] = ET.fromstring(text).iter("failure")
    assert failure.get("message") == "p no longer holds. And 1 further finding."
    assert "  1  the timeline" in str(failure.text)
    assert str(failure.text).count("ours.py:") == 2


# GitLab


@pytest.mark.parametrize("text", [*HOSTILE, "x"])
def test_code_quality_is_valid_and_its_fingerprints_are_the_findings(text: str, tmp_path: Path) -> None:
    found = of_every_kind(text)
    issues = read(gated_of(tmp_path, *found), "codequality")
    validator("codequality.json").validate(issues)
    assert [each["fingerprint"] for each in issues] == [each.id for each in found]
    assert read(gated_of(tmp_path), "codequality") == []


def test_code_quality_says_how_bad_it_is(tmp_path: Path) -> None:
    issues = read(gated_of(tmp_path, *of_every_kind("x")), "codequality")
    by_kind = {each["check_name"]: each["severity"] for each in issues if each["severity"] != "info"}
    assert (by_kind["deadheat/lost"], by_kind["deadheat/changed"]) == ("blocker", "minor")
    assert [each["severity"] for each in issues].count("info") == len(ACCEPTED)


# GitHub


COMMAND = re.compile(r"::(?P<level>error|notice)(?: (?P<properties>[^:]*))?::(?P<data>.*)")


def commands_of(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Return the commands that a runner sees, as it reads them: a line, properties by commas, and data."""

    def plain(part: str) -> str:
        for sign, escape in ((":", "%3A"), (",", "%2C"), ("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
            part = part.replace(escape, sign)
        return part

    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        read_ = COMMAND.fullmatch(line.strip())
        if read_ is not None:
            properties = dict(each.split("=", 1) for each in (read_["properties"] or "").split(",") if each)
            found.append((read_["level"], {key: plain(each) for key, each in properties.items()}, plain(read_["data"])))
        else:
            assert "::" not in line.strip()[:2]
    return found


@pytest.mark.parametrize("text", [*HOSTILE, "x"])
def test_no_name_becomes_a_command_to_the_runner(text: str, tmp_path: Path) -> None:
    found = commands_of(written(gated_of(tmp_path, *of_every_kind(text)), "github"))
    assert [level for level, _, _ in found].count("notice") == len(ACCEPTED)
    assert all(set(properties) <= {"file", "line", "title"} for _, properties, _ in found)
    assert found[0][1]["file"] == "ours.py"


def test_an_annotation_says_what_and_how(tmp_path: Path) -> None:
    [(level, properties, data)] = commands_of(
        written(gated_of(tmp_path, one_finding(witness=witness_of("a, b:\nc"))), "github")
    )
    assert (level, properties["title"]) == ("error", "deadheat: lost, ours.py:PROTOCOL")
    assert data == f"p no longer holds. ({one_finding().id})\na, b: c.\nNearest: a, b: c."


def test_no_more_annotations_are_asked_for_than_github_shows(tmp_path: Path) -> None:
    many = [one_finding(property_name=f"p{number}") for number in range(30)]
    found = commands_of(written(gated_of(tmp_path, *many), "github"))
    assert len(found) == 10
    assert found[-1][2] == "21 further findings, of which the summary tells."


# Markdown


class Page(HTMLParser):
    """What a browser would make of it: the tags, and the text that stands outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.inside = 0
        self.prose: list[str] = []
        self.code: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.inside += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        (self.code if self.inside else self.prose).append(data)


def page_of(text: str) -> Page:
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))
    return page


KNOWN_TAGS = {
    "h2",
    "h3",
    "p",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "pre",
    "details",
    "summary",
    "ul",
    "li",
    "em",
}


@pytest.mark.parametrize("text", [*HOSTILE, HOSTILE_TEXT])
def test_no_name_is_anything_but_a_name_in_markdown(text: str, tmp_path: Path) -> None:
    page = page_of(written(gated_of(tmp_path, *of_every_kind(text)), "markdown"))
    like = page_of(written(gated_of(tmp_path, *of_every_kind("x")), "markdown"))
    assert set(page.tags) <= KNOWN_TAGS
    assert set(page.attributes) <= {"lang", "class"}
    assert page.tags == like.tags  # not a paragraph, row or cell more or less
    for piece in page.prose:
        assert not re.search(r"[@#]\w|\bwww\.|://|\bGH-\d|:\w+:", piece), piece


def test_a_table_in_markdown_shows_a_name_as_it_is(tmp_path: Path) -> None:
    gated = gated_of(tmp_path, one_finding(property_name="a|b`c\\|d<e>@f"))
    assert "a|b`c\\|d<e>@f" in "".join(page_of(written(gated, "markdown")).code)


def test_markdown_begins_with_the_answer_and_shows_how_each_finding_happens(tmp_path: Path) -> None:
    text = written(gated_of(tmp_path, one_finding(witness=witness_of("` ``` `````"))), "markdown")
    assert text.startswith(
        f"{MARK}\n## ❌ deadheat gate\n\nFailed: 1 finding in 1 check, compared with deadheat.lock.\n"
    )
    assert "<details><summary>How it happens, in 3 steps, with redis-failover once</summary>" in text
    assert "  1  ` ``` `````\n  2  more" in "".join(page_of(text).code)
    assert written(gated_of(tmp_path), "markdown").startswith(f"{MARK}\n## ✅ deadheat gate\n\nPassed: 1 check")


def test_markdown_is_short_enough_for_a_comment_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    many = [one_finding(property_name=f"p{number}", witness=witness_of("x" * 1_000)) for number in range(200)]
    text = written(gated_of(tmp_path, *many), "markdown")
    assert LENGTH_MAX - 3_000 < len(text) < 65_536
    assert "and 150 more" in text
    assert re.search(r"\d+ further findings would be too long for a comment", text)


def test_what_the_configuration_says_is_wrong_is_changed_there(tmp_path: Path) -> None:
    """Whatever is written to the lock, it stays: to write that again would be no advice."""
    check = Check("ours.py:PROTOCOL", expect=(("*", "holds"),), must_reach=("T8",))
    reach = one_finding(check=check, kind=Kind.MUST_REACH, property_name=None, detail="T8")
    lost = one_finding(check=check)
    for found, said in (
        ([reach], "change must_reach in deadheat.toml"),
        ([lost, reach], "change expect and must_reach in deadheat.toml"),
        ([reach, one_finding()], "deadheat gate --update"),
        ([one_finding(check=check, kind=Kind.WEAKER)], "deadheat gate --update"),
    ):
        gated = gated_of(tmp_path, *found)
        assert f"If it is meant: {said}\n" in rendered(gated, "text", Screen())
        assert said in rendered(gated, "markdown", Screen())
