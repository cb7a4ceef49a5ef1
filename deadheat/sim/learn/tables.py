"""A model as transition tables over packed states, learned as they are needed.

A state is one integer. Each process, component and fault budget has a field of `FIELD_BITS` bits in it; the field
holds the number of a local state, the number of an interned component value, or what is left of the budget. A
transition is then one addition: its *delta* is the same wherever the fields that it reads are the same. So the inner
loop of a search is look-ups and additions, and knows nothing of generators, components or faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from deadheat.sim.errors import InternalError, ModelError, PurityError, UnboundedError
from deadheat.sim.freeze import freeze, merging_is_safe
from deadheat.sim.learn.component_fields import ComponentFields
from deadheat.sim.learn.growth import widest
from deadheat.sim.learn.interned import FIELD_BITS, FIELD_MASK, InternedValues
from deadheat.sim.learn.lessons import Learned, Lesson, Mark, Row, Successor
from deadheat.sim.learn.locals import INITIAL, LocalStates
from deadheat.sim.learn.watches import Watch, WatchedPart
from deadheat.sim.model import UNLIMITED, Kind, Model
from deadheat.sim.operations import Instant
from deadheat.sim.rules.purity import turned_request
from deadheat.sim.rules.shared_state import SharedState
from deadheat.sim.run.coverage import Site
from deadheat.sim.run.stepping import JointStep, named_with_place, steps_of, steps_of_crash, touched
from deadheat.sim.trace import Choice

__all__ = ["FIELD_BITS", "FIELD_MASK", "Tables", "WantsMoreError"]


class WantsMoreError(Exception):
    """A search asks recalled tables for what they do not hold; it is done again, over tables that learn."""


class Tables:
    """The learned tables of one model.

    `rows` holds, for each process, the rows of each of its local states: one for each operation that it waits for,
    and one for its crash. `merging` says whether two histories of a process that stand in the same place are one
    local state; it is off when asked for, and where the interpreter does not show enough of a frame to merge soundly.
    """

    divided = False
    """Whether values of components are divided into parts (see `component_fields`)."""

    def __init__(self, model: Model, *, merging: bool = True) -> None:
        self.model = model
        self.merging = merging and merging_is_safe()
        self.fields = ComponentFields(model, len(model.processes), divided=self.divided)
        self._begin()
        self._budget_fields = {kind: self.fields.every.stop + n for n, kind in enumerate(model.budgets)}
        self.rows = [Learned(partial(self._make_rows, process)) for process in range(len(self.locals))]
        self.watches = [Watch.of(self, each) for each in model.properties]
        self._seeing = Learned(self._parts_seeing)
        self.reached: set[Site] = set()
        self.labels_reached: set[str] = set()
        self._marks: dict[Mark, int] = {}
        self.lessons: list[Lesson] = []
        self.certain: dict[Lesson, tuple[Mark, ...]] = {}
        """What a lesson reaches wherever it is made use of, if that is anything."""
        self.verified: Callable[[], None] | None = None
        """What is to be done once all that was learned was run once more."""
        self.key: str | None = None
        """What tells this model, as it is now, from all others, where that is known."""

    def _begin(self) -> None:
        """Begin to learn."""
        self._shared_state = SharedState(self.model)
        self.locals = [LocalStates(each, merging=self.merging) for each in self.model.processes]
        self._values = [InternedValues(name, [], {}) for name in self.fields.names]

    # Packing

    @staticmethod
    def field(state: int, field: int) -> int:
        """Return what a field of a packed state holds."""
        return (state >> (field * FIELD_BITS)) & FIELD_MASK

    @staticmethod
    def field_mask(field: int) -> int:
        """Return the bits of a field."""
        return FIELD_MASK << (field * FIELD_BITS)

    def component_field(self, name: str) -> int:
        """Return the number of a component's field, where its values have one."""
        [field] = self.fields.of(name)
        return field

    def initial(self) -> int:
        """Return the packed initial state."""
        state = 0
        for name, component in self.model.components.items():
            for field, part in self.fields.divided(name, component.initial):
                state |= self._values_in(field).number(part) << self._shift(field)
        for kind, budget in self.model.budgets.items():
            if not (0 <= budget <= FIELD_MASK or budget == UNLIMITED):
                raise ModelError(f"The budget of the fault {kind!r} must lie between 0 and {FIELD_MASK:,}.")
            state |= abs(budget) << self._shift(self._budget_fields[kind])  # an unlimited one stays at 1
        for watch in self.watches_of(Kind.STEP):
            for part in watch.parts:
                part.require_change(state)
        return state

    def view(self, state: int, names: Iterable[str]) -> Mapping[str, Any]:
        """Return the values of the named components in a packed state."""
        return self._viewed(state, names, self.value)

    def turned_view(self, state: int, names: Iterable[str]) -> Mapping[str, Any]:
        """Return what `view` does, with the sets in it in another order; the very values, where there are none."""
        return self._viewed(state, names, lambda field, number: self._values_in(field).turned(number))

    def _viewed(self, state: int, names: Iterable[str], value: Callable[[int, int], Any]) -> Mapping[str, Any]:
        """Return the values of components, of which `value` returns what a field holds by its number."""
        fields = self.fields
        return {
            name: fields.joined(name, [value(each, self.field(state, each)) for each in fields.of(name)])
            for name in names
        }

    def value(self, field: int, number: int) -> Any:
        """Return the value of a number, in a component's field."""
        return self._values_in(field).values[number]

    def values(self) -> dict[str, list[Any]]:
        """Return the values that each component whose values have one field was seen to take."""
        return {each.name: list(each.values) for each in self._values if self.fields.is_whole(each.name)}

    def _values_in(self, field: int) -> InternedValues:
        return self._values[field - len(self.locals)]

    def growing(self, at_least: int) -> str | None:
        """Return what has grown most, if it took on so many values: a local of a role, or part of a component."""
        return widest(chain((each.growth for each in self.locals), (each.growth for each in self._values)), at_least)

    def number_of(self, field: int, value: Any) -> int | None:
        """Return the number of a value, in a component's field, if it has been given one."""
        return self._values_in(field).numbers.get(freeze(value))

    def watches_of(self, kind: Kind) -> list[Watch]:
        """Return the watches on properties of one kind."""
        return [each for each in self.watches if each.property.kind is kind]

    def faults_in(self, budgets: int) -> set[str]:
        """Return the kinds of fault whose budget fields have a bit in `budgets`."""
        return {kind for kind, field in self._budget_fields.items() if budgets & self.field_mask(field)}

    def budget_fields(self, kinds: Iterable[str]) -> int:
        """Return the bits of the budget fields of these kinds of fault."""
        return sum(self.field_mask(self._budget_fields[kind]) for kind in kinds)

    @staticmethod
    def _shift(field: int) -> int:
        return field * FIELD_BITS

    # Transitions

    def choices(self, state: int) -> list[tuple[Successor, int]]:
        """Return the enabled transitions of a packed state, each with the state that it leads to."""
        return [each for process in range(len(self.rows)) for each in self.choices_of(state, process)]

    def choices_of(self, state: int, process: int) -> Iterator[tuple[Successor, int]]:
        """Yield the enabled transitions of one process in a packed state, each with the state that it leads to."""
        for mask, successors in self.rows[process][self.field(state, process)]:
            for successor in successors[state & mask]:
                if not successor.budget or state & successor.budget:
                    yield successor, state + successor.delta

    def can_move(self, state: int, process: int) -> bool:
        """Return whether an owed step of this process would change the packed state."""
        return any(successor.owed and successor.delta for successor, _ in self.choices_of(state, process))

    def is_quiescent(self, state: int) -> bool:
        """Return whether no owed step of any process would change the packed state."""
        return not any(self.can_move(state, process) for process in range(len(self.rows)))

    def numbers_in_use(self) -> list[int]:
        """Return, for each field, how many numbers it has been given so far, or can ever have if it is a budget."""
        budgets = (max(budget, 1) + 1 for budget in self.model.budgets.values())
        return [*(len(each.states) for each in self.locals), *(len(each.values) for each in self._values), *budgets]

    def operations_in(self, process: int, local: int) -> int:
        """Return for how many operations a process waits in a local state; behind their rows are those of crashes."""
        return len(self.locals[process].states[local].operations)

    def first_crash(self, process: int, local: int) -> int:
        """Return how many rows of a local state come before those of crashes."""
        return self.operations_in(process, local)

    def label_of(self, process: int, local: int, alternative: int) -> str | None:
        """Return the label of an operation that a process waits for in a local state, if it has one."""
        return self.locals[process].states[local].operations[alternative].label

    def verify_purity(self) -> None:
        """Run all that was learned once more; raises PurityError where that comes out otherwise."""
        for each in self.locals:
            each.verify_purity()
        self._shared_state.require_unchanged()
        for values in self._values:
            values.require_unchanged()
        if self.verified is not None:
            self.verified()

    def _make_rows(self, process: int, local: int) -> tuple[Row, ...]:
        states = self.locals[process]
        states.require_known(local, self.model)
        rows = self._rows_of_operations(process, local)
        if local != INITIAL and not states.states[local].finished:
            for number, crash in enumerate(states.process.crashes):
                if self.model.budgets.get(crash.kind):
                    learn = partial(self._learn_crash, process, local, number, len(rows))
                    rows.append(Row(self._mask_of(crash.request), Learned(learn)))
        return tuple(rows)

    def _rows_of_operations(self, process: int, local: int) -> list[Row]:
        return [
            Row(self._mask_of(operation), Learned(partial(self._learn_operation, process, local, alternative)))
            for alternative, operation in enumerate(self.locals[process].states[local].operations)
        ]

    @staticmethod
    def _known(states: LocalStates, local: int) -> int:
        """Return the number of a local state that fits in its field; raises UnboundedError for another."""
        if local > FIELD_MASK:
            raise UnboundedError(
                f"The process {states.process.name!r} has more than {FIELD_MASK + 1:,} local states; "
                f"{widest(iter([states.growth]), at_least=2) or 'the usual cause is a history that cannot be merged'}. "
                "Keep fewer locals, or let the process repeat instead."
            )
        return local

    def _mask_of(self, request: Instant) -> int:
        """Return the fields of the components that a request reads."""
        return sum(map(self.field_mask, self.fields.touched(request)))

    def _learn_operation(self, process: int, local: int, alternative: int, fields: int) -> tuple[Successor, ...]:
        lesson = Lesson(process, local, alternative, fields)
        self.lessons.append(lesson)
        steps = self._possible_steps(process, local, alternative, fields)
        return self._learn_steps(lesson, alternative, steps, range(len(steps)))

    def _possible_steps(self, process: int, local: int, alternative: int, fields: int) -> list[tuple[int, JointStep]]:
        """Return the steps that an operation has, each with its branch, but for faults that are never allowed."""
        every = enumerate(self._steps(self.locals[process].states[local].operations[alternative], fields))
        return [(branch, step) for branch, step in every if step.fault is None or self.model.budgets.get(step.fault)]

    def _learn_steps(
        self, lesson: Lesson, alternative: int, steps: list[tuple[int, JointStep]], chosen: Iterable[int]
    ) -> tuple[Successor, ...]:
        """Return the successors by the `chosen` ones of an operation's steps."""
        process, local = lesson.process, lesson.local
        states = self.locals[process]
        owed = states.process.owed and not (states.process.optional and local == INITIAL)
        successors: dict[int, Successor] = {}
        for place in chosen:
            branch, step = steps[place]
            following = self._known(states, states.successor(local, alternative, step.outcome))
            choice = Choice(states.process.name, alternative, branch)
            moves = {process: following - local, **self._moves(lesson, step.values)}
            successors[place] = self._successor(choice, moves, step.fault, owed)
        self._shared_state.require_unchanged()
        certain = [self._mark(process, local, alternative, step) for _, step in steps if step.fault is None]
        if certain and any(steps[place][1].fault is None for place in successors):
            self.certain[lesson] = tuple(certain)
            for mark in certain:
                self._cover(mark)
        covered = {site for mark in certain for site in mark.inside}
        for place in successors:  # perhaps the budgets never allow what was learned
            step = steps[place][1]
            if step.fault and not (certain and covered.issuperset(made.site for made in step.inside)):
                mark = self._mark(process, local, alternative, step)
                number = self._marks.setdefault(mark, len(self._marks))
                successors[place] = successors[place]._replace(mark=number)
        return tuple(successors.values())

    def _steps(self, operation: Instant, fields: int) -> list[JointStep]:
        """Return the ways in which an operation may go; raises PurityError if they differ when it is asked again."""
        names = touched(self.model, operation)
        first = list(steps_of(self.model, operation, self.view(fields, names)))
        again = list(steps_of(self.model, turned_request(operation), self.turned_view(fields, names)))
        if first != again and [each.content for each in first] != [each.content for each in again]:
            raise PurityError(
                f"{named_with_place(self.model, operation)} is not pure: asked twice for its steps from the same "
                "value, it gave others. They may depend on the component's value and on the arguments alone, not on "
                "the order of a set in these."
            )
        return first

    def _learn_crash(self, process: int, local: int, number: int, row: int, fields: int) -> tuple[Successor, ...]:
        lesson = Lesson(process, local, row, fields)
        self.lessons.append(lesson)
        states = self.locals[process]
        crash = states.process.crashes[number]
        choice, after = Choice.of_crash(states.process.name, number), self._known(states, states.after_crash(crash))
        steps = steps_of_crash(self.model, crash, self.view(fields, crash.request.components))
        moves = ({process: after - local, **self._moves(lesson, step.values)} for step in steps)
        return tuple(self._successor(choice, each, crash.kind, owed=False) for each in moves)

    def _moves(self, lesson: Lesson, values: Mapping[str, Any]) -> dict[int, int]:
        """Return by how much each field of components changes when these take their new values."""
        moves = {}
        mask = self.rows[lesson.process][lesson.local][lesson.row].mask
        for name, value in values.items():
            for field, part in self.fields.divided(name, value):
                moves[field] = self._values_in(field).number(part) - self.field(lesson.fields, field)
                if moves[field] and not mask & self.field_mask(field):
                    raise InternalError(f"A step changes a part of {name!r} that its operation does not touch.")
        return moves

    def _successor(self, choice: Choice, moves: dict[int, int], fault: str | None, owed: bool) -> Successor:
        budget = 0
        if fault is not None:
            moves[self._budget_fields[fault]] = 0 if self.model.budgets[fault] == UNLIMITED else -1
            budget = self.field_mask(self._budget_fields[fault])
        changed = sum(self.field_mask(field) for field, move in moves.items() if move)
        return Successor(
            delta=sum(move << self._shift(field) for field, move in moves.items()),
            budget=budget,
            owed=owed and fault is None,
            watches=self._seeing[changed],
            choice=choice,
        )

    def _parts_seeing(self, changed: int) -> tuple[WatchedPart, ...]:
        """Return the parts of properties that may be violated by a step that changes these fields."""
        return tuple(part for each in self.watches for part in each.parts if part.sees(changed))

    def _mark(self, process: int, local: int, alternative: int, step: JointStep) -> Mark:
        state = self.locals[process].states[local]
        assert state.site is not None
        inside = tuple(dict.fromkeys(made.site for made in step.inside))
        return Mark(state.site, state.operations[alternative].label, step.fault, inside)

    def cover(self, marks: Iterable[int]) -> None:
        """Take what these marks stand for as reached."""
        known = list(self._marks)
        for mark in marks:
            self._cover(known[mark])

    def _cover(self, mark: Mark) -> None:
        self.reached.update((mark.site, *mark.inside))
        if mark.label is not None:
            self.labels_reached.add(mark.label)

    @property
    def marks(self) -> list[Mark]:
        """The marks, by their numbers."""
        return list(self._marks)
