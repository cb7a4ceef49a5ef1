"""Random systems by seed, in families that each make some clause of the definitions matter.

`system(family, seed)` returns the same system for the same two arguments, for ever. What is claimed of a system is
drawn from what it does, so that about as much is violated as holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

from tests.oracle import language as la, writer
from tests.oracle.rules import Rules
from tests.oracle.search import Space, TooLargeError, explore
from tests.oracle.writer import ALIKE, Style, Writer

STEPS_THAT_CHANGE_NOTHING = True
"""Whether steps are claimed bad that change nothing of what is looked at. Off while the engine does not ask of them."""

ODD_VALUES_ARE_TOLD = True
"""Whether there are systems of odd values (see `_odd`). Off while the engine takes some of them for the same."""

ODD = (0j, complex(0.0, -0.0), complex(-0.0, 0.0), re.I, re.I | re.M, re.I | re.S)

STATES_MAX = 250
"""No system has more states than this, as the oracle merges them."""

GLITCH, CRASH = "glitch", "crash"


def systems(family: str, seeds: Sequence[int]) -> Iterator[la.System]:
    """Yield the systems of a family at these seeds, but for those that are too large."""
    for seed in seeds:
        made = system(family, seed)
        if made is not None:
            yield made


def system(family: str, seed: int) -> la.System | None:
    """Return a system; None if it has too many states. One of its claims holds, so every search goes on to its end."""
    random = Random(f"{family} {seed}")
    bare = replace(FAMILIES[family](random), family=family, seed=seed)
    try:
        space = explore(bare, Rules(), STATES_MAX)
    except TooLargeError:
        return None
    symmetric = bool(bare.interchangeable)
    claims = _claims_alike(random, space) if symmetric else _claims(random, space, apart=family == "apart")
    nothing = la.Bad((("common" if symmetric else bare.parts[0].name, "'never'"),))
    return replace(bare, claims=(la.Claim("nothing", "always", (nothing,)), *claims))


# Families


def _general(random: Random) -> la.System:
    return _drawn(random, ("c0", "c1"), random.randint(1, 3), Style(asks_max=random.randint(2, 5)))


def _alike(random: Random) -> la.System:
    """Systems of values that compare equal and differ; in the simpler ones, only these tell states apart."""
    if random.random() < 0.5:
        return _drawn(random, ("c0", "c1"), random.randint(1, 2), Style(values=ALIKE, asks_max=5), initial=ALIKE)
    style = Style(values=ALIKE, operations=("set", "take", "get"), asks_max=2, depth_max=0)
    return _drawn(random, ("c0", "c1"), random.randint(2, 3), style, initial=ALIKE, repeats=0.1, kills=0.1)


def _hidden(random: Random) -> la.System:
    style = Style(operations=("set", "set", "add", "get", "toss"), asks_max=9, joint=0.0, loops_for_ever=0.0)
    return _drawn(random, ("c0", "c1"), random.randint(1, 2), style, kills=0.1)


def _lasting(random: Random) -> la.System:
    """Systems that go on for ever, in which faults may go on too."""
    operations = ("get", "wait_for", "take", "stale", "flaky", "hit", "set", "toss")
    style = Style(values=(0, 1), operations=operations, asks_max=2, statements_max=2, depth_max=1, loops_for_ever=0.7)
    return _drawn(random, ("c0", "c1"), random.randint(1, 3), style, repeats=0.7, without_end=0.7)


def _faulty(random: Random) -> la.System:
    style = Style(operations=("set", "add", "stale", "flaky", "hit", "get", "wait_for"), asks_max=4)
    return _drawn(random, ("c0", "c1"), random.randint(1, 2), style, kills=0.9)


def _sharing(random: Random) -> la.System:
    """Systems in which nothing but whether an object is shared tells two states apart."""
    items = tuple(random.sample((0, 1, 2), 3))
    put, look = (la.Op(la.Const("c0"), "set", (la.Var("got"),)), la.Op(la.Const("c0"), "get"))
    forget = la.Let("got", la.Const(0))
    which = la.Same(la.Var("got"), la.Const(0))
    toss = la.Ask(la.Op(la.Const("c1"), "toss", (la.Const(0),)), "got")
    make: la.Make
    use: la.Statement
    if random.random() < 0.5:
        make, use = la.Make("other", "empty list"), la.Append("one", la.Const(1))
        told: tuple[la.Statement, ...] = (la.Let("got", la.Length(la.Var("other"))),)
        first: la.Statement = la.Make("one", "empty list")
    else:
        kind = random.choice(("tuple", "list", "reversed", "iter"))
        make, use = la.Make("other", kind, items), la.Next("got", "one")
        told, first = (la.Next("got", "other"),), la.Make("one", kind, items)
    fork = la.If(which, (la.Let("other", la.Var("one")),), (make,))
    role = _role(toss, first, fork, forget, la.Ask(look), forget, use, forget, la.Ask(look), *told, la.Ask(put))
    return _running(random, ("c0", "c1"), [role], ())


def _closures(random: Random) -> la.System:
    """Systems in which nothing but what a closure keeps tells two states apart."""
    what = random.choice(("counter", "switch", "memory"))
    made = la.Make("kept", what, (1, random.randint(0, 2)) if what == "switch" else ())
    tick = la.Tick("got", "kept", la.Const(1) if what == "memory" else None)
    put, clear = (la.Ask(la.Op(la.Const("c0"), "set", (value,))) for value in (la.Var("got"), la.Const(0)))
    forget = la.Let("got", la.Const(0))
    return _running(
        random, ("c0", "c1"), [_role(clear, made, la.While(la.Const(True), (tick, put, forget, clear, clear)))], ()
    )


def _waiting(random: Random) -> la.System:
    """Systems in which a process waits for what comes and goes."""

    def of(cell: str, name: str, value: int) -> la.Ask:
        return la.Ask(la.Op(la.Const(cell), name, (la.Const(value),)))

    blink = _role(la.While(la.Const(True), (of("c0", "set", 1), of("c0", "set", random.randint(0, 1)))))
    wait = _role(of("c0", "wait_for", random.randint(0, 1)), of("c1", "set", 1), of("c1", "set", random.randint(0, 1)))
    return _running(random, ("c0", "c1"), [blink, wait], ())


def _odd(random: Random) -> la.System:
    """Systems of complex numbers with signed zeros, and of members of a Flag that have no name of their own."""
    style = Style(values=ODD, operations=("set", "take", "get"), asks_max=2, depth_max=0)
    return _drawn(random, ("c0", "c1"), random.randint(2, 3), style, initial=ODD, repeats=0.1, kills=0.1)


def _role(*body: la.Statement) -> la.Program:
    return la.Program((la.Routine("role", (), body),))


def _at_once(random: Random) -> la.System:
    """Systems in which several things can fail at one instant."""
    cells = ("c0", "c1")
    programs = []
    for _ in range(random.randint(1, 2)):
        failing = (
            la.Op(la.Const(cell), random.choice(("stale", "flaky", "hit")), (la.Const(random.randint(0, 2)),))
            for cell in random.sample(cells, 2)
        )
        both = la.Ask(la.Together(tuple(failing)), "both")
        told = la.Ask(la.Op(la.Const(random.choice(cells)), "set", (la.Repr(la.Var("both")),)))
        programs.append(_role(both, told) if random.random() < 0.5 else _role(both))
    return _running(random, cells, programs, ((GLITCH, random.choice((0, 1, 1, 2, la.WITHOUT_END))),))


def _forked(random: Random) -> la.System:
    """Systems that end, spin, or go round and round, as it falls."""
    cell = la.Const("c0")

    def put(value: int) -> la.Ask:
        return la.Ask(la.Op(cell, "set", (la.Const(value),)))

    spin = la.While(la.Const(True), (la.Ask(la.Op(cell, "get")),))
    ways: list[tuple[la.Statement, ...]] = [
        tuple(put(random.randint(0, 1)) for _ in range(random.randint(0, 3))),
        (*(put(1) for _ in range(random.randint(0, 2))), put(0), spin),
        (*(put(1) for _ in range(random.randint(0, 2))), la.While(la.Const(True), (put(0), put(random.randint(0, 1))))),
    ]
    random.shuffle(ways)
    fork = la.Ask(la.Op(la.Const("c1"), "toss", (la.Const(1),)), "side")
    further = la.Ask(la.Op(la.Const("c1"), "toss", (la.Const(1),)), "further")
    turn = la.If(
        la.Same(la.Var("side"), la.Const(0)),
        ways[0],
        (further, la.If(la.Same(la.Var("further"), la.Const(0)), ways[1], ways[2])),
    )
    return _running(random, ("c0", "c1"), [_role(fork, turn)], ())


def _stubborn(random: Random) -> la.System:
    """Systems that try again whatever fails, and may fail for ever."""
    cells = ("c0", "c1")
    programs = []
    for _ in range(random.randint(1, 2)):
        name, value, wanted = random.choice((("flaky", 1, None), ("stale", "old", 0), ("toss", 1, 1), ("hit", 1, None)))
        attempt = la.Ask(la.Op(la.Const(random.choice(cells)), name, (la.Const(value),)), "got")
        mend = la.Ask(la.Op(la.Const(random.choice(cells)), "set", (la.Const(random.randint(0, 1)),)))
        is_done = la.If(la.Same(la.Var("got"), la.Const(wanted)), (mend,))
        body = (attempt, is_done) if random.random() < 0.7 else (attempt,)
        programs.append(_role(la.While(la.Const(True), body)))
    return _running(random, cells, programs, ((GLITCH, random.choice((la.WITHOUT_END, la.WITHOUT_END, 1))),))


def _running(
    random: Random, cells: tuple[str, ...], programs: list[la.Program], budgets: tuple[tuple[str, int], ...]
) -> la.System:
    processes = tuple(
        la.Proc(f"p{number}", program, repeats=random.random() < 0.3, owed=random.random() < 0.8)
        for number, program in enumerate(programs)
    )
    parts = tuple(map(la.Part, cells))
    return la.System(parts, processes, (), budgets, quiet=random.random() < 0.35)


def _sparse(random: Random) -> la.System:
    """Systems of several processes, each at home in one or two of many cells."""
    if random.random() < 0.3:
        return _side_by_side(random)
    cells = tuple(f"c{number}" for number in range(random.randint(3, 4)))
    operations = ("set", "set", "add", "add", "get", "wait_for", "flaky")
    style = Style(operations=operations, asks_max=2, statements_max=2, depth_max=1)
    homes = [tuple(random.sample(cells, random.choice((1, 1, 2)))) for _ in range(random.randint(2, 4))]
    return _assembled(random, cells, homes, style, repeats=0.2, kills=0.2)


def _side_by_side(random: Random) -> la.System:
    """Processes that each count in a cell of their own, so that only what is looked at together orders their steps."""
    cells = ("c0", "c1", "c2")[: random.randint(2, 3)]
    programs = [_role(*(la.Ask(la.Op(la.Const(cell), "add", (la.Const(1),))) for _ in range(2))) for cell in cells]
    return _running(random, cells, programs, ())


def _apart(random: Random) -> la.System:
    """Systems in two or three parts that share nothing, most of the time."""
    if random.random() < 0.3:
        return _apart_and_killed(random)
    parts = [("c0", "c1"), ("d0",), ("e0",)][: random.randint(2, 3)]
    operations = ("set", "add", "get", "wait_for", "flaky", "toss")
    style = Style(values=(0, 1), operations=operations, asks_max=2, statements_max=2, depth_max=1)
    homes = [part for part in parts for _ in range(random.choice((1, 1, 2)))]
    if random.random() < 0.2:
        homes[-1] = (homes[-1][0], "c0")
    cells = tuple(cell for part in parts for cell in part)
    return _assembled(random, cells, homes, style, repeats=0.2, kills=0.6, without_end=0.1)


def _apart_and_killed(random: Random) -> la.System:
    """Two parts, each of which ends soonest by a crash; and perhaps there are fewer crashes than parts."""
    cells = ("c0", "d0")
    kill = la.Kill(CRASH, restarts=False)
    steps = range(random.randint(3, 4))
    programs = [
        _role(*(la.Ask(la.Op(la.Const(cell), "add", (la.Const(random.randint(1, 2)),))) for _ in steps))
        for cell in cells
    ]
    processes = tuple(la.Proc(f"p{number}", each, kills=(kill,)) for number, each in enumerate(programs))
    return la.System(tuple(map(la.Part, cells)), processes, (), ((CRASH, random.choice((1, 1, 2))),))


def _drawn(
    random: Random,
    cells: tuple[str, ...],
    processes: int,
    style: Style,
    *,
    initial: tuple[object, ...] = (0,),
    repeats: float = 0.3,
    kills: float = 0.35,
    without_end: float = 0.25,
) -> la.System:
    homes = [cells] * processes
    return _assembled(
        random, cells, homes, style, initial=initial, repeats=repeats, kills=kills, without_end=without_end
    )


def _assembled(
    random: Random,
    cells: tuple[str, ...],
    homes: list[tuple[str, ...]],
    style: Style,
    *,
    initial: tuple[object, ...] = (0,),
    repeats: float,
    kills: float,
    without_end: float = 0.25,
) -> la.System:
    processes = []
    for number, home in enumerate(homes):
        program = Writer(random, tuple(map(la.Const, home)), style).program()
        processes.append(
            la.Proc(
                f"p{number}",
                program,
                repeats=random.random() < repeats,
                owed=random.random() < 0.8,
                kills=_kills(random, home) if random.random() < kills else (),
            )
        )
    parts = tuple(la.Part(cell, initial=random.choice(initial)) for cell in cells)
    budgets = _budgets(random, without_end)
    return la.System(parts, tuple(processes), (), budgets, quiet=random.random() < 0.35)


def _kills(random: Random, cells: tuple[str, ...]) -> tuple[la.Kill, ...]:
    kinds = random.choice(((True,), (False,), (True, False)))
    return tuple(_kill(random, cells, restarts) for restarts in kinds)


def _kill(random: Random, cells: tuple[str, ...], restarts: bool) -> la.Kill:
    what = random.choice(("set", "add"))
    consequences = tuple(
        la.Op(la.Const(random.choice(cells)), what, (la.Const(random.randint(1, 2)),))
        for _ in range(random.choice((0, 1, 1, 2)))
    )
    return la.Kill(random.choice((CRASH, CRASH, CRASH, GLITCH)), restarts, consequences)


def _budgets(random: Random, without_end: float) -> tuple[tuple[str, int], ...]:
    drawn = []
    for kind in (GLITCH, CRASH):
        budget = la.WITHOUT_END if random.random() < without_end else random.choice((0, 1, 1, 2, None))
        if budget is not None:
            drawn.append((kind, budget))
    return tuple(drawn)


# Interchangeable names


def _symmetric(random: Random) -> la.System:
    return _of_names(random, asymmetry=None)


def _asymmetric(random: Random) -> la.System:
    """As `_symmetric`, but for one thing in which the names differ; perhaps what is claimed of them."""
    asymmetries = ("initial", "repeats", "owed", "program", "sweep", "least")
    return _of_names(random, asymmetry=random.choice((None,) * len(asymmetries) + asymmetries))


def _of_names(random: Random, asymmetry: str | None) -> la.System:
    names = ("n0", "n1", "n2")[: random.choice((2, 2, 3))]
    style = Style(
        operations=("set", "add", "get", "wait_for", "flaky", "toss"),
        asks_max=2,
        statements_max=1,
        depth_max=1,
        loops_for_ever=0.0,
    )
    own = (la.Joined(la.Var("me"), " c0"), la.Joined(la.Var("me"), " c1"), la.Const("common"))
    program = _with_shared(random, Writer(random, own, style, ("me",)).program())
    repeats, owed = random.random() < 0.2, random.random() < 0.8
    processes = [la.Proc(f"p {name}", program, (name,), repeats, owed) for name in names]
    parts = [la.Part(f"{name} c{number}") for name in names for number in range(2)]
    parts += [la.Part("common"), la.Part("holder", "holder", None), la.Part("line", "line", ())]
    last = processes[-1]
    if asymmetry == "initial":
        parts[2 * len(names) - 1] = replace(parts[2 * len(names) - 1], initial=1)
    elif asymmetry == "repeats":
        processes[-1] = replace(last, repeats=not repeats)
    elif asymmetry == "owed":
        processes[-1] = replace(last, owed=not owed)
    elif asymmetry == "program":
        processes[-1] = replace(last, program=_with_shared(random, Writer(random, own, style, ("me",)).program()))
    elif asymmetry == "sweep":
        processes.append(la.Proc("sweep", _sweep(names)))
    served = "least" if asymmetry == "least" else random.choice(("first", "any"))
    if asymmetry == "least" or random.random() < 0.5:
        processes.append(la.Proc("server", _server(served), repeats=random.random() < 0.3))
    budgets = ((GLITCH, random.choice((0, 1))),)
    return la.System(tuple(parts), tuple(processes), (), budgets, interchangeable=names)


def _with_shared(random: Random, program: la.Program) -> la.Program:
    """Return the program with a step on what is shared at its beginning."""
    me = la.Var("me")
    shared = random.choice(
        (
            la.Op(la.Const("line"), "join", (me,)),
            la.Op(la.Const("line"), "join", (me,)),
            la.Op(la.Const("holder"), "take", (me,)),
            la.Op(la.Const("holder"), "try", (me,)),
        )
    )
    first, *others = program.routines
    body: tuple[la.Statement, ...] = (la.Ask(shared, "shared"), *first.body)
    if shared.name == "try":
        body = (*body, la.If(la.Same(la.Var("shared"), la.Const(None)), (_release(me),)))
    if shared.name == "take":
        body = (*body, _release(me))
    return la.Program((replace(first, body=body), *others))


def _release(me: la.Var) -> la.Ask:
    return la.Ask(la.Op(la.Const("holder"), "release", (me,)))


def _server(what: str) -> la.Program:
    serve = la.Ask(la.Op(la.Const("line"), what), "who")
    give = la.Ask(la.Op(la.Joined(la.Var("who"), " c0"), "add", (la.Const(1),)))
    return _role(serve, give)


def _sweep(names: tuple[str, ...]) -> la.Program:
    body = (la.Ask(la.Op(la.Joined(la.Var("name"), " c1"), "set", (la.Const(2),))),)
    return _role(la.For("name", "tuple", names, body))


FAMILIES: dict[str, Callable[[Random], la.System]] = {
    "general": _general,
    "alike": _alike,
    "hidden": _hidden,
    "lasting": _lasting,
    "faulty": _faulty,
    "sharing": _sharing,
    "waiting": _waiting,
    "at once": _at_once,
    "forked": _forked,
    "stubborn": _stubborn,
    "sparse": _sparse,
    "apart": _apart,
    "symmetric": _symmetric,
    "asymmetric": _asymmetric,
}
if writer.FUNCTIONS_ARE_TOLD_BY_VALUE:
    FAMILIES["closures"] = _closures
if ODD_VALUES_ARE_TOLD:
    FAMILIES["odd"] = _odd

SEEDS = 14
DECISIVE = {
    "apart": (21,), "asymmetric": (34,), "at once": (15,), "faulty": (27,), "hidden": (29,), "sharing": (18,),
    "waiting": (18,),
}  # fmt: skip
BOUNDED = {family: (*range(SEEDS), *DECISIVE.get(family, ())) for family in FAMILIES}
"""The seeds of the fixed set of systems, of which every run of the tests compares a part: the first of each family, and
those that decide a clause (`clauses.DECIDED`) or show a broken engine (`test_teeth`) that none of these does."""


# Claims


def _claims(random: Random, space: Space, *, apart: bool) -> tuple[la.Claim, ...]:
    kinds = ("always", "step", "settled", "settled", "eventually", "eventually")
    claims = []
    for number, kind in enumerate(kinds):
        parts = [_bad(random, space, kind, apart=apart) for _ in range(random.choice((1, 1, 2)))]
        claims.append(la.Claim(f"{kind} {number}", kind, tuple(parts)))
    return tuple(claims)


def _bad(random: Random, space: Space, kind: str, *, apart: bool) -> la.Bad:
    names = [each.name for each in space.system.parts]
    one = random.random() < (0.2 if space.system.family == "sparse" else 0.6)
    chosen = sorted(random.sample(names, 1 if apart else 2 - one))
    source = 0 if kind == "eventually" and random.random() < 0.3 else random.randrange(len(space.states))
    if kind == "step" and space.edges[source]:
        edge = random.choice(space.edges[source])
        must_change = random.random() < 0.5 or not STEPS_THAT_CHANGE_NOTHING
        return la.Bad(_held(space, edge.target, chosen), _held(space, source, chosen[:1]), must_change)
    if random.random() < (0.8 if kind == "always" else 0.4):  # values that do not come together, more often than not
        others = [random.randrange(len(space.states)) for _ in chosen]
        return la.Bad(tuple(_held(space, state, [name])[0] for state, name in zip(others, chosen, strict=True)))
    return la.Bad(_held(space, source, chosen))


def _claims_alike(random: Random, space: Space) -> tuple[la.Claim, ...]:
    """Claims with a part for each name, the same for all, about its own cells."""
    claims = []
    for kind in ("always", "step", "settled"):
        state = random.randrange(len(space.states))
        follows = random.choice(space.edges[state]).target if space.edges[state] else state
        name = random.choice(space.system.interchangeable)
        after = random.choice((state, follows))
        is_now = _held(space, after, [f"{name} c0"] + ["common"] * (random.random() < 0.3))
        was = _held(space, state, [f"{name} c1"])
        parts = tuple(
            la.Bad(_renamed(is_now, name, other), _renamed(was, name, other) if kind == "step" else ())
            for other in space.system.interchangeable
        )
        claims.append(la.Claim(kind, kind, parts))
    if space.system.family == "asymmetric" and random.random() < 0.7:
        claims[:] = [_of_one(random.randrange(len(each.parts)), each) for each in claims]
    elif random.random() < 0.2:
        claims.append(la.Claim("eventually", "eventually", claims[-1].parts))
    return tuple(claims)


def _of_one(number: int, claim: la.Claim) -> la.Claim:
    """Return the claim as it speaks of one of the names alone: the parts of the others look at the same, in vain."""
    in_vain = (replace(part, is_now=tuple((name, "'never'") for name, _ in part.is_now)) for part in claim.parts)
    parts = (
        part if other == number else vain for other, (part, vain) in enumerate(zip(claim.parts, in_vain, strict=True))
    )
    return replace(claim, parts=tuple(parts))


def _renamed(held: tuple[tuple[str, str], ...], name: str, other: str) -> tuple[tuple[str, str], ...]:
    return tuple((component.replace(name, other), text) for component, text in held)


def _held(space: Space, state: int, names: list[str]) -> tuple[tuple[str, str], ...]:
    view = space.semantics.view(space.states[state])
    return tuple((name, repr(view[name])) for name in names)
