"""Old and new side by side, as they are while a change is rolled out."""

from __future__ import annotations

import dis
import os
import sys
from collections import defaultdict
from pathlib import Path

from deadheat.gate.asked import scenario_of
from deadheat.gate.config import Check
from deadheat.gate.older import OF_A_FILE, Older
from deadheat.gate.survey import options_of, witness_of
from deadheat.gate.surveys import Hazard, SideBySide, Witness
from deadheat.scenarios.rollout import Rollout, StopResult, rollout
from deadheat.scenarios.scenario import EVERY
from deadheat.scenarios.stops import Stop
from deadheat.scenarios.subject import Subject
from deadheat.scenarios.subjects import subject_of
from deadheat.scenarios.user_code import set_aside
from deadheat.sim.errors import UsageError
from deadheat.sim.places import Place
from deadheat.sim.references import codes_in

__all__ = ["side_by_side"]

STOPS_MAX = 3
"""So many stops are named of each hazard."""


def side_by_side(asked: Check, older: Older) -> SideBySide:
    """Return what goes wrong between what a check names, as it was and as it is.

    Raises UsageError where one cannot take the other's place.
    """
    old = _old(asked, older)
    scenario = scenario_of(asked)
    found = rollout(
        old,
        asked.protocol,
        asked.evaluations,
        scenario.faults,
        asked.properties or EVERY,
        options_of(asked),
        quiet=asked.quiet,
    )
    undecided = [*found.not_judged, *(name for each in found.results for name in each.undecided)]
    undecided += [f"what holds, although nobody reaches {name}," for each in found.results for name in each.missed]
    if not found.same_servers:
        undecided.append("whether the servers of both do for each version what its own do")
    return SideBySide(tuple(_hazards(found)), found.safe_orders, tuple(dict.fromkeys(undecided)))


def _old(asked: Check, older: Older) -> Subject | str:
    """Return the older version: what it has imported is set aside, so that the newer one finds its own."""
    is_file = OF_A_FILE.match(asked.protocol) is not None
    reference = str(Path(older.root) / asked.protocol) if is_file else asked.protocol
    before, here = list(sys.path), Path.cwd()
    if not is_file:
        sys.path[:0] = older.paths
    os.chdir(older.root)  # for files of data, too
    try:
        subject = subject_of(reference)
    finally:
        sys.path[:] = before
        os.chdir(here)
    _require_all_imported(Path(older.top))
    set_aside(Path(older.top))
    return reference if is_file else subject


def _require_all_imported(top: Path) -> None:
    """Raise UsageError if a function of the older version imports a file of the project: it would get the newer one."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file is None or not Path(file).resolve().is_relative_to(top.resolve()):
            continue
        code = compile(Path(file).read_bytes(), file, "exec")
        for inner in codes_in(code):
            for each in dis.get_instructions(inner) if inner is not code else ():
                if each.opname == "IMPORT_NAME" and _is_of_the_project(each.argval, top):
                    raise UsageError(
                        f"{Place.in_code(inner, each.positions.lineno if each.positions else None)} imports "
                        f"{each.argval or 'a module beside it'} only when it runs, and would get the newer one; "
                        "import it at the head of the file."
                    )


def _is_of_the_project(name: str, top: Path) -> bool:
    """Return whether a module is one of those in the copy, whether it was imported by now or not."""
    first = name.partition(".")[0]
    if first in sys.stdlib_module_names or first == "deadheat":
        return False
    loaded = getattr(sys.modules.get(first), "__file__", None)
    if loaded is not None:
        return Path(loaded).resolve().is_relative_to(top.resolve())
    return not first or any(top.rglob(f"{first}.py")) or any(each.is_dir() for each in top.rglob(first))


def _hazards(found: Rollout) -> list[Hazard]:
    """Return the hazards, each with the first stops at which it is there; the fewest roles come first."""
    at: defaultdict[str, list[StopResult]] = defaultdict(list)
    fails: defaultdict[str, list[StopResult]] = defaultdict(list)
    for each in found.results:
        for name in each.violated:
            at[name].append(each)
        if each.fails is not None:
            fails[each.fails].append(each)
    hazards = [Hazard(name, _stops(found, results), witness=_witness(results[0], name)) for name, results in at.items()]
    return [*hazards, *(Hazard(None, _stops(found, results), fails=said) for said, results in fails.items())]


def _witness(result: StopResult, name: str) -> Witness:
    return witness_of((result.counterexamples or {})[name])


def _stops(found: Rollout, results: list[StopResult]) -> tuple[str, ...]:
    return tuple(_said(found, each.stop) for each in results[:STOPS_MAX])


def _said(found: Rollout, stop: Stop) -> str:
    """Return a stop in words: `worker new, dispatch old and new`."""
    roles = [
        f"{name} {'new' if name in stop.new else 'old and new' if name in stop.mixed else 'old'}"
        for name in found.roles
    ]
    return ", ".join(roles)
