"""What a component says of its operations: by itself, type-checked, and of this definition, not of the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from deadheat.sim.fingerprint import digest_of
from deadheat.sim.traits import (
    ByItself,
    Expires,
    GivesUp,
    Traits,
    by_itself,
    expires,
    gives_up,
    hands_work,
    looks,
    only_looks,
    passes_work_on,
    traits_of,
    weaker,
    weaker_than,
)

WORN_OUT = Fault("worn-out", "the lease runs out while its holder counts on it", "by hand")


class Leases(Component):
    """Who has a lease, and until when it is theirs."""

    keyed = True
    initial = ""
    faults = (WORN_OUT,)

    @operation
    def take(self, value: str, name: str, holder: str, until: int | None = None) -> Steps:
        """Take it, whoever has it."""
        return (Step(None, f"{holder} until {until}"),)

    @weaker("takes it without an end", without="until")
    @weaker("takes it although somebody has it", take, told=True)
    @operation
    def take_if_free(self, value: str, name: str, holder: str, until: int | None = None) -> Steps:
        """Take it if nobody has it; answer whether nobody had."""
        return (Step(True, f"{holder} until {until}"),) if value == "" else (Step(False, value),)

    @weaker("takes it from whoever has it", take, given=("name", "to"))
    @operation
    def hand_over(self, value: str, name: str, holder: str, to: str) -> Steps:
        """Give one's own to another."""
        return (Step(value == holder, to if value == holder else value),)

    @looks
    @operation
    def holder(self, value: str, name: str) -> Steps:
        """Answer who has it."""
        return (Step(value, value),)

    @hands_work
    @operation
    def wait_for(self, value: str, name: str, holder: str) -> Steps:
        """Wait until somebody has it."""
        return (Step(None, value),) if value == holder else BLOCKED

    @passes_work_on
    @operation
    def offer(self, value: str, name: str) -> Steps:
        """Offer it to the next."""
        return (Step(None, ""),)

    @by_itself("clock", owed=False, fault=WORN_OUT)
    @operation
    def wear_out(self, value: str, name: str) -> Steps:
        """It runs out."""
        return (Step(None, "", fault=WORN_OUT),) if value else BLOCKED


class StrictLeases(Leases):
    """Leases with a rule of their own for who may take one, and for who has it."""

    @operation
    def take(self, value: str, name: str, holder: str, until: int | None = None) -> Steps:
        """Take it, but not for nobody."""
        return (Step(None, holder),) if holder else BLOCKED

    @operation
    def holder(self, value: str, name: str) -> Steps:
        """Answer who has it, and write down who asked."""
        return (Step(value, f"{value}!"),)


LEASES, STRICT = Leases("leases"), StrictLeases("leases")


def test_what_is_said_above_an_operation_is_known_of_it() -> None:
    assert traits_of(LEASES, "holder") == Traits(looks=True)
    assert traits_of(LEASES, "wait_for") == Traits(hands_work=True)
    assert traits_of(LEASES, "offer") == Traits(passes_work_on=True)
    assert traits_of(LEASES, "wear_out") == Traits(by_itself=ByItself("clock", owed=False, fault="worn-out"))
    assert traits_of(LEASES, "take") == Traits()


def test_a_weaker_twin_is_given_the_arguments_of_the_names_that_it_takes() -> None:
    request = LEASES.take_if_free("a", "me", 3)
    without_end, without_test = weaker_than(LEASES, request)
    assert (str(without_end.instead(request)), without_end.told) == ("leases/a.take_if_free(a, me, None)", ())
    assert (str(without_test.instead(request)), without_test.told) == ("leases/a.take(a, me, 3)", (True,))
    assert without_test.meaning == "takes it although somebody has it"


def test_a_weaker_twin_can_be_given_others_in_its_own_order() -> None:
    request = LEASES.hand_over("a", "me", "you")
    [twin] = weaker_than(LEASES, request)
    assert str(twin.instead(request)) == "leases/a.take(a, you, None)"


def test_a_twin_that_does_nothing_else_is_none() -> None:
    assert [each.name for each in weaker_than(LEASES, LEASES.take_if_free("a", "me"))] == ["take"]


def test_a_subclass_that_overrides_an_operation_says_anew_what_is_so_of_it() -> None:
    assert traits_of(STRICT, "wait_for").hands_work  # inherited as it is
    assert traits_of(STRICT, "holder") == Traits()
    assert not only_looks(STRICT, "holder", ever_changed=True)
    assert weaker_than(STRICT, STRICT.hand_over("a", "me", "you")) == ()  # its twin is not that one any more
    request = STRICT.take_if_free("a", "me", 3)
    assert [each.name for each in weaker_than(STRICT, request)] == ["take_if_free"]


def test_an_operation_that_never_changed_anything_looks_unless_its_class_says_what_looks() -> None:
    class Counter(Component):
        initial = 0

        @operation
        def read(self, value: int) -> Steps:
            """Answer it."""
            return (Step(value, value),)

    assert only_looks(Counter("counter"), "read", ever_changed=False)
    assert not only_looks(Counter("counter"), "read", ever_changed=True)
    assert only_looks(LEASES, "holder", ever_changed=True)  # what it changes, nobody else could see
    assert not only_looks(LEASES, "offer", ever_changed=False)
    assert only_looks(STRICT, "holder", ever_changed=False)  # which is for its own class to say


def below() -> None:
    @operation  # type: ignore[type-var]
    @looks
    def read(self: Component, value: int) -> Steps:
        return (Step(value, value),)


def of_a_name() -> None:
    @weaker("puts", "put")  # type: ignore[arg-type]
    @operation
    def put_once(self: Component, value: int) -> Steps:
        return (Step(None, value),)


def of_nothing() -> None:
    @weaker("puts")
    @operation
    def put_once(self: Component, value: int) -> Steps:
        return (Step(None, value),)


def without_what_it_does_not_take() -> None:
    @weaker("puts", without="ttl")
    @operation
    def put_once(self: Component, value: int, tll: int = 0) -> Steps:
        return (Step(None, value),)


def without_what_it_needs() -> None:
    @weaker("puts", without="ttl")
    @operation
    def put_once(self: Component, value: int, ttl: int) -> Steps:
        return (Step(None, value),)


def of_a_twin_that_needs_more() -> None:
    @weaker("offers", Leases.take)
    @operation
    def offer_once(self: Component, value: str, name: str) -> Steps:
        return (Step(None, value),)


def given_too_much() -> None:
    @weaker("offers", Leases.offer, given=("name", "why"))
    @operation
    def offer_once(self: Component, value: str, name: str, why: str) -> Steps:
        return (Step(None, value),)


def told_what_can_change() -> None:
    @weaker("offers", Leases.offer, told=["offered"])
    @operation
    def offer_once(self: Component, value: str, name: str) -> Steps:
        return (Step(None, value),)


def by_itself_with_a_choice() -> None:
    @by_itself()
    @operation
    def expire(self: Component, value: str, name: str, after: int) -> Steps:
        return (Step(None, value),)


@pytest.mark.parametrize(
    ("mistake", "answer"),
    [
        (below, "@looks was put on below.<locals>.read, which is no operation; write it above @operation."),
        (of_a_name, "is no operation but a str; give one defined above."),
        (of_nothing, "is either another operation of its component, or this one `without` one of its arguments;"),
        (without_what_it_does_not_take, "put_once named 'ttl'; did you mean tll?"),
        (without_what_it_needs, "put_once takes 'ttl', which it is not given; say by `given` which argument that is"),
        (of_a_twin_that_needs_more, "offer_once takes 'holder', which it is not given;"),
        (given_too_much, "offer_once takes 1 argument, not 2; give it no more."),
        (told_what_can_change, "What the role is told instead of told_what_can_change.<locals>.offer_once"),
        (by_itself_with_a_choice, "happens by itself, but takes 'after'; let it take nothing, or the key"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_what_cannot_be_so_is_refused_where_it_is_said(mistake: Callable[[], None], answer: str) -> None:
    with pytest.raises(ModelError) as raised:
        mistake()
    assert answer in str(raised.value)


def test_what_expires_and_who_gives_up_is_said_of_the_operation_too() -> None:
    class Again(NamedTuple):
        pass

    class Line(Component):
        @gives_up(Again, told="nobody answers")
        @looks
        @operation
        def call(self, value: None) -> Steps:
            """Call, and hear whether anybody answers."""
            return (Step(Again(), value), Step("hello", value))

        @expires()
        @by_itself()
        @operation
        def hang_up(self, value: None) -> Steps:
            """It has taken too long."""
            return BLOCKED

    line = Line("line")
    assert traits_of(line, "call") == Traits(looks=True, gives_up=GivesUp(Again, "nobody answers"))
    assert traits_of(line, "hang_up").expires == Expires()
    with pytest.raises(ModelError, match="What a role without patience is told"):
        gives_up(Again, told=[])


def test_what_is_said_of_an_operation_is_no_part_of_what_it_does() -> None:
    @operation
    def read(self: Component, value: int) -> Steps:
        return (Step(value, value),)

    before = digest_of(read)
    assert looks(read).traits.looks
    assert digest_of(read) == before  # so a trace that was saved before is not taken for one of another protocol
