"""Why a space was too large: what its states are made of, how many there may be, and what would cut most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deadheat.scenarios.check import CheckResult
from deadheat.scenarios.explosion import Cut, Less
from deadheat.sim.counting import counted
from deadheat.sim.explore.estimate import Estimate
from deadheat.sim.explore.made_of import MadeOf, Part
from deadheat.sim.explore.stop import Limit

__all__ = ["explosion", "made_of_to_json"]

SHOWN = 3
"""So many parts of each kind are named."""

NOTABLE = 1.1
"""A part that multiplies the states by less than that is not named."""


def explosion(result: CheckResult) -> list[str]:
    """Return what to say of a search that was cut short by a bound; nothing of any other."""
    made_of = result.exploration.made_of
    stopped = result.exploration.stopped
    if made_of is None or stopped is None or stopped.limit is Limit.VALUES:  # such a space has no end
        return []
    of = result.scenario.protocol
    lines = [f"{of}: {_estimate(made_of)}"]
    parts = [_part(part) for kind in ("fault", "process", "component") for part in _notable(made_of, kind)]
    if parts:
        within = f"the {counted(made_of.states, 'state')} within {counted(len(made_of.layers) - 1, 'step')}"
        lines.append(f"{of}: what multiplies {within}: {', '.join(parts)}.")
    if result.cuts:
        first, *others = result.cuts
        also = "".join(f"; {_option(each)}, {_share(each.factor)}" for each in others[:SHOWN])
        lines.append(f"{of}: what would cut most: {_option(first)}, which leaves {_share(first.factor)}{also}.")
    return lines


def _notable(made_of: MadeOf, kind: str) -> list[Part]:
    return [part for part in made_of.of_kind(kind) if part.factor >= NOTABLE][:SHOWN]


def _part(part: Part) -> str:
    if part.kind == "fault":
        return f"the fault {part.name} ({_times(part.factor)})"
    what = "places" if part.kind == "process" else "values"
    return f"the {part.kind} {part.name} ({part.values:,} {what}, {_times(part.factor)})"


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"


def _option(cut: Cut) -> str:
    """Return how to ask for less."""
    if cut.less is Less.FAULT:
        return f"with {cut.name}={cut.left}" if cut.left else f"without {cut.name}"
    return f"with --evaluations {cut.left}" if cut.less is Less.EVALUATIONS else f"with --set {cut.name}={cut.left}"


def _share(factor: float) -> str:
    """Return what is left of the states, as a part of them."""
    return f"about 1/{factor:,.0f}" if factor >= 1.75 else f"about {100 / factor:.0f} %"


def _estimate(made_of: MadeOf) -> str:
    estimate = made_of.estimate
    if estimate is None or estimate.high is None:
        why = "do not slow down" if estimate is None else "show no end yet"
        return f"how many states there are in all cannot be told from the layers seen so far; they {why}."
    return (
        f"there may be {_rounded(estimate.likely)} states in all, at least {_rounded(estimate.low)} and at most "
        f"{_rounded(estimate.high)}: extrapolated from how the layers of the search "
        "grow, in which nothing shows yet that begins late."
    )


def _rounded(number: int) -> str:
    """Return a number with two digits that say something."""
    unit = 10 ** max(0, len(str(number)) - 2)
    return f"{round(number / unit) * unit:,}"


def made_of_to_json(made_of: MadeOf, cuts: Sequence[Cut]) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "states": made_of.states,
        "layers": list(made_of.layers),
        "parts": [
            {
                "kind": part.kind,
                "name": part.name,
                "values": part.values,
                "factor": round(part.factor, 3),
                "once_less": part.once_less and round(part.once_less, 3),
            }
            for part in made_of.parts
        ],
        "estimate": _estimate_to_json(made_of.estimate),
        "cuts": [
            {"less": each.less, "name": each.name, "left": each.left, "factor": round(each.factor, 3)} for each in cuts
        ],
    }


def _estimate_to_json(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else estimate._asdict()
