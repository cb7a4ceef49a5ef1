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


def test_the_script_has_no_mistake_of_types_and_one_would_be_found(tsc: list[str], script: Path) -> None:
    (script / "mistaken.js").write_text("go('ten');\n")
    files = ("walk.js", "page.js", "mistaken.js")
    done = subprocess.run([*tsc, *STRICT, *files], cwd=script, capture_output=True, text=True, timeout=120)
    [found] = done.stdout.splitlines()
    assert found.startswith("mistaken.js(1,4): error")
    assert "Argument of type 'string' is not assignable to parameter of type 'number'" in found
