"""The parts of the library that stand for something of one server, held equal to it by random operations.

Publish and subscribe to Redis and to PostgreSQL, the advisory lock to PostgreSQL. Nobody waits for some time to see
that nothing comes: what is published last, on another channel, is the last thing to come.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from redis import ConnectionPool, Redis, exceptions

from deadheat.models.components.advisory_lock import AdvisoryLock
from deadheat.models.components.pubsub import Disconnected, Listener, PubSub
from deadheat.sim.components import Component
from deadheat.sim.operations import Operation

pytestmark = pytest.mark.live

PATIENCE_S = 10.0
BLOCKED = "blocked"
CHANNEL, LOCK = PubSub("channel"), AdvisoryLock("lock")
names, messages = st.sampled_from(("a", "b")), st.sampled_from(("one", "two"))
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Sockets(Protocol):
    """What listeners and publishers of one server do."""

    def connect(self, channels: tuple[str, ...]) -> Any: ...

    def publish(self, channel: str, message: str) -> int | None: ...

    def heard(self, connection: Any, fence: tuple[str, str]) -> list[str]:
        """What has come, up to the fence, which is a channel and a message."""
        ...

    def kill(self, connection: Any) -> list[str]:
        """End a connection from behind; what has come on it until then."""
        ...

    def close(self, connection: Any) -> None: ...


class RedisSockets:
    """Plain connections: a client of redis-py would subscribe again by itself, and nobody would know."""

    def __init__(self, url: str) -> None:
        self.pool = ConnectionPool.from_url(url, decode_responses=True, protocol=2)
        self.publisher = Redis.from_url(url)

    def connect(self, channels: tuple[str, ...]) -> Any:
        made: Any = self.pool.make_connection()
        made.connect()
        made.send_command("CLIENT", "ID")
        number = made.read_response()
        made.send_command("SUBSCRIBE", *channels)
        assert [made.read_response()[0] for _ in channels] == ["subscribe"] * len(channels)
        return made, number

    def publish(self, channel: str, message: str) -> int | None:
        return int(self.publisher.publish(channel, message))

    def heard(self, connection: Any, fence: tuple[str, str]) -> list[str]:
        found = []
        while (read := connection[0].read_response())[1:] != list(fence):
            found.append(read[2])
        return found

    def kill(self, connection: Any) -> list[str]:
        assert self.publisher.client_kill_filter(_id=connection[1]) == 1
        found = []
        with suppress(exceptions.ConnectionError):
            while True:
                found.append(connection[0].read_response()[2])
        self.close(connection)
        return found

    def close(self, connection: Any) -> None:
        connection[0].disconnect()


class PostgresSockets:
    def __init__(self, url: str) -> None:
        self.url = url
        self.publisher = psycopg.connect(url, autocommit=True)

    def connect(self, channels: tuple[str, ...]) -> Any:
        made = psycopg.connect(self.url, autocommit=True)
        for each in channels:
            made.execute(f'LISTEN "{each}"')
        return made

    def publish(self, channel: str, message: str) -> int | None:
        self.publisher.execute("SELECT pg_notify(%s, %s)", (channel, message))
        return None

    def heard(self, connection: Any, fence: tuple[str, str]) -> list[str]:
        found: list[str] = []
        for each in connection.notifies(timeout=PATIENCE_S):
            if (each.channel, each.payload) == fence:
                return found
            found.append(each.payload)
        raise AssertionError("the fence did not come")

    def kill(self, connection: Any) -> list[str]:
        terminate(self.publisher, connection.info.backend_pid)
        found: list[str] = []
        with suppress(psycopg.OperationalError):
            found.extend(each.payload for each in connection.notifies(timeout=PATIENCE_S))
        self.close(connection)
        return found

    def close(self, connection: Any) -> None:
        connection.close()


def terminate(by: psycopg.Connection[Any], pid: int) -> None:
    """End a session of PostgreSQL, and wait until it has ended."""
    by.execute("SELECT pg_terminate_backend(%s)", (pid,))
    give_up = time.monotonic() + PATIENCE_S
    while by.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
        assert time.monotonic() < give_up
        time.sleep(0.001)


class RealChannel:
    """One channel on a server, asked as the component is."""

    def __init__(self, sockets: Sockets) -> None:
        self.sockets = sockets
        self.channel, self.fence = f"channel-{uuid4().hex}", f"fence-{uuid4().hex}"
        self.connections: dict[str, Any] = {}
        self.pending: dict[str, list[str]] = {}

    def subscribe(self, listener: str) -> bool:
        if listener in self.connections:
            return False
        self.connections[listener] = self.sockets.connect((self.channel, self.fence))
        self.pending[listener] = []
        return True

    def unsubscribe(self, listener: str) -> None:
        if listener in self.connections:
            self.sockets.kill(self.connections.pop(listener))
        self.pending.pop(listener, None)

    def publish(self, message: str) -> int | None:
        return self.sockets.publish(self.channel, message)

    def receive(self, listener: str) -> Any:
        if listener in self.connections:
            token = uuid4().hex
            self.sockets.publish(self.fence, token)
            self._hear_all(token)
        if self.pending.get(listener):
            return self.pending[listener].pop(0)
        return BLOCKED if listener in self.connections else Disconnected()

    def is_subscribed(self, listener: str) -> bool:
        return listener in self.connections

    def disconnect(self, listener: str) -> None:
        """End a listener's connection, and keep what reached it before."""
        came = self.sockets.kill(self.connections.pop(listener))
        self.pending[listener] += [each for each in came if len(each) < len(uuid4().hex)]

    def close(self) -> None:
        for each in self.connections.values():
            self.sockets.close(each)

    def _hear_all(self, token: str) -> None:
        for listener, connection in self.connections.items():
            self.pending[listener] += self.sockets.heard(connection, (self.fence, token))


channel_operations = st.one_of(
    st.builds(CHANNEL.subscribe, names),
    st.builds(CHANNEL.publish, messages),
    st.builds(CHANNEL.publish, messages),
    st.builds(CHANNEL.receive, names),
    st.builds(CHANNEL.unsubscribe, names),
    st.builds(CHANNEL.is_subscribed, names),
    names,  # whose connection breaks
)


BROKEN_ON_THE_WAY: list[Operation | str] = [
    *(CHANNEL.subscribe("a"), CHANNEL.publish("one"), CHANNEL.publish("two"), "a", CHANNEL.publish("one")),
    *(CHANNEL.receive("a"), CHANNEL.receive("a"), CHANNEL.receive("a"), CHANNEL.subscribe("a"), CHANNEL.receive("a")),
]


def hold_equal(sockets: Sockets, asked: list[Operation | str]) -> None:
    real, value = RealChannel(sockets), CHANNEL.initial
    try:
        for each in asked:
            if isinstance(each, str):
                value = broken(real, value, each)
                continue
            steps = CHANNEL.apply(value, each)
            answer = getattr(real, each.name)(*each.arguments[:-1])
            if not steps:
                assert answer == BLOCKED, f"{each} in {CHANNEL.describe(value)}"
                continue
            [step] = steps
            assert answer == step.outcome or (answer is None and each.name == "publish"), f"{each} in {value}"
            value = step.value
    finally:
        real.close()


def broken(real: RealChannel, value: Any, listener: str) -> Any:
    """Break a connection; return the value of the step in which what reached the listener had reached it."""
    steps = [each for each in CHANNEL.apply(value, CHANNEL.disconnect()) if each.outcome == listener]
    assert bool(steps) is (listener in real.connections)
    if not steps:
        return value
    real.disconnect(listener)
    kept = [dict(each.value).get(listener, Listener()).pending for each in steps]
    return steps[kept.index(tuple(real.pending[listener]))].value


@given(asked=st.lists(channel_operations, max_size=15))
@example(asked=BROKEN_ON_THE_WAY)
@often
def test_publish_and_subscribe_is_as_redis_does_it(redis_url: str, asked: list[Operation | str]) -> None:
    hold_equal(RedisSockets(redis_url), asked)


@given(asked=st.lists(channel_operations, max_size=15))
@example(asked=BROKEN_ON_THE_WAY)
@often
def test_publish_and_subscribe_is_as_listen_and_notify(postgres_url: str, asked: list[Operation | str]) -> None:
    sockets = PostgresSockets(postgres_url)
    with sockets.publisher:
        hold_equal(sockets, asked)


class RealLock:
    """One advisory lock, with sessions by name."""

    def __init__(self, url: str) -> None:
        self.url, self.number = url, uuid4().int % 2**31
        self.observer = psycopg.connect(url, autocommit=True)
        self.sessions: dict[str, psycopg.Connection[Any]] = {}

    def lock(self, session: str) -> Any:
        connection = self.session(session)
        connection.execute("SET lock_timeout = '30ms'")
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", (self.number,))
        except psycopg.errors.LockNotAvailable:
            return BLOCKED
        return None

    def try_lock(self, session: str) -> Any:
        return self.asked(session, "SELECT pg_try_advisory_lock(%s)")

    def unlock(self, session: str) -> Any:
        return self.asked(session, "SELECT pg_advisory_unlock(%s)")

    def has(self, session: str) -> bool:
        return self.holder() == session

    def end_session(self, session: str) -> None:
        connection = self.session(session)
        pid = connection.info.backend_pid
        self.sessions.pop(session).close()
        terminate(self.observer, pid)

    def lose(self) -> Any:
        holder = self.holder()
        if holder is None:
            return BLOCKED
        terminate(self.observer, self.sessions[holder].info.backend_pid)
        self.sessions.pop(holder).close()
        return holder

    def holder(self) -> str | None:
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
        found = self.observer.execute(query, (self.number,)).fetchone()
        return next((name for name, each in self.sessions.items() if found and each.info.backend_pid == found[0]), None)

    def session(self, name: str) -> psycopg.Connection[Any]:
        if name not in self.sessions:
            self.sessions[name] = psycopg.connect(self.url, autocommit=True)
        return self.sessions[name]

    def asked(self, session: str, query: str) -> Any:
        row = self.session(session).execute(query, (self.number,)).fetchone()
        assert row is not None
        return row[0]


@contextmanager
def real_lock(url: str) -> Iterator[RealLock]:
    made = RealLock(url)
    try:
        yield made
    finally:
        for each in (made.observer, *made.sessions.values()):
            each.close()


def follow(component: Component, real: Any, asked: list[Operation]) -> None:
    value = component.initial
    for each in asked:
        steps = component.apply(value, each)
        answer = getattr(real, each.name)(*each.arguments[:-1])
        assert answer == (steps[0].outcome if steps else BLOCKED), f"{each} in {component.describe(value)}"
        value = steps[0].value if steps else value


lock_operations = st.one_of(
    *(st.builds(each, names) for each in (LOCK.lock, LOCK.try_lock, LOCK.unlock, LOCK.has, LOCK.end_session)),
    st.builds(LOCK.lose),
)


@given(asked=st.lists(lock_operations, max_size=12))
@example(asked=[LOCK.lock("a"), LOCK.try_lock("a"), LOCK.unlock("a"), LOCK.has("a"), LOCK.lock("b"), LOCK.unlock("b")])
@example(asked=[LOCK.lock("a"), LOCK.lock("a"), LOCK.end_session("a"), LOCK.lock("b"), LOCK.lose(), LOCK.unlock("b")])
@often
def test_an_advisory_lock_is_as_postgresql_does_it(postgres_url: str, asked: list[Operation]) -> None:
    with real_lock(postgres_url) as real:
        follow(LOCK, real, asked)


def test_a_channel_that_kept_messages_would_be_noticed(redis_url: str) -> None:
    """The comparison has teeth: what is published to nobody does not come later."""

    class Keeping(RealChannel):
        def subscribe(self, listener: str) -> bool:
            is_new = super().subscribe(listener)
            if is_new:
                self.pending[listener] = ["one"]
            return is_new

    real = Keeping(RedisSockets(redis_url))
    assert real.publish("one") == 0
    assert real.subscribe("a") is True
    assert real.receive("a") == "one"
    assert not CHANNEL.apply((("a", Listener()),), CHANNEL.receive("a"))
    real.close()
