"""What gates have found is shared by tests that are not about that: most of them make the same few edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.project import Project


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests that would find the same anew."""
    return tmp_path_factory.mktemp("found") / "cache"


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory, found: Path) -> Project:
    """A project whose gate is green, and committed; for copies."""
    made = Project(tmp_path_factory.mktemp("gate") / "project", cache=found)
    assert made.gate("--update").code == 0
    made.commit()
    return made
