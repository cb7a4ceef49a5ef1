"""What a live trace may say: evaluations may be called anything, and what no model has is refused in a sentence."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.conform import Conformance, conform
from deadheat.live.logs.tape import Header, Tape, read_tape
from deadheat.live.values import decode
from deadheat.models.components.http import GaveUp
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import TraceError
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.run.stepping import made_in
from tests.command import deadheat
from tests.live.environment import is_environment

FORMAT = {"format": "deadheat-live-trace", "version": 1}

Events = list[dict[str, Any]]


def events_of(evaluation: str, protocol: str = "baseline", start: float = 0.0) -> Events:
    """A cancellation that loses the race; under the creation lock, a worker that fails after a delivery with a key."""
    e = evaluation
    worker, cancel, dispatcher = f"worker/{e}", f"cancel/{e}", f"dispatcher/{e}/1"
    told: list[tuple[str, str, str, list[Any], Any]] = [
        (worker, "queue", "deliver", [e, worker], None),
        (worker, "status", "set", [e, {"status:Status": "provisioning"}], None),
        (worker, "http", "send", [e, worker, None], 1),
        (f"user/{e}", "user", "cancel", [e], None),
        (cancel, "user", "cancellation", [e, 1], None),
    ]
    if protocol == "creation-lock":
        told += [(cancel, "redis", "acquire", [f"lock:{{{e}}}", cancel], None)]
    told += [
        (cancel, "status", "get", [e], {"status:Status": "provisioning"}),
        (cancel, "kubernetes", "delete_job", [e, None, None], {"kubernetes:Answer": "404 Not Found"}),
        (cancel, "status", "set", [e, {"status:Status": "cancelled"}], None),
        (dispatcher, "http", "accept", [e, 1], f"from {worker}"),
    ]
    if protocol != "creation-lock":
        job = {"kubernetes:JobReference": [e, f"evaluation-{e}", 2**100]}
        told += [
            (dispatcher, "kubernetes", "create_job", [e, None], {"kubernetes:Answer": "201 Created"}),
            ("orphan-cleanup", "kubernetes", "list_jobs", [], [job]),
            ("orphan-cleanup", "status", "get", [e], "cancelled"),
            ("orphan-cleanup", "kubernetes", "delete_job", [e, f"evaluation-{e}"], "200 OK"),
        ]
    return [
        {
            "process": process,
            "component": f"{component}/{e}" if component != "kubernetes" else component,
            "operation": name,
            "arguments": arguments,
            "outcome": outcome,
            "at": start + number,
        }
        for number, (process, component, name, arguments, outcome) in enumerate(told)
    ]


def matched(header: dict[str, Any], events: Events) -> Conformance:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in ({**FORMAT, **header}, *events))
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return conform(*read_tape(path))


def of_two(one: str, other: str, *, but_the_last: bool = False) -> tuple[int, int | None]:
    """Match the same events under two names, none of them naming an evaluation in more places than it has to."""
    header = {"protocol": "baseline+orphan-cleanup", "evaluations": [one, other]}
    first, second = events_of(one), events_of(other, start=0.5)
    listing = next(each for each in first if each["operation"] == "list_jobs")
    again = next(each for each in second if each["operation"] == "list_jobs")
    listing["outcome"] += again["outcome"]
    second.remove(again)
    for each in second[-2:]:  # the sweep goes on to the other when it is done with the one
        each["at"] += 100
    if but_the_last:
        second[-1]["outcome"] = "404 Not Found"
    result = matched(header, first + second)
    return result.events, result.unexplained.event.line if result.unexplained else None


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\n"), min_size=1, max_size=8)
WORDS = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "201",
        "404",
        "user",
        "worker",
        "dispatcher",
        "cancel",
        "e1",
        "e2",
        "Created",
        "status",
        "lock",
        "evaluation",
        "None",
        "from",
        "{x}",
        "a}b",
        "a:b",
        "\\1",
        "\u2028",
    ]
)


@given(st.tuples(NAMES | WORDS, NAMES | WORDS).filter(lambda names: names[0] != names[1]))
@settings(max_examples=60, deadline=None)
@example(("1", "2"))
@example(("0", "1"))
@example(("user", "x"))
@example(("201", "e1"))
@example(("e1", "worker"))
def test_what_evaluations_are_called_makes_no_difference(names: tuple[str, str]) -> None:
    assert of_two(*names) == of_two("17", "18")
    assert of_two("17", "18")[1] is None
    assert of_two(*names, but_the_last=True) == of_two("17", "18", but_the_last=True)
    assert of_two("17", "18", but_the_last=True)[1] is not None


@given(NAMES | WORDS)
@settings(max_examples=40, deadline=None)
@example("user")
@example("lock")
@example("1")
def test_a_single_evaluation_may_be_called_anything_also_in_the_keys_of_redis(name: str) -> None:
    for protocol in ("baseline+orphan-cleanup", "creation-lock"):
        result = matched({"protocol": protocol, "evaluations": [name]}, events_of(name, protocol.partition("+")[0]))
        assert (result.unexplained, result.events) == (None, 10 if protocol == "creation-lock" else 13)


def test_what_another_evaluations_process_does_is_not_taken_for_its_own() -> None:
    for one, other in (("17", "e1"), ("e1", "17")):
        events = [{"component": f"status/{one}", "operation": "set", "arguments": [one, "provisioning"], "at": 1}]
        header = {"protocol": "baseline", "evaluations": [one, other], "components": ["status"]}
        assert matched(header, [{**events[0], "process": f"worker/{one}"}]).unexplained is None
        found = matched(header, [{**events[0], "process": f"worker/{other}"}]).unexplained
        assert found is not None
        assert found.evaluation == one  # whose status was set


def test_to_have_given_up_is_not_to_have_timed_out() -> None:
    header = {"protocol": "baseline", "evaluations": ["1"], "components": ["http"], "faults": {"http-timeout": 1}}
    events: Events = [
        {"component": "http", "operation": "send", "arguments": ["1", "worker/1"], "outcome": 1, "at": 1},
        {"component": "http", "operation": "response", "outcome": {"http:GaveUp": []}, "at": 2},
    ]
    assert decode({"http:GaveUp": []}) == GaveUp()
    assert matched(header, events).unexplained is None
    events[1]["outcome"] = {"http:TimedOut": []}
    assert matched(header, events).unexplained is not None
    events[0]["outcome"] = False
    assert matched(header, events).unexplained is not None


@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_whatever_a_protocol_does_by_itself_can_be_told_and_is_explained(tmp_path: Path, protocol: str) -> None:
    path = tmp_path / "run.jsonl"
    for seed in range(3):
        generator, simulation = Random(seed), Simulation(Scenario(protocol, 2).model())
        with path.open("w", encoding="utf-8") as output:
            tape = Tape(output, Header(protocol, ("e1", "e2")))
            for at in range(80):
                enabled = simulation.transitions()
                if not enabled:
                    break
                done = simulation.fire(generator.choice(enabled).choice)
                if done.operation is None or is_environment(done.choice.process) or is_the_end(done.operation):
                    continue
                for each, answer in made_in(done.operation, done.step):
                    tape.write(done.choice.process, each, answer, at, at)
        header, events = read_tape(path)
        result = conform(header, events)
        assert result.unexplained is None
        assert result.events == len(events) > 10


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"component": "kubernets/17"}, "Line 3 .*no component 'kubernets'; did you mean kubernetes"),
        ({"component": "queue/17"}, "Line 3 .*'queue' is not among those that the header tells of"),
        ({"component": "chance/17"}, "Line 3 .*'chance' is one for all evaluations"),
        ({"component": "status/71"}, "Line 3 .*no evaluation of the header '71'; did you mean .*17"),
        ({"component": "status/18"}, "Line 3 .*component is of the evaluation '18' and the first argument of '17'"),
        ({"operation": "sett"}, "Line 3 .*no operation of status 'sett'; did you mean set"),
        ({"operation": "describe"}, "Line 3 .*no operation of status 'describe'"),
        ({"arguments": ["17", "queued", "x"]}, r"Line 3 .*status.set takes 2 arguments \(evaluation, status\)"),
        ({"arguments": ["provisioning"]}, "Line 3 .*no evaluation of the header 'provisioning'"),
        ({"arguments": [17]}, "Line 3 .*first argument of set names the evaluation, as a text"),
        ({"process": "wroker/17"}, "Line 3 .*no process 'wroker'; did you mean worker"),
        ({"process": "worker/71"}, "Line 3 .*no evaluation of the header '71'"),
        ({"process": "worker"}, "Line 3 .*no process 'worker'; write worker/E or worker/E/N"),
        ({"process": "worker/17/1"}, "Line 3 .*no process 'worker/17/1'"),
        ({"process": "worker/17/2/2"}, "Line 3 .*no process 'worker/17/2/2'"),
        ({"process": "dispatcher/17"}, "Line 3 .*no process 'dispatcher/17'; write dispatcher/E/N"),
        ({"process": "dispatcher/17/0"}, "Line 3 .*no process 'dispatcher/17/0'"),
        ({"process": "user/17/2"}, "Line 3 .*no process 'user/17/2'; write user/E,"),
        ({"process": "controllers/17"}, "Line 3 .*stands for what servers do by themselves"),
    ],
)
def test_an_event_of_what_no_model_has_is_refused(change: dict[str, Any], reason: str) -> None:
    header = {"protocol": "baseline", "evaluations": ["17", "18"], "components": ["status", "chance"]}
    first = {"component": "status", "operation": "set", "arguments": ["17", "provisioning"], "at": 1}
    with pytest.raises(TraceError, match=reason) as caught:
        matched(header, [first, {**first, "process": "worker/17", **change}])
    assert_sentence(caught.value)


def test_a_delivery_that_the_faults_do_not_allow_is_unexplained_and_no_bad_input() -> None:
    events = [{**each, "process": each["process"].replace("dispatcher/17/1", "dispatcher/17/2")} for each in
              events_of("17")]  # fmt: skip
    found = matched({"protocol": "baseline+orphan-cleanup", "evaluations": ["17"]}, events).unexplained
    assert found is not None
    assert found.event.process == "dispatcher/17/2"


HEADER = {**FORMAT, "protocol": "baseline", "evaluations": ["17"]}
GET = '{"component": "status", "operation": "get", "outcome": "queued", '


@pytest.mark.parametrize(
    ("header", "line", "reason"),
    [
        ({}, GET + '"at": NaN}', "Line 2 .*NaN is not a finite number"),
        ({}, GET + '"began": 0, "ended": -Infinity}', "Line 2 .*-Infinity is not a finite number"),
        ({}, GET + '"at": 1e999}', "Line 2 .*1e999 is not a finite number"),
        ({}, GET + '"at": 1' + "0" * 400 + "}", "Line 2 .*too large"),
        ({}, GET + '"at": true}', r"Line 2 .*got `bool` - at `\$.at`"),
        ({}, GET + '"began": 5, "ended": 1}', "Line 2 .*it began at 5, after it ended at 1"),
        ({}, GET + '"began": 5}', "Line 2 .*needs its time"),
        ({}, GET + '"at": 5, "ended": 6}', "Line 2 .*has `at` beside `began` or `ended`"),
        ({}, GET + '"at": 1, "at": 2}', "Line 2 .*has a key twice"),
        ({}, GET + '"at": 1, "proces": "worker/17"}', "Line 2 .*unknown field `proces`"),
        ({}, GET + '"at": 1, "process": 5}', r"Line 2 .*got `int` - at `\$.process`"),
        ({}, GET + '"at": 1, "process": "\\ud800"}', "Line 2 .*is not a JSON object"),
        ({}, GET + '"at": 1, "arguments": {"17": 1}}', r"Line 2 .*got `object` - at `\$.arguments`"),
        ({}, GET.replace('"queued"', '{"status:Status": "queud"}') + '"at": 1}', "Line 2 .*'queud' is not a valid"),
        ({}, GET.replace('"queued"', '{"kubernetes:JobReference": "abc"}') + '"at": 1}', "Line 2 .*array of its 3"),
        ({}, GET.replace('"queued"', '{"kubernetes:JobReference": ["a", "b", "c"]}') + '"at": 1}', "Line 2 .*'uid'"),
        ({}, GET.replace('"queued"', '{"kubernetes:Nothing": []}') + '"at": 1}', "Line 2 .*is not a type of values"),
        ({}, "[" * 100_000, "Line 2 .*nested too deep"),
        ({}, GET + '"at": 1, "arguments": ["17", ' + "[" * 40 + "]" * 40 + "]}", "Line 2 .*nested too deep"),
        ({"faults": {"http-retry": "1"}}, "", r"Line 1 .*got `str` - at `\$.faults"),
        ({"faults": {"http-retry": 1.5}}, "", r"Line 1 .*got `float` - at `\$.faults"),
        ({"faults": {"http-retry": -1}}, "", "Line 1, .*cannot happen without end"),
        ({"faults": {"http-retri": 1}}, "", "Line 1, .*did you mean http-retry"),
        ({"faults": None}, "", r"Line 1 .*got `null` - at `\$.faults"),
        ({"faults": [1]}, "", r"Line 1 .*got `array` - at `\$.faults"),
        ({"fault": {"http-retry": 1}}, "", "Line 1 .*unknown field `fault`"),
        ({"components": 5}, "", r"Line 1 .*got `int` - at `\$.components"),
        ({"components": ["status", "status"]}, "", "Line 1 .*'status' twice among its `components`"),
        ({"evaluations": ["17", "17"]}, "", "Line 1 .*'17' twice among its `evaluations`"),
        ({"evaluations": [""]}, "", r"Line 1 .*length >= 1 - at `\$.evaluations"),
        ({"evaluations": ["a/b"]}, "", r"Line 1 .*`\$.evaluations"),
        ({"evaluations": [{"a": 1}]}, "", r"Line 1 .*got `object` - at `\$.evaluations"),
        ({"protocol": "baselin"}, "", "Line 1, .*did you mean baseline"),
        ({"protocol": "baseline" + "~1" * 5000}, "", "Line 1, .*"),
        ({"version": True}, "", "does not begin with the header"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path: Path, header: Any, line: str, reason: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({**HEADER, **header}) + "\n" + line + "\n")
    with pytest.raises(TraceError, match=reason) as caught:
        conform(*read_tape(path))
    assert_sentence(caught.value)


def test_bad_input_ends_with_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for line in (GET.replace("status", "statu") + '"at": 1}', GET + '"at": NaN}'):
        path.write_text(json.dumps(HEADER) + "\n" + line)
        done = deadheat("conform", str(path))
        assert done.returncode == 2
        assert done.stderr.startswith("deadheat: Line 2 ")
        assert done.stdout == ""


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\r"])
def test_a_line_ends_where_json_lines_end(tmp_path: Path, character: str) -> None:
    name = f"a{character}b" if character != "\r" else "ab"
    path = tmp_path / "log.jsonl"
    event = {"component": f"status/{name}", "operation": "get", "outcome": "queued", "at": 1}
    end = "\r\n" if character == "\r" else "\n"
    lines = [
        json.dumps({**HEADER, "evaluations": [name], "components": ["status"]}, ensure_ascii=False),
        json.dumps(event, ensure_ascii=False),
    ]
    path.write_bytes(end.join([*lines, "", ""]).encode())
    result = conform(*read_tape(path))
    assert (result.events, result.unexplained) == (1, None)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in children:
        yield from nodes(each, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    found = copy.copy(value)
    found[path[0]] = replaced(value[path[0]], path[1:], by)
    return found


VALID: list[Any] = [
    {**FORMAT, "protocol": "baseline+orphan-cleanup", "evaluations": ["17"], "faults": {"http-retry": 1},
     "components": ["user", "queue", "status", "http", "kubernetes"]},
    *[{**each, "component": each["component"]} for each in events_of("17")],
]  # fmt: skip
VALID[-1]["began"] = VALID[-1]["ended"] = VALID[-1].pop("at")

ODD = st.sampled_from(
    [0, 1, 2, -1, -2, 1.5, -0.0, 10**6, 10**400, float("nan"), float("inf"), -float("inf"), "", "17", "18", "\ud800",
     "status", "status/", "/", "worker/17", "worker/17/2", "orphan-cleanup/2", "replica", "get", "__class__", "apply",
     "baseline", "e1", "\u2028", {}, [], [[]], {"": 0}, {"kubernetes:Job": []}, {"kubernetes:JobReference": [1, 2, 3]},
     {"status:Status": []}, {"status:StrEnum": "x"}, {"http:Accepted": [[], {}]}, {"..x:y": 1}, {"world:Any": 1}]
)  # fmt: skip
SMALL = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5) | ODD
ANYTHING = st.recursive(
    SMALL, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)


@given(st.sampled_from(list(nodes(VALID))[1:]), ANYTHING)
@settings(max_examples=300, deadline=None)
@example((2,), {"\n": None})
@example((0, "evaluations"), ["1\n7"])
def test_any_node_may_be_anything_and_is_matched_or_refused_in_a_sentence(path: tuple[Any, ...], value: Any) -> None:
    header, *events = replaced(VALID, path, value)
    try:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.jsonl"
            log.write_text("".join(json.dumps(line) + "\n" for line in (header, *events)))
            result = conform(*read_tape(log))
    except TraceError as error:
        assert_sentence(error)
    else:
        assert result.events == len(events)
        str(result.unexplained and result.unexplained.event).encode()


def assert_sentence(error: Exception) -> None:
    text = str(error)
    assert text.endswith((".", "?"))
    assert text.isprintable()
