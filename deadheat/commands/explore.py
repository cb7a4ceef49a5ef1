"""The command line of `deadheat explore`: a run made by hand, at a prompt or by a script."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer

from deadheat.commands.ending import ExitCode, console, finish, say
from deadheat.commands.options import DEFAULTS, Evaluations, Faults, MaxValues, Quiet, Settings, whole
from deadheat.commands.users_code import at_work

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.by_hand import ByHand, Position

__all__ = ["explore"]

AHEAD = 20_000
"""So many states are looked at ahead by default."""

PROMPT = "deadheat> "
DIGITS_MAX = 9


class Done(NamedTuple):
    """What came of a command: what is to be told, what prints more, and whether it moved, so that all is shown anew."""

    told: str | None = None
    show: Callable[[Position, Any], None] | None = None
    moved: bool = True


MOVED = Done()


class Command(NamedTuple):
    """A command: how it is written, what it does, with how many words at least and at most, and what does it."""

    usage: str
    meaning: str
    least: int
    most: int
    do: Callable[[ByHand, list[str]], Done]


class _QuitError(Exception):
    """Somebody has seen enough."""


def explore(
    reference: Annotated[
        str | None, typer.Argument(metavar="PROTOCOL", help="What to walk through; nothing with --from.")
    ] = None,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Tell of this property only.")
    ] = None,
    quiet_period: Quiet = False,
    trace: Annotated[
        Path | None, typer.Option("--from", metavar="TRACE", help="Begin with the steps of a saved trace.")
    ] = None,
    at: Annotated[
        int | None, typer.Option("--at", help="After this step of the trace; at its end.", **whole("--at", 0))
    ] = None,
    do: Annotated[
        str | None,
        typer.Option("--do", metavar="COMMANDS", help="Do this instead of asking: 'choose 2; back; run'."),
    ] = None,
    max_states: Annotated[
        int, typer.Option("--max-states", help="So many states are looked at ahead.", **whole("--max-states", 1))
    ] = AHEAD,
    max_values: MaxValues = DEFAULTS.values_max,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; goes with --do.")] = False,
) -> None:
    """Step through a protocol by hand: what is enabled, what it does, and how every property then stands.

    At the prompt, help lists the commands: choose, back, jump, inject, run, save and others.
    """
    from deadheat.sim.errors import UsageError

    if (reference is None) is (trace is None):
        raise UsageError("There is nothing to walk through, or two things; name a PROTOCOL, or a trace by --from.")
    if at is not None and trace is None:
        raise UsageError("--at is a step of a trace; give the trace by --from.")
    if as_json and do is None:
        raise UsageError("--json tells what came of commands; give them by --do.")
    given = (evaluations, settings, faults, quiet_period)
    if trace is not None and given != (1, None, None, False):
        raise UsageError("A trace has its size and faults already; leave out -n, --set, --faults and --quiet-period.")
    with at_work():
        walk = _begun(reference, trace, at, given, properties, (max_states, max_values))
    if do is None:
        _ask(walk)
    _script(walk, do, as_json=as_json)


def _begun(
    reference: str | None,
    trace: Path | None,
    at: int | None,
    given: tuple[int, list[str] | None, list[str] | None, bool],
    properties: list[str] | None,
    ahead: tuple[int, int],
) -> ByHand:
    from dataclasses import replace

    from deadheat.commands.searches import scenario_of
    from deadheat.scenarios.by_hand import ByHand
    from deadheat.scenarios.replaying import difference_along
    from deadheat.scenarios.scenario import EVERY
    from deadheat.scenarios.trace_file import read
    from deadheat.sim.errors import UsageError

    if trace is None:
        evaluations, settings, faults, quiet = given
        return ByHand(scenario_of(reference or "", evaluations, faults, properties, quiet, settings), (), *ahead)
    recorded = read(trace)
    found = recorded.counterexample
    at = len(found.trace.events) if at is None else at
    difference = difference_along(found, at)
    if difference is not None:
        remark = recorded.remark or "the protocol is as it was when the trace was saved"
        raise UsageError(f"{trace} is no run of today: {difference}; {remark}. Begin before that step, by --at.")
    if recorded.remark is not None:
        say(f"deadheat: {trace}: {recorded.remark}.")
    asked = tuple(dict.fromkeys(properties)) if properties else EVERY
    walk = ByHand(replace(found.scenario, properties=asked), found.trace.schedule.choices, *ahead)
    walk.jump(at)
    return walk


# At a prompt, and by a script


def _ask(walk: ByHand) -> NoReturn:
    """Ask for one command after the other, until somebody has seen enough."""
    from deadheat.reports.flags import said
    from deadheat.sim.errors import DeadheatError, InternalError

    with suppress(ImportError):
        import readline  # noqa: F401 - lines can then be edited, and brought back
    with at_work():
        here = walk.position
    _show(here, MOVED)
    while True:
        try:
            line = input(PROMPT)
        except EOFError:
            break
        for text in _commands_in(line):
            try:
                with at_work():
                    done = _done(walk, text)
                    here = walk.position
            except _QuitError:
                raise typer.Exit(ExitCode.AS_HOPED) from None
            except InternalError:
                raise
            except DeadheatError as error:
                say(said(error))
                break
            _show(here, done)
    raise typer.Exit(ExitCode.AS_HOPED)


def _script(walk: ByHand, commands: str, *, as_json: bool) -> NoReturn:
    """Do what a script says, and end with 1 where something is violated at its end."""
    from deadheat.reports.by_hand import walk_to_json

    positions: list[tuple[str, Position]] = []
    with at_work():
        here = walk.position
    for text in _commands_in(commands):
        try:
            with at_work():
                done = _done(walk, text)
                here = walk.position
        except _QuitError:
            break
        positions.append((text, here))
        if not as_json:
            console().print(f"{PROMPT}{text}", highlight=False)
            _show(here, done)
    code = ExitCode.VIOLATED if here.is_violated else ExitCode.AS_HOPED
    finish(code, lambda: typer.echo(walk_to_json(positions)) if as_json else None)


def _show(here: Position, done: Done) -> None:
    from deadheat.reports.by_hand import print_position

    if done.told is not None:
        console().print(done.told, style="bold", highlight=False)
    if done.show is not None:
        done.show(here, console())
    elif done.moved:
        print_position(here, console())


# The commands


def _commands_in(line: str) -> Iterator[str]:
    yield from (each.strip() for each in line.split(";") if each.strip())


def _done(walk: ByHand, text: str) -> Done:
    """Do one command; a number alone chooses a step. Raises UsageError for what is no command."""
    from deadheat.sim.errors import UsageError, unknown_name

    try:
        name, *words = shlex.split(text)
    except ValueError:  # a quote that is not closed, or nothing behind a backslash: then these are themselves
        name, *words = text.split()
    if name.isdecimal():
        name, words = "choose", [name, *words]
    found = [each for each in COMMANDS if name and each.startswith(name)]
    if name in COMMANDS or len(found) == 1:
        command = COMMANDS[name if name in COMMANDS else found[0]]
        if not command.least <= len(words) <= command.most:
            raise UsageError(f"{text!r} is not how that is written; write {command.usage}.")
        return command.do(walk, words)
    if found:
        raise UsageError(f"{name!r} may be {' or '.join(found)}; write more of it.")
    raise unknown_name("command", name, COMMANDS)


def _number(text: str, usage: str) -> int:
    from deadheat.sim.errors import UsageError

    if not text.isdecimal() or len(text) > DIGITS_MAX:
        raise UsageError(f"{text!r} is no number; write {usage}, such as {usage.replace('N', '2')}.")
    return int(text)


def _choose(walk: ByHand, words: list[str]) -> Done:
    walk.choose(_number(words[0], "choose N"))
    return MOVED


def _back(walk: ByHand, words: list[str]) -> Done:
    walk.back(_number(words[0], "back N") if words else 1)
    return MOVED


def _jump(walk: ByHand, words: list[str]) -> Done:
    walk.jump(_number(words[0], "jump N"))
    return MOVED


def _inject(walk: ByHand, words: list[str]) -> Done:
    meeting = walk.inject(words[0])
    if len(meeting) == 1:
        return MOVED
    how = "can meet it: choose one." if meeting else "can meet it here, but it is allowed from now on."
    return Done(f"{'Several steps' if meeting else 'No step'} {how}")


def _run(walk: ByHand, words: list[str]) -> Done:
    found = walk.run(words[0] if words else None)
    if found is None:
        return Done(
            f"No run from here violates {words[0] if words else 'anything that is not violated already'}.", moved=False
        )
    return Done(f"From here on {found} is violated.")


def _save(walk: ByHand, words: list[str]) -> Done:
    from deadheat.scenarios.trace_file import require_writable

    path = Path(words[0])
    require_writable(path)
    found = walk.save(path)
    return Done(
        f"Saved {path}, a counterexample to {found.property}: deadheat replay {path} runs it again.", moved=False
    )


def _look(show: str) -> Callable[[ByHand, list[str]], Done]:
    def do(walk: ByHand, words: list[str]) -> Done:
        import deadheat.reports.by_hand as reports

        del walk, words
        return Done(show=getattr(reports, show), moved=False)

    return do


def _help(walk: ByHand, words: list[str]) -> Done:
    def show(here: Position, output: Any) -> None:
        from deadheat.reports.catalogue import print_lines

        del here
        print_lines([(each.usage, each.meaning) for each in COMMANDS.values()], output)

    del walk, words
    return Done(show=show, moved=False)


def _quit(walk: ByHand, words: list[str]) -> Done:
    del walk, words
    raise _QuitError


COMMANDS = {
    "choose": Command("choose N", "make step N of the list; N alone does it, too", 1, 1, _choose),
    "back": Command("back [N]", "undo the last step, or the last N", 0, 1, _back),
    "jump": Command("jump N", "go to where N steps are made, of this run or its trace", 1, 1, _jump),
    "inject": Command("inject FAULT", "what if this happened: allow one more, and make it happen", 1, 1, _inject),
    "run": Command("run [PROPERTY]", "go the shortest way on to where a property becomes violated", 0, 1, _run),
    "save": Command("save FILE", "save the run as a trace, where it violates something", 1, 1, _save),
    "steps": Command("steps", "list the steps that are enabled", 0, 0, _look("print_enabled")),
    "state": Command("state", "show what every component holds", 0, 0, _look("print_state")),
    "properties": Command("properties", "show how every property stands", 0, 0, _look("print_standings")),
    "timeline": Command("timeline", "show the steps that were made", 0, 0, _look("print_run")),
    "help": Command("help", "list the commands", 0, 0, _help),
    "quit": Command("quit", "end", 0, 0, _quit),
}
"""What can be said at the prompt and in --do, by its name; a beginning that is no other's will do."""
