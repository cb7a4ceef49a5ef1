"""A broker that does not answer is told of in time."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import pytest

from deadheat.live.adapters import celery
from deadheat.live.adapters.redis import connect, explained
from deadheat.live.servers.redis_server import embedded_redis
from deadheat.sim.errors import LiveError


@pytest.mark.live
@pytest.mark.parametrize("paused_before_sending", [True, False])
def test_a_broker_that_does_not_answer_is_told_of_in_time(
    monkeypatch: pytest.MonkeyPatch, paused_before_sending: bool
) -> None:
    monkeypatch.setattr(celery, "ANSWER_PATIENCE_S", 0.3)
    send = celery.CeleryAdapter._send

    with embedded_redis() as url, closing(connect(url)) as client:

        def pause_and_send(adapter: Any, evaluation: str) -> None:
            if not paused_before_sending:
                send(adapter, evaluation)
            client.client_pause(20_000)
            if paused_before_sending:
                send(adapter, evaluation)

        monkeypatch.setattr(celery.CeleryAdapter, "_send", pause_and_send)
        began = time.monotonic()
        with pytest.raises(LiveError, match="does not answer"), explained(url):
            celery.CeleryAdapter(url, "x:", ["e1"])
        assert time.monotonic() - began < 5
