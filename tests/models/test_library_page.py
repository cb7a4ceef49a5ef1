"""The page about the parts: its code runs, and the design in it is as it says."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from deadheat.models.design import Design
from deadheat.models.roles import one_each
from tests.models.driver import violated

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the code blocks of the page define, as one module."""
    text = re.sub(r"^<!-- not run:.*?-->\n```python\n.*?^```$", "", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    path = tmp_path_factory.mktemp("page") / "library_page.py"
    path.write_text("\n".join(blocks))
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_cancellation_on_the_page_survives_lost_connections_and_not_a_set_that_forgets(
    page: Any,
) -> None:
    jobs: Design[Any] = page.JOBS
    assert violated(jobs) == set()
    assert violated(jobs, listener_lost=1) == set()
    assert violated(jobs, forgotten_early=1) == {"a-cancelled-job-ends"}


def test_the_other_roles_on_the_page_run_too(page: Any) -> None:
    jobs: Design[Any] = page.JOBS
    roles = (
        one_each("submit", page.submit),
        one_each("owner", page.own),
        one_each("other", page.adopt),
        page.SWEEPER,
    )
    assert violated(replace(jobs, roles=roles), sweeper_loss=1, heartbeat_late=1) == set()
