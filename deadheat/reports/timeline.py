"""A counterexample as a timeline: what is violated and why, each step on its lanes, and last what the signs mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.inert import one_line
from deadheat.reports.lanes import Lanes, lanes_of, padded
from deadheat.reports.told import FAULT, Known, known_of, legend_of, shown, step_of
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.race import Race
from deadheat.scenarios.scenario import Scenario, budget_text
from deadheat.scenarios.stops import with_versions
from deadheat.sim.model import Model
from deadheat.sim.run.describing import described
from deadheat.sim.trace import Event

__all__ = [
    "Known",
    "Likely",
    "Marks",
    "empty_table",
    "heading",
    "known_of",
    "print_plainly",
    "print_steps",
    "print_steps_plainly",
    "print_timeline",
    "step_of",
]

LOST = "the race is lost here"
FOR_EVER = "from here on, for ever"
IN_THE_RACE = "░"

APART = "  "

WORDS_MIN = 30
"""So many columns at least are left for what happens in a step, whatever there is to show of the state."""


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely the violation still is after each step, by its number, and a sentence that says of what that is."""

    by_step: Mapping[int, str]
    meaning: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What there is to mark in a timeline: the step by which the race is lost, and the window in which it is on.

    `likely` is how likely the violation is by then, where that is known.
    """

    lost: int | None = None
    race: Race | None = None
    likely: Likely | None = None

    def is_in_race(self, number: int) -> bool:
        """Return whether the race is on at a step."""
        return self.race is not None and self.race.is_on(number)


def print_timeline(
    counterexample: Counterexample,
    console: Console,
    turning_point: int | None = None,
    race: Race | None = None,
    likely: Likely | None = None,
) -> None:
    """Print what is violated, in a sentence how it came to that, and the steps on their lanes."""
    marks = Marks(turning_point, race, likely)
    model = counterexample.scenario.model()
    console.print(heading(counterexample.scenario, " violates ", counterexample.property))
    for sentence in _sentences(counterexample):
        console.print(Text(sentence, style="bold"))
    print_steps(with_versions(counterexample), model, marks, console)


def print_steps(
    counterexample: Counterexample, model: Model, marks: Marks, console: Console, *, with_legend: bool = True
) -> None:
    """Print the steps of a run on their lanes, and what the signs mean."""
    trace, known = counterexample.trace, known_of(model)
    events = shown(trace, marks.lost, known)
    lanes = lanes_of([event for _, event in events], model, known, console.width)
    for line in _Drawing(events, lanes, model, marks, console.width, trace.schedule.cycle_from).lines():
        console.print(line, no_wrap=True, soft_wrap=True)
    for meaning in _legend(counterexample, model, lanes, marks) if with_legend else ():
        console.print(Text(meaning, style="dim"))


def heading(scenario: Scenario, does: str, what: str) -> Text:
    """Return what a timeline is of."""
    faults = "".join(f", {kind}={budget_text(budget)}" for kind, budget in scenario.faults)
    return Text.assemble(
        (one_line(scenario.protocol), "bold"),
        f" with {scenario.size}{one_line(faults)}{does}",
        (one_line(what), "bold red"),
    )


def _sentences(counterexample: Counterexample) -> Iterator[str]:
    yield one_line(closing_sentence(counterexample))
    for each in counterexample.starving:
        yield one_line(f"Note that {each}.")


def empty_table() -> Table:
    """Return a table of steps without its columns, but for the number of a step."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    return table


# The drawing


class _Drawing:
    """Puts steps on lanes, with what happens behind them, and the values of components if there is room."""

    def __init__(
        self,
        events: Sequence[tuple[int, Event]],
        lanes: Lanes,
        model: Model,
        marks: Marks,
        width: int,
        cycle_from: int | None,
    ) -> None:
        self._events = events
        self._lanes = lanes
        self._marks = marks
        self._width = width
        self._cycle_from = cycle_from
        self._known = lanes.known
        self._numbers = max((len(str(number)) for number, _ in events), default=1)
        self._labels = max((cell_len(one_line(event.label or "")) for _, event in events), default=0)
        self._likelihoods = marks.likely.by_step if marks.likely is not None else {}
        self._likely = max(map(len, self._likelihoods.values()), default=0)
        self._before = (
            self._numbers + 3 + (self._labels + 1) * bool(self._labels) + (self._likely + 1) * bool(self._likely)
        )
        self._words = self._before + lanes.width + 2
        self._initial = {
            name: one_line(described(model.component(name), model.component(name).initial)) for name in lanes.component
        }
        self._room = width
        self._columns = self._columns_that_fit()

    def _columns_that_fit(self) -> dict[str, int]:
        """Return the width of a column for each component's value, if all of them fit; else nothing."""
        widths = {
            name: max(
                cell_len(self._lanes.component[name]),
                cell_len(value),
                *(cell_len(one_line(event.changes.get(name, ""))) for _, event in self._events),
            )
            for name, value in self._initial.items()
        }
        texts = max((self._text(event).cell_len for _, event in self._events), default=0)
        self._room = self._words + max(texts, WORDS_MIN)
        if widths and self._room + sum(width + 2 for width in widths.values()) <= self._width:
            return widths
        self._room = self._width
        return {}

    def lines(self) -> Iterator[Text]:
        """Yield the timeline."""
        room = self._room
        head = self._lanes.header(self._width - self._before)
        for number, line in enumerate(head):
            text = Text(" " * self._before).append_text(line)
            if number == len(head) - 1 and self._columns:
                text.append(" " * (room - text.cell_len))
                for name, width in self._columns.items():
                    text.append(APART + padded(self._lanes.component[name], width), style="bold")
                text.rstrip()
            yield text
        state = dict(self._initial)
        for number, event in self._events:
            if number - 1 == self._cycle_from:
                yield self._across("↻", FOR_EVER)
            state.update({name: one_line(value) for name, value in event.changes.items()})
            yield from self._step(number, event, state, room)
            if number == self._marks.lost:
                yield self._across("✗", LOST)

    def _across(self, sign: str, what: str) -> Text:
        """Return a line across all lanes, which nobody overlooks."""
        start = f"{sign:>{self._numbers}}  "
        text = Text(f"{start}━━ {what} ", style="bold red")
        return text.append("━" * max(self._words - 2 - text.cell_len, 2))

    def _step(self, number: int, event: Event, state: Mapping[str, str], room: int) -> Iterator[Text]:
        in_race = self._marks.is_in_race(number)
        style = "bold red" if event.fault else "bold"
        first = Text(f"{number:>{self._numbers}} ").append(IN_THE_RACE if in_race else " ", style="yellow").append(" ")
        if self._labels:
            first.append(padded(one_line(event.label or ""), self._labels) + " ", style="bold")
        if self._likely:
            first.append(self._likelihoods.get(number, "").rjust(self._likely) + " ", style="magenta")
        first.append_text(self._lanes.arrow(event, style))
        more = Text(" " * (self._numbers + 1)).append(IN_THE_RACE if in_race else " ", style="yellow")
        more.append(" " * (self._before - more.cell_len)).append_text(self._lanes.line())
        for index, words in enumerate(_packed(self._told(event), max(room - self._words, 16))):
            line = (more if index else first).copy()
            line.append(" " * (self._words - line.cell_len)).append_text(words)
            if not index and self._columns:
                line.append(" " * (room - line.cell_len))
                for name, width in self._columns.items():
                    line.append("  ").append(
                        padded(state[name], width), style="bold yellow" if name in event.changes else "dim"
                    )
            line.rstrip()
            yield line

    def _text(self, event: Event) -> Text:
        who = f"{one_line(event.process)}: " if self._lanes.say_who else ""
        return Text.assemble((who, "cyan"), step_of(event, self._known, labelled=False))

    def _told(self, event: Event) -> list[Text]:
        """Return what happens in a step, and the values that it changes unless they have columns."""
        parts = [self._text(event)]
        if not self._columns:
            for name, value in event.changes.items():
                is_plain = name in self._lanes.component and not self._lanes.say_who
                short = self._lanes.component[name] if is_plain else one_line(name)
                parts.append(Text(f"{short}: {one_line(value)}", style="yellow"))
        return parts


def _packed(parts: Sequence[Text], width: int) -> list[Text]:
    """Return lines that hold the parts one behind the other; one that fits into no line is wrapped."""
    lines: list[Text] = []
    for part in parts:
        if lines and lines[-1].cell_len + len(APART) + part.cell_len <= width:
            lines[-1].append(APART).append_text(part)
        elif part.cell_len <= width:
            lines.append(part)
        else:
            lines.extend(part.wrap(Console(width=width), width))
    return lines


# What the signs mean


def _legend(counterexample: Counterexample, model: Model, lanes: Lanes, marks: Marks) -> Iterator[str]:
    trace = counterexample.trace
    if marks.race is not None:
        yield _race_told(marks.race, trace.events)
    if marks.likely is not None:
        yield one_line(marks.likely.meaning)
    of_whom = f" All is of {one_line(lanes.key)}." if lanes.key is not None else ""
    fault = f" {FAULT} a fault." if any(event.fault for event in trace.events) else ""
    yield f"●─▶ changes a component, ◀─● learns from it.{fault}{of_whom}"
    if legend := legend_of(trace, model):
        yield legend


def _race_told(race: Race, events: Sequence[Event]) -> str:
    def step(number: int) -> str:
        label = events[number - 1].label
        return f"{one_line(label)} (step {number})" if label else f"step {number}"

    late = [f"{step(later)} was after {step(earlier)}" for earlier, later in race.late]
    early = [f"{step(earlier)} was before {step(later)}" for earlier, later in race.early]
    conditions = [
        *(["late enough that " + " and ".join(late)] if late else []),
        "early enough that " + " and ".join(early),
    ]
    return f"{IN_THE_RACE} the race is on: {step(race.step)} came {', and '.join(conditions)}."


# As sentences


def print_plainly(
    counterexample: Counterexample,
    console: Console,
    turning_point: int | None = None,
    race: Race | None = None,
    likely: Likely | None = None,
) -> None:
    """Print the same as sentences, a line each: for a screen reader, or to be pasted where there are no columns."""
    console.print(
        Text(f"{heading(counterexample.scenario, ' violates ', counterexample.property).plain}."), soft_wrap=True
    )
    for sentence in _sentences(counterexample):
        console.print(Text(sentence), soft_wrap=True)
    model = counterexample.scenario.model()
    print_steps_plainly(with_versions(counterexample), model, Marks(turning_point, race, likely), console)


def print_steps_plainly(
    counterexample: Counterexample, model: Model, marks: Marks, console: Console, *, with_legend: bool = True
) -> None:
    """Print the steps of a run as sentences."""
    for line in _plain_lines(counterexample, model, marks):
        console.print(Text(line), soft_wrap=True)
    if with_legend and (legend := legend_of(counterexample.trace, model)):
        console.print(Text(legend), soft_wrap=True)


def _plain_lines(counterexample: Counterexample, model: Model, marks: Marks) -> Iterator[str]:
    trace, known = counterexample.trace, known_of(model)
    for number, event in shown(trace, marks.lost, known):
        if number - 1 == trace.schedule.cycle_from:
            yield "The steps from here on are repeated for ever."
        chance = marks.likely.by_step.get(number) if marks.likely is not None else None
        yield f"{number}. {_as_sentence(event, known)}{f' Likely: {chance}.' if chance else ''}"
        if marks.race is not None and number == marks.race.opens:
            yield "From here on the race is on."
        if number == marks.lost:
            yield f"{LOST[0].upper()}{LOST[1:]}: from now on, whatever happens but a fault, it is violated."
    if marks.race is not None:
        told = _race_told(marks.race, trace.events).removeprefix(f"{IN_THE_RACE} ")
        yield told[0].upper() + told[1:]
    if marks.likely is not None:
        yield one_line(marks.likely.meaning).replace("%: how", "Likely: how", 1)


def _as_sentence(event: Event, known: Known) -> str:
    fault = f" This is the fault {one_line(event.fault)}." if event.fault else ""
    told = step_of(event, known, labelled=False).plain.partition(f" {FAULT} ")[0].replace(" → ", ", answered ", 1)
    label = f"{one_line(event.label)}, " if event.label else ""
    where = f" on {one_line(event.component)}" if event.component and event.component not in known.nodes else ""
    changes = "".join(f" Now {one_line(name)} is: {one_line(value)}." for name, value in event.changes.items())
    return f"{label}{one_line(event.process)}{where}: {told}.{fault}{changes}"
