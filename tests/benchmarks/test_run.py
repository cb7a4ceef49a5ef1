"""The benchmarks' own bookkeeping: rows are kept as they are measured, and runs go on where they stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.rows import MARKERS, Measured, Record, Table, Work
from tests.following import rest_of

PEERS: dict[str, tuple[Callable[[], bool], str]] = {"peer": (lambda: False, "pip install peer")}


def measured(seconds: float) -> Work:
    return lambda: Measured(100, seconds)


def interrupted() -> Measured:
    raise KeyboardInterrupt


def table(**works: Work) -> Table:
    return Table("sums", "Sums", works, "slow")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{MARKERS[0]}\n{MARKERS[1]}\nafter\n")
    return page


def go(page: Path, every: Table, *names: str) -> int:
    rows = run.chosen([every], names, large=False)
    return run.measure(rows, [every], Record.read(page.with_name("measured.json")), 1, page, PEERS)


def test_a_row_is_on_the_page_as_soon_as_it_is_measured(page: Path) -> None:
    pages: list[str] = []

    def looks() -> Measured:
        pages.append(page.read_text())
        return Measured(1, 1.0)

    assert go(page, table(slow=measured(4), looks=looks)) == run.DONE
    assert "| slow | 100 | 4.00 | 25 | - | 1.00 |" in pages[0]
    assert "| looks | 1 | 1.00 | 1 | - | 4.00 |" in page.read_text()


def test_a_run_that_is_interrupted_prints_what_it_has_and_goes_on_from_there(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go(page, table(slow=measured(4), fast=interrupted)) == run.INTERRUPTED
    said = capsys.readouterr()
    assert "| slow | 100 | 4.00 |" in said.out
    assert "not measured yet: sums/fast" in said.err

    assert go(page, table(slow=interrupted, fast=measured(2))) == run.DONE
    said = capsys.readouterr()
    assert "1 of 2 rows are measured" in said.err
    assert "| fast | 100 | 2.00 | 50 | - | 2.00 |" in said.out


def test_a_run_of_other_code_begins_anew(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert go(page, table(slow=measured(4), fast=interrupted)) == run.INTERRUPTED
    monkeypatch.setattr(run, "_code", lambda: "changed")
    assert go(page, table(slow=measured(6), fast=measured(2))) == run.DONE
    assert "| fast | 100 | 2.00 | 50 | - | 3.00 |" in page.read_text()


def test_rows_of_two_runs_are_not_compared(page: Path) -> None:
    assert go(page, table(slow=measured(4), fast=measured(2))) == run.DONE
    assert go(page, table(slow=interrupted, fast=measured(1)), "sums/fast") == run.DONE
    assert "| slow | 100 | 4.00 | 25 | - | 1.00 |" in page.read_text()
    assert "| fast | 100 | 1.00 | 100 | - | - |" in page.read_text()


def test_a_peer_that_is_not_installed_is_named_once(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    works = {"peer, 1": interrupted, "peer, 2": interrupted, "ours": measured(1)}
    assert go(page, table(**works)) == run.DONE
    assert capsys.readouterr().err.count("peer is not installed") == 1
    assert "| ours |" in page.read_text()


def test_a_measurement_that_fails_is_named_and_the_others_go_on(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> Measured:
        raise OSError("no room")

    assert go(page, table(broken=fails, ours=measured(1))) == run.FAILED
    assert "sums/broken failed: no room" in capsys.readouterr().err
    assert "| ours |" in page.read_text()


def test_a_name_that_no_row_begins_with_is_refused() -> None:
    with pytest.raises(ValueError, match="no benchmark 'sum/'; there is sums"):
        run.chosen([table(ours=measured(1))], ["sum/"], large=False)


@pytest.mark.parametrize("arguments", [[""], ["--repeat", "0"], ["--repeat", "-1"], ["--repeat", "often"]])
def test_what_chooses_nothing_or_never_measures_is_refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    try:
        code = run.main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == run.USAGE
    assert "There is no benchmark ''" in (err := capsys.readouterr().err) or "is no number of times" in err


def test_a_large_table_is_measured_only_where_it_is_asked_for() -> None:
    every = [Table("small", "", {"a": interrupted}), Table("huge", "", {"b": interrupted}, large=True)]
    assert run.chosen(every, [], large=False) == ["small/a"]
    assert run.chosen(every, [], large=True) == ["small/a", "huge/b"]
    assert run.chosen(every, ["huge"], large=False) == ["huge/b"]


PROGRAM = """
import signal, sys
from pathlib import Path
from benchmarks import run, works
from benchmarks.rows import Measured, Table
folder = Path(sys.argv[1])
run.PAGE, run.RECORD = folder / "README.md", folder / "measured.json"
works.HERE = folder / "benchmarks"
example = folder / "examples" / "two_phase_commit.py"
example.parent.mkdir()
example.write_text("import os, sys, time; print('at work', os.getpid(), file=sys.stderr, flush=True); time.sleep(60)")
slow = lambda: works.two_phase_whole(7)
run.tables = lambda: [Table("sums", "Sums", {"fast": lambda: Measured(100, 4.0), "slow": slow})]
sys.argv[1:] = []
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(run.main())
"""


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_is_told_to_stop_keeps_its_rows_and_says_what_is_missing(page: Path, by: signal.Signals) -> None:
    """Only the program itself is told, and not what it measures: that ends with it."""
    command = [sys.executable, "-c", PROGRAM, str(page.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        line = next(each for each in running.stderr if each.startswith("at work"))
        running.send_signal(by)
        try:
            out, err = rest_of(running, 50)  # what it measures sleeps for longer
        finally:
            running.kill()
    assert running.returncode == run.INTERRUPTED
    assert "| fast | 100 | 4.00 |" in out
    assert "| fast | 100 | 4.00 |" in page.read_text()
    assert "not measured yet: sums/slow. The same command goes on from here." in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.split()[-1]), 0)
