"""How the command line ends: its exit codes, and whatever can go wrong told in one sentence.

A code is a statement, and a script acts on it. So 0, 1 and 3 are said by a command on purpose, and by nothing else:
not by an exception that nobody foresaw, by a role that ends the program, by a dead worker or by a reader who went away.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol, runtime_checkable

import typer

__all__ = ["ExitCode", "console", "ended", "epilog", "finish", "say"]

NARROWEST, USUAL = 40, 80
"""How many columns a table needs to say anything, and how many a terminal usually has."""

TRACEBACK = "DEADHEAT_TRACEBACK"
"""The environment variable that, set to anything, shows the traceback of a defect."""

CLIENTS = ("redis", "kubernetes", "urllib3", "psycopg", "httpx")
"""Where the exceptions come from that mean a server of somebody's, not us."""

OURS = Path(__file__).parent.parent


class ExitCode(IntEnum):
    """Every code with which a command ends (`docs/exit-codes.md`)."""

    AS_HOPED = 0
    VIOLATED = 1
    USAGE = 2
    UNDECIDED = 3
    """What holds, holds vacuously; or a limit cut the search short."""
    DEFECT = 4
    SERVER = 5
    INTERRUPTED = 130
    UNREAD = 141
    """Nobody reads the output any more, and there was no verdict yet; what a shell says of a closed pipe."""


def epilog(
    example: str,
    as_hoped: str = "all hold",
    violated: str | None = "something is violated",
    *,
    decides: bool = True,
) -> str:
    """Return what stands below a command's options: an example, and the exit codes that it can end with."""
    codes = {
        0: as_hoped,
        1: violated,
        2: "usage or bad input",
        3: "undecided, or true only for want of what never happened" if decides else None,
        4: "a defect of deadheat",
        5: "a server refused or failed",
        130: "interrupted",
    }
    return f"Example: {example}\n\nExit codes: {', '.join(f'{code} {what}' for code, what in codes.items() if what)}."


def console() -> Any:
    """Return the console for results, on stdout."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:  # rich would end the program, with 1
            raise BrokenPipeError

    output = Output()
    if output.width < NARROWEST:  # a terminal that does not know its width, and nothing could be read
        output.width = USUAL
    return output


def say(text: str) -> None:
    """Print to stderr, if anybody can be reached there."""
    if sys.stderr is not None:  # None where a shell has closed it; print() would take that for stdout
        try:
            print(text, file=sys.stderr, flush=True)
        except (OSError, ValueError):
            _let_go(sys.stderr)


def finish(code: ExitCode, show: Callable[[], None]) -> NoReturn:
    """Show a result, and end with its code: also where whoever was to read it stops reading.

    Raises UsageError where the output cannot be written, for then nobody has seen what the code speaks of.
    """
    from deadheat.sim.errors import UsageError

    try:
        show()
        _flush()
    except BrokenPipeError:
        _let_go(sys.stdout)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The output cannot be written in the encoding {error.encoding!r}; set PYTHONIOENCODING=utf-8, or ask for "
            "--json."
        ) from None
    except OSError as error:
        _let_go(sys.stdout)
        raise UsageError(_unwritable(error)) from None
    raise typer.Exit(code)


def ended(command: Callable[[], None]) -> int:
    """Run a command to its end, and return the exit code; what went wrong is said in one sentence on stderr."""
    try:
        code = _ended(command)
        _flush()
    except BrokenPipeError:
        _let_go(sys.stdout)
    except OSError as error:
        _let_go(sys.stdout)
        say(f"deadheat: {_unwritable(error)}")
        code = ExitCode.USAGE
    return code


def _ended(command: Callable[[], None]) -> int:
    from deadheat.sim.errors import DeadheatError

    try:
        command()
    except typer.Exit as ending:
        return ending.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say("deadheat: interrupted; nothing was decided.")
        return ExitCode.INTERRUPTED
    except DeadheatError as error:
        say(f"deadheat: {error}")
        return _code_of(error)
    except BaseException as error:
        return _unexpected(error)
    return ExitCode.AS_HOPED


def _code_of(error: Exception) -> ExitCode:
    from deadheat.sim.errors import InternalError, LiveError, NoLiveFormError, ReplayDivergedError, UndecidedError

    if isinstance(error, UndecidedError):
        return ExitCode.UNDECIDED
    if isinstance(error, InternalError):
        return ExitCode.DEFECT
    if isinstance(error, ReplayDivergedError):
        return ExitCode.VIOLATED
    if isinstance(error, LiveError) and not isinstance(error, NoLiveFormError):  # no server was asked for that one
        return ExitCode.SERVER
    return ExitCode.USAGE


@runtime_checkable
class _Misused(Protocol):
    """An error of typer's own about how it was called; which class that is depends on its version."""

    exit_code: int

    def format_message(self) -> str: ...


def _unexpected(error: BaseException) -> ExitCode:
    """Say what nobody foresaw, and return a code that is no verdict."""
    if isinstance(error, _Misused):
        return _misused(error)
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        _let_go(sys.stdout)
        return ExitCode.UNREAD
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        _let_go(sys.stdout)
        say(f"deadheat: {_unwritable(error)}")
        return ExitCode.USAGE
    if isinstance(error, ConnectionError | TimeoutError) or _module(error) in CLIENTS:
        name = type(error).__name__  # and no more of it: it may hold credentials
        say(f"deadheat: A real server refused or failed ({name}, {_where(error)}).")
        return ExitCode.SERVER
    if os.environ.get(TRACEBACK):
        say("".join(traceback.format_exception(error)).rstrip())
    say(f"deadheat: {_sentence(error)}")
    return ExitCode.DEFECT


def _misused(error: Any) -> ExitCode:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help, if that was not printed already
        if message:
            say(message)
        return ExitCode.USAGE
    if context is not None:
        see = f"see {context.command_path} --help."
        message = f"{message} {see.capitalize()}" if message.endswith("?") else f"{message.rstrip('.')}; {see}"
    say(f"deadheat: {message}")
    return ExitCode.USAGE


def _sentence(error: BaseException) -> str:
    from concurrent.futures.process import BrokenProcessPool

    if isinstance(error, BrokenProcessPool):
        return (
            "A worker process was killed before it had an answer, so nothing is decided; the usual cause is a machine "
            "out of memory. Check one protocol at a time, or set --memory."
        )
    if isinstance(error, MemoryError):
        return "There is not enough memory, so nothing is decided; set --memory, or check something smaller."
    said = " ".join(str(error).split())
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return (
        f"This is a defect of deadheat, and no verdict: {what} ({_where(error)}). Please report it, with what "
        f"{TRACEBACK}=1 shows."
    )


def _module(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nobody knows where"
    last = frames[-1]
    path = Path(last.filename)
    return f"{path.relative_to(OURS) if path.is_relative_to(OURS) else path}:{last.lineno}, {last.name}"


def _unwritable(error: OSError) -> str:
    return f"The output cannot be written: {error.strerror or error}."


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _let_go(stream: IO[str] | None) -> None:
    """Let what is left to be written go nowhere, or Python would try again at its end, and exit with 120."""
    if stream is None:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
