"""Every error that deadheat raises on purpose.

    DeadheatError
    ├── UsageError             what the user asked for does not exist or cannot be
    │   └── TooLargeError      it takes more than is done in that way; there may be another
    ├── ModelError             a model, component or role breaks a rule of the engine
    │   ├── PurityError        a role asked for something else after the same outcomes
    │   ├── OperationError     an operation of a component raised an exception
    │   └── UnboundedError     a component or a role takes on more values than can be told apart
    ├── FingerprintError       a model is made of something by which it cannot be told from another
    ├── CheckpointError        a file is not a checkpoint, or not one that this search can go on with
    ├── TraceError             a file is not a trace, or not one that this version can replay
    ├── ReplayDivergedError    a schedule no longer does what it did when it was recorded
    ├── LiveError              a real server is missing, cannot be reached, or refuses
    │   └── NoLiveFormError    an operation cannot be done on a real server yet
    ├── UndecidedError         a limit ended a search before it could say anything
    └── InternalError          two runtimes of deadheat disagree: a defect of deadheat

The message of each is a sentence: what is wrong, with what, and what to do. Each has the exit code of its kind
(`docs/exit-codes.md`), and what is none of these is a defect: no verdict is ever said by an exception.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "CheckpointError",
    "DeadheatError",
    "FingerprintError",
    "InternalError",
    "LiveError",
    "ModelError",
    "NoLiveFormError",
    "OperationError",
    "PurityError",
    "ReplayDivergedError",
    "TooLargeError",
    "TraceError",
    "UnboundedError",
    "UndecidedError",
    "UsageError",
    "in_full",
    "unknown_name",
]


class DeadheatError(Exception):
    """The base of all errors that deadheat raises on purpose.

    What the sentence asks somebody to say otherwise is what it is `about`: an argument or an option, by its name in
    Python. Whoever passes the sentence on can add the name that their own users know.
    """

    def __init__(self, message: str = "", *, about: str | None = None) -> None:
        super().__init__(message)
        self.about = about


class UsageError(DeadheatError):
    """What the user asked for does not exist or cannot be."""


class TooLargeError(UsageError):
    """What was asked for takes more than is done in that way; there may be another."""


class ModelError(DeadheatError):
    """A model, component or role breaks a rule of the engine."""


class PurityError(ModelError):
    """A role asked for something else after the same outcomes."""


class OperationError(ModelError):
    """An operation of a component raised an exception."""


class UnboundedError(ModelError):
    """A component or a role takes on more values than can be told apart: something in it grows without a bound."""


class FingerprintError(DeadheatError):
    """A model is made of something by which it cannot be told from another."""


class CheckpointError(DeadheatError):
    """A file is not a checkpoint, or not one that this search can go on with."""


class TraceError(DeadheatError):
    """A file is not a trace, or not one that this version can replay."""


class ReplayDivergedError(DeadheatError):
    """A schedule no longer does what it did when it was recorded."""


class LiveError(DeadheatError):
    """A real server is missing, cannot be reached, or refuses."""


class NoLiveFormError(LiveError):
    """An operation of the model cannot be done on a real server yet, or not on a server of this version."""


class UndecidedError(DeadheatError):
    """A limit ended a search before it could say anything."""


class InternalError(DeadheatError):
    """Two runtimes of deadheat disagree: a defect of deadheat, never of its user."""


NAME_MAX = 80
"""So much is repeated of a name that there is not."""


def in_full(error: BaseException) -> str:
    """Return the sentence of an error, and below it what was noted: where an exception of the user's came from."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a `name` that is none of the `known` ones, naming the nearest of them."""
    import difflib

    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or [
        each for each in known if str(each).casefold() == str(name).casefold()
    ]
    shown = repr(name if len(name) <= NAME_MAX else f"{name[:NAME_MAX]}...")
    if not known:
        return UsageError(f"There is no {kind} {shown}; there is none at all.")
    return UsageError(
        f"There is no {kind} {shown}; "
        + (f"did you mean {' or '.join(nearest)}?" if nearest else f"there are: {', '.join(known)}.")
    )
