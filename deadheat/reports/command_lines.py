"""Commands to be copied into a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deadheat.scenarios.scenario import Scenario, budget_text

if TYPE_CHECKING:  # not at run time: a table of verdicts need not wait for it
    from deadheat.scenarios.rollout import Rollout

__all__ = ["fuzz_command", "rollout_command", "show_command"]

PLAIN = r"[\w./:=+-][\w./:=+~-]*"
"""What no shell takes for anything but itself."""


def show_command(scenario: Scenario, name: str) -> str:
    """Return the command that shows the named property's counterexample in a scenario."""
    return " ".join(("deadheat show", _word(scenario.protocol), "--property", _word(name), *_options(scenario)))


def rollout_command(found: Rollout) -> str:
    """Return the command that says again what was found of a rollout."""
    asked = found.scenario.properties
    named = () if asked == tuple(found.scenario.subject.properties) else asked
    options = (*_options(found.scenario), *(f"--property {_word(each)}" for each in named))
    return " ".join(("deadheat rollout", _word(found.old), _word(found.new), *options))


def fuzz_command(scenario: Scenario, name: str, blob: str) -> str:
    """Return the command that makes a run again that was drawn at random."""
    asked = ("--property", _word(name), *_options(scenario), f"--blob {_word(blob)}")
    return " ".join(("deadheat fuzz", _word(scenario.protocol), *asked))


def _options(scenario: Scenario) -> Iterator[str]:
    """Yield the options of a command that ask for a scenario, but for its properties."""
    yield from (f"--set {_word(f'{setting}={value}')}" for setting, value in scenario.settings)
    if scenario.evaluations != 1:
        yield f"--evaluations {scenario.evaluations}"
    yield from (f"--faults {_word(f'{kind}={budget_text(budget)}')}" for kind, budget in scenario.faults)
    if scenario.quiet:
        yield "--quiet-period"


def _word(text: str) -> str:
    """Return a text as one word of a command line."""
    return text if re.fullmatch(PLAIN, text) else shlex.quote(text)
