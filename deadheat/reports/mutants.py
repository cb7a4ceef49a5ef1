"""The mutants of a protocol, and what noticed them: for people, and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.models.mutations import Change, PutOff, RequestSite
from deadheat.reports.machine import budgets_to_json
from deadheat.reports.names import is_narrow
from deadheat.reports.screen import print_command
from deadheat.scenarios.catalogue import MUTANT
from deadheat.scenarios.check import Verdict
from deadheat.scenarios.mutate import Fate, Hunt, MutantResult, Notice
from deadheat.scenarios.scenario import Scenario, budget_text
from deadheat.sim.counting import counted
from deadheat.version import VERSION

__all__ = ["SCHEMA", "mutants_to_json", "print_mutant", "print_mutants"]

SCHEMA = 1

FATES = {
    Fate.NOTICED: ("noticed", "green"),
    Fate.SURVIVED: ("NOBODY NOTICES", "bold red"),
    Fate.NO_DIFFERENCE: ("makes no difference", "bold magenta"),
    Fate.CANNOT_RUN: ("cannot run", "yellow"),
    Fate.INCONCLUSIVE: ("? cut short", "yellow"),
}

IN = {
    ("idle",): ", in steps alone that change nothing",
    ("settled",): ", in where it comes to rest alone",
    ("eventually",): ", in what lasts for ever alone",
    ("settled", "eventually"): ", in where it comes to rest alone",
}
"""In what a mutant differs that reaches the states of its protocol, and changes them by the same steps."""


def print_mutants(hunt: Hunt, results: Sequence[MutantResult], console: Console) -> None:
    """Print every mutant with what notices it, those that nobody notices once more, and what this covers."""
    noticed = sum(each.fate is Fate.NOTICED for each in results)
    console.print(
        f"Noticed: {noticed:,} of {counted(len(results), 'mutant')} of {hunt.scenario.protocol}.", style="bold"
    )
    for fate, meaning in (
        (Fate.CANNOT_RUN, "the change breaks a rule that the protocol keeps, so it says nothing of properties"),
        (Fate.SURVIVED, "a hole in the properties, or hidden by those that are violated anyway"),
        (Fate.NO_DIFFERENCE, "dead code, or a check that narrows a race and rules out nothing"),
        (Fate.INCONCLUSIVE, "not decided, since it was interrupted or met a limit before anything had noticed"),
    ):
        numbers = ", ".join(str(each.number) for each in results if each.fate is fate)
        if numbers:
            text, style = FATES[fate]
            text = text.removeprefix("? ")
            console.print(Text(f"{text[0].upper()}{text[1:].lower()}: {numbers}: {meaning}.", style=style))
    console.print(_table(results, is_narrow(console)))
    for each in results:
        if each.error is not None:
            console.print(Text(f"{each.number}: {each.error}", style="dim"))
    first = next((each for each in results if each.noticed_by), None)
    if first is not None:
        command = f"deadheat mutate {hunt.scenario.protocol} --show {first.number}"
        print_command(console, "See one: ", command + _options(hunt))
    for line in _scope(hunt):
        console.print(line, style="dim")


def print_mutant(result: MutantResult, console: Console) -> None:
    """Print one mutant in a line, and what notices it."""
    place, (fate, style) = result.mutation.place, FATES[result.fate]
    console.print(
        Text.assemble(
            (f"{result.number} ", "bold"),
            f"in {place.role}, {place.site}: {place.what} {_change(result.mutation.change)}: ",
            (fate, style),
            " by " * bool(result.noticed_by),
            _notices(result.noticed_by),
            _differs(result),
        )
    )
    if result.error is not None:
        console.print(Text(result.error))


def mutants_to_json(hunt: Hunt, results: Sequence[MutantResult]) -> str:
    """Return the mutants and what notices them as one JSON object."""
    content = {
        "schema": SCHEMA,
        "deadheat": VERSION,
        "protocol": hunt.scenario.protocol,
        "evaluations": hunt.scenario.evaluations,
        "settings": dict(hunt.scenario.settings),
        "cannot_notice": _already_violated(hunt),
        "never_reached": [{"role": role, "site": str(site)} for role, site in hunt.never_reached],
        "results": [_entry(hunt.scenario, each) for each in results],
    }
    return json.dumps(content, indent=2)


def _entry(scenario: Scenario, result: MutantResult) -> dict[str, Any]:
    place = result.mutation.place
    return {
        "mutant": f"{scenario.protocol}{MUTANT}{result.number}",
        "protocol": scenario.protocol,
        "role": place.role,
        "site": str(place.site),
        "operation": place.what,
        "change": str(result.mutation.change),
        "only_after": _only_after(result.mutation.change),
        "survived": result.fate in (Fate.SURVIVED, Fate.NO_DIFFERENCE),
        "fate": str(result.fate),
        "noticed_by": [
            {
                "property": each.property,
                "faults": budgets_to_json(each.scenario.faults),
                "counterexample_length": each.steps,
            }
            for each in result.noticed_by
        ],
        "differs_under": None if result.differs_under is None else budgets_to_json(result.differs_under),
        "differs_in": list(result.differs_in),
        "error": result.error,
    }


def _only_after(change: Change) -> dict[str, str] | None:
    """Return the step after which one that is put off happens."""
    if not isinstance(change, PutOff):
        return None
    return {"site": str(change.until.site), "operation": change.until.what}


def _table(results: Sequence[MutantResult], narrow: bool) -> Table:
    table = Table(
        title="Which property notices when a guard is gone?",
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    table.add_column("", justify="right", no_wrap=True)
    if not narrow:
        table.add_column("where", style="cyan", overflow="fold")
    table.add_column("guard, what was done to it" + ", and where" * narrow, overflow="fold")
    table.add_column("noticed by", overflow="fold", no_wrap=narrow)
    for result in results:
        place = result.mutation.place
        fate, style = FATES[result.fate]
        notices = (
            _notices(result.noticed_by, "\n" if narrow else ", ") if result.noticed_by else Text(fate, style=style)
        )
        notices.append(_differs(result, "\n" if narrow else " "))
        change = Text.assemble(place.what, " ", (_change(result.mutation.change), "bold"))
        if narrow:
            table.add_row(str(result.number), change.append(f"\nin {_where(place)}", style="cyan"), notices)
        else:
            table.add_row(str(result.number), _where(place), change, notices)
    return table


def _where(place: RequestSite) -> str:
    """Return the role, the function where that is another one, and the line of a file."""
    function, _, line = str(place.site).removesuffix(")").partition(" (")
    who = place.role if function == place.role else f"{place.role}, {function}"
    return f"{who} ({line})" if line else who


def _change(change: Change) -> str:
    """Return what was done, and where the step is that now comes first."""
    return f"{change} in {change.until.site}" if isinstance(change, PutOff) else str(change)


def _differs(result: MutantResult, between: str = " ") -> Text:
    if result.differs_under is None:
        return Text()
    where = (
        IN.get(result.differs_in, "").replace(" in ", f"{between}in ", 1)
        if between != " "
        else IN.get(result.differs_in, "")
    )
    return Text(f"{between}(differs {_with(result.differs_under)}{where})", style="dim")


def _notices(notices: Sequence[Notice], between: str = ", ") -> Text:
    text = Text(between.join(f"{each.property} {each.steps}" for each in notices), style="green")
    faults = notices[0].scenario.faults if notices else ()
    return text.append(f"{between.replace(',', '')}{_with(faults)}", style="yellow") if faults else text


def _scope(hunt: Hunt) -> list[str]:
    faults = _budgets(hunt.scenario.faults) or "no faults, and then one fault of each kind until something notices"
    lines = [f"Covers {hunt.scenario.size}, {faults}; with the steps of a shortest counterexample."]
    if unmet := hunt.originals[0].faults_not_fired:
        lines.append(f"No run of the protocol meets {', '.join(unmet)}.")
    violated = _already_violated(hunt)
    if violated:
        given = _with(hunt.scenario.faults)
        lines.append(f"Cannot notice anything, for the protocol itself violates them {given}: {', '.join(violated)}.")
    if vacuous := [each.property for each in hunt.originals[0].outcomes if each.verdict is Verdict.VACUOUS]:
        missed = ", ".join(hunt.originals[0].missed)
        lines.append(
            f"Cannot notice anything, for they hold vacuously, since no run reaches {missed}: {', '.join(vacuous)}."
        )
    lines.extend(f"Never reached, so not mutated: {site} in {role}." for role, site in hunt.never_reached)
    return lines


def _already_violated(hunt: Hunt) -> list[str]:
    return [each.property for each in hunt.originals[0].outcomes if each.verdict is Verdict.VIOLATED]


def _with(faults: Sequence[tuple[str, int]]) -> str:
    return f"with {_budgets(faults)}" if faults else "without faults"


def _budgets(faults: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in faults)


def _options(hunt: Hunt) -> str:
    evaluations = f" --evaluations {hunt.scenario.evaluations}" if hunt.scenario.evaluations > 1 else ""
    settings = "".join(f" --set {shlex.quote(f'{name}={value}')}" for name, value in hunt.scenario.settings)
    return (
        evaluations
        + settings
        + "".join(f" --faults {kind}={budget_text(budget)}" for kind, budget in hunt.scenario.faults)
    )
