"""A process of its own for what runs the user's code: it may hang, end the program, or be of another version.

`answer` starts one and asks it; it is this module, run as a program, that answers: JSON on stdin, JSON on stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from deadheat.gate.config import Check
from deadheat.gate.files import TOP, Files, Reading, sources_of
from deadheat.gate.older import Older
from deadheat.gate.processes import answering, ask
from deadheat.gate.surveys import Budgets, SideBySide, Survey, Witness
from deadheat.sim.errors import DeadheatError, InternalError, UsageError

__all__ = ["Answer", "Question", "answer"]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked: a survey of a check, a witness to how a property breaks, or what goes wrong beside an older one.

    A witness is of the property that has this `name`, under these `faults` too; `older` says where an older version is.

    Where it is `lenient`, names that the check speaks of and the protocol does not have are passed over, and a protocol
    that is not there is no mistake.
    """

    do: Literal["survey", "witness", "side-by-side"]
    check: Check
    name: str = ""
    faults: Budgets = {}
    older: Older = Older()
    lenient: bool = False


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found, with the files that were read; or why nothing was, in a sentence."""

    survey: Survey | None = None
    witness: Witness | None = None
    side_by_side: SideBySide | None = None
    error: str | None = None
    defect: bool = False
    files: Files = Files()

    def require_found(self) -> Answer:
        """Return the answer; raises UsageError, or InternalError, for one that says why there is none."""
        if self.error is not None:
            raise (InternalError if self.defect else UsageError)(self.error)
        return self


def answer(question: Question, root: Path, paths: Mapping[str, str] | None = None) -> Answer:
    """Ask a process that runs in a folder, and with these environment variables, and return what it says.

    Raises UsageError if it takes longer than the check allows.
    """
    try:
        said = ask("deadheat.gate.worker", msgspec.json.encode(question), root, paths, question.check.seconds)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"{question.check.name} was not decided within {question.check.seconds:g} s; raise its time_limit, or "
            "check something smaller."
        ) from None
    try:
        return msgspec.json.decode(said.out, type=Answer)
    except msgspec.MsgspecError:
        lines = said.err.decode(errors="replace").strip().splitlines()
        raise UsageError(
            f"{question.check.name} ended the program that checks it, with code {said.code}"
            f"{': ' + lines[-1] if lines else ''}; see where it exits."
        ) from None


def _answer(asked: bytes) -> bytes:
    question = msgspec.json.decode(asked, type=Question)
    reading = Reading(Path.cwd())
    try:
        found = _answered(question)
        reading.require_unchanged()
    except DeadheatError as error:
        found = Answer(error=_said(error), defect=isinstance(error, InternalError))
    found = msgspec.structs.replace(found, files=reading.files())
    if found.survey is not None:
        found = msgspec.structs.replace(
            found, survey=msgspec.structs.replace(found.survey, sources=sources_of(found.files))
        )
    return msgspec.json.encode(found, order="deterministic")


def _said(error: DeadheatError) -> str:
    from deadheat.sim.errors import in_full

    return in_full(error)


def _answered(question: Question) -> Answer:
    from deadheat.gate.survey import survey, witness
    from deadheat.scenarios.interruption import watch

    watching = watch(lambda: None)
    try:
        check: Any = question.check
        if question.lenient:
            if not _is_there(check.protocol):
                return Answer()
            check = _known_names(check)
            if question.check.properties and not check.properties:
                return Answer()  # nothing that is asked for was there
        if question.do == "survey":
            return Answer(survey=survey(check))
        if question.do == "side-by-side":
            from deadheat.gate.side_by_side import side_by_side

            return Answer(side_by_side=side_by_side(check, question.older))
        return Answer(witness=witness(check, question.name, question.faults))
    finally:
        watching.stop()


def _is_there(reference: str) -> bool:
    """Return whether a reference of the user's has an object; one to the library's own always has."""
    from importlib.util import find_spec

    from deadheat.scenarios import user_code
    from deadheat.scenarios.catalogue import OBJECT, Reference

    found = OBJECT.fullmatch(Reference.of(reference).base)
    if found is None:
        return True
    where, name = found["where"], found["name"].partition(".")[0]
    if where.endswith(user_code.SUFFIX):
        _require_in_copy(where)
        return Path(where).is_file() and hasattr(user_code.module_of(where), name)
    sys.path.insert(0, str(Path.cwd()))
    try:
        return find_spec(where) is not None and hasattr(__import__(where, fromlist=[name]), name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{where}.".startswith(f"{error.name}."):
            return False
        raise UsageError(f"{where} imports {error.name}, which is not there; install what it needs.") from None


def _require_in_copy(where: str) -> None:
    """Raise UsageError for a file that a link leads to, out of the copy: what it was at that time, nobody knows."""
    top = os.environ.get(TOP)
    if top and not Path(where).resolve().is_relative_to(top):
        raise UsageError(
            f"{where} is a link to {Path(where).resolve()}, and that is not in the repository; keep the protocol in it."
        )


def _known_names(check: Check) -> Check:
    """Return the check without names that its protocol does not have."""
    from deadheat.scenarios.subjects import subject_of

    subject = subject_of(check.protocol, check.settings)
    return replace(
        check,
        faults=tuple(each for each in check.faults if each[0] in subject.faults),
        properties=tuple(each for each in check.properties if each in subject.properties),
        expect=(),
        must_reach=(),
        allow_unreached=tuple(each for each in check.allow_unreached if each in subject.steps_and_faults),
    )


if __name__ == "__main__":
    answering(_answer)
