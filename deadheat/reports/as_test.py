"""A counterexample as a test for pytest: it fails as long as the property is violated, and passes once that is mended.

It asks for every interleaving anew rather than for the one that was found: whoever mends a protocol changes its steps,
so a schedule of today is no run of it tomorrow, and another way into the same race would be missed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path

from deadheat.reports.command_lines import show_command
from deadheat.reports.timeline import known_of, step_of
from deadheat.scenarios.catalogue import BETWEEN, OBJECT, names_stop
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.scenario import budget_text
from deadheat.scenarios.stops import with_versions
from deadheat.scenarios.user_code import SUFFIX
from deadheat.sim import written
from deadheat.sim.errors import UsageError
from deadheat.version import VERSION

__all__ = ["as_test", "require_writable", "write_test"]

FIRST_LINE = re.compile(rb"# A counterexample as a test, written by deadheat \S+ \(([0-9a-f]{12})\):\n")
"""How a file of ours begins: with a digest of the rest, so that one to which somebody has put a hand stays."""

WIDTH = 116


def _is_as_written(found: bytes) -> bool:
    first = FIRST_LINE.match(found)
    return first is not None and _digest(found[first.end() :]) == first[1].decode()


def _digest(rest: bytes) -> str:
    return hashlib.sha256(rest).hexdigest()[:12]


KIND = written.Kind("test as deadheat has written it", _is_as_written)


def require_writable(path: Path) -> None:
    """Raise UsageError where no test can be written: before anybody waits for a search."""
    if path.suffix != SUFFIX or not path.name.startswith("test_"):
        raise UsageError(f"{path} is no file that pytest would look into; give it a name such as test_the_race.py.")
    written.require_writable(path, KIND)


def write_test(counterexample: Counterexample, path: Path) -> None:
    """Write a counterexample as a test; raises UsageError if that cannot be done."""
    require_writable(path)
    written.write(path, as_test(counterexample, path.parent))


def as_test(counterexample: Counterexample, folder: Path) -> str:
    """Return the text of a test that is to lie in `folder`; files of the user's are named from there."""
    scenario, name = counterexample.scenario, counterexample.property
    reference, is_a_file = _reference(scenario.protocol, folder)
    arguments = [reference]
    if scenario.evaluations != 1:
        arguments.append(f"evaluations={scenario.evaluations}")
    if scenario.settings:
        arguments.append(f"settings={_mapping(dict(scenario.settings))}")
    if scenario.faults:
        budgets = {kind: budget if budget >= 0 else budget_text(budget) for kind, budget in scenario.faults}
        arguments.append(f"faults={_mapping(budgets)}")
        arguments.append(f"allow_unreached=[{', '.join(map(_quoted, budgets))}]")  # mended may be: it cannot happen
    arguments.append(f"properties=[{_quoted(name)}]")
    if scenario.quiet:
        arguments.append("quiet=True")
    meaning = scenario.subject.properties[name]
    here = "\nHERE = Path(__file__).resolve().parent\n" * is_a_file
    comment = (*_wrapped(f"{meaning[:1].upper()}{meaning[1:]}."), *_told(counterexample))
    told = "".join(f"    # {each}\n" for each in comment)
    lines = "".join(f"        {each},\n" for each in arguments)
    asked = f"{scenario.protocol} {name}"
    rest = f"""\
# {_plain(show_command(scenario, name))}

{"from pathlib import Path" + chr(10) * 2 if is_a_file else ""}import deadheat
{here}

def test_{re.sub(r"[^0-9a-z]+", "_", asked.lower()).strip("_")}() -> None:
{told}\
    deadheat.check(
{lines}    ).require({_quoted(name)})
"""
    return f"# A counterexample as a test, written by deadheat {VERSION} ({_digest(rest.encode())}):\n{rest}"


def _reference(protocol: str, folder: Path) -> tuple[str, bool]:
    """Return a reference as a Python expression, and whether a file is named in it, from the test's own folder on."""
    parts = protocol.split(BETWEEN) if names_stop(protocol) else [protocol]
    found = [OBJECT.match(each) for each in parts]
    is_a_file = any(each is not None and each["where"].endswith(SUFFIX) for each in found)
    if not is_a_file:
        return _quoted(protocol), False
    moved = [
        _escaped(part) if each is None or not each["where"].endswith(SUFFIX) else _moved(each, part, folder)
        for each, part in zip(found, parts, strict=True)
    ]
    return f"f{_quoted(BETWEEN.join(moved))}", True


def _moved(found: re.Match[str], part: str, folder: Path) -> str:
    where = relpath(Path(found["where"]).resolve(), folder.resolve())
    return "{HERE}/" + _escaped(Path(where).as_posix() + part[found.end("where") :])


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _quoted(text: str) -> str:
    """Return a text as a literal of Python, in double quotes where it has none itself."""
    literal = repr(text)
    return literal if set("'\"") & set(literal[1:-1]) else f'"{literal[1:-1]}"'


def _mapping(content: Mapping[str, str | int]) -> str:
    items = (f"{_quoted(key)}: {_quoted(each) if isinstance(each, str) else each}" for key, each in content.items())
    return "{" + ", ".join(items) + "}"


def _told(counterexample: Counterexample) -> Iterator[str]:
    """Yield what happens, a line a step, and what is wrong with it."""
    known = known_of(counterexample.scenario.model())
    events = with_versions(counterexample).trace.events
    width = max((len(_plain(each.process)) for each in events), default=0)
    yield "As long as this is possible, the test fails:"
    for number, event in enumerate(events, start=1):
        yield f"{number:>4}  {_plain(event.process):<{width}}  {_plain(step_of(event, known).plain)}"
    yield from _wrapped(closing_sentence(counterexample))


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(_plain(text), WIDTH - 6)


def _plain(text: str) -> str:
    """Return a text that stays in its comment: what ends a line, or turns it around, is written as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
