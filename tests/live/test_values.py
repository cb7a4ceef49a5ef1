"""Values as JSON and back."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

from deadheat.live.logs.tape import Header, Tape
from deadheat.live.values import decode, encode
from deadheat.models.components.http import Accepted, TimedOut
from deadheat.models.components.kubernetes import Answer, JobPhase, JobReference
from deadheat.models.components.status import Status
from deadheat.models.components.user import Cancellation
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Operation

plain = st.none() | st.booleans() | st.integers() | st.text()
enumerations = st.sampled_from([*Answer, *JobPhase, *Status, *Cancellation])
references = st.builds(JobReference, st.text(), st.text(), st.integers(min_value=0, max_value=2**128 - 1))
events = st.builds(Accepted, st.text(), st.none() | st.text())
values = st.recursive(
    plain | enumerations | references | events | st.just(TimedOut()), lambda each: st.tuples(each, each)
)


@given(values)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "data", [{"os:system": "true"}, {"status:TERMINAL": 1}, {"a": 1, "b": 2}, {"..cli:app": 1}, {"status": 1}]
)
def test_only_values_of_the_models_are_read(data: Any) -> None:
    with pytest.raises(ValueError, match="type"):
        decode(data)


def test_what_no_model_is_made_of_is_not_written() -> None:
    with pytest.raises(TypeError, match="a list cannot be sent"):
        encode([1])


class Receipt(NamedTuple):
    number: int


@pytest.mark.parametrize(("arguments", "outcome"), [((Receipt(1),), True), ((), Receipt(1)), ((), (Receipt(1), 2))])
def test_a_users_own_kind_of_value_is_not_recorded_and_told_in_one_sentence(arguments: Any, outcome: Any) -> None:
    tape = Tape(io.StringIO(), Header("ours", ("e1",)))
    with pytest.raises(
        LiveError, match=r"cannot be recorded: Receipt is no value of a model; ask and answer with text"
    ):
        tape.write("worker", Operation("ledger", "close", arguments), outcome, 0.0, 1.0)
