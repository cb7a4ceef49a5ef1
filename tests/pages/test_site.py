"""The site is built without a warning, fetches nothing, and its reference is complete and as the code is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deadheat
import deadheat.library
from tests.pages.blocks import ROOT
from tests.pages.command_line import PATH, command_line


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly: a link to nowhere, or a page that no menu has, is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": ""}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_fetched_from_elsewhere_to_show_it(site: Path) -> None:
    fetched = re.compile(
        r"<(?:script|img|iframe|source)[^>]*src=\"?(?:https?:)?//|<link[^>]*href=\"?(?:https?:)?//[^>]*>"
    )
    for page in site.rglob("*.html"):
        found = [each for each in fetched.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in each]
        assert found == [], page.name
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == []


def has(text: str, name: str) -> bool:
    """Return whether a page has an entry for a name; a module has none, and is spoken of."""
    return f'id="{name}"' in text or f"<code>{name.rpartition('.')[2]}</code>" in text


@pytest.mark.parametrize("module", [deadheat, deadheat.library], ids=lambda module: str(module.__name__))
def test_every_public_name_is_in_the_reference(site: Path, module: object) -> None:
    name = getattr(module, "__name__", "")
    page = site / "reference" / ("library.html" if name.endswith("library") else "deadheat.html")
    text = page.read_text(encoding="utf-8")
    missing = [each for each in getattr(module, "__all__", ()) if not has(text, f"{name}.{each}")]
    assert missing == []


def test_the_page_of_the_command_line_says_what_the_command_line_says() -> None:
    assert PATH.read_text(encoding="utf-8") == command_line(), "run `python -m tests.pages`"
