"""The delays of a free run, as users write them."""

from __future__ import annotations

import pytest

from deadheat.live.forcing.free import DEFAULT_DELAYS, Delay, parse_delays
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError

MODEL = Scenario("baseline").model()


def test_a_delay_takes_the_place_of_the_default() -> None:
    delays = parse_delays(["http.accept=5ms..0.2s", "status=3ms"], MODEL)
    assert delays == {**DEFAULT_DELAYS, "http.accept": Delay(5, 200), "status": Delay(3, 3)}
    assert parse_delays([], MODEL) == DEFAULT_DELAYS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("status", r"write NAME=LO\.\.HI"),
        ("status=9ms..5ms", "ends before it begins"),
        ("status=0:200", "is not a duration"),
        ("status=5..9", "is not a duration"),
        ("status=5ms..", r"no upper end to be drawn from; write status=LO\.\.HI"),
        ("statuss=5ms", "no component or operation 'statuss'; did you mean status"),
        ("http.acept=5ms", "no component or operation 'http.acept'; did you mean http.accept"),
        ("worker.http=5ms", "no component or operation 'worker.http'"),
    ],
)
def test_what_is_no_delay_is_refused_in_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_delays([text], MODEL)
