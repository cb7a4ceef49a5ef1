"""A server that refuses or fails has not diverged from the model; one that does otherwise, or never does it, has."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deadheat.live.adapters.base import BlockedError
from deadheat.live.forcing.force import Forced, force
from deadheat.live.forcing.stage import Stage
from deadheat.live.logs.tape import FORMAT, FORMAT_VERSION
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import LiveError
from tests.command import deadheat


class Servers:
    """What adapters are to a forced schedule: each operation fails in one way, or is answered with nothing."""

    def __init__(self, error: Exception | None) -> None:
        self.kubernetes = SimpleNamespace(numbers={})
        self._error = error

    def perform(self, *_: Any) -> Any:
        if self._error is not None:
            raise self._error
        return "what no model says"

    def observe(self) -> dict[str, Any]:
        return {}

    def foresee(self, *_: Any) -> None:
        pass

    def makes_names(self, *_: Any) -> bool:
        return False


def forced_on(error: Exception | None) -> Forced:
    scenario = Scenario("baseline", properties=("no-permanent-orphan",))
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    return force(scenario.model(), counterexample.trace.schedule, Stage(cast(Any, Servers(error))))


@pytest.mark.parametrize(
    "reason", ["The cluster of context 'kind-x' forbids this to the user.", "Redis at redis://x refuses: OOM."]
)
def test_a_server_that_refuses_is_an_error_and_no_difference(reason: str) -> None:
    with pytest.raises(LiveError) as raised:
        forced_on(LiveError(reason))
    assert str(raised.value) == reason


def test_a_connection_that_is_lost_in_between_is_an_error_and_no_difference() -> None:
    with pytest.raises(LiveError, match="failed on the real servers: ConnectionResetError"):
        forced_on(ConnectionResetError("gone"))


def test_another_answer_and_what_never_becomes_possible_are_differences() -> None:
    for error in (None, BlockedError("It was not delivered within 10 s")):
        difference = forced_on(error).difference
        assert difference is not None
        assert difference.step == 1


def test_a_trace_without_events_is_not_accepted(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    header = {"format": FORMAT, "version": FORMAT_VERSION, "protocol": "baseline", "evaluations": ["e1"]}
    path.write_text(json.dumps(header) + "\n")
    done = [deadheat("conform", str(path), *more) for more in ([], ["--json"])]
    assert [each.returncode for each in done] == [3, 3]
    assert "ACCEPTED" not in done[0].stdout
    assert json.loads(done[1].stdout)["results"][0]["outcome"] == "vacuous"
