"""What every adapter has in common."""

from __future__ import annotations

import pytest

from deadheat.live.adapters.base import Adapter
from deadheat.sim.errors import NoLiveFormError
from deadheat.sim.operations import Operation


def test_an_operation_without_a_live_form_is_named_and_says_nothing_about_the_servers() -> None:
    with pytest.raises(NoLiveFormError, match=r"no live form of redis\.bitcount"):
        Adapter("redis").perform(Operation("redis/e1", "bitcount"))
    with pytest.raises(NoLiveFormError, match=r"the fault 'rain' at redis\.get"):
        Adapter("redis").perform(Operation("redis/e1", "get", ("k",)), fault="rain")
