"""Commands to be copied into a shell."""

from __future__ import annotations

import re
import shlex

from deadheat.scenarios.scenario import Scenario, budget_text

__all__ = ["show_command"]

PLAIN = r"[\w./:=+-][\w./:=+~-]*"
"""What no shell takes for anything but itself."""


def show_command(scenario: Scenario, name: str) -> str:
    """Return the command that shows the named property's counterexample in a scenario."""
    parts = [f"deadheat show {_word(scenario.protocol)} --property {_word(name)}"]
    parts.extend(f"--set {_word(f'{setting}={value}')}" for setting, value in scenario.settings)
    if scenario.evaluations != 1:
        parts.append(f"--evaluations {scenario.evaluations}")
    parts.extend(f"--faults {_word(f'{kind}={budget_text(budget)}')}" for kind, budget in scenario.faults)
    if scenario.quiet:
        parts.append("--quiet-period")
    return " ".join(parts)


def _word(text: str) -> str:
    """Return a text as one word of a command line."""
    return text if re.fullmatch(PLAIN, text) else shlex.quote(text)
