"""What the configuration at a git ref asked for: a gate must not pass more because by now it is asked otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deadheat.gate.base import Base
from deadheat.gate.config import OWN_FILE, PYPROJECT, Check, Config, config_in, configured, read_config
from deadheat.gate.findings import Finding, Kind
from deadheat.gate.narrowing import nearest
from deadheat.sim.errors import UsageError

__all__ = ["asked_at", "narrowed", "narrowed_since", "widened_since"]


def asked_at(base: Base, config: Config) -> tuple[Check, ...]:
    """Return what was to be checked, with references as they would be written in today's configuration.

    That is what the same file says there, or what is configured in the same folder, or else any file that was called so
    and speaks of what is checked today: it was moved since. Nothing, where nothing was configured.
    """
    there = base.root / config.file.name
    file = there if _configures(there) else config_in(base.root)
    if file is not None:
        return read_config(file).checks
    today = {each.protocol for each in config.checks}
    return next(filter(None, (_those_of(today, each, base) for each in _elsewhere(base, config.file.name))), ())


def _configures(file: Path) -> bool:
    return file.is_file() and (file.name != PYPROJECT or configured(file))


def _elsewhere(base: Base, name: str) -> Iterator[Path]:
    for file in sorted(base.top.rglob("*.toml")):
        if file.name in (name, OWN_FILE, PYPROJECT) and _configures(file):
            yield file


def _those_of(protocols: set[str], file: Path, base: Base) -> tuple[Check, ...]:
    with suppress(UsageError):  # it is of somebody else's
        checks = (
            replace(each, protocol=_from(base.root, file.parent, each.protocol)) for each in read_config(file).checks
        )
        return tuple(each for each in checks if each.protocol in protocols)
    return ()


def _from(root: Path, folder: Path, reference: str) -> str:
    """Return a reference to a file that is written in one folder, as it is written in another."""
    where, colon, name = reference.partition(":")
    return (
        f"{Path(os.path.relpath(folder / where, root)).as_posix()}:{name}"
        if colon and where.endswith(".py")
        else reference
    )


def narrowed_since(base: Base, before: tuple[Check, ...], config: Config) -> Iterator[Finding]:
    """Yield what was asked for at the ref and is not by now: nobody looks at it any more."""
    for check in before:
        less = nearest(check, config.checks)
        if less is None:
            text = f"At {base.ref}, {check.name} is checked, and no longer."
            yield Finding(check, Kind.CHANGED, text, detail="not checked")
        elif less:
            yield narrowed(check, f"at {base.ref}", less)


def narrowed(check: Check, before: str, less: list[str]) -> Finding:
    """Return that less is asked of a check than before."""
    text = f"Less is asked of {check.name} than {before}: {'; '.join(less)}."
    return Finding(check, Kind.CHANGED, text, detail=f"narrower: {'; '.join(less)}")


def widened_since(before: tuple[Check, ...], config: Config) -> list[Check]:
    """Return the checks of which more is asked by now: what held as they were is hidden by what is violated since."""
    return [each for each in before if each not in config.checks and nearest(each, config.checks) == []]
