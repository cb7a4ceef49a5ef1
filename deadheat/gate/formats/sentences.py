"""What is said in every format, in the same words."""

from __future__ import annotations

from collections import Counter

from deadheat.gate.findings import Finding
from deadheat.gate.formats.places import Places
from deadheat.gate.gate import Gated
from deadheat.gate.surveys import Witness
from deadheat.gate.words import faults_text
from deadheat.reports.inert import plain
from deadheat.sim.counting import counted

__all__ = ["MEANINGS", "acceptance", "answer", "happens", "nearest", "told"]

MEANINGS = {
    "lost": "A property that held, or is expected to hold, is violated.",
    "weaker": "A smaller set of faults breaks a property than before.",
    "vacuous": "A property holds only because something that it is about never happens.",
    "inconclusive": "A limit ended the search before something was decided that was decided before.",
    "mutant": "A guard can be taken away, and no property notices any more.",
    "changed": "The protocol does something else than the lock says; nothing that was guaranteed is lost.",
    "unsafe-rollout": "The old and the new version side by side violate what each alone does not.",
    "must-reach": "A step, an outcome or a state that some run has to reach is reached by none.",
}
"""What each kind of finding is, in one sentence."""


def answer(gated: Gated) -> str:
    """Return the answer in one sentence."""
    checks = counted(len(gated.surveys), "check")
    against = (
        f"written to {gated.compared_with}" if gated.updated else f"compared with {gated.compared_with}{_but(gated)}"
    )
    if gated.passed:
        accepted = f", {counted(len(gated.findings), 'finding')} accepted" if gated.findings else ""
        return f"Passed: {checks}, {against}{accepted}."
    return f"Failed: {counted(len(gated.open), 'finding')} in {checks}, {against}."


def _but(gated: Gated) -> str:
    """Return what was not compared, since there was nothing to be compared with: the more if that is a surprise."""
    return f" (not there yet: {', '.join(gated.new)})" if gated.new else ""


def acceptance(finding: Finding) -> str | None:
    """Return until when and why a finding is accepted, or was; None for one that never was."""
    if finding.is_accepted:
        return f"Accepted until {finding.accepted_until}: {finding.reason}"
    if finding.expired:
        return f"Was accepted until {finding.accepted_until}, and that is over: {finding.reason}"
    return None


def happens(witness: Witness) -> str:
    """Return what a counterexample is: its length, and the faults that happen in it."""
    fired = Counter(each.fault for each in witness.steps if each.fault is not None)
    faults = f", with {faults_text(dict(fired))}" if fired else ""
    return f"How it happens, in {counted(len(witness.steps), 'step')}{faults}"


def nearest(witness: Witness) -> str | None:
    """Return which run that holds is nearest to a counterexample, if that is known."""
    return None if witness.avoided_by is None else f"Nearest: {witness.avoided_by}."


def told(finding: Finding, places: Places) -> str:
    """Return all that there is to say of a finding, in lines of plain text."""
    at = places.of(finding)
    said = [f"{at.path}:{at.line}: {finding.kind}: {finding.text} ({finding.id})", acceptance(finding)]
    if finding.witness is not None:
        said += [f"{happens(finding.witness)}:", finding.witness.timeline, nearest(finding.witness)]
    return plain("\n".join(each for each in said if each))
