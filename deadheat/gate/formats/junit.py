"""What the gate found as JUnit XML: a suite a check, in it a case for each property and for what else is compared.

What was not decided, or holds only because something never happens, is an error, and never skipped: it is no success.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from deadheat.gate.config import Check
from deadheat.gate.findings import UNDECIDED, Finding, Kind
from deadheat.gate.formats import Screen
from deadheat.gate.formats.places import Places
from deadheat.gate.formats.sentences import answer, told
from deadheat.gate.gate import Gated
from deadheat.reports.inert import one_line, plain
from deadheat.sim.counting import counted

__all__ = ["render"]

BEHAVIOUR, GUARDS, REACH, ROLLOUT = "behaviour", "guards", "must-reach", "rollout"
CASES = {Kind.MUTANT: GUARDS, Kind.MUST_REACH: REACH, Kind.UNSAFE_ROLLOUT: ROLLOUT}
"""In which case a finding stands that is about no property."""


def render(gated: Gated, screen: Screen) -> str:
    """Return an XML document in the form that Jenkins, GitLab and GitHub's actions read; it has no times."""
    del screen
    places = Places(gated.config)
    suites = ET.Element("testsuites", name="deadheat gate")
    for check in _checks(gated):
        own = [each for each in gated.findings if each.check.name == check.name]
        suite = ET.SubElement(suites, "testsuite", name=one_line(check.name))
        for name in _cases(gated, check, own):
            about = [each for each in own if _case(each) == name]
            case = ET.SubElement(suite, "testcase", classname=one_line(check.name), name=one_line(name))
            _fill(case, about, places)
        _count(suite, [suite])
    _count(suites, list(suites))
    ET.SubElement(suites[-1], "system-out").text = plain(answer(gated))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _checks(gated: Gated) -> list[Check]:
    """Return the checks of the configuration, and those that are only in the lock."""
    checks = [*gated.config.checks, *(each.check for each in gated.findings)]
    return list({each.name: each for each in reversed(checks)}.values())[::-1]


def _case(finding: Finding) -> str:
    if finding.property_name is not None:
        return finding.property_name
    if finding.kind is Kind.INCONCLUSIVE:  # of a property, that would name it
        return REACH if finding.detail in finding.check.must_reach else ROLLOUT
    return CASES.get(finding.kind, BEHAVIOUR)


def _cases(gated: Gated, check: Check, own: Sequence[Finding]) -> list[str]:
    survey = gated.surveys.get(check.name)
    found = [] if survey is None else [*survey.properties, BEHAVIOUR]
    if survey is not None and survey.mutants:
        found.append(GUARDS)
    if check.must_reach:
        found.append(REACH)
    return list(dict.fromkeys((*found, *map(_case, own))))


def _fill(case: ET.Element, about: Sequence[Finding], places: Places) -> None:
    """Let a case fail for all that is open of it, at once: most readers look at one failure of a case."""
    opened = [each for each in about if not each.is_accepted]
    failures = [each for each in opened if each.kind not in UNDECIDED]
    if opened:
        first = (failures or opened)[0]
        more = f" And {counted(len(opened) - 1, 'further finding')}." if len(opened) > 1 else ""
        what = ET.SubElement(case, "failure" if failures else "error", type=str(first.kind))
        what.set("message", one_line(first.text) + more)
        what.text = "\n\n".join(told(each, places) for each in opened)
    accepted = [each for each in about if each.is_accepted]
    if accepted:
        ET.SubElement(case, "system-out").text = "\n\n".join(told(each, places) for each in accepted)


def _count(element: ET.Element, suites: Sequence[ET.Element]) -> None:
    cases = [case for suite in suites for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", str(sum(case.find("error") is not None for case in cases)))
