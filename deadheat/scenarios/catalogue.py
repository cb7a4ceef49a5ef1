"""References: the texts by which protocols are named, on the command line, in files, and to other processes.

    state-machine                   one of the package's own
    incident:tekton-2381            one of `scenarios/incidents`, as it was
    dir/ours.py:PROTOCOL            an object in a file of the user's
    package.ours:PROTOCOL           an object in a module that can be imported

Behind any of these, `+orphan-cleanup` adds to it, and then `~3` is the third mutant of it all. A reference can be given
to another process, which finds the same protocol by it; no two references of one process mean the same by accident.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.design import Design
from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.models.system import Addition, Protocol
from deadheat.scenarios import user_code
from deadheat.scenarios.given import given
from deadheat.sim.counting import a
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import Model

__all__ = [
    "BETWEEN",
    "DEFAULT_PROTOCOLS",
    "MUTANT",
    "Reference",
    "additions",
    "all_in",
    "base_of",
    "find",
    "find_protocol",
    "names_stop",
    "protocols",
    "without_mutants",
]

INCIDENT = "incident:"
"""How the name of an incident's protocol begins."""

MUTANT = "~"
"""What stands between a reference and the number of a mutant: `state-machine~3`."""

ADDED = "+"

BETWEEN = "%"
"""What stands between the parts of a reference to a stop of a rollout (see `stops`)."""

NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"

OBJECT = re.compile(rf"(?P<where>.*\.py|(?!incident:){NAME}):(?P<name>{NAME})(?=[{ADDED}{MUTANT}]|$)")
"""An object of the user's: where it is, and its name there."""

DEFAULT_PROTOCOLS: tuple[str, ...] = (
    *(protocol.name for protocol in PROTOCOLS),
    *(f"{PROTOCOLS[0].name}{ADDED}{addition.name}" for addition in ADDITIONS),
)
"""What is checked when no protocol is named: every option, and the baseline with each addition."""


KINDS = (Protocol, Design, Model)
"""What an object of the user's can be, if it is no function that makes a Model."""

Found: TypeAlias = Protocol | Design[Any] | Model | Callable[..., Any]


class Reference(NamedTuple):
    """A reference, taken apart: what is meant, what is added to it, and the numbers of mutants, the outermost last."""

    base: str
    added: tuple[str, ...]
    mutants: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Reference:
        """Take a text apart; whether anything is meant by its parts is for others to say."""
        found = OBJECT.match(text)
        end = found.end() if found else len(re.split(f"[{ADDED}{MUTANT}]", text, maxsplit=1)[0])
        rest, *mutants = text[end:].split(MUTANT)
        return cls(text[:end], tuple(rest.split(ADDED)[1:]), tuple(mutants))


def find_protocol(text: str) -> Protocol:
    """Return the protocol that a reference stands for; raises UsageError as `find` does, and for any other model."""
    found = find(text)
    if isinstance(found, Protocol):
        return found
    raise UsageError(
        f"{text} is a {'design' if isinstance(found, Design) else 'model'}, and no protocol for evaluations, which "
        "this is for; check, show, replay, frontier, mutate and window take any."
    )


def find(text: str) -> Found | Callable[..., Any]:
    """Return what a reference stands for: a protocol, composed from its parts, a design, a model, or what makes one.

    A mutant of a protocol is a protocol. That of anything else is made of its model, which is returned: see `subjects`.

    Raises UsageError, naming the nearest, if a part is unknown or an addition is given twice, if there is no such
    mutant, or if the user's own code cannot be imported.
    """
    if names_stop(text):
        raise UsageError(f"{text} is a stop of a rollout, and no protocol or design; check, show and replay take one.")
    original, tilde, number = text.rpartition(MUTANT)
    if tilde and Reference.of(text).mutants:
        without_mutants(text)  # raises for what is no number
        base = find(original)
        if not isinstance(base, Protocol):
            return base
        from deadheat.scenarios.mutants import mutant  # which explores the original

        return mutant(original, number)
    reference = Reference.of(text)
    found = _base(reference.base)
    for name in reference.added:
        if not isinstance(found, Protocol):
            kind = "design" if isinstance(found, Design) else "model"
            raise UsageError(f"{reference.base} is a {kind}, to which nothing can be added; leave {ADDED}{name} out.")
        found = found.plus(_addition(text, reference, name))
    return found


def base_of(text: str) -> Found:
    """Return what a reference begins with, before additions and mutants; raises UsageError as `find` does."""
    return _base(Reference.of(text).base)


def all_in(text: str) -> tuple[str, ...]:
    """Return the references to everything that a file of the user's makes, if a text is the name of a file alone."""
    if not text.endswith(user_code.SUFFIX) or ":" in text:
        return (text,)
    module = user_code.module_of(text)
    names = user_code.named_in(module, KINDS)
    ours = {id(each) for each in (*PROTOCOLS, *ADDITIONS)}
    found = {id(getattr(module, name)): name for name in reversed(names)}
    its = [name for name in names if name in found.values() and id(getattr(module, name)) not in ours]
    if not its:
        raise UsageError(f"There is no Protocol, Design or Model in {text}; make one there, or name it as {text}:NAME.")
    return tuple(f"{text}:{name}" for name in its)


def names_stop(text: str) -> bool:
    """Return whether a reference is that of a stop of a rollout, and not of something in a file of such a name."""
    found = OBJECT.match(text)
    begins = found.end() if found is not None and Path(found["where"]).exists() else 0
    return BETWEEN in text[begins:]


def without_mutants(text: str) -> str:
    """Return the reference to what a mutant was made of; raises UsageError for a number that no mutant has."""
    if names_stop(text):
        return text
    reference = Reference.of(text)
    for number in reference.mutants:
        if not number.isdecimal() or not int(number):
            raise UsageError(f"{text!r} names no mutant; write its number, from 1, behind {MUTANT}.")
    return "".join((reference.base, *(f"{ADDED}{each}" for each in reference.added)))


def protocols() -> Mapping[str, Protocol]:
    """Return the package's own protocols by name; raises UsageError where two have one."""
    return _by_name("protocols", PROTOCOLS)


def additions() -> Mapping[str, Addition]:
    """Return the package's own additions by name; raises UsageError where two have one."""
    return _by_name("additions", ADDITIONS)


def _by_name(what: str, every: tuple[Any, ...]) -> Mapping[str, Any]:
    found = {each.name: each for each in every}
    if len(found) < len(every):
        names = [each.name for each in every]
        twice = next(each for each in names if names.count(each) > 1)
        raise UsageError(f"Two {what} are named {twice!r}; give each a name of its own.")
    return found


def _base(name: str) -> Found:
    if (object_given := given(name)) is not None:
        return object_given
    if found := OBJECT.fullmatch(name):
        return _users(found["where"], found["name"])
    if name.startswith(INCIDENT):
        from deadheat.scenarios.incidents import find_incident_protocol  # only when one is asked for

        return find_incident_protocol(name)
    if name in protocols():
        return protocols()[name]
    if name in additions():
        raise UsageError(f"{name!r} is an addition to a protocol; ask for one with it, such as baseline+{name}.")
    if name.endswith(user_code.SUFFIX) and ":" not in name:
        raise UsageError(f"{name!r} is the name of a file; say what of it: {' or '.join(all_in(name))}.")
    if ":" in name or "/" in name:
        raise UsageError(f"{name!r} names no protocol; write FILE.py:NAME or MODULE:NAME, such as ours.py:PROTOCOL.")
    raise unknown_name("protocol", name, [*protocols(), *(f"baseline+{each}" for each in additions())])


def _users(where: str, name: str) -> Found:
    found = user_code.load(where, name)
    if isinstance(found, KINDS) or (inspect.isfunction(found) and not inspect.isgeneratorfunction(found)):
        return found
    names = user_code.named_in(user_code.found_in(where), KINDS)
    there = f"there {'are' if len(names) > 1 else 'is'} {', '.join(names)}" if names else "there is none in it"
    raise UsageError(
        f"{name} in {where} is {a(found)}, and no Protocol, Design or Model, nor a function that makes one; {there}."
    )


def _addition(text: str, reference: Reference, name: str) -> Addition:
    if name not in additions():
        raise unknown_name("addition", name, additions())
    if reference.added.count(name) > 1:
        raise UsageError(f"{text!r} has {name!r} twice; once is enough.")
    return additions()[name]
