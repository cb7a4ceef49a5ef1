"""The configuration of the gate: `[tool.deadheat]` of a `pyproject.toml`, or a `deadheat.toml` with the same tables.

[tool.deadheat]
up_to = 1

[[tool.deadheat.check]]
protocol = "ours.py:PROTOCOL"
evaluations = 2
faults = { worker-crash = 1 }
properties = ["no-permanent-orphan"]
expect = "holds"
must_reach = ["T8", "worker-crash"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deadheat.sim.durations import UNITS_NS, parse_duration
from deadheat.sim.errors import UsageError, unknown_name

__all__ = [
    "LOCK",
    "OWN_FILE",
    "PYPROJECT",
    "UP_TO_MAX",
    "WITHOUT_END",
    "Check",
    "Config",
    "configured",
    "find_config",
    "read_config",
]

OWN_FILE, PYPROJECT, LOCK = "deadheat.toml", "pyproject.toml", "deadheat.lock"

VERDICTS = ("holds", "violated", "vacuous", "inconclusive")

WITHOUT_END = "*"

UP_TO_MAX = 5


@dataclass(frozen=True)
class Check:
    """One thing to be checked. `faults` are always allowed; up to `up_to` more are tried, to see which break what
    holds.

    `properties` are all, where none is named. `expect` says what must come out, by property; of what it does not name,
    the lock alone says that. `must_reach` names steps, operations, outcomes, states and kinds of fault that some run
    has to reach. `mutants` says whether the guards are taken away one by one. `seconds` bounds the whole survey.
    """

    protocol: str
    evaluations: int = 1
    faults: tuple[tuple[str, int | str], ...] = ()
    properties: tuple[str, ...] = ()
    expect: tuple[tuple[str, str], ...] = ()
    must_reach: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    allow_unreached: tuple[str, ...] = ()
    quiet: bool = False
    up_to: int = 1
    mutants: bool = True
    max_states: int = 10_000_000
    seconds: float = 600.0

    @property
    def name(self) -> str:
        """The check, told from others of one protocol: `ours.py:PROTOCOL`, or with what is not as by default."""
        more = [f"evaluations={self.evaluations}"] * (self.evaluations != 1)
        more += [f"{kind}={budget}" for kind, budget in (*self.settings, *self.faults)]
        more += list(self.properties) + ["quiet"] * self.quiet
        return f"{self.protocol} ({', '.join(more)})" if more else self.protocol

    def expected(self, name: str) -> str | None:
        """Return the verdict that a property is expected to have, if any is."""
        return dict(self.expect).get(name, dict(self.expect).get(WITHOUT_END))


@dataclass(frozen=True)
class Config:
    """What to check, and the file that says so; references and the lock are relative to its folder, the `root`."""

    file: Path
    checks: tuple[Check, ...]
    lock: Path

    @property
    def root(self) -> Path:
        """The folder that files are relative to."""
        return self.file.parent


def find_config(start: Path) -> Path | None:
    """Return the nearest file that configures the gate, in a folder or those above it."""
    return next(filter(None, map(config_in, (start, *start.parents))), None)


def config_in(folder: Path) -> Path | None:
    """Return the file of a folder that configures the gate: its own one goes first."""
    for file in (folder / OWN_FILE, folder / PYPROJECT):
        if file.is_file() and (file.name == OWN_FILE or configured(file)):
            return file
    return None


def configured(file: Path) -> bool:
    """Return whether a `pyproject.toml` speaks of deadheat at all; one that cannot be read may."""
    try:
        return "deadheat" in tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError, AttributeError):
        return b"deadheat" in _bytes(file)


def read_config(file: Path) -> Config:
    """Return what a file configures; raises UsageError, with the file, for whatever is wrong in it."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no file {file}; give the configuration of the gate by --config FILE.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise UsageError(f"{file} is no TOML: {error}; mend it there.") from None
    prefix = "" if file.name != PYPROJECT else "tool.deadheat."
    table = content if not prefix else content.get("tool", {}).get("deadheat", {})
    reader = _Reader(file, prefix)
    given = reader.table(table, prefix.rstrip(".") or "the file", {**SHARED, "lock": _text, "check": _tables})
    shared = {key: value for key, value in given.items() if key in SHARED}
    checks = tuple(reader.check(each, number, shared) for number, each in enumerate(given.get("check", ()), start=1))
    if not checks:
        raise UsageError(f'{file} names nothing to check; add [[{prefix}check]] with protocol = "ours.py:PROTOCOL".')
    names = [each.name for each in checks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{file} asks for {twice} twice; leave one of the [[{prefix}check]] out.")
    return Config(file.absolute(), checks, file.absolute().parent / given.get("lock", LOCK))


class _WrongError(Exception):
    """A value is not what its key takes."""


def _is_plain(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError("a text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("true or false")
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not _is_plain(value, int) or not least <= value <= most:
            raise _WrongError(f"a whole number from {least:,} to {most:,}")
        number: int = value
        return number

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise _WrongError("a list of texts")
    return tuple(dict.fromkeys(value))


def _faults(value: Any) -> tuple[tuple[str, int | str], ...]:
    wrong = 'a table of how often each kind may happen, such as { worker-crash = 1 } or { worker-crash = "*" }'
    if not isinstance(value, dict):
        raise _WrongError(wrong)
    for budget in value.values():
        if budget != WITHOUT_END and not (_is_plain(budget, int) and budget >= 0):
            raise _WrongError(wrong)
    return tuple(sorted(value.items()))


def _settings(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(each, str | int | bool) for each in value.values()):
        raise _WrongError("a table of sizes, such as { managers = 3 }")
    return tuple((name, str(each)) for name, each in sorted(value.items()))


def _expect(value: Any) -> tuple[tuple[str, str], ...]:
    expected = {WITHOUT_END: value} if isinstance(value, str) else value
    if not isinstance(expected, dict) or not all(each in VERDICTS for each in expected.values()):
        raise _WrongError('"holds", or a table such as { no-permanent-orphan = "violated" }, of ' + ", ".join(VERDICTS))
    return tuple(sorted(expected.items()))


def _duration(value: Any) -> float:
    try:
        seconds = parse_duration(value) / UNITS_NS["s"] if isinstance(value, str) else 0
    except UsageError:
        seconds = 0
    if seconds <= 0:
        raise _WrongError('a duration such as "90s" or "10m"')
    return seconds


def _tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _WrongError("an array of tables, each with a protocol")
    return value


Readers = Mapping[str, Callable[[Any], Any]]

SHARED: Readers = {
    "up_to": _whole(0, UP_TO_MAX),
    "mutants": _flag,
    "max_states": _whole(1, 1_000_000_000_000),
    "time_limit": _duration,
}
"""What is said of all checks, and of one in particular."""

CHECK: Readers = {
    "protocol": _text,
    "evaluations": _whole(1, 1_000),
    "faults": _faults,
    "properties": _texts,
    "expect": _expect,
    "must_reach": _texts,
    "settings": _settings,
    "allow_unreached": _texts,
    "quiet": _flag,
    **SHARED,
}


class _Reader:
    """Reads tables of one file, and says where in it something is wrong."""

    def __init__(self, file: Path, prefix: str) -> None:
        self._file, self._prefix = file, prefix

    def table(self, table: Any, where: str, readers: Readers, number: int = 0) -> dict[str, Any]:
        """Return the values of a table, each read as its key says; that of a check has its number, from 1."""
        if not isinstance(table, dict):
            raise UsageError(f"{self._at('', number)}: {where} is no table; write [{where}].")
        found = {}
        for key, value in table.items():
            if key not in readers:
                raise UsageError(f"{self._at(key, number)}: {unknown_name(f'key of {where}', key, readers)}")
            try:
                found[key] = readers[key](value)
            except _WrongError as wrong:
                raise UsageError(f"{self._at(key, number)}: {key} of {where} is {value!r}; give it {wrong}.") from None
        return found

    def check(self, table: Mapping[str, Any], number: int, shared: Mapping[str, Any]) -> Check:
        """Return one check: what its table says, and `shared` says of all of them."""
        where = f"{self._prefix}check, number {number},"
        given = {**shared, **self.table(table, where, CHECK, number)}
        if "protocol" not in given:
            raise UsageError(f'{self._at("", number)}: {where} names no protocol; add protocol = "ours.py:PROTOCOL".')
        given["seconds"] = given.pop("time_limit", Check.seconds)
        return Check(**given)

    def _at(self, key: str, number: int) -> str:
        """Return the file, with the line of a key, or of the table that it is in, if that is written the usual way."""
        lines = _bytes(self._file).decode(errors="replace").splitlines()
        headers = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[.*\bcheck\s*\]\]", line)]
        start = headers[number - 1] if 0 < number <= len(headers) else 0
        wanted = rf"\s*[\"']?{re.escape(key)}[\"']?\s*="
        found = next((at for at, line in enumerate(lines[start:], start) if key and re.match(wanted, line)), None)
        at = found if found is not None else headers[number - 1] if 0 < number <= len(headers) else None
        return f"{self._file}" if at is None else f"{self._file}:{at + 1}"


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
