"""The text of a user's function is found where Python finds it, and not by looking through all modules."""

from __future__ import annotations

import inspect
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from deadheat.sim.places import source_of, text_of


def twice(function: Any) -> Any:
    @wraps(function)
    def wrapped(*arguments: Any) -> Any:
        return function(*arguments) * 2

    return wrapped


@twice
def decorated(
    number: int,
) -> int:
    # what it does
    return number + 1


class Holder:
    def method(self) -> Iterator[int]:
        yield 1


small = lambda number: number  # noqa: E731


@pytest.mark.parametrize("function", [decorated, Holder.method, Holder().method, Holder, small])
def test_the_text_is_what_inspect_says(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = textwrap.dedent(inspect.getsource(function))
    if not isinstance(function, type):
        monkeypatch.delattr(inspect, "getmodule")  # which looks through all modules
    assert text_of(function) == expected


def test_what_has_no_text_is_told() -> None:
    made: dict[str, Any] = {}
    exec("def made():\n    pass", made)
    with pytest.raises(OSError, match="made has no text"):
        source_of(made["made"].__code__)
    with pytest.raises(TypeError):
        text_of(len)


def test_the_text_in_an_archive_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("in_an_archive.py", "def role():\n    yield 1\n")
    monkeypatch.syspath_prepend(str(archive))
    import in_an_archive  # type: ignore[import-not-found]

    del sys.modules["in_an_archive"]  # for good: what lies in an archive has no file that could be read
    assert text_of(in_an_archive.role) == "def role():\n    yield 1\n"


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "ours.py"
    texts = ["def role():\n    yield 1\n", "def role():\n    yield 1 + 1\n"]
    for text in texts:
        file.write_text(text)
        made: dict[str, Any] = {}
        exec(compile(text, str(file), "exec"), made)
        assert text_of(made["role"]) == text
