"""Components that there is one of for all, or one for each key."""

from __future__ import annotations

import pytest

from deadheat.models.components.mailbox import Mailbox
from deadheat.sim.errors import ModelError


def test_one_for_all_takes_no_key() -> None:
    outbox = Mailbox("outbox")
    assert outbox.send("order1").component == "outbox"
    with pytest.raises(ModelError, match=r"'outbox' is one for all, so leave out key='order1', or make it Mailbox"):
        outbox.send("bill", key="order1")


def test_one_for_each_key_needs_the_key() -> None:
    inbox = Mailbox("inbox", keyed=True)
    assert inbox.send("kill", key="order1").component == "inbox/order1"
    assert inbox.receive("order1") == inbox.receive(key="order1")
    with pytest.raises(ModelError, match="'inbox' is kept by key, so say which one is meant"):
        inbox.send("kill")


def test_the_key_makes_no_difference_to_what_an_operation_does() -> None:
    one, each = Mailbox("box"), Mailbox("box", keyed=True)
    assert one.apply((), one.send("a")) == each.apply((), each.send("a", key="order1"))
