"""The whole page: verdicts and frontier as plain HTML, and each protocol's graph, packed, for the script to walk.

Whatever comes from a protocol (names, phrases, errors) is inert: Jinja escapes it here, the packed data has only the
letters of base64, and the page forbids every script but its own, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any

from deadheat.reports.command_lines import show_command
from deadheat.reports.flags import told
from deadheat.reports.frontier import fault_set_text
from deadheat.reports.html.likely import likely_view
from deadheat.reports.html.system import system_of
from deadheat.reports.inert import inert
from deadheat.scenarios.check import CheckResult, Outcome, Verdict
from deadheat.scenarios.explorable import Explorable
from deadheat.scenarios.frontier import Frontier
from deadheat.scenarios.likely import Likely
from deadheat.scenarios.scenario import Scenario, budget_text
from deadheat.sim.counting import counted
from deadheat.version import VERSION

__all__ = ["Raised", "html_of"]

SIGNS = {
    Verdict.HOLDS: ("✓", "holds"),
    Verdict.VIOLATED: ("✗", "violated, with the steps of a shortest counterexample"),
    Verdict.VACUOUS: ("∅", "holds vacuously: perhaps only for want of what no run did"),
    Verdict.INCONCLUSIVE: ("?", "not decided: a limit cut the search short"),
}


@dataclass(frozen=True, slots=True)
class Raised:
    """A protocol that broke a rule of the engine, so that nothing was decided of it."""

    scenario: Scenario
    why: str


def html_of(
    found: Sequence[Explorable],
    raised: Sequence[Raised],
    frontiers: Sequence[Frontier],
    command: str,
    likely: Likely | None = None,
    no_frontier: str = "",
) -> str:
    """Return the report as one HTML file that fetches nothing; `no_frontier` says of which it has none, and why."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    results = [each.result for each in found]
    environment = Environment(loader=FunctionLoader(_file), autoescape=True, undefined=StrictUndefined)
    script = "\n" + _file("walk.js") + _file("page.js").replace('"use strict";\n', "", 1)
    state, headline = _headline(results, raised)
    warnings, notes = _notes(results)
    return environment.get_template("report.html.j2").render(
        title=f"deadheat: {headline}",
        state=state,
        headline=headline,
        covers=_covers_all(results, raised),
        raised=[{"protocol": inert(each.scenario.protocol), "why": inert(each.why)} for each in raised],
        tables=list(_tables(results, raised)),
        key=[sign for verdict, sign in SIGNS.items() if any(verdict in _verdicts(each) for each in results)]
        + [("!", "not checked, since it broke a rule")] * bool(raised),
        warnings=warnings,
        meanings=_meanings(results),
        notes=notes,
        frontier=_frontier(frontiers) if frontiers else None,
        no_frontier=inert(no_frontier),
        likely=likely_view(likely) if likely is not None else None,
        first=_first(results),
        version=VERSION,
        command=inert(command),
        systems=[(inert(each.result.scenario.protocol), packed(system_of(each, likely))) for each in found],
        style=_safe(_file("report.css")),
        script=_safe(script),
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def packed(content: Any) -> str:
    """Return content as letters that no markup can be made of: base64 of what zlib has compressed of its JSON."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _file(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


def _safe(text: str) -> Any:
    """Return a text of our own as markup; there is nothing of anybody else's in it."""
    from markupsafe import Markup

    return Markup(text)


def _verdicts(result: CheckResult) -> set[Verdict]:
    return {each.verdict for each in result.outcomes}


def _headline(results: Sequence[CheckResult], raised: Sequence[Raised]) -> tuple[str, str]:
    """Return in one sentence what was found, and how that is to look: green is only what was decided, and holds."""
    count = len(results) + len(raised)
    violated = [each for each in results if Verdict.VIOLATED in _verdicts(each)]
    open_ones = [each for each in results if _verdicts(each) & {Verdict.INCONCLUSIVE, Verdict.VACUOUS}]
    of = f"of {counted(count, 'protocol')}"
    others = [each for each in open_ones if each not in violated]
    more = f"; {len(raised)} {'was' if len(raised) == 1 else 'were'} not checked" * bool(raised)
    more += f"; of {len(others)} not everything was decided" * bool(others)
    if violated and count == 1:
        names = [each.property for each in violated[0].outcomes if each.verdict is Verdict.VIOLATED]
        return "violated", inert(f"{violated[0].scenario.protocol} violates {_listed(names)}")
    if violated:
        return "violated", f"{len(violated)} {of} violate{'s' * (len(violated) == 1)} something{more}"
    if raised:
        return "raised", inert(
            f"{raised[0].scenario.protocol} broke a rule, so nothing was decided of it"
            if count == 1
            else f"{len(raised)} {of} broke a rule, so not everything was decided"
            + f"; nor was it of {len(others)} more" * bool(others)
        )
    if open_ones:
        return "undecided", inert(
            f"Not everything was decided of {open_ones[0].scenario.protocol}"
            if count == 1
            else f"Nothing is violated, but of {len(open_ones)} {of} not everything was decided"
        )
    if count == 1:
        return "holds", inert(f"All that was asked of {results[0].scenario.protocol} holds")
    return "holds", f"All that was asked of {counted(count, 'protocol')} holds"


def _listed(names: Sequence[str]) -> str:
    most = 3
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _covers_all(results: Sequence[CheckResult], raised: Sequence[Raised]) -> str:
    scenarios = [*(each.scenario for each in results), *(each.scenario for each in raised)]
    covers = dict.fromkeys(map(_covers, scenarios))
    whole = all(each.exploration.complete for each in results) and not raised
    seen = "all states were seen" if whole else "NOT all states were seen"
    return inert(f"Covers {' or '.join(covers)}; {seen}.")


def _covers(scenario: Scenario) -> str:
    faults = ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in scenario.faults) or "no faults"
    return f"{scenario.size}, {faults}{', which stop at some point' * scenario.quiet}"


def _tables(results: Sequence[CheckResult], raised: Sequence[Raised]) -> Iterator[dict[str, Any]]:
    """Yield a table for those that were asked the same."""
    alike: dict[tuple[Any, ...], list[CheckResult | Raised]] = {}
    every: list[CheckResult | Raised] = [*results, *raised]
    for each in every:
        alike.setdefault((each.scenario.properties, _covers(each.scenario)), []).append(each)
    for (names, covers), rows in alike.items():
        yield {"covers": inert(covers), "properties": list(map(inert, names)), "rows": [_row(each) for each in rows]}


def _row(of: CheckResult | Raised) -> dict[str, Any]:
    protocol = inert(of.scenario.protocol)
    if isinstance(of, Raised):
        return {"protocol": protocol, "states": "", "cells": [{"verdict": "raised"}] * len(of.scenario.properties)}
    cells = [_cell(each) for each in of.outcomes]
    return {"protocol": protocol, "states": f"{of.exploration.states:,}", "cells": cells}


def _cell(outcome: Outcome) -> dict[str, Any]:
    sign, words = SIGNS[outcome.verdict]
    steps = len(outcome.counterexample.trace.events) if outcome.counterexample else 0
    if outcome.counterexample:
        sign, words = f"{sign} {steps}", f"violated in {counted(steps, 'step')}"
    return {
        "verdict": str(outcome.verdict),
        "property": inert(outcome.property),
        "sign": sign,
        "words": words,
        "step": steps,
    }


def _first(results: Sequence[CheckResult]) -> dict[str, Any]:
    """Return what is shown at first: a counterexample, if there is one."""
    outcomes = [(each, outcome) for each in results for outcome in each.outcomes]
    violated = [each for each in outcomes if each[1].counterexample]
    for result, outcome in (*violated, *outcomes):
        return {"protocol": inert(result.scenario.protocol), **_cell(outcome)}
    return {"protocol": "", "property": "", "step": 0}


def _meanings(results: Sequence[CheckResult]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for result in results:
        meanings = result.scenario.subject.properties
        found.update((each.property, meanings[each.property]) for each in result.outcomes)
    return [(inert(name), inert(meaning)) for name, meaning in found.items()]


def _notes(results: Sequence[CheckResult]) -> tuple[list[str], list[str]]:
    """Return what keeps the verdicts from being whole, and what else there is to say of how they were come to."""
    warnings, notes = dict[str, None](), dict[str, None]()
    for result in results:
        name, exploration = result.scenario.protocol, result.exploration
        if exploration.stopped:
            warnings[f"{name}: not all states were seen, since {told(exploration.stopped)}."] = None
        missed = [*result.labels_not_reached, *(f"the fault {kind}" for kind in result.faults_not_fired)]
        if missed:
            into = warnings if result.is_vacuous else notes
            into[f"{name}: no run reached {', '.join(missed)}."] = None
        for cut in result.never_kept:
            warnings[f"{name}: no run keeps to what is assumed: {cut}."] = None
        for remark in exploration.remarks:
            notes[f"{name}: {remark}."] = None
        if result.assumptions:
            notes[
                f"{name}: what holds, holds of runs that keep to what is assumed: {'; '.join(result.assumptions)}."
            ] = None
        if exploration.storage == "fingerprint":
            notes[f"{name}: states were told apart by fingerprints."] = None
    return list(map(inert, warnings)), list(map(inert, notes))


def _frontier(frontiers: Sequence[Frontier]) -> dict[str, Any]:
    rows = [list(row) for _, row in groupby(frontiers, key=lambda each: each.scenario.protocol)]
    up_to = frontiers[0].up_to
    broken: list[dict[str, Any]] = []
    table = []
    for row in rows:
        cells = []
        for each in row:
            sets = [faults for faults in each.breaking if faults]
            anchor = f"broken-{len(broken)}" if sets else ""
            if sets:
                broken.append({**_broken(each), "anchor": anchor})
            cells.append({**_frontier_cell(each), "anchor": anchor})
        table.append({"protocol": inert(row[0].scenario.protocol), "cells": cells})
    return {
        "covers": "0: no fault is needed. A number: so many faults break it. ✓: it survives every combination of up to "
        f"{counted(up_to, 'fault')} of the kinds that can happen. ?: not everything was decided.",
        "properties": [inert(each.property) for each in rows[0]],
        "rows": table,
        "notes": [
            inert(f"Never happen to {row[0].scenario.protocol}: {', '.join(row[0].not_applicable)}.")
            for row in rows
            if row[0].not_applicable
        ],
        "broken": broken,
    }


def _frontier_cell(frontier: Frontier) -> dict[str, Any]:
    if frontier.breaking:
        size = min(sum(budget for _, budget in faults) for faults in frontier.breaking)
        words = f"{counted(size, 'fault')} break{'s' * (size == 1)} it"
        return {"sign": str(size), "verdict": "vacuous" if size else "violated", "words": words}
    if frontier.undecided:
        return {"sign": "?", "verdict": "inconclusive", "words": "not everything was decided"}
    if frontier.vacuous:
        return {"sign": "∅", "verdict": "vacuous", "words": "holds vacuously"}
    return {"sign": "✓", "verdict": "holds", "words": "survives"}


def _broken(frontier: Frontier) -> dict[str, Any]:
    scenario = frontier.scenario
    return {
        "protocol": inert(scenario.protocol),
        "property": inert(frontier.property),
        "sets": [
            {"faults": inert(fault_set_text(faults)), "command": inert(_command(scenario, faults, frontier.property))}
            for faults in frontier.breaking
            if faults
        ],
    }


def _command(scenario: Scenario, faults: Any, name: str) -> str:
    from dataclasses import replace

    allowed = {**dict(scenario.faults), **dict(faults)}
    return show_command(replace(scenario, faults=tuple(allowed.items())), name)
