"""The command that draws: a protocol's states as a graph, or a run as a sequence diagram."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, finish, say
from deadheat.commands.options import (
    DEFAULTS,
    Evaluations,
    Faults,
    MaxStates,
    MaxValues,
    Quiet,
    Settings,
    search_options,
)
from deadheat.commands.searches import scenario_of, undecided
from deadheat.commands.traces import replayed
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.check import Counterexample, Outcome
    from deadheat.scenarios.folded import Folded
    from deadheat.scenarios.scenario import Scenario

__all__ = ["graph"]

OF_STATES = ("dot", "graphml", "mermaid", "svg", "png")
OF_A_RUN = ("mermaid", "plantuml")

BY_SUFFIX = {
    ".dot": "dot",
    ".gv": "dot",
    ".graphml": "graphml",
    ".mmd": "mermaid",
    ".md": "mermaid",
    ".svg": "svg",
    ".png": "png",
    ".puml": "plantuml",
    ".plantuml": "plantuml",
}

TRACE = ".json"

FENCED = ".md"
"""Where Markdown is read, Mermaid is drawn in a fence only."""


@runs_users_code
def graph(
    reference: Annotated[
        str, typer.Argument(metavar="PROTOCOL", help="What to draw; or the file of a saved trace, whose run is drawn.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; by default to standard output.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="dot, graphml, mermaid, svg or png; of a run mermaid or plantuml. By default as FILE ends.",
        ),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Draw the shortest violation as a sequence diagram, and no states.")
    ] = False,
    fold: Annotated[
        str | None,
        typer.Option(
            "--fold",
            metavar="BY",
            help="What makes states one node: the named `steps` that can follow, what the `property` looks at, or its "
            "`standing`; by `states`, nothing does. By default the first of these that can be read.",
        ),
    ] = None,
    prop: Annotated[
        str | None,
        typer.Option("--property", "-p", metavar="NAME", help="Whose violation to highlight; the first violated one."),
    ] = None,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    quiet_period: Quiet = False,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
) -> None:
    """Draw the states of a protocol, folded until they can be read, or a run as a sequence diagram."""
    from deadheat.reports.graph.marks import marked, require_writable
    from deadheat.sim.errors import UsageError
    from deadheat.sim.written import write

    of_a_run = run or reference.endswith(TRACE)
    form = _form(form, output, of_a_run)
    if output is not None:
        require_writable(output)
    code = ExitCode.AS_HOPED
    if reference.endswith(TRACE):
        if (evaluations, settings, faults, quiet_period, prop, fold) != (1, None, None, False, None, None):
            raise UsageError(
                "A saved run has its size, faults and property already, and is not folded; leave out -n, --set, "
                "--faults, --quiet-period, --property and --fold."
            )
        content: str | bytes = _sequence(replayed(Path(reference)), form)
    else:
        properties = None if prop is None else [prop]
        scenario = scenario_of(reference, evaluations, faults, properties, quiet_period, settings)
        outcome, stopped = _first_violated(scenario, max_states, max_values)
        if stopped is not None:
            code = undecided()
        content = (
            _sequence(outcome.counterexample, form, stopped)
            if of_a_run
            else _drawn(_folded(scenario, outcome, fold, max_states, max_values), form)
        )
        if stopped is not None:
            say(f"deadheat: no violation is highlighted: the search for one was cut short, since {stopped}.")
    if output is None:
        text = content if isinstance(content, str) else ""
        finish(code, lambda: typer.echo(text, nl=False))
    if output.suffix == FENCED and isinstance(content, str):
        content = f"```mermaid\n{content}```\n"
    write(output, marked(content, form))
    finish(code, lambda: typer.echo(f"Wrote {output}."))


def _form(form: str | None, output: Path | None, of_a_run: bool) -> str:
    """Return the format that is asked for; raises UsageError for one that there is not."""
    from deadheat.sim.errors import UsageError, unknown_name

    known = OF_A_RUN if of_a_run else OF_STATES
    what = "run" if of_a_run else "graph of states"
    found = form or (BY_SUFFIX.get(output.suffix) if output is not None else "mermaid")
    if found is None:
        raise UsageError(f"{output} does not say of which format it is; add --format, one of {', '.join(known)}.")
    if found not in {*OF_STATES, *OF_A_RUN}:
        raise unknown_name("format", found, known)
    if found not in known:
        hint = "; add --run for the shortest violation as a sequence diagram" if not of_a_run else ""
        raise UsageError(f"A {what} is not drawn as {found}, but as {' or '.join(known)}{hint}.")
    if found == "png" and output is None:
        raise UsageError("A PNG is no text; say by -o FILE.png where it goes.")
    return found


def _first_violated(scenario: Scenario, max_states: int, max_values: int) -> tuple[Outcome, str | None]:
    """Return what is to be highlighted: the first that is violated; and why none was found, if that is left open."""
    from deadheat.reports.flags import told
    from deadheat.scenarios import interruption
    from deadheat.scenarios.check import Options, check

    interruption.listen()
    result = check(scenario, Options(search_options(max_states, max_values)))
    for outcome in result.outcomes:
        if outcome.counterexample is not None:
            return outcome, None
    stopped = result.exploration.stopped
    return result.outcomes[0], None if stopped is None else told(stopped)


def _folded(scenario: Scenario, outcome: Outcome, by: str | None, max_states: int, max_values: int) -> Folded:
    from deadheat.scenarios.folded import Fold, fold
    from deadheat.sim.errors import unknown_name

    if by is not None and by not in tuple(Fold):
        raise unknown_name("fold", by, tuple(map(str, Fold)))
    schedule = outcome.counterexample.trace.schedule if outcome.counterexample is not None else None
    model = replace(scenario, properties=(outcome.property,)).model()
    return fold(model, outcome.property, schedule, None if by is None else Fold(by), max_states, max_values)


def _drawn(folded: Folded, form: str) -> str | bytes:
    if form in ("svg", "png"):
        from deadheat.reports.graph.drawings import png_of, svg_of

        return svg_of(folded) if form == "svg" else png_of(folded)
    from deadheat.reports.graph.texts import dot_of, graphml_of, mermaid_graph_of

    return {"dot": dot_of, "graphml": graphml_of, "mermaid": mermaid_graph_of}[form](folded)


def _sequence(counterexample: Counterexample | None, form: str, stopped: str | None = None) -> str:
    from deadheat.reports.sequence import mermaid_sequence, plantuml_sequence
    from deadheat.sim.errors import UsageError
    from deadheat.sim.explain.turning_point import turning_point

    if counterexample is None and stopped is not None:
        say(f"deadheat: whether there is a run to draw was not decided: the search was cut short, since {stopped}.")
        raise typer.Exit(undecided())
    if counterexample is None:
        raise UsageError("Nothing is violated, so there is no run to draw; leave --run out for the states.")
    model, schedule = counterexample.scenario.model(), counterexample.trace.schedule
    lost_at = turning_point(model, counterexample.property, schedule)
    return (mermaid_sequence if form == "mermaid" else plantuml_sequence)(counterexample, lost_at)
