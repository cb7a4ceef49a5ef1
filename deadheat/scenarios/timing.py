"""Which step takes how long: laws by name, the most specific of which wins; what was said over a profile, before that.

The names are those of `window`: a label, a kind of fault, role, component and operation. Beside these, a step can be
named by its outcome (`kubernetes.progress:running`), the beginning of a role that begins again and again by
`ROLE.begins`, and what has a time to live by `ttl`.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

from deadheat.scenarios.latency import DEFAULT, names_of
from deadheat.sim.components import Component
from deadheat.sim.errors import unknown_name
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Operation, plain
from deadheat.sim.render import render
from deadheat.sim.run.simulation import Transition
from deadheat.sim.timed.graph import Timing
from deadheat.sim.timed.laws import Law
from deadheat.sim.traits import traits_of

__all__ = ["TTL", "Clocks", "layered", "layers_of", "names_in_time"]

TTL = "ttl"
"""The name of all times to live: how long after it was set something expires, be that too early or not."""


def layered(*layers: Mapping[str, Law]) -> Mapping[str, Law]:
    """Return laws that were said one over the other, the last word first.

    `http` over a profile that has `http.send` is meant for that too, although it is less specific.
    """
    return ChainMap(*(dict(one) for each in layers for one in layers_of(each)))


def layers_of(laws: Mapping[str, Law]) -> Sequence[Mapping[str, Law]]:
    """Return the layers of laws, the last word first."""
    return laws.maps if isinstance(laws, ChainMap) else (laws,)


class Clocks:
    """The laws of one model's steps, by name. `seen` are all names by which a step could have been named."""

    def __init__(self, model: Model, laws: Mapping[str, Law]) -> None:
        self.model = model
        self.laws = laws
        self.seen: dict[str, None] = {DEFAULT: None}

    def __call__(self, process: Process, transition: Transition, begins: bool) -> Timing:
        """Return how long a step takes that a process waits for."""
        names = names_in_time(self.model, process, transition, begins)
        self.seen.update(dict.fromkeys(names))
        found, law = self._law_of(_binding(names, transition))
        if found is None:
            return Timing(next(name for name in names if ":" not in name), None)
        own = f" {_outcome(transition)}" if _expires(self.model, transition) else ""
        return Timing(found + own, law)

    def _law_of(self, names: Sequence[str]) -> tuple[str, Law] | tuple[None, None]:
        """Return by which of its names a step has a law, and that law. What is said of all others comes last."""
        layers = layers_of(self.laws)
        ordered = [(layer, name) for layer in layers for name in names if name != DEFAULT]
        ordered += [(layer, name) for layer in layers for name in names if name == DEFAULT]
        return next(((name, layer[name]) for layer, name in ordered if name in layer), (None, None))

    def require_used(self, given: Mapping[str, Any]) -> None:
        """Raise UsageError, naming the nearest, for a name of no step at all."""
        for name in given:
            if name not in self.seen:
                from difflib import get_close_matches

                known = list(self.seen)
                if not get_close_matches(
                    name, known, cutoff=0.4
                ):  # without the narrower ones, which are too many to be read
                    known = [each for each in known if ":" not in each and "." not in each]
                raise unknown_name("step that takes time named", name, known)


def names_in_time(model: Model, process: Process, transition: Transition, begins: bool) -> tuple[str, ...]:
    """Return the names by which a step can be named, the most specific first."""
    outcome = _outcome(transition)
    fault = transition.step.fault
    role = transition.choice.process.partition("/")[0]
    names = (fault,) if fault else names_of(transition)
    found = [f"{role}.begins"] if begins and process.repeats and not process.is_environment else []
    for name in names:
        is_operation = name.count(".") > 0 or name in (fault, transition.operation and transition.operation.label)
        found += [f"{name}:{outcome}", name] if is_operation and outcome else [name]
    if _expires(model, transition):
        found.insert(0 if fault is None else len(found), TTL)
    return tuple(dict.fromkeys(found))


def _binding(names: tuple[str, ...], transition: Transition) -> tuple[str, ...]:
    """Return those names that can say of a step how long it takes: what comes when it likes is no part of a whole."""
    if transition.owed:
        return (*names, DEFAULT)
    whole = {transition.choice.process.partition("/")[0], *(name.rpartition(".")[0] for name in names)}
    return tuple(name for name in names if name not in whole)


def _expires(model: Model, transition: Transition) -> bool:
    operation = plain(transition.operation) if transition.operation is not None else None
    if not isinstance(operation, Operation):
        return False
    component: Component = model.component(operation.component)
    return traits_of(component, operation.name).expires is not None


def _outcome(transition: Transition) -> str:
    """Return a step's outcome as a name; none where it says nothing."""
    outcome = transition.step.outcome
    return "" if outcome is None else re.sub(r"[^a-z0-9]+", "-", render(outcome).lower()).strip("-")[:40]
