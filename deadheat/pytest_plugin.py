"""The pytest plugin: each check of `[[tool.deadheat.check]]`, or of a `deadheat.toml`, is a test.

It looks at the file in pytest's rootdir, and does nothing where that asks for no check; the engine is not imported,
since checks run in processes of their own. Beside them, what a test module calls `test_...` and is a protocol, a design
or a model, is a test that all its properties hold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # a run of pytest without a check must not wait for them
    from deadheat.gate.config import Check, Config
    from deadheat.gate.findings import Finding

__all__: list[str] = []

OWN_FILE, PYPROJECT = "deadheat.toml", "pyproject.toml"
TABLES = {OWN_FILE: (), PYPROJECT: ("tool", "deadheat")}

FILE = pytest.StashKey[Path | None]()

CHECKABLE = {
    "deadheat.models.system": "Protocol",
    "deadheat.models.design": "Design",
    "deadheat.sim.model": "Model",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that switches it off."""
    group = parser.getgroup("deadheat", "race conditions (deadheat)")
    group.addoption(
        "--no-deadheat", action="store_true", help="do not run the checks of deadheat.toml or pyproject.toml"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the checks; where pytest was told no paths, they are part of all tests."""
    config.addinivalue_line("markers", "deadheat: a check of deadheat.toml or pyproject.toml (added by deadheat)")
    file = None if config.getoption("no_deadheat") else _file_of(config.rootpath)
    config.stash[FILE] = file
    if file is None or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    paths = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    if not any(file.is_relative_to(each.resolve()) for each in paths):
        config.args.append(str(file))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which file asks for checks."""
    file = config.stash[FILE]
    return None if file is None else f"deadheat: checks of {file.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the one file that asks for checks."""
    if file_path != parent.config.stash[FILE]:
        return None
    file: _ChecksFile = _ChecksFile.from_parent(parent, path=file_path)
    return file


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Item | None:
    """Take what a test module calls a test, and is something that can be checked."""
    if not name.startswith("test") or collector.config.getoption("no_deadheat"):
        return None
    kinds = (getattr(sys.modules.get(module), kind, None) for module, kind in CHECKABLE.items())
    if not isinstance(obj, tuple(each for each in kinds if each is not None)):
        return None
    item: _ObjectItem = _ObjectItem.from_parent(collector, name=name)
    item.subject = obj
    return item


def _file_of(root: Path) -> Path | None:
    """Return the file of a folder that asks for checks; an own one that cannot be read does, and is told of later."""
    import tomllib

    for name, path in TABLES.items():
        file = root / name
        try:
            content = file.read_bytes()
            if name == OWN_FILE or b"deadheat" in content:
                table: Any = tomllib.loads(content.decode())
                for each in path:
                    table = table.get(each, {})
                if table.get("check"):
                    return file
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError):
            if name == OWN_FILE:
                return file
    return None


class FoundError(Exception):
    """What is wrong, in words; pytest shows these, and no traceback."""


class _Item(pytest.Item):
    """A test whose failure is a text."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the text; the traceback is ours, and says nothing."""
        from deadheat.sim.errors import DeadheatError, InternalError, in_full

        error = excinfo.value
        if isinstance(error, FoundError | AssertionError):
            return str(error)
        if isinstance(error, DeadheatError) and not isinstance(error, InternalError):
            return in_full(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the file, and what stands above a failure."""
        return self.path, None, f"deadheat: {self.name}"


class _ChecksFile(pytest.File):
    """The configuration: its checks, and whether the lock has more than these."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item a check; raises CollectError with a sentence for a mistake in the file."""
        from deadheat.gate.config import read_config
        from deadheat.sim.errors import UsageError

        try:
            config = read_config(self.path)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        for check in config.checks:
            item: _CheckItem = _CheckItem.from_parent(self, name=check.name)
            item.ask(config, check)
            yield item
        if config.lock.exists():
            lock: _LockItem = _LockItem.from_parent(self, name=config.lock.name)
            lock.ask(config)
            yield lock


class _CheckItem(_Item):
    """One check: it fails for what `deadheat gate` would fail for."""

    gate_config: Config
    check: Check

    def ask(self, config: Config, check: Check) -> None:
        """Say what is to be checked; `-k` finds it by the properties and the faults, too, and `-m` by `deadheat`."""
        self.gate_config, self.check = config, check
        self.extra_keyword_matches.update((*check.properties, *dict(check.faults), *dict(check.expect)))
        self.add_marker("deadheat")

    def runtest(self) -> None:
        """Raise FoundError for what nobody has accepted."""
        from deadheat.gate.gate import gate_alone

        _require_none(self.gate_config, gate_alone(self.gate_config, self.check))


class _LockItem(_Item):
    """The lock, which must not hold more than is checked."""

    gate_config: Config

    def ask(self, config: Config) -> None:
        """Say which lock."""
        self.gate_config = config
        self.add_marker("deadheat")

    def runtest(self) -> None:
        """Raise FoundError for what is in the lock alone."""
        from deadheat.gate.gate import out_of_step

        _require_none(self.gate_config, out_of_step(self.gate_config))


def _require_none(config: Config, found: tuple[Finding, ...]) -> None:
    from deadheat.gate.formats.places import Places
    from deadheat.gate.formats.sentences import told

    places = Places(config)
    opened = [told(each, places) for each in found if not each.is_accepted]
    if opened:
        raise FoundError("\n\n".join(opened))


class _ObjectItem(_Item):
    """What a test module calls a test: a protocol, a design or a model, all of whose properties are to hold."""

    subject: Any

    def runtest(self) -> None:
        """Raise NotHeldError for the first property that does not hold."""
        from deadheat.api import check

        check(self.subject).require()
