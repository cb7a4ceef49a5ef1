"""Whose code is read, and whose is known by its version."""

from __future__ import annotations

import importlib
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from deadheat.sim import references
from deadheat.sim.fingerprint import digest_of
from deadheat.sim.references import Nothing, version_of


def test_the_code_of_the_user_and_of_the_models_is_read() -> None:
    for module in (__name__, "deadheat.models.protocols.baseline", "deadheat.scenarios.properties", "__main__"):
        importlib.import_module(module)
        assert version_of(module) is None


def test_what_is_installed_is_known_by_its_version() -> None:
    assert version_of("builtins") == version_of("json.decoder") == version_of("math") == "python"
    assert version_of("deadheat.sim") == version_of("deadheat.sim.explore.kernel") == "deadheat.sim"
    importlib.import_module("networkx.utils")
    by_content = version_of("networkx.utils")
    assert by_content is not None
    assert len(by_content) == 64
    assert by_content != version_of("simpy")


def test_another_content_of_a_distribution_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    class Installed:
        def __init__(self, record: str | None) -> None:
            self.record = record

        def read_text(self, _: str) -> str | None:
            return self.record

    found = []
    for record in (
        "a.py,sha256=x,1",
        "a.py,sha256=y,1",
        "a.py,sha256=x,1\na/__pycache__/a.pyc,,\n../bin/a,sha256=z,1",
        None,
    ):
        monkeypatch.setattr(metadata, "distribution", lambda _, record=record: Installed(record))
        found.append(references._distributed.__wrapped__("networkx"))
    assert found[0] == found[2]
    assert found[0] != found[1]
    assert found[3] is None  # nobody says what was installed, so it is read


def test_a_file_of_the_user_with_the_name_of_a_library_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "antigravity.py").write_text("FAR = 1\n")  # which nobody else imports
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "antigravity", raising=False)
    importlib.import_module("antigravity")
    assert version_of("antigravity") is None
    sys.modules.pop("antigravity")
    assert not tmp_path.is_relative_to(sysconfig.get_path("stdlib"))


def naming() -> None:
    import xml.dom as whole
    from math import floor, pi
    from os import path

    nowhere  # type: ignore[name-defined]  # noqa: B018, F821
    print(whole, floor, pi, path, sys.maxsize, Path, references.Nothing.NOTHING, Nothing)


def test_what_a_function_names_is_found() -> None:
    found = dict(references.references(naming))  # type: ignore[arg-type]
    assert found.pop("Path") is Path
    assert found.pop("print") is print
    assert found == {
        "Nothing": Nothing,
        "math.floor": "python math.floor",
        "math.pi": 3.141592653589793,
        "nowhere": Nothing.NOTHING,
        "os.path": importlib.import_module("os.path"),
        "references.Nothing": "deadheat.sim deadheat.sim.references.Nothing",
        "sys.maxsize": sys.maxsize,
        "xml": importlib.import_module("xml"),
        "xml.dom": importlib.import_module("xml.dom"),
    }


def test_an_import_of_a_module_in_a_package_brings_the_package_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`import a.b` binds `a`, and what is then used of `a` matters."""
    package = tmp_path / "limits_of_ours"
    package.mkdir()
    (package / "deeper.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    def looks() -> int:
        import limits_of_ours.deeper  # type: ignore[import-not-found]

        return int(limits_of_ours.LIMIT)

    digests = set()
    for limit in (1, 22):
        (package / "__init__.py").write_text(f"LIMIT = {limit}\n")
        for name in [each for each in sys.modules if each.partition(".")[0] == package.name]:
            del sys.modules[name]
        importlib.invalidate_caches()
        shutil.rmtree(package / "__pycache__", ignore_errors=True)
        digests.add(digest_of(looks))
    assert len(digests) == 2
