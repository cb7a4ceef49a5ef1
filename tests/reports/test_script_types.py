"""The page's script is JavaScript with types in its comments: TypeScript's compiler finds nothing wrong with them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deadheat.reports.html import report

STRICT = (
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--noUnusedLocals", "--noUnusedParameters"),
    *("--noImplicitReturns", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"),
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    for name in ("walk.js", "page.js"):
        (tmp_path / name).write_text(report._file(name))
    return tmp_path


def complaints(tsc: list[str], folder: Path) -> str:
    done = subprocess.run(
        [*tsc, *STRICT, "walk.js", "page.js"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    return done.stdout


def test_the_script_has_no_mistake_of_types_and_one_would_be_found(tsc: list[str], script: Path) -> None:
    assert complaints(tsc, script) == ""
    page = script / "page.js"
    page.write_text(page.read_text() + "\ngo('ten');\n")
    assert "Argument of type 'string' is not assignable to parameter of type 'number'" in complaints(tsc, script)
