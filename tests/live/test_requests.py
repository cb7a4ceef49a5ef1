"""One operation of the model is one request to the real server, or the exception is declared, with its reason.

Only then does a live run try the model's operation, and not a better one: a delete that first looks what it would
delete is another operation, and other interleavings are possible with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.client import Pipeline

from deadheat.live.adapters.base import Adapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.status import RedisStatus
from deadheat.live.adapters.stream import StreamAdapter
from deadheat.live.adapters.together import Adapters, open_adapters
from deadheat.live.place import Place
from deadheat.live.site import Site
from deadheat.models.components.celery import CeleryQueue
from deadheat.models.components.chance import Chance
from deadheat.models.components.http import HttpChannel
from deadheat.models.components.kubernetes import JobPhase
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.redis import Redis, key_of
from deadheat.models.components.status import Status, StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.components.tokens import Tokens
from deadheat.models.components.user import Cancellation, User
from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE
from deadheat.sim.components import Component, operation
from deadheat.sim.operations import Operation

pytestmark = pytest.mark.live

DOCUMENT = Path(__file__).parents[2] / "docs" / "live.md"

ENVIRONMENT = "no role asks for it: it is what servers, peers or users do by themselves"
REPLIES = "it is the other end of a request that is counted already"

EXCEPTIONS: dict[str, str] = {
    "kubernetes.progress": ENVIRONMENT,
    "kubernetes.finished": ENVIRONMENT,
    "kubernetes.creation_event": "the watch is one request for all events",
    "kubernetes.lose_event": ENVIRONMENT,
    "kubernetes.begin_submission": ENVIRONMENT,
    "kubernetes.create_owner": ENVIRONMENT,
    "kubernetes.remove_tombstone": ENVIRONMENT,
    "kubernetes.delete_owner": "held, a ConfigMap in deletion is still there, so a look tells 404 from 200",
    "kubernetes.raise_generation": "a server counts nothing up: read, and write if it is still the same",
    "redis.expire": ENVIRONMENT,
    "redis.forsake": ENVIRONMENT,
    "redis.let_go": ENVIRONMENT,
    "redis.disconnect": ENVIRONMENT,
    "redis.lag": ENVIRONMENT,
    "redis.fail_over": ENVIRONMENT,
    "stream.receive": "the subscriber's memory is in Redis, since the programs of a dispatcher share it",
    "stream.reset": ENVIRONMENT,
    "queue.deliver": "kombu takes a message and notes it as unacknowledged, in several commands",
    "queue.acknowledge": "kombu forgets a message in several commands",
    "queue.requeue": ENVIRONMENT,
    "queue.lose": ENVIRONMENT,
    "queue.time_out": ENVIRONMENT,
    "queue.publish": ENVIRONMENT,
    "queue.needs_another": ENVIRONMENT,
    "http.send": "a note in Redis numbers the deliveries, for programs that share nothing else",
    "http.accept": REPLIES,
    "http.reply": REPLIES,
    "http.response": REPLIES,
    "http.hang_up": ENVIRONMENT,
    "http.reset": ENVIRONMENT,
    "http.refuse": ENVIRONMENT,
    "user.cancellation": REPLIES,
    "user.answer": REPLIES,
    "user.resubmit": ENVIRONMENT,
    "tokens.generate": "a program makes a token itself",
    "chance.occurs": ENVIRONMENT,
}
"""The operations that are not one request each, with the reason; what the environment does may be any number."""


class Counter:
    """Counts the requests that go to the API server, to Redis by our own client, and to the HTTP service."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[str] = []
        self._count(place.cluster.core.api_client.rest_client, "request", monkeypatch)
        self._count(place.redis, "execute_command", monkeypatch)
        self._count(Pipeline, "immediate_execute_command", monkeypatch)  # WATCH and UNWATCH
        self._count(Pipeline, "execute", monkeypatch)  # from MULTI to EXEC, in one packet

    def _count(self, owner: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        original: Callable[..., Any] = getattr(owner, method)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.requests.append(" ".join(map(str, arguments[:2])))
            return original(*arguments, **named)

        monkeypatch.setattr(owner, method, counted)

    async def note(self, request: Any) -> None:
        """Count a request of an HTTP client."""
        self.requests.append(f"{request.method} {request.url}")


class Run:
    """Does operations one after another, and keeps what each sent, by `component.operation`."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.sent: dict[str, list[list[str]]] = {}

    def do(
        self, adapter: Adapter, request: Operation, fault: str | None = None, wish: Any = None, name: str | None = None
    ) -> Any:
        before = len(self.counter.requests)
        outcome = adapter.perform(request, fault, wish)
        self.sent.setdefault(f"{name or adapter.name}.{request.name}", []).append(self.counter.requests[before:])
        return outcome

    def assert_as_declared(self, name: str, component: type[Component]) -> None:
        operations = [each for each in dir(component) if isinstance(getattr(component, each), operation)]
        assert {f"{name}.{each}" for each in operations} == set(self.sent)
        for each, sent in self.sent.items():
            is_one = all(len(requests) == 1 for requests in sent)
            reason = EXCEPTIONS.get(each)
            assert is_one == (reason is None) or reason == ENVIRONMENT, (each, sent)


@pytest.fixture
def run(place: Place, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(Counter(place, monkeypatch))


@pytest.fixture
def adapters(place: Place, run: Run) -> Iterator[Adapters]:
    with place.namespace() as namespace:
        site = Site(place, namespace, ("e1",))
        with open_adapters(site, NAME_TOMBSTONE, held=True, lease_ms=600_000) as opened:
            caller = opened.user._caller
            assert caller is not None
            caller._client.event_hooks["request"].append(run.counter.note)
            yield opened


def test_each_operation_on_the_cluster_is_one_request(place: Place, run: Run) -> None:
    model = GuardedKubernetes("kubernetes")
    with place.namespace() as namespace:
        real = GuardedKubernetesAdapter(place.cluster, namespace, ["e1"], run=place.run, held=True, watched=True)

        def do(request: Operation, fault: str | None = None, wish: Any = None) -> Any:
            return run.do(real, request, fault, wish)

        def progress(*wishes: str) -> None:
            for wish in wishes:
                do(model.progress("e1"), wish=wish)

        real.submit()
        do(model.create_owner("e1"))
        owner = do(model.get_owner("e1"))
        do(model.create_owned_job("e1", owner))
        do(model.get_job("e1"))
        do(model.list_jobs("e1"))
        progress(JobPhase.STARTING, JobPhase.RUNNING, JobPhase.FINISHED)
        do(model.finished("e1"), "completion")
        do(model.creation_event("e1"))
        do(model.delete_job("e1"))
        progress("gone")
        do(model.delete_job("e1"))  # 404
        do(model.resume_job("e1"))  # 404
        do(model.get_by_name("e1"))  # 404
        do(model.create_suspended_job("e1"))
        do(model.lose_event("e1"), "watch-loss")
        do(model.resume_job("e1"))
        do(model.create_job("e1"))  # 409
        do(model.delete_job("e1", uid=2**100))  # 409
        do(model.delete_job("e1"))
        progress("gone")
        do(model.create_tombstone("e1"))
        do(model.create_tombstone("e1"))  # 409
        do(model.get_by_name("e1"))
        do(model.delete_job("e1", "another"))
        do(model.remove_tombstone("e1"))
        do(model.get_generation("e1"))
        do(model.create_fenced_job("e1", 1))
        do(model.raise_generation("e1"))
        do(model.delete_owner("e1"))
        do(model.begin_submission("e1"))
        real.close()
    run.assert_as_declared("kubernetes", GuardedKubernetes)


def test_each_operation_on_redis_is_one_command(adapters: Adapters, run: Run) -> None:
    real, model, key = adapters._by_name["redis"], Redis("redis"), key_of("lock", "e1")
    for request in (
        *(model.set(key, "a"), model.set(key, "a", "w"), model.get(key), model.set_if_absent(key, "b")),
        *(model.delete(key), model.acquire(key, "a"), model.delete_if_equal(key, "b"), model.delete_if_equal(key, "a")),
        *(model.set(key, "a", "w"), model.forsake("e1", "w"), model.let_go("e1", "w")),
    ):
        run.do(real, request)
    for request in (
        *(
            model.set_get(key, "1"),
            model.set_keepttl(key, "1"),
            model.incr(key),
            model.pexpire(key),
            model.persist(key),
        ),
        *(model.getdel(key), model.hset(key, "f", "x"), model.hget(key, "f"), model.hdel(key, "f")),
        *(model.lpush(key, "x"), model.rpush(key, "y"), model.rpop(key), model.blpop(key), model.rpop(key)),
        *(model.watch(key, "w"), model.unwatch("e1", "w"), model.watch(key, "w"), model.execute("w", model.get(key))),
        *(model.execute("w", model.set(key, "a", "w"), model.get(key)), model.disconnect("e1", "w")),
    ):
        run.do(real, request)
    run.do(real, model.lag("e1"), "redis-failover")
    run.do(real, model.fail_over("e1"))
    run.do(real, model.expire("e1"), wish=key)
    run.assert_as_declared("redis", Redis)


def test_each_operation_on_the_status_is_one_command(place: Place, run: Run) -> None:
    real, model = RedisStatus(place.redis, place.prefix, ["e1"]), StatusStore("status")
    change = model.compare_and_set("e1", Status.QUEUED, Status.PROVISIONING)
    real.perform(change)  # the first time the script is loaded
    for request in (model.get("e1"), model.set("e1", Status.QUEUED), change, change, model.reset("e1")):
        run.do(real, request)
    run.assert_as_declared("status", StatusStore)


def test_each_operation_on_the_stream_is_one_command(place: Place, run: Run) -> None:
    real, model = StreamAdapter(place.redis, place.prefix, ["e1"]), EventStream("status")
    cancelled = Status.CANCELLED
    for request in (
        *(model.get("e1"), model.append("e1", cancelled), model.get("e1"), model.receive("e1")),
        *(model.has_received("e1", cancelled), model.reset("e1")),
    ):
        run.do(real, request, name="stream")
    run.assert_as_declared("stream", EventStream)


def test_each_call_is_one_http_request(adapters: Adapters, run: Run) -> None:
    real, model = adapters._by_name["http"], HttpChannel("http")
    for request in (
        *(model.send("e1", "w", None), model.accept("e1", 1), model.reply("e1", 1, "done"), model.response("e1", 1)),
        *(model.send("e1", "w", None), model.accept("e1", 2), model.reset("e1", 2), model.refuse("e1", 2)),
        model.hang_up("e1", "w"),
    ):
        run.do(real, request)
    run.assert_as_declared("http", HttpChannel)


def test_each_cancellation_is_one_http_request(adapters: Adapters, run: Run) -> None:
    real, model = adapters.user, User("user")
    for request in (*(model.cancel("e1"), model.cancellation("e1", 1), model.answer("e1", 1, Cancellation.CANCELLED)),):
        run.do(real, request)
    run.do(real, model.resubmit("e1"), "resubmission")
    run.assert_as_declared("user", User)


def test_what_the_queue_does_is_kombus(adapters: Adapters, run: Run, place: Place) -> None:
    real, model = adapters._by_name["queue"], CeleryQueue("queue")

    def commands() -> int:
        return sum(each["calls"] for each in place.redis.info("commandstats").values())

    def do(request: Operation, fault: str | None = None) -> None:
        before = commands()
        run.do(real, request, fault)
        run.sent[f"queue.{request.name}"][-1] = ["command"] * (commands() - before - 1)  # but for the look itself

    for request in (
        *(model.deliver("e1", "w"), model.requeue("e1", "w"), model.deliver("e1", "w"), model.lose("e1", "w")),
        *(model.deliver("e1", "v"), model.acknowledge("e1", "v"), model.publish("e1"), model.needs_another("e1", 1)),
        model.deliver("e1", "u"),
    ):
        do(request)
    do(model.time_out("e1"), "celery-redelivery")
    run.assert_as_declared("queue", CeleryQueue)


def test_tokens_and_chance_ask_nobody(adapters: Adapters, run: Run) -> None:
    run.do(adapters._by_name["tokens"], Tokens("tokens").generate("e1"))
    run.assert_as_declared("tokens", Tokens)
    run.sent.clear()
    run.do(adapters._by_name["chance"], Chance("chance").occurs("overlapping-sweeps"), "overlapping-sweeps")
    assert run.sent == {"chance.occurs": [[]]}


def test_a_delete_that_looks_first_is_noticed(place: Place, run: Run) -> None:
    class Looking(GuardedKubernetesAdapter):
        def delete_job(self, evaluation: str, name: str | None = None, uid: int | None = None) -> Any:
            self.get_job(evaluation, name)
            return super().delete_job(evaluation, name, uid)

    with place.namespace() as namespace:
        real = Looking(place.cluster, namespace, ["e1"], run=place.run, held=True)
        run.do(real, GuardedKubernetes("kubernetes").delete_job("e1"))
    [requests] = run.sent["kubernetes.delete_job"]
    assert len(requests) == 2


def test_every_exception_is_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [each for each in EXCEPTIONS if f"`{each}`" not in text] == []
