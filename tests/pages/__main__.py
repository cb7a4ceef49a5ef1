"""`python -m tests.pages [PAGE ...]` writes anew what pages show, and the pages that are made of something else.

What is right but for times, or leaves something out by `...`, stays as it is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.pages.blocks import Page, pages
from tests.pages.command_line import PATH, command_line
from tests.pages.reference import PAGES, reference
from tests.pages.session import Session


def rewrite(page: Page) -> list[str]:
    """Write the outputs of a page anew; return what is wrong with it all the same."""
    lines = page.text.splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(page, Path(folder))
        found = list(session.run())
    for block, text in reversed(found):
        lines[block.line : block.line + len(block.text.splitlines())] = [text]
    page.path.write_text("".join(lines), encoding="utf-8")
    return session.complaints


if __name__ == "__main__":
    wanted = sys.argv[1:]
    PATH.write_text(command_line(), encoding="utf-8")
    for name, path in PAGES.items():
        path.write_text(reference(name), encoding="utf-8")
    for each in pages():
        if each.parts and (not wanted or each.name in wanted):
            print(each.name)
            for complaint in rewrite(each):
                print(complaint)
