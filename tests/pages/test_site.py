"""The site is built without a warning, fetches nothing, and its reference is complete and as the code is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.pages.blocks import ROOT
from tests.pages.command_line import PATH, command_line
from tests.pages.reference import PAGES, reference


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly: a link to nowhere, or a page that no menu has, is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": ""}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("link", "complaint"),
    [("nowhere.md", "is not found"), ("index.md#nowhere", "no such anchor"), ("/index.md", "absolute link")],
)
def test_a_link_to_nowhere_is_an_error(link: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n\n[a link]({link})\n")
    own = {"INHERIT": str(ROOT / "mkdocs.yml"), "docs_dir": "docs", "site_dir": "site", "nav": ["index.md"]}
    (tmp_path / "mkdocs.yml").write_text(json.dumps(own))  # which is YAML, too
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_nothing_is_fetched_from_elsewhere_to_show_it(site: Path) -> None:
    fetched = re.compile(
        r"<(?:script|img|iframe|source)[^>]*src=\"?(?:https?:)?//|<link[^>]*href=\"?(?:https?:)?//[^>]*>"
    )
    for page in site.rglob("*.html"):
        found = [each for each in fetched.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in each]
        assert found == [], page.name
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_public_name_is_in_the_reference(site: Path, name: str) -> None:
    text = (site / "reference" / f"{PAGES[name].stem}.html").read_text(encoding="utf-8")
    missing = [each for each in import_module(name).__all__ if f'id="{name}.{each}"' not in text]
    assert missing == []


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_names_what_there_is(name: str) -> None:
    assert PAGES[name].read_text(encoding="utf-8") == reference(name), "run `python -m tests.pages`"


def test_the_page_of_the_command_line_says_what_the_command_line_says() -> None:
    assert PATH.read_text(encoding="utf-8") == command_line(), "run `python -m tests.pages`"
