"""The exchange of two names as it acts on packed states, and the verification that it changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from deadheat.sim.exchange import Exchange
from deadheat.sim.learn.lessons import Lesson
from deadheat.sim.learn.locals import INITIAL
from deadheat.sim.learn.tables import FIELD_BITS, Tables
from deadheat.sim.learn.watches import EveryStepError, WatchedPart
from deadheat.sim.model import Process
from deadheat.sim.operations import Accompanied, Atomic, Block, Instant, Operation, plain
from deadheat.sim.run.describing import described

__all__ = ["AsymmetricError", "Swap"]


class AsymmetricError(Exception):
    """The names cannot be exchanged, or not in what is asked; the message says why, as a part of a sentence."""


class Alternative(NamedTuple):
    """Which alternative of the image an alternative becomes; `order` says where the operations of an Atomic stand."""

    number: int
    order: tuple[int, ...] | None


class Swap:
    """The exchange of two names. `fields` says in which field the image of each field's content stands.

    `numbers` holds, for the fields of processes and components, the number of each number's image there. All that it
    knows it looks up among what was learned; AsymmetricError is raised for what is not there, or is different.
    """

    def __init__(self, tables: Tables, first: str, second: str) -> None:
        self.exchange = Exchange(first, second)
        self._tables = tables
        model = tables.model
        self._processes = [self._process_like(each) for each in model.processes]
        components = [self._component_like(name) for name in model.components]
        budgets = range(len(self._processes) + len(components), len(tables.numbers_in_use()))
        self.fields: tuple[int, ...] = (*self._processes, *components, *budgets)
        self.numbers: list[list[int]] = [[] for _ in range(budgets.start)]
        self.parts = {part: self._part_like(part, watch.parts) for watch in tables.watches for part in watch.parts}
        self._alternatives: dict[tuple[int, int], list[Alternative]] = {}
        self._verified: set[Lesson] = set()
        self._involutions_verified = [0] * len(self.numbers)
        if not self._keeps(tables.initial()):
            raise AsymmetricError(f"with {self.exchange} the initial state is another")

    # What stands for what

    def _process_like(self, process: Process) -> int:
        name = self.exchange.text(process.name)
        found = [(number, each) for number, each in enumerate(self._tables.model.processes) if each.name == name]
        if not found:
            raise AsymmetricError(f"there is a process {process.name!r}, and no process {name!r}")
        [(number, image)] = found
        if _traits(image) != _traits(process):
            raise AsymmetricError(f"the processes {process.name!r} and {name!r} repeat, owe or crash differently")
        return number

    def _component_like(self, name: str) -> int:
        image = self.exchange.text(name)
        if image not in self._tables.model.components:
            raise AsymmetricError(f"there is a component {name!r}, and no component {image!r}")
        return self._tables.component_field(image)

    def _part_like(self, part: WatchedPart, parts: tuple[WatchedPart, ...]) -> WatchedPart:
        """Return the part of the same property that reads the images of the fields of this one."""
        fields = {self.fields[field] for field in part.fields}
        alike = [each for each in parts if set(each.fields) == set(part.fields)]
        images = [each for each in parts if set(each.fields) == fields]
        if len(images) != len(alike):
            raise AsymmetricError(
                f"the property {part.property.name!r} does not say of {self.exchange.second} what it says of "
                f"{self.exchange.first}"
            )
        return images[alike.index(part)]

    def _keeps(self, state: int) -> bool:
        try:
            return self.image(state) == state
        except AsymmetricError:  # it has a value that is nowhere else
            return False

    # The images of what was learned

    def image(self, state: int) -> int:
        """Return the image of a packed state."""
        return self._image(state, range(len(self.fields)))

    def number(self, field: int, number: int) -> int:
        """Return the number of the image of what a field holds."""
        known = self.numbers[field]
        while len(known) <= number:
            image = self._image_of(field, len(known))
            if image is None:
                raise AsymmetricError(f"{self._named(field, len(known))} is never met with {self.exchange}")
            known.append(image)
        return known[number]

    def _image(self, state: int, fields: Iterable[int]) -> int:
        image: int = 0
        for field in fields:
            content = self._tables.field(state, field)
            content = self.number(field, content) if field < len(self.numbers) else content
            image |= content << (self.fields[field] * FIELD_BITS)
        return image

    def _image_of(self, field: int, number: int) -> int | None:
        if field >= len(self._processes):
            component = list(self._tables.model.components.values())[self.fields[field] - len(self._processes)]
            value = component.in_order(self.exchange.value(self._tables.value(field, number)))
            return self._tables.number_of(self.fields[field], value)
        state = self._tables.locals[field].states[number]
        image = self._tables.locals[self.fields[field]]
        if number == INITIAL:
            return INITIAL
        if state.finished:
            return image.gone
        parent = self.number(field, state.parent)
        alternative = self.alternatives(field, state.parent)[state.alternative]
        outcome = self.exchange.value(state.outcome)
        if alternative.order is not None:
            outcome = tuple(outcome[each] for each in alternative.order)
        request = plain(image.states[parent].operations[alternative.number])
        return image.known_successor(parent, alternative.number, self._told_in_order(request, outcome))

    def _told_in_order(self, request: Operation | Atomic | Block, outcome: Any) -> Any:
        if isinstance(request, Atomic):
            return tuple(self._told_in_order(*each) for each in zip(request.operations, outcome, strict=True))
        if isinstance(request, Block):  # what it makes of what it is told is its own
            return outcome
        return self._tables.model.components[request.component].told_in_order(request, outcome)

    def alternatives(self, process: int, local: int) -> list[Alternative]:
        """Return what the operations that a local state waits for are in its image."""
        known = self._alternatives.get((process, local))
        if known is None:
            operations = self._tables.locals[process].states[local].operations
            image = self._tables.locals[self.fields[process]].states[self.number(process, local)].operations
            known = self._alternatives[process, local] = self._matched(process, operations, image)
        return known

    def _matched(self, process: int, operations: tuple[Instant, ...], images: tuple[Instant, ...]) -> list[Alternative]:
        left = dict(enumerate(images))
        matched = []
        for operation in operations:
            orders = ((number, self._order(operation, each)) for number, each in left.items())
            found = next((Alternative(number, order or None) for number, order in orders if order is not None), None)
            if found is None:
                break
            del left[found.number]
            matched.append(found)
        if left or len(matched) < len(operations):
            name = self._tables.locals[self.fields[process]].process.name
            wanted = _asked(tuple(map(self.exchange.value, operations)))
            raise AsymmetricError(
                f"with {self.exchange} {name!r} would ask for {wanted}, but asks for {_asked(images)}"
            )
        return matched

    def _order(self, operation: Instant, image: Instant) -> tuple[int, ...] | None:
        """Return where in an operation's image each operation of this one stands, if it can be its image.

        Nothing for a single one, and for a block: that one which calls the same function does the same is verified
        where it is learned what it does.
        """
        if isinstance(operation, Accompanied) and isinstance(image, Accompanied):
            same = (
                _places(image.by, self.exchange.value(operation.by)) is not None
            )  # in whatever order, which tells nobody
            return self._order(operation.request, image.request) if same else None
        if isinstance(operation, Block) or isinstance(image, Block):
            return () if self._may_be_image(operation, image) else None
        wanted = self.exchange.value(operation)
        if isinstance(wanted, Operation) or isinstance(image, Operation):
            return () if wanted == image else None
        if not isinstance(wanted, Atomic) or not isinstance(image, Atomic):
            return None
        return _places(image.operations, wanted.operations)

    def _may_be_image(self, operation: Instant, image: Instant) -> bool:
        if not isinstance(operation, Block) or not isinstance(image, Block):
            return False
        wanted = (operation.function.__code__, operation.label, self.exchange.value(operation.arguments))
        return wanted == (image.function.__code__, image.label, image.arguments)

    # Verification

    def verify_lesson(self, lesson: Lesson) -> None:
        """Learn the image of a lesson, and verify that its successors are the images of the lesson's."""
        if lesson in self._verified:
            return
        process, local = self.fields[lesson.process], self.number(lesson.process, lesson.local)
        alternatives = self.alternatives(lesson.process, lesson.local)
        row = alternatives[lesson.row].number if lesson.row < len(alternatives) else lesson.row
        read = self._reads(lesson)
        image = Lesson(process, local, row, self._image(lesson.fields, read))
        try:
            there = self._afters(image, [self.fields[field] for field in read])
        except EveryStepError:
            raise
        except Exception as error:  # a role or a component was given what it never is
            raise AsymmetricError(f"with {self.exchange} {self._step(lesson)} fails: {error}") from None
        if sorted(self._reads(image)) != sorted(self.fields[field] for field in read):
            raise AsymmetricError(f"with {self.exchange} {self._step(lesson)} looks at something else")
        touched = [*read, lesson.process]
        here = [(self._image(after, touched), *rest) for after, *rest in self._afters(lesson, read)]
        if sorted(here) != sorted(there):
            raise AsymmetricError(f"with {self.exchange} {self._step(lesson)} leads elsewhere")
        self._verified.update((lesson, image))

    def _reads(self, lesson: Lesson) -> list[int]:
        mask = self._tables.rows[lesson.process][lesson.local][lesson.row].mask
        return [field for field in range(len(self.numbers)) if mask & self._tables.field_mask(field)]

    def _afters(self, lesson: Lesson, read: list[int]) -> list[tuple[int, int, bool]]:
        """Return what each successor leaves in the fields that the lesson touches; its budget; whether it is owed."""
        before = lesson.fields | (lesson.local << (lesson.process * FIELD_BITS))
        touched = sum(self._tables.field_mask(field) for field in (*read, lesson.process))
        successors = self._tables.rows[lesson.process][lesson.local][lesson.row].successors[lesson.fields]
        return [((before + each.delta) & touched, each.budget, each.owed) for each in successors]

    def verify_numbers(self) -> None:
        """Verify that every number has an image, whose image it is."""
        for field, count in enumerate(self._tables.numbers_in_use()[: len(self.numbers)]):
            for number in range(self._involutions_verified[field], count):
                image = self.number(field, number)
                if self.number(self.fields[field], image) != number:
                    raise AsymmetricError(f"with {self.exchange} {self._named(field, number)} is confused with another")
            self._involutions_verified[field] = count

    def verify_verdict(self, part: WatchedPart, states: tuple[int, ...], violated: bool) -> None:
        """Verify that the image of a part of a property says of the images of states what the part says of them."""
        images = [self._image(state, part.fields) for state in states]
        try:
            same = self.parts[part].evaluate(*images) == violated
        except EveryStepError:
            raise
        except Exception:  # it was given what it never is
            same = False
        if not same:
            raise AsymmetricError(f"the property {part.property.name!r} is not the same with {self.exchange}")

    # Words

    def _step(self, lesson: Lesson) -> str:
        states = self._tables.locals[lesson.process]
        operations = states.states[lesson.local].operations
        what = str(operations[lesson.row]) if lesson.row < len(operations) else "a crash"
        return f"{what} by {states.process.name!r}"

    def _named(self, field: int, number: int) -> str:
        if field < len(self._processes):
            states = self._tables.locals[field]
            return f"{states.process.name!r}, where it asks for {_asked(states.states[number].operations)},"
        name = list(self._tables.model.components)[field - len(self._processes)]
        value = self._tables.value(field, number)
        return f"{described(self._tables.model.components[name], value)!r} in {name!r}"


def _traits(process: Process) -> tuple[Any, ...]:
    return process.repeats, process.owed, process.optional, [(crash.kind, crash.restarts) for crash in process.crashes]


def _places(image: tuple[Operation, ...], wanted: tuple[Operation, ...]) -> tuple[int, ...] | None:
    """Return where in `wanted` each operation of `image` stands, if they are the same."""
    places = list(range(len(wanted)))
    order = []
    for operation in image:
        place = next((each for each in places if wanted[each] == operation), None)
        if place is None:
            return None
        places.remove(place)
        order.append(place)
    return None if places else tuple(order)


def _asked(operations: tuple[Instant, ...]) -> str:
    return " or ".join(map(str, operations)) or "nothing"
