"""Reports as tests make them: a page in a file, and what of it a test reads in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deadheat import Steps
from deadheat.reports.html.report import Raised, html_of
from deadheat.scenarios.check import CheckResult, Options, check
from deadheat.scenarios.explorable import STATES_MAX, Explorable, explorable
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.in_time import Question, memoryless
from deadheat.scenarios.likely import Likely, likely
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import BLOCKED, Component, Step, operation
from deadheat.sim.faults import Fault
from deadheat.sim.model import Kind, Model, Process, Property

__all__ = ["HOSTILE", "Page", "hostile_model", "looked_through", "reference", "solved", "written"]

Page = tuple[Path, list[Explorable]]
"""A report in a file, and what it is of."""

HOSTILE = '</script><img src=x onerror="hacked=1">\'`${hacked=1}"&lt;\u202ereversed\u200f; end # %%\n```\n- [x](y)'
"""A name that would end a script, a tag, an attribute, a template, a fence or a line, and turn around what follows."""


class Register(Component):
    """One value, of which a reader may be told something odd."""

    initial = ""
    faults = (Fault(HOSTILE, "odd", "nowhere"),)

    @operation
    def put(self, value: str, given: str) -> Sequence[Step]:
        """Set it, or meet a fault."""
        return BLOCKED if value == given else (Step(HOSTILE, given), Step(None, value, HOSTILE))


def writer(register: Register) -> Steps:
    yield register.put(HOSTILE)


def hostile_model() -> Model:
    """Return a model in which all that has a name is called something hostile."""
    register = Register(HOSTILE.replace("/", "|"))
    never = Property(
        HOSTILE, HOSTILE, Kind.ALWAYS, (register.name,), lambda view: HOSTILE if view[register.name] else None
    )
    return Model({register.name: register}, (Process(HOSTILE, writer, (register,)),), (never,), {HOSTILE: 1})


def looked_through(
    *scenarios: Scenario, options: Options = Options(), states_max: int = STATES_MAX
) -> list[Explorable]:
    """Return what a reader can walk through of these."""
    return [explorable(check(each, options), states_max) for each in scenarios]


def written(path: Path, found: list[Explorable], raised: tuple[Raised, ...] = (), likely: Likely | None = None) -> Path:
    """Write a report of these to a file, and return it."""
    path.write_text(html_of(found, raised, [], "deadheat report", likely), encoding="utf-8")
    return path


def solved(found: list[Explorable], *more: CheckResult) -> Likely:
    """Return how likely it is of these, solved for: nothing has to be compiled for that."""
    laws = memoryless(load_profile("quiet").laws)
    return likely([*(each.result for each in found), *more], Question(laws, {}), "quiet")


def reference(model: Model) -> str:
    """Return how a scenario names a model that was made on the way."""
    return reference_to(model)
