"""Compiled functions that are kept on disk: by the content of all files that they are made of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deadheat.sim.explore.compiled import compiling
from deadheat.sim.explore.compiled.stored import visited

PART = "def inner(x):\n    return x + 1\n"
WHOLE = (
    "from deadheat.sim.explore.compiled.compiling import compiled, inlined\n"
    "import part\n"
    "inner = inlined(part.inner)\n"
    "@compiled\n"
    "def outer(x):\n"
    "    return inner(x)\n"
)
PROGRAM = (
    "from pathlib import Path\n"
    "from deadheat.sim.explore.compiled import compiling\n"
    "compiling.HERE = Path.cwd()\n"
    "import whole\n"
    "print(whole.outer(1))\n"
)


def answer_in(folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_part_that_was_changed_in_another_file_is_compiled_anew(tmp_path: Path) -> None:
    for name, text in (("part.py", PART), ("whole.py", WHOLE)):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1, 1))
    assert answer_in(tmp_path) == "2"
    kept = set((tmp_path / "__pycache__").rglob("*.nbc"))
    assert kept
    assert answer_in(tmp_path) == "2"
    assert set((tmp_path / "__pycache__").rglob("*.nbc")) == kept  # nothing was compiled again
    (tmp_path / "part.py").write_text(PART.replace("+ 1", "+ 7"))
    os.utime(tmp_path / "part.py", (1, 1))  # as an installation does: the same time, the same size
    assert answer_in(tmp_path) == "8"


def test_numba_goes_on_keeping_what_others_compile_where_it_did(tmp_path: Path) -> None:
    before = compiling.config.CACHE_DIR
    with compiling._cache_at(tmp_path):
        assert str(tmp_path) == compiling.config.CACHE_DIR
    assert before == compiling.config.CACHE_DIR


def test_all_compiled_functions_are_kept_by_content() -> None:
    path = visited.insert._cache.cache_path  # type: ignore[attr-defined]
    assert f"numba-{compiling.content_of(compiling.HERE)}" in path


def test_any_change_of_any_file_is_another_content(tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(compiling.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    contents = {compiling.content_of(folder)}
    assert contents == {compiling.content_of(compiling.HERE)}
    for path in sorted(folder.glob("*.py")):
        path.write_text(path.read_text() + "\n")
        contents.add(compiling.content_of(folder))
    assert len(contents) == 1 + len(list(folder.glob("*.py")))
