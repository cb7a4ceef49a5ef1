"""Every code block of every page is run, or says why not; what a page shows is what is printed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deadheat.live.servers.control_plane import missing_assets
from deadheat.live.servers.redis_server import redis_binary
from tests.pages.blocks import ROOT, Block, Kind, Page, PageError, pages
from tests.pages.session import Session, matches, renewed, updated
from tests.shell import is_a_mention, trap_of, words_in_zsh

AS_SHOWN = "as_shown.py"
"""What the Python blocks of a page are together, for the type checker."""

NOT_RUN = {
    "CONTRIBUTING.md": 2,
    "README.md": 2,
    "docs/cleanup.md": 5,
    "docs/design.md": 1,
    "docs/explore.md": 1,
    "docs/fuzz.md": 1,
    "docs/gate.md": 1,
    "docs/incidents.md": 1,
    "docs/index.md": 1,
    "docs/json.md": 1,
    "docs/library.md": 3,
    "docs/live-traces.md": 2,
    "docs/live.md": 3,
    "docs/window.md": 1,
}
"""How many blocks of each page are only shown; each says why."""

REWRITE = "run `python -m tests.pages` to write the outputs anew"

PAGES = {each.name: each for each in pages()}
NEED_SERVERS = [name for name, page in PAGES.items() if "\n<!-- needs servers -->\n" in page.text]
TAKE_LONG = [name for name, page in PAGES.items() if "\n<!-- slow" in page.text]


def read(page: Page, folder: Path, *, servers: bool = False, slow: bool = False) -> Session:
    """Go through a page, and hold it to what it shows."""
    session = Session(page, folder, servers, slow)
    different = [
        f"{block.where} shows\n{block.text}\nand not\n{text}" for block, text in session.run() if block.text != text
    ]
    assert not session.complaints, "\n".join(session.complaints)
    assert not different, "\n".join([*different, REWRITE])
    return session


def require_types(session: Session) -> None:
    """Hold the Python that a page shows to what strict mypy asks of a user."""
    files = {each.title for each in session.page.blocks if each.title.endswith(".py")}
    if session.python:
        (session.folder / AS_SHOWN).write_text(session.python, encoding="utf-8")
        files.add(AS_SHOWN)
    if files:
        command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--strict"]
        command += ["--cache-dir", str(ROOT / ".mypy_cache"), *sorted(files)]
        done = subprocess.run(command, cwd=session.folder, capture_output=True, text=True, timeout=300, check=False)
        (session.folder / AS_SHOWN).unlink(missing_ok=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    session = read(PAGES[name], tmp_path)
    assert session.gone_through == PAGES[name].blocks
    require_types(session)
    if name == "README.md":
        left = {each.name for each in tmp_path.iterdir() if not each.name.startswith((".", "__"))}
        spoken_of = {"orphan.json", "ours.py", "test_ours.py", "deadheat.toml", "deadheat.lock"}
        assert left == spoken_of, "it leaves behind what it does not speak of"


@pytest.mark.live
@pytest.mark.parametrize("name", NEED_SERVERS)
def test_a_page_does_on_real_servers_what_it_says(name: str, tmp_path: Path) -> None:
    missing = missing_assets()
    if missing is not None or redis_binary() is None:
        pytest.skip(f"no Kubernetes: {missing}" if missing else "no Redis")
    read(PAGES[name], tmp_path, servers=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKE_LONG)
def test_what_takes_long_in_a_page_does_what_it_says_too(name: str, tmp_path: Path) -> None:
    assert set(PAGES[name].slow) <= {each for each in PAGES[name].parts if isinstance(each, str)}
    read(PAGES[name], tmp_path, slow=True)


@pytest.mark.parametrize("name", PAGES)
def test_no_block_of_a_page_is_passed_over(name: str) -> None:
    page = PAGES[name]
    fences = [line for line in page.text.splitlines() if line.lstrip().startswith("```")]
    assert len(fences) == 2 * len(page.blocks)
    assert all(each.kind for each in page.blocks)  # raises for one that is of no kind
    assert [each for each in page.parts if isinstance(each, Block)] == page.blocks


def test_what_is_not_run_is_counted() -> None:
    not_run = {name: [each.kind for each in page.blocks].count(Kind.NOT_RUN) for name, page in PAGES.items()}
    assert {name: count for name, count in not_run.items() if count} == NOT_RUN


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Text.\n\n    deadheat check\n", "only indented"),
        ("- an item\n\n  ```sh\n  deadheat check\n  ```\n", "only indented"),
        ("~~~sh\ndeadheat check\n~~~\n", "only indented"),
        ("```sh\ndeadheat check\n", "has no end"),
        ("```\ndeadheat check\n```\n", "no language"),
        ("```yaml\na: 1\n```\n", "neither run nor a file"),
        ("<!-- not runn: because -->\n```sh\ndeadheat check\n```\n", "nobody knows the mark"),
        ('```sh title="x"\ndeadheat check\n```\n', "would become a file"),
        ("```console\nno command\n```\n", "begins with a command"),
        ("```console\n$ deadheat check\n...\n```\n", "nothing of what"),
    ],
)
def test_code_that_would_not_be_run_is_refused(text: str, why: str) -> None:
    page = Page(PAGES["README.md"].path, text)
    with pytest.raises(PageError, match=why):
        [(each.kind, each.commands) for each in page.blocks]


def test_what_is_shown_is_compared_but_for_times_and_what_is_left_out() -> None:
    assert matches("a  0.14\nb\n", "a  12.30   \nb\n")
    assert matches("2 passed in 0.1s\n", "2 passed in 1.23s\n")
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("uid ..., gone\n", "uid 17, gone\n")
    assert not matches("a\n...\nd\n", "a\nb\nc\nd\ne\n")
    assert not matches("a\n", "b\n")
    assert not matches("a\n", "")
    assert not matches("by 2.789 s\n", "by 2.788 s\n")


def test_what_a_page_leaves_out_is_left_out_again() -> None:
    printed = "".join(f"{each}\n" for each in range(9))
    assert renewed("a\nb\n...\nc\n", printed) == "0\n1\n...\n8\n"
    assert renewed("a\n...\n", printed) == "0\n...\n"
    assert renewed("a\nb\n", printed) == printed


def test_a_page_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    page = Page(PAGES["README.md"].path, "```console\n$ echo one\ntwo\n```\n\n```console\n$ echo $?; exit 3\n0\n```\n")
    session = Session(page, tmp_path)
    assert [text for _, text in session.run()] == ["$ echo one\none\n", "$ echo $?; exit 3\n0\n"]
    assert "ends with 3" in session.complaints[0]


def test_python_of_a_page_is_run_block_by_block(tmp_path: Path) -> None:
    printed = "<!-- printed by Python -->\n```text\n{}\n```\n"
    text = "```python\nx = 1\nprint(x)\n```\n" + printed.format("1") + "```python\nprint(x + 1)\n```\n"
    page = Page(PAGES["README.md"].path, text + printed.format("2") + "```python\nprint(y)\n```\n")
    session = Session(page, tmp_path)
    assert [block.text == text for block, text in session.run()] == [True, True]
    assert "name 'y' is not defined" in session.complaints[0]


def test_a_part_takes_the_place_of_its_namesakes() -> None:
    module = "import a\n\n\n@a.b\ndef f():\n    return 1\n\n\nX = f()\n"
    assert updated(module, "import c\n\n\ndef f():\n    return 2\n") == (
        "import a\nimport c\n\n\ndef f():\n    return 2\n\n\nX = f()\n"
    )
    assert (
        updated(module, "def g(): ...\n")
        == "import a\n\n\n@a.b\ndef f():\n    return 1\n\n\ndef g(): ...\n\n\nX = f()\n"
    )


def commands_of(page: Page) -> list[str]:
    found = []
    for part in page.parts:
        found += [part] if isinstance(part, str) else [command for command, _ in part.commands]
    return [re.sub(r" \\\n\s*", " ", each) for each in found if not each.startswith("echo $?")]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_can_be_typed_in_zsh(name: str) -> None:
    for command in commands_of(PAGES[name]):
        assert trap_of(command) is None, command


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed; the rule above stands for it")
@pytest.mark.parametrize("name", PAGES)
def test_zsh_itself_takes_every_command_as_it_stands(name: str) -> None:
    for command in commands_of(PAGES[name]):
        for part in re.split(r" && | \|\| | \| ", command):
            assert words_in_zsh(part) == shlex.split(part), command


@pytest.mark.parametrize(
    "trap",
    [
        *("deadheat check --faults k8s-refusal=*", "pip install deadheat[live]", "deadheat show x?", "ls ~1", "a =cmd"),
        *("deadheat check a & b", "echo $HOME", "a <b", "a >b", "a (b)", "a;b", "a !b", "a `b`", "a #b"),
    ],
)
def test_what_a_shell_would_take_for_its_own_is_noticed(trap: str) -> None:
    assert trap_of(trap) is not None


@pytest.mark.parametrize(
    "command",
    [
        *("deadheat check --faults 'k8s-refusal=*'", "pip install 'deadheat[live]'", "deadheat show creation-lock~6"),
        *(
            'deadheat cleanup --status "https://x/{id}#/status"',
            "deadheat live up && deadheat live down",
            "a | head -1",
        ),
        "deadheat window orphan.json --latency http.accept=5ms..2s",
    ],
)
def test_what_is_quoted_or_harmless_is_not(command: str) -> None:
    assert trap_of(command) is None


@pytest.mark.parametrize(
    ("text", "is_mention"),
    [("deadheat replay FILE", True), ("deadheat", True), ("deadheat list", False), ("deadheat mutate PROTOCOL", True)],
)
def test_a_command_with_a_placeholder_is_a_mention(text: str, is_mention: bool) -> None:
    assert is_a_mention(text) is is_mention
