"""The lanes of a timeline: a lane for each process and component, time downwards, each step an arrow between two.

    worker
    │  cancel
    │  │    queue
    │  │    │  status
    ◀──┼────●  │     deliver            queue: with worker/e1
    ●──┼────┼──▶     set provisioning   status: provisioning

An arrow goes from who tells to who is told: to a component that is changed, or from one that is only looked at, or that
hands out work. Lanes are as thin as a narrow terminal wants them, and names are short: without the key of which all is,
and merged, if there are too many: instances of a component first, and then processes of a role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from deadheat.reports.inert import one_line
from deadheat.reports.told import VERSION, Known, in_order
from deadheat.sim.model import Model
from deadheat.sim.trace import Event

__all__ = ["Lanes", "lanes_of", "padded", "shortened"]

GAPS = (3, 2)
BETWEEN = 2
"""So many columns more are between processes and components."""

SHARE = 0.5
"""Lanes take up no more than this share of a terminal's width, if they can be merged."""

MOST = 0.65
"""Where even merged lanes would take up more than this share, there are none."""

Naming = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where lanes are. `process` and `component` give the lane of each name, as it stands above it.

    With `say_who`, the lane of a process does not tell which it is, or there is none.
    """

    process: Mapping[str, str]
    component: Mapping[str, str]
    gap: int
    key: str | None
    known: Known
    say_who: bool = False

    @property
    def names(self) -> list[str]:
        """The lanes, from left to right."""
        return [*in_order(self.process.values()), *in_order(self.component.values())]

    @property
    def places(self) -> list[int]:
        """The column of each lane."""
        processes = len(set(self.process.values()))
        return [number * self.gap + BETWEEN * (number >= processes) for number in range(len(self.names))]

    @property
    def width(self) -> int:
        """How many columns they take."""
        return self.places[-1] + 1 if self.names else 0

    def header(self, width: int) -> list[Text]:
        """Return the names, one below the other like stairs."""
        lines = []
        for number, (name, place) in enumerate(zip(self.names, self.places, strict=True)):
            line = self.line(number)
            line.append(" " * (place - line.cell_len))
            line.append(shortened(name, max(width - place, 8)), style="bold")
            lines.append(line)
        return lines

    def line(self, count: int | None = None) -> Text:
        """Return the first lanes (by default all), with nothing on them."""
        line = Text()
        for place in self.places[:count]:
            line.append(" " * (place - line.cell_len))
            line.append("│", style="dim")
        return line

    def arrow(self, event: Event, style: str) -> Text:
        """Return the lanes with a step on them."""
        names, places = self.names, self.places
        if not names:
            return Text()
        at = names.index(self.process[event.process])
        first = len(set(self.process.values()))
        changed = {self.component[name] for name in event.changes if name in self.component}
        touched = changed | {self.component[name] for name in _asked(event) if name in self.component}
        receives = self._receives(event)
        ends = {names.index(name, first): name in changed for name in touched}
        signs = {number: "●" if receives or not is_changed else "▶" for number, is_changed in ends.items()}
        signs[at] = "↯" if event.fault else "◀" if receives else "●"
        last = max(ends, default=at)
        line = Text()
        for number, place in enumerate(places):
            is_inside = at < number <= last
            line.append(("─" if is_inside else " ") * (place - line.cell_len), style=style if is_inside else "")
            crossed = "┼" if is_inside and number < last else "│"
            line.append(signs.get(number, crossed), style=style if number in signs or is_inside else "dim")
        return line

    def _receives(self, event: Event) -> bool:
        """Return whether a step tells its process something, rather than the component."""
        key = (event.component, event.operation)
        return key in self.known.hands or (not event.changes and bool(event.component))


def lanes_of(events: Sequence[Event], model: Model, known: Known, width: int) -> Lanes:
    """Return the lanes of what happens in some events, as a terminal of that width has room for them."""
    processes = in_order(event.process for event in events)
    touched = (name for event in events for name in (*_asked(event), *event.changes))
    components = in_order(name for name in touched if name in model.components and name not in known.nodes)
    key = _only_key([*processes, *components], model)
    plainly = {name: _without(one_line(name), key) for name in [*processes, *components]}
    found = Lanes({}, {}, GAPS[0], key, known)
    ways: tuple[tuple[Naming, Naming], ...] = (
        (plainly.__getitem__, plainly.__getitem__),
        (plainly.__getitem__, _whose),
        (_whose, _whose),
    )
    for of_process, of_component in ways:
        for gap in GAPS:
            found = Lanes(
                {name: of_process(name) for name in processes},
                {name: of_component(name) for name in components},
                gap,
                key,
                known,
                say_who=len(set(map(of_process, processes))) < len(processes),
            )
            if found.width <= width * SHARE:
                return found
    return found if found.width <= width * MOST else Lanes({}, {}, GAPS[-1], key, known, say_who=True)


def _asked(event: Event) -> list[str]:
    """Return the components that a step asks: several, if it does several things at one instant."""
    return event.component.split(" and ")


def _only_key(names: Sequence[str], model: Model) -> str | None:
    """Return the key that all names are of that are of any, if there is but one."""
    keyed = {process.name: process.key for process in model.processes}
    keyed |= {
        name: name.removeprefix(f"{component.name}/") if name != component.name else None
        for name, component in model.components.items()
    }
    keys = {keyed.get(name.partition(VERSION)[0]) for name in names} - {None}
    return keys.pop() if len(keys) == 1 else None


def _without(name: str, key: str | None) -> str:
    plainly, between, version = name.partition(VERSION)
    parts = plainly.split("/")
    if key is None or key not in parts[1:]:
        return name
    parts.remove(key)
    return "/".join(parts) + between + version


def _whose(name: str) -> str:
    return one_line(name).partition("/")[0]


def padded(text: str, width: int) -> str:
    """Return a text with blanks up to a width, in columns of a terminal."""
    return text + " " * (width - cell_len(text))


def shortened(name: str, width: int) -> str:
    """Return a name that is too long without what is in its middle."""
    if cell_len(name) <= width:
        return name
    behind = (width - 1) // 2
    return f"{set_cell_size(name, width - 1 - behind)}…{name[len(name) - behind :]}"
