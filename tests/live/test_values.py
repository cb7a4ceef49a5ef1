"""Values as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from deadheat.live.values import decode, encode
from deadheat.models.components.http import Accepted, TimedOut
from deadheat.models.components.kubernetes import Answer, JobPhase, JobReference
from deadheat.models.components.status import Status
from deadheat.models.components.user import Cancellation

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
