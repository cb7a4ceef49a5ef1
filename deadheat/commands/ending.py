"""How the command line ends: its exit codes, and whatever can go wrong told in one sentence.

A code is a statement, and a script acts on it. So 0, 1 and 3 are said by a command on purpose, and by nothing else:
not by an exception that nobody foresaw, by a role that ends the program, by a dead worker or by a reader who went away.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol, runtime_checkable

import typer

__all__ = ["ExitCode", "console", "ended", "epilog", "finish", "print_apart", "say"]

NARROWEST, USUAL = 40, 80
"""How many columns a table needs to say anything, and how many a terminal usually has."""

TRACEBACK = "DEADHEAT_TRACEBACK"
"""The environment variable that, set to anything, shows the traceback of a defect."""

CLIENTS = ("redis", "kubernetes", "urllib3", "psycopg", "httpx")
"""Where the exceptions come from that mean a server of somebody's, not us."""

OURS = Path(__file__).parents[2]


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
    from deadheat.reports.screen import Screen

    output = Screen()
    if output.width < NARROWEST:  # a terminal that does not know its width, and nothing could be read
        output.width = USUAL
    return output


def say(text: str) -> None:
    """Print to stderr, if anybody can be reached there."""
    from deadheat.reports.inert import plain

    if sys.stderr is not None:  # None where a shell has closed it; print() would take that for stdout
        try:
            print(plain(text), file=sys.stderr, flush=True)
        except (OSError, ValueError):
            _let_go(sys.stderr)


_results: tuple[Any, int | None] | None = None
"""Where results go while the user's code has stdout: Python's own stream, and the copy of its file descriptor."""


@contextmanager
def print_apart() -> Iterator[None]:
    """Let whatever is printed go to stderr, also by worker processes and by what is no Python, but for `finish`.

    What a role prints must not get in between the results, of which a program may be the reader.
    """
    global _results
    stdout, stderr = sys.stdout, sys.stderr
    if stdout is None:  # a shell has closed it
        yield
        return
    _flush()
    copy = _moved(stdout, stderr)
    _results = (stdout, copy)
    sys.stdout = stderr if stderr is not None else open(os.devnull, "w")  # noqa: SIM115 - as long as the program
    try:
        yield
    finally:
        _take_back()


def _moved(stdout: Any, stderr: Any) -> int | None:
    """Let the file descriptor of stdout be another name of stderr's; return a copy of what it was."""
    try:
        copy = os.dup(stdout.fileno())
    except (OSError, ValueError):  # it is no file
        return None
    try:
        os.dup2(stderr.fileno() if stderr is not None else os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    except (OSError, ValueError):
        os.close(copy)
        return None
    return copy


def _take_back() -> None:
    """Let results go to stdout again, if they did not already."""
    global _results
    if _results is None:
        return
    (stdout, copy), _results = _results, None
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    sys.stdout = stdout
    if copy is not None:
        os.dup2(copy, stdout.fileno())
        os.close(copy)


def finish(code: ExitCode, show: Callable[[], None], broken: Exception | None = None) -> NoReturn:
    """Show a result, and end with its code: also where whoever was to read it stops reading.

    Where something has `broken`, the result is part of what was asked for, and the end is that error. Raises UsageError
    where the output cannot be written, for then nobody has seen what the code speaks of.
    """
    from deadheat.sim.errors import UsageError

    _take_back()
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
    if broken is not None:
        raise broken
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
        from deadheat.reports.flags import said

        say(f"deadheat: {said(error)}")
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
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes) and error.strerror:
        say(f"deadheat: The file {error.filename!r} cannot be used: {error.strerror}; give another one.")
        return ExitCode.USAGE
    if isinstance(error, ConnectionError | TimeoutError) or _module(error) in CLIENTS:
        name = type(error).__name__  # and no more of it: it may hold credentials
        say(f"deadheat: A real server refused or failed ({name}, {_where(error)}).")
        return ExitCode.SERVER
    if os.environ.get(TRACEBACK):
        say("".join(traceback.format_exception(error)).rstrip())
    if (place := _not_loaded(error)) is not None:
        say(f"deadheat: {place} cannot be loaded: {_named(error)}; correct it there.")
        return ExitCode.USAGE
    say(f"deadheat: {_sentence(error)}")
    return ExitCode.DEFECT


def _misused(error: Any) -> ExitCode:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help, if that was not printed already
        if message:
            say(message)
        return ExitCode.USAGE
    if context is None:
        say(f"deadheat: {message}")
    else:
        see = " See" if message.endswith("?") else "; see"
        say(f"deadheat: {message.rstrip('.')}{see} {context.command_path} --help.")
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
    return (
        f"This is a defect of deadheat, and no verdict: {_named(error)} ({_where(error)}). Please report it, with what "
        f"{TRACEBACK}=1 shows."
    )


def _named(error: BaseException) -> str:
    said = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _not_loaded(error: BaseException) -> str | None:
    """Return the place in a module of the user's at which importing it went wrong, if that is what went wrong."""
    from deadheat.sim.references import is_the_users

    if isinstance(error, SyntaxError) and error.filename and _is_of_protocols(error.filename):
        return f"{_shown(error.filename)}, line {error.lineno},"
    at_import = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>" and is_the_users(frame.f_globals.get("__name__"))
    ]
    if not at_import:
        return None
    frame, line = at_import[-1]
    return f"{_shown(frame.f_code.co_filename)}, line {line},"


def _is_of_protocols(file: str) -> bool:
    """Return whether a file of source can be the user's: one outside of us, or where protocols are."""
    path = Path(file)
    return not path.is_relative_to(OURS / "deadheat") or path.is_relative_to(OURS / "deadheat" / "models" / "protocols")


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(OURS) if path.is_relative_to(OURS) else path)


def _module(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nobody knows where"
    last = frames[-1]
    return f"{_shown(last.filename)}:{last.lineno}, {last.name}"


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
