"""Keeps quiet about generators that are thrown away while they wait in a `finally`, which say so."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def _silence() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        heard = sys.unraisablehook

        def hear(unraisable: Any) -> None:
            if "generator ignored GeneratorExit" not in str(unraisable.exc_value):
                heard(unraisable)

        patch.setattr(sys, "unraisablehook", hear)
        yield
        for _ in range(3):  # what one frees may hold what the next frees
            gc.collect()
