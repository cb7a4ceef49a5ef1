"""Values in parts: what a step looks at is what its operation is said to touch, and answers are those without parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from deadheat.models.components import http
from deadheat.models.components.http import Delivery, HttpChannel, Phase
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.divided import DividedComponent
from deadheat.sim.errors import InternalError
from deadheat.sim.explore.labels import tables as label_tables
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.learn.component_fields import ComponentFields
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Operation, accompanied, atomically
from tests.breadth import tried_on
from tests.scenarios.obvious_frontier import said_of

CALLERS = ("worker/e1", "worker/e1/2")
CHANNEL = HttpChannel("http")
deliveries = st.lists(
    st.builds(Delivery, st.sampled_from(Phase), st.sampled_from(CALLERS), st.booleans(), st.sampled_from([None, 1])),
    max_size=http.SINGLE + 3,
).map(tuple)
numbers = st.integers(0, http.SINGLE + 4)
requests = st.one_of(
    st.builds(lambda caller: CHANNEL.send("e1", caller, None), st.sampled_from(CALLERS)),
    st.builds(lambda caller: CHANNEL.hang_up("e1", caller), st.sampled_from(CALLERS)),
    st.builds(lambda number: CHANNEL.reply("e1", number, "done"), numbers),
    st.builds(
        lambda name, number: getattr(CHANNEL, name)("e1", number),
        st.sampled_from(["accept", "response", "reset", "refuse"]),
        numbers,
    ),
)


def done(value: Any, request: Operation) -> list[Step] | type[Exception]:
    try:
        return list(CHANNEL.apply(value, request))
    except Exception as error:
        return type(error)


def is_like_the_whole(value: tuple[Delivery, ...], request: Operation, touched: Iterable[int]) -> bool:
    """Return whether an operation does on the parts that it touches what it does on the whole, and to no others."""
    parts, initial = CHANNEL.divided(value), CHANNEL.divided(CHANNEL.initial)
    mine = set(touched)
    alone = done(CHANNEL.joined(tuple((parts if n in mine else initial)[n] for n in range(len(parts)))), request)
    whole = done(value, request)
    if not isinstance(alone, list) or not isinstance(whole, list):
        return alone == whole
    return [(each.outcome, each.fault) for each in alone] == [(each.outcome, each.fault) for each in whole] and all(
        after == (CHANNEL.divided(one.value)[n] if n in mine else parts[n])
        for one, other in zip(alone, whole, strict=True)
        for n, after in enumerate(CHANNEL.divided(other.value))
    )


@tried_on(deliveries, few=60, many=1_000)
def test_parts_are_those_of_the_value(value: tuple[Delivery, ...]) -> None:
    parts = CHANNEL.divided(value)
    assert len(parts) == CHANNEL.parts
    assert CHANNEL.joined(parts) == value


@given(deliveries, requests)
def test_an_operation_of_the_channel_touches_no_other_parts_than_it_says(
    value: tuple[Delivery, ...], request: Operation
) -> None:
    assert is_like_the_whole(value, request, CHANNEL.parts_touched(request))


@pytest.mark.parametrize("name", ["accept", "reply", "response", "reset", "refuse", "send", "hang_up"])
def test_a_mutant_that_touches_another_delivery_than_it_says_is_noticed(name: str) -> None:
    value = (Delivery(Phase.SENT, CALLERS[0]), Delivery(Phase.ACCEPTED, CALLERS[0]), Delivery(Phase.LOST, CALLERS[1]))
    arguments: dict[str, Any] = {"send": (CALLERS[0], None), "hang_up": (CALLERS[0],), "reply": (2, "done")}
    request = getattr(CHANNEL, name)("e1", *arguments.get(name, (1,)))
    assert is_like_the_whole(value, request, CHANNEL.parts_touched(request))
    assert not is_like_the_whole(value, request, (2,))


def test_all_operations_of_the_channel_are_tried_here() -> None:
    tried = {"send", "hang_up", "reply", "accept", "response", "reset", "refuse"}
    assert {each.name for each in CHANNEL.operations()} == tried


class Other(HttpChannel):
    """A channel of somebody's own, whose replies look at all deliveries."""

    @operation
    def reply(self, value: Any, evaluation: str, number: int, response: Any) -> Steps:
        """Reply with how many there are."""
        return (Step(len(value), value),)


def test_values_of_a_class_that_is_derived_from_a_divided_one_are_whole() -> None:
    fields = ComponentFields(Model({"http": Other("http")}, ()), 0, divided=True)
    assert fields.is_whole("http")
    assert list(fields.every) == [0]
    assert not ComponentFields(Model({"http": CHANNEL}, ()), 0, divided=True).is_whole("http")
    assert ComponentFields(Model({"http": CHANNEL}, ()), 0, divided=False).is_whole("http")


class Pair(DividedComponent):
    """Two numbers; one operation changes more than it says."""

    initial = (0, 0)
    parts = 2

    def divided(self, value: Any) -> tuple[Any, ...]:
        return tuple(value)

    def joined(self, parts: tuple[Any, ...]) -> Any:
        return parts

    def parts_touched(self, request: Operation) -> Iterable[int]:
        return (0,) if request.name in ("first", "both") else (1,)

    @operation
    def first(self, value: tuple[int, int]) -> Steps:
        """Count in the first."""
        return (Step(value[0], (value[0] + 1, value[1])),)

    @operation
    def second(self, value: tuple[int, int]) -> Steps:
        """Count in the second."""
        return (Step(value[1], (value[0], value[1] + 1)),)

    @operation
    def both(self, value: tuple[int, int]) -> Steps:
        """Count in both, and say that it is the first."""
        return (Step(None, (value[0] + 1, value[1] + 1)),)


PAIR = Pair("pair")


class InParts(Tables):
    divided = True


@pytest.mark.parametrize(
    ("request_", "touched"),
    [
        (PAIR.first(), {3}),
        (PAIR.second(), {4}),
        (atomically(PAIR.first(), PAIR.second()), {3, 4}),
        (accompanied(PAIR.first(), PAIR.second()), {3, 4}),
    ],
)
def test_a_request_touches_the_fields_of_all_that_it_asks_for(request_: Any, touched: set[int]) -> None:
    assert ComponentFields(Model({"pair": PAIR}, ()), 3, divided=True).touched(request_) == touched


def test_a_step_that_changes_a_part_that_it_does_not_touch_is_an_error_of_deadheat() -> None:
    def role() -> Any:
        yield PAIR.both()

    tables = InParts(Model({"pair": PAIR}, (Process("role", role, ()),)))
    with pytest.raises(InternalError, match="does not touch"):
        tables.choices(tables.initial())


def lessons_and_answers(monkeypatch: pytest.MonkeyPatch, protocol: str, *, divided: bool) -> tuple[Any, Any, int]:
    searches: list[LabelSearch] = []
    begin = LabelSearch.__init__

    def noted(search: LabelSearch, *arguments: Any, **named: Any) -> None:
        begin(search, *arguments, **named)
        searches.append(search)

    with monkeypatch.context() as patch:
        patch.setattr(label_tables._Labelling, "divided", divided)
        patch.setattr(LabelSearch, "__init__", noted)
        said = said_of(frontiers([Scenario(protocol)], 1))
    found = [(each.store.states, each.store.pairs_found, each.transitions) for each in searches]
    return said, found, sum(len(each.tables.lessons) for each in searches)


@pytest.mark.parametrize("protocol", ["baseline", "creation-lock"])
def test_a_search_over_parts_finds_what_one_over_whole_values_finds_and_learns_less(
    monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    in_parts = lessons_and_answers(monkeypatch, protocol, divided=True)
    whole = lessons_and_answers(monkeypatch, protocol, divided=False)
    assert in_parts[:2] == whole[:2]
    assert in_parts[2] < whole[2]
