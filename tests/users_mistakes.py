"""Mistakes that a user makes in the first hour, each a small file, and the one sentence with which it is answered.

In a protocol the mistake stands from line 7 on; in a model, the operation from line 7, the role behind it, and then the
function that makes it. The sentences of a table are exact, with file and line.
"""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple

__all__ = ["EVERY", "Mistake"]

CREATE = "return (yield T8(system.kubernetes.create_job(request.evaluation)))"
"""What a dispatch does that is as it should be."""

HELPING = "\ndef helping(system, request):\n    yield system.store.get(request.evaluation)\n"

MODEL = 'Model({"counter": counter}, (Process("counting", counting, (counter,)),), (low,))'

ADVICE = (
    " Roles may depend on arguments and outcomes alone, and operations on values and arguments; make it an operation "
    "of a component."
)

SHARED = " Each must find it as it was; keep what changes in the values of components, and in the locals of roles."

IMMUTABLE = "can change; use a tuple, a frozenset or a frozen dataclass."


class Mistake(NamedTuple):
    """What is wrong, a file in which it is, what is said of it, and the object of the file that is checked."""

    name: str
    text: str
    said: str
    of: str = "PROTOCOL"

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def protocol(body: str, more: str = "", head: str = "", signature: str = "def dispatch(system, request):") -> str:
    """Return a file with a protocol whose dispatch has this body, from line 7 on."""
    return (
        f"{head or '# The protocol of a user.'}\n"
        "from dataclasses import replace\n"
        "from deadheat import *\n"
        "from deadheat.library import *\n"
        "\n"
        f"{signature}\n{indent(body, '    ')}\n"
        f"{more}\n"
        'PROTOCOL = replace(baseline.BASELINE, name="ours", dispatch=dispatch)\n'
    )


def model(
    step: str = "return (Step(None, value + amount),)",
    role: str = "yield counter.add(1)",
    violation: str = 'view["counter"] > 3',
    made: str = MODEL,
    initial: str = "0",
    kind: str = "ALWAYS",
    more: str = "",
) -> str:
    """Return a file with a model: its operation from line 7 on, its role from 11, its property in 16, made in 17."""
    return (
        "# The model of a user.\n"
        "from deadheat import *\n"
        "\n"
        "class Counter(Component):\n"
        f"    initial = {initial}\n"
        "\n"
        "    @operation\n"
        "    def add(self, value, amount):\n"
        f"{indent(step, '        ')}\n"
        "\n"
        "def counting(counter):\n"
        f"{indent(role, '    ')}\n"
        "\n"
        "def model():\n"
        '    counter = Counter("counter")\n'
        f'    low = Property("low", "it stays low", Kind.{kind}, ("counter",), lambda view: {violation})\n'
        f"    return {made}\n"
        f"{more}\n"
    )


def design(
    role: str = "yield shop.ledger.book(order)",
    ledger: str = 'ledger: Ledger = Ledger("ledger")',
    roles: str = '(one_each("shop", place),)',
    claim: str = "def low(ledger: int) -> bool:\n    return ledger > 3",
    shop: str = "@dataclass(frozen=True)\nclass Shop(Components):",
    more: str = "",
) -> str:
    """Return a file with a design: its components from line 12 on, its role in 15, its property from 17, made in 21."""
    return (
        "from dataclasses import dataclass\n"
        "from deadheat import *\n"
        "\n"
        "class Ledger(Component):\n"
        "    keyed, initial = True, 0\n"
        "\n"
        "    @operation\n"
        "    def book(self, value: int, order: str):\n"
        "        return (Step(None, value + 1),)\n"
        "\n"
        f"{shop}\n    {ledger}\n"
        f"def place(shop, order):\n{indent(role, '    ')}\n\n"
        f"@always\n{claim}\n\n"
        f'DESIGN = Design("ours", "", "", components=Shop(), roles={roles}, claims=(low,), key="order"{more})\n'
    )


EVERY = (
    # A file that does not import
    Mistake("no Python", "def dispatch(:\n    pass\n", "ours.py:1 is no Python: invalid syntax; mend it there."),
    Mistake(
        "a module that there is not",
        "\nimport nothing_such_as_this\n",
        "ours.py:2 cannot be imported: ModuleNotFoundError: No module named 'nothing_such_as_this'.",
    ),
    Mistake(
        "a name that the module has not",
        "from deadheat.library import Redsi\n",
        "ours.py:1 cannot be imported: there is no 'Redsi' in deadheat.library; did you mean Redis?",
    ),
    Mistake(
        "a misspelt name",
        "from deadheat import *\n\nclass Ours(Componet):\n    pass\n",
        "ours.py:3 cannot be imported: there is no 'Componet'; did you mean Component or Components?",
    ),
    Mistake(
        "a leading dot",
        "\n\nfrom .helpers import X\n",
        (
            "ours.py:3 cannot be imported: in a file that is named by its path, an import with a leading dot "
            "finds nothing; leave the dot out, or name the protocol as package.module:NAME."
        ),
    ),
    Mistake(
        "an error of the user's own",
        "LIMIT = 3\nSHARE = LIMIT / 0\n",
        "ours.py:2 cannot be imported: ZeroDivisionError: division by zero.",
    ),
    Mistake("the end of the program", "raise SystemExit(0)\n", "ours.py:1 cannot be imported: SystemExit: 0."),
    Mistake(
        "a loop at the top",
        "\nwhile True:\n    pass\n",
        (
            "ours.py:2 cannot be imported: it went on for 1 s in <module> (ours.py:2); the usual cause is a "
            "loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it more time)."
        ),
    ),
    # A name that is not there
    Mistake(
        "another name",
        protocol(CREATE, 'PROTOKOL = "not yet"').replace("PROTOCOL =", "PROTOCOLS ="),
        "There is no object in ours.py named 'PROTOCOL'; did you mean PROTOCOLS?",
    ),
    Mistake(
        "nothing of the kind",
        "LIMIT = 3\n",
        (
            "LIMIT in ours.py is an int, and no Protocol, Design or Model, nor a function that makes one; "
            "there is none in it."
        ),
        of="LIMIT",
    ),
    # What is yielded is no operation
    Mistake(
        "a text is yielded",
        protocol('yield "create"'),
        (
            "The process 'dispatcher/e1/1' yielded a str after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "nothing is yielded",
        protocol(f"yield\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' yielded None after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "a list is yielded",
        protocol("yield [system.store.get(request.evaluation)]"),
        (
            "The process 'dispatcher/e1/1' yielded a list after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "a method is yielded",
        protocol("yield system.store.get"),
        (
            "The process 'dispatcher/e1/1' yielded a function after 1 outcome in dispatch (ours.py:7); call "
            "it, with (...) behind it, and yield what it returns."
        ),
    ),
    Mistake(
        "a role is yielded",
        protocol(f"yield helping(system, request)\n{CREATE}", HELPING),
        (
            "The process 'dispatcher/e1/1' yielded a generator after 1 outcome in dispatch (ours.py:7); write"
            " `yield from` where the steps of another role are meant."
        ),
    ),
    Mistake(
        "the steps of a method that is no operation are yielded",
        model(role="yield counter.add(0, 1)").replace("    @operation\n", ""),
        (
            "The process 'counting' yielded a tuple after 0 outcomes in counting (ours.py:11); write "
            "`@operation` above the method of the component that made it."
        ),
        of="model",
    ),
    # A forgotten yield, or yield from
    Mistake(
        "a request is dropped",
        protocol(f"system.store.get(request.evaluation)\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' made the request status/e1.get in dispatch (ours.py:7) and never "
            "yielded it; write `yield` before it, or do not make it."
        ),
    ),
    Mistake(
        "a request is compared",
        protocol(f"if system.store.get(request.evaluation) in TERMINAL:\n    return REFUSED\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' made the request status/e1.get in dispatch (ours.py:7) and never "
            "yielded it; write `yield` before it, or do not make it."
        ),
    ),
    Mistake(
        "a role is called and dropped",
        protocol(f"helping(system, request)\n{CREATE}", HELPING),
        (
            "The call of helping in dispatch (ours.py:7) drops what it returns, so nothing of it happens; "
            "write `yield from` before it."
        ),
    ),
    # An operation that is misspelt, or called with wrong arguments
    Mistake(
        "an argument is missing",
        protocol("yield system.store.set(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "was called with the wrong arguments: it takes (evaluation, status), and 'status' is missing."
        ),
    ),
    Mistake(
        "an argument is too much",
        protocol("yield system.store.get(request.evaluation, 1)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.get "
            "was called with the wrong arguments: it takes (evaluation), and 2 are given."
        ),
    ),
    Mistake(
        "an argument has a wrong name",
        protocol("yield system.store.set(request.evaluation, statsu=Status.FAILED)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "was called with the wrong arguments: it takes (evaluation, status), and there is no 'statsu'; "
            "write status."
        ),
    ),
    Mistake(
        "an argument is given twice",
        protocol("yield system.store.get(request.evaluation, evaluation=1)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.get "
            "was called with the wrong arguments: it takes (evaluation), and 'evaluation' is given twice."
        ),
    ),
    Mistake(
        "an argument has a wrong type",
        protocol('yield system.store.set(request.evaluation, "failed")'),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "cannot be asked for: its argument 'status' must be a Status, not the str 'failed'; write "
            "Status.FAILED."
        ),
    ),
    Mistake(
        "a misspelt operation",
        protocol("yield system.store.gett(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore has no"
            " operation 'gett'; did you mean get?"
        ),
    ),
    Mistake(
        "an operation that there is not",
        protocol("yield system.tokens.fetch(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): Tokens has no "
            "operation 'fetch'; it has generate."
        ),
    ),
    Mistake(
        "a misspelt component",
        protocol("yield system.stroe.get(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): System has no "
            "'stroe'; did you mean store or stream?"
        ),
    ),
    Mistake(
        "a misspelt field",
        protocol("yield system.store.get(request.evalution)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): DispatchRequest "
            "has no 'evalution'; did you mean evaluation?"
        ),
    ),
    Mistake(
        "a misspelt local",
        protocol("yield system.store.get(requst.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): there is no "
            "'requst'; did you mean request?"
        ),
    ),
    Mistake(
        "an operation of the class",
        model(role="yield Counter.add(1)"),
        (
            "The process 'counting' failed after 0 outcomes in counting (ours.py:12): Counter.add was called "
            "on the class; call it on a component, such as Counter('name')."
        ),
        of="model",
    ),
    Mistake(
        "a method that is no operation",
        model().replace("    @operation\n", ""),
        (
            "The process 'counting' failed after 0 outcomes in counting (ours.py:11): Counter.add is a method"
            " and no operation; write `@operation` above it."
        ),
        of="model",
    ),
    # Labels
    Mistake(
        "a label on an atomic block",
        protocol("yield T8(atomically(system.store.get(request.evaluation)))"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on an Atomic; put it on one of the operations in it."
        ),
    ),
    Mistake(
        "a label on a role",
        protocol("yield T8(helping(system, request))", HELPING),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on a generator; put it on an operation."
        ),
    ),
    Mistake(
        "two labels",
        protocol("yield T8(T7(system.kubernetes.create_job(request.evaluation)))"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on kubernetes/e1.create_job(e1, None), which has the label T7; give it one."
        ),
    ),
    Mistake(
        "a list in an atomic block",
        protocol("yield atomically([system.store.get(request.evaluation)])"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): atomically(...) "
            "was given a list; give it operations of components, such as store.get()."
        ),
    ),
    # An operation of a component that the protocol does not have
    Mistake(
        "another component",
        protocol('yield Redis("rediss").get("lock")'),
        (
            "The process 'dispatcher/e1/1' asks for rediss/lock.get(lock) in dispatch (ours.py:7): There is "
            "no component 'rediss/lock'; did you mean redis/e1?"
        ),
    ),
    Mistake(
        "another component in an atomic block",
        protocol('yield atomically(system.store.get(request.evaluation), Redis("rediss").get("lock"))'),
        (
            "The process 'dispatcher/e1/1' asks for rediss/lock.get(lock) in dispatch (ours.py:7): There is "
            "no component 'rediss/lock'; did you mean redis/e1?"
        ),
    ),
    Mistake(
        "a component of other protocols",
        protocol("yield system.guards.tombstone(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): system.guards is "
            "for a protocol that says kubernetes=GuardedKubernetes; say so in it."
        ),
    ),
    # What can change in a value, an outcome or an argument
    Mistake(
        "a list in a value",
        model("return (Step(None, [value]),)"),
        (
            "The value of the component 'counter' after counter.add(1) in add (ours.py:7) must be immutable: "
            "a list " + IMMUTABLE
        ),
        of="model",
    ),
    Mistake(
        "a set in an outcome",
        model("return (Step({value}, value),)"),
        "The outcome of counter.add(1) in add (ours.py:7) must be immutable: a set " + IMMUTABLE,
        of="model",
    ),
    Mistake(
        "a dict in an outcome",
        model("return (Step((1, {}), value),)"),
        "The outcome of counter.add(1) in add (ours.py:7) must be immutable: a dict " + IMMUTABLE,
        of="model",
    ),
    Mistake(
        "a list at first",
        model(initial="[]"),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The initial value of the component"
            " 'counter' must be immutable: a list " + IMMUTABLE
        ),
        of="model",
    ),
    Mistake(
        "a list in the argument of a role",
        model(made=MODEL.replace("(counter,)),)", "(counter, [])),)")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): An argument of the process "
            "'counting' is a list, which can change; give it a tuple, a frozenset or a frozen dataclass."
        ),
        of="model",
    ),
    Mistake(
        "a list in the argument of an operation",
        protocol('yield system.redis.get(["lock"])'),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The arguments of "
            "Redis.get must be immutable: a list " + IMMUTABLE
        ),
    ),
    Mistake(
        "a dataclass that is not frozen",
        model(
            "return (Step(Answer(1), value),)",
            more="from dataclasses import dataclass\n\n@dataclass\nclass Answer:\n    number: int",
        ),
        (
            "The outcome of counter.add(1) in add (ours.py:7) must be immutable: the dataclass Answer is not "
            "frozen; write @dataclass(frozen=True)."
        ),
        of="model",
    ),
    # An outcome of the wrong shape
    Mistake(
        "a step alone",
        model("return Step(None, value + amount)"),
        "counter.add(1) in add (ours.py:7) returned a Step; write (Step(...),).",
        of="model",
    ),
    Mistake(
        "a pair in the place of a step",
        model("return ((None, value + amount),)"),
        ("counter.add(1) in add (ours.py:7) has a tuple among its steps; let each be a Step(outcome, value)."),
        of="model",
    ),
    Mistake(
        "no steps at all",
        model("value + amount"),
        "counter.add(1) in add (ours.py:7) returned None; return a tuple of Steps, or BLOCKED.",
        of="model",
    ),
    Mistake(
        "a value alone",
        model("return value + amount"),
        "counter.add(1) in add (ours.py:7) returned an int; return a tuple of Steps, or BLOCKED.",
        of="model",
    ),
    # What a role must not read
    Mistake(
        "a clock",
        protocol(f"import time\nif time.time() > 3:\n    return REFUSED\n{CREATE}"),
        "The function 'dispatch' reads a clock (time.time) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the time of day",
        protocol(f"if datetime.now().hour > 3:\n    return REFUSED\n{CREATE}", head="from datetime import datetime"),
        "The function 'dispatch' reads a clock (datetime.now) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a random number",
        protocol(f"if random.random() > 0.5:\n    return REFUSED\n{CREATE}", head="import random"),
        "The function 'dispatch' reads a random number (random.random) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the environment",
        protocol(f'if os.environ.get("X"):\n    return REFUSED\n{CREATE}', head="import os"),
        "The function 'dispatch' reads the environment (os.environ) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a file",
        protocol(f'if open("limit").read():\n    return REFUSED\n{CREATE}'),
        "The function 'dispatch' reads or writes a file (open) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a file by its path",
        protocol(f'if Path("limit").read_text():\n    return REFUSED\n{CREATE}', head="from pathlib import Path"),
        "The function 'dispatch' reads or writes a file (Path.read_text) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the end of the program in a role",
        protocol(f"os._exit(0)\n{CREATE}", head="import os"),
        "The function 'dispatch' ends the program (os._exit) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "another program",
        protocol(f'subprocess.run(["true"])\n{CREATE}', head="import subprocess"),
        "The function 'dispatch' starts another program (subprocess.run) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a clock in an operation",
        model("import time\nreturn (Step(time.time(), value),)"),
        "The function 'Counter.add' reads a clock (time.time) in add (ours.py:9)." + ADVICE,
        of="model",
    ),
    Mistake(
        "a global that changes",
        protocol(f"global SEEN\nSEEN += 1\n{CREATE}", "SEEN = 0"),
        "What runs of the model share has changed: the global 'SEEN' of ours.py, in dispatch (ours.py:8)." + SHARED,
    ),
    Mistake(
        "a global list that grows",
        protocol(f"SEEN.append(1)\n{CREATE}", "SEEN = []"),
        "What runs of the model share has changed: the global 'SEEN' of ours.py, in dispatch (ours.py:7)." + SHARED,
    ),
    Mistake(
        "an attribute of a component",
        model("self.asked = value\nreturn (Step(None, value),)"),
        (
            "What runs of the model share has changed: argument 1 of the process 'counting' (its 'asked'), in"
            " add (ours.py:9)." + SHARED
        ),
        of="model",
    ),
    Mistake(
        "a loop over a set",
        protocol(f"for each in {{1, 2}}:\n    yield system.store.get(request.evaluation)\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' asks for status/e1.get in dispatch (ours.py:8), in a loop over a "
            "set, whose order is not the same in every run; loop over sorted(...) of it."
        ),
    ),
    # A role that is none
    Mistake(
        "a role that never yields",
        protocol("return REFUSED"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) returned a "
            "str when it began; let it be a generator function, which yields operations."
        ),
    ),
    Mistake(
        "an async role",
        protocol("return REFUSED", signature="async def dispatch(system, request):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) returned a "
            "coroutine when it began; write `def` and `yield`, no `async` and `await`."
        ),
    ),
    Mistake(
        "a role of too few parameters",
        protocol(CREATE, signature="def dispatch(system):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) takes "
            "(system), and is given (System, DispatchRequest); let it take as many."
        ),
    ),
    Mistake(
        "a role of too many parameters",
        protocol(CREATE, signature="def dispatch(system, request, more):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) takes "
            "(system, request, more), and is given (System, DispatchRequest); let it take as many."
        ),
    ),
    Mistake(
        "a role that never comes back",
        protocol("yield system.store.get(request.evaluation)\nwhile True:\n    pass"),
        (
            "The process 'dispatcher/e1/1' failed after 2 outcomes: it went on for 1 s in dispatch "
            "(ours.py:8); the usual cause is a loop without an end, or without a `yield` in it "
            "(DEADHEAT_STEP_SECONDS allows it more time)."
        ),
    ),
    Mistake(
        "a role that delegates to itself",
        protocol("yield system.store.get(request.evaluation)\nyield from dispatch(system, request)"),
        (
            "The process 'dispatcher/e1/1' is nested without an end after 136 outcomes in dispatch "
            "(ours.py:7); the usual cause is a role that delegates to itself."
        ),
    ),
    Mistake(
        "a role that was called",
        protocol(CREATE).replace("dispatch=dispatch)", "dispatch=dispatch(1, 2))"),
        (
            "ours.py:9 cannot be imported: The dispatch of the protocol 'ours' is no function but a "
            "generator; give it one."
        ),
    ),
    Mistake(
        "a role that repeats nothing",
        model(role="return\nyield", made=MODEL.replace("(counter,)),)", "(counter,), repeats=True),)")),
        (
            "The process 'counting' repeats, but its role counting (ours.py:11) asked for nothing; let it "
            "yield an operation, or do not repeat it."
        ),
        of="model",
    ),
    # Properties
    Mistake(
        "a property that reads what it does not declare",
        model(violation='view["other"] > 3', made=MODEL.replace("{", '{"other": Counter("other"), ')),
        (
            "The property 'low' reads the component 'other' in <lambda> (ours.py:16) and does not say so; "
            "name it in what the property reads."
        ),
        of="model",
    ),
    Mistake(
        "a property of a component that there is not",
        model().replace('("counter",), lambda', '("conter",), lambda'),
        (
            "ours.py:model failed to make its model in model (ours.py:17): There is no component 'conter' for"
            " the property 'low' to read; did you mean counter?"
        ),
        of="model",
    ),
    Mistake(
        "a property that names a component without a comma",
        model().replace('("counter",), lambda', '("counter"), lambda'),
        (
            "ours.py:model failed to make its model in model (ours.py:17): What the property 'low' reads is a"
            ' str; write a tuple of names of components, such as ("store",).'
        ),
        of="model",
    ),
    Mistake(
        "a property that says a number",
        model(violation='view["counter"] + 3'),
        ("The property 'low' returned an int in <lambda> (ours.py:16); return what is wrong in a phrase, or None."),
        of="model",
    ),
    Mistake(
        "a property of a step that takes one view",
        model(kind="STEP"),
        (
            "The property 'low' in <lambda> (ours.py:16) takes (view), and one of kind step is given the "
            "views before and after; let it take as many."
        ),
        of="model",
    ),
    Mistake(
        "a property that never comes back",
        model(violation="sum(1 for _ in iter(int, 1))"),
        (
            "The property 'low' failed: it went on for 1 s in <genexpr> (ours.py:16); the usual cause is a "
            "loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it more time)."
        ),
        of="model",
    ),
    # Models and protocols made of the wrong things
    Mistake(
        "a fault that nobody declares",
        model(
            'return (Step(None, value), Step(None, value, "slipp"))',
            made=MODEL.replace("(low,))", '(low,), {"slip": 1})'),
        ),
        (
            "counter.add(1) in add (ours.py:7) meets the fault 'slipp', which Counter does not declare; did "
            "you mean slip?"
        ),
        of="model",
    ),
    Mistake(
        "a fault that nobody has heard of",
        model('return (Step(None, value), Step(None, value, "slip"))'),
        (
            "counter.add(1) in add (ours.py:7) meets the fault 'slip', which Counter does not declare; write "
            "faults = (Fault('slip', ...),) in it."
        ),
        of="model",
    ),
    Mistake(
        "a budget that is no number",
        model(made=MODEL.replace("(low,))", '(low,), {"slip": "1"})')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The budget of the fault 'slip' is "
            "'1'; give it a whole number, or UNLIMITED."
        ),
        of="model",
    ),
    Mistake(
        "two components of one name",
        model(made=MODEL.replace("{", '{"other": Counter("counter"), ')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The component 'counter' of a model"
            " is kept under the name 'other', where its operations do not find it; write {'counter': "
            "Counter('counter')}, and give two components two names."
        ),
        of="model",
    ),
    Mistake(
        "a component by its class",
        model(made=MODEL.replace("counter}", "Counter}")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): Among the components of a model is"
            " the class Counter; let each be a Component."
        ),
        of="model",
    ),
    Mistake(
        "components in a list",
        model(made=MODEL.replace('{"counter": counter}', "[counter]")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The components of a model are a "
            "list; give it a dict, by their names."
        ),
        of="model",
    ),
    Mistake(
        "a process without a comma",
        model(made=MODEL.replace("(counter,)),)", "(counter,)))")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The processes of a model are no "
            "tuple but a Process; write a tuple, and (one,) where there is one alone."
        ),
        of="model",
    ),
    Mistake(
        "a component without its name",
        model(made=MODEL, initial="0\n\n    def __init__(self, name):\n        self.start = 1"),
        (
            "ours.py:model failed to make its model in model (ours.py:20): The component 'counter' has no "
            "name; call super().__init__(name) in Counter.__init__."
        ),
        of="model",
    ),
    Mistake(
        "two processes of one name",
        model(made=MODEL.replace("(counter,)),)", '(counter,)), Process("counting", counting, (counter,)))')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): Two processes are named "
            "'counting'; give each a name of its own."
        ),
        of="model",
    ),
    Mistake(
        "a model that is not returned",
        model(made="None"),
        "ours.py:model in model (ours.py:14) returned None; let it return a deadheat.Model.",
        of="model",
    ),
    Mistake(
        "a model that is never made",
        model(made="sum(1 for _ in iter(int, 1))"),
        (
            "ours.py:model failed to make its model: it went on for 1 s in <genexpr> (ours.py:17); the usual"
            " cause is a loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it "
            "more time)."
        ),
        of="model",
    ),
    Mistake(
        "an operation with a star",
        model().replace("value, amount)", "value, *amount)"),
        (
            "ours.py:7 cannot be imported: The operation Counter.add has parameters that are not plain; write"
            " each by its name, without `*`, `**` or `/`."
        ),
        of="model",
    ),
    Mistake(
        "what is lacked is a text",
        protocol(CREATE).replace("=dispatch)", '=dispatch, lacks=("T5",))'),
        (
            "ours.py:9 cannot be imported: Among the lacks of the protocol 'ours' is 'T5'; write a tuple of "
            "steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "what is lacked is no step",
        protocol(CREATE).replace("=dispatch)", '=dispatch, lacks=(Label("T9", ""),))'),
        (
            "ours.py:9 cannot be imported: Among the lacks of the protocol 'ours' is a Label; write a tuple "
            "of steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "what is lacked stands without a comma",
        protocol(CREATE).replace("=dispatch)", "=dispatch, lacks=(T5))"),
        (
            "ours.py:9 cannot be imported: The lacks of the protocol 'ours' are no tuple but a Label; write a"
            " tuple of steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "a misspelt field of a protocol",
        protocol(CREATE).replace("dispatch=dispatch", "dispath=dispatch"),
        "ours.py:9 cannot be imported: Protocol() takes no 'dispath'; did you mean dispatch?",
    ),
    # Designs
    Mistake(
        "a misspelt component of a design",
        design("yield shop.leger.book(order)"),
        (
            "The process 'shop/order1' failed after 0 outcomes in place (ours.py:15): Shop has no 'leger'; "
            "did you mean ledger?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a key that there is not",
        design('yield shop.ledger.book("order9")'),
        (
            "The process 'shop/order1' asks for ledger/order9.book(order9) in place (ours.py:15): There is no"
            " component 'ledger/order9'; did you mean ledger/order1?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role of too many parameters in a design",
        design(roles='(one("shop", place),)'),
        (
            "The role of the process 'shop' cannot begin: The role place (ours.py:14) takes (shop, order), "
            "and is given (Shop); let it take as many."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role of a design that was called",
        design(roles='(one("shop", place(1, 2)),)'),
        (
            "ours.py:21 cannot be imported: The role 'shop' has no function but a generator; give it a "
            "generator function."
        ),
        of="DESIGN",
    ),
    Mistake(
        "roles without a comma",
        design(roles='(one_each("shop", place))'),
        (
            "ours.py:21 cannot be imported: The roles of the design 'ours' are no tuple but a Role; write a "
            "tuple of roles, such as one('relay', relay)."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a crash of another kind",
        design(roles='(one_each("shop", place, crashes=(Crash("worker-crash"),)),)'),
        (
            "ours.py:21 cannot be imported: Among the crashes of the role 'shop' is a Crash; write a tuple of"
            " what crash(...) returns."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a crash by a fault that nobody declares",
        design(roles='(one_each("shop", place, crashes=(crash("relay-crash"),)),)'),
        (
            "ours.py:21 cannot be imported: There is no fault 'relay-crash'; did you mean worker-crash or "
            "cancel-crash or cleanup-crash? A fault of your own is declared as Fault('relay-crash', meaning, "
            "source)."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a component of a design by its class",
        design(ledger="ledger: Ledger = Ledger"),
        ("ours.py:21 cannot be imported: The component 'ledger' of Shop is a class; write Ledger('ledger')."),
        of="DESIGN",
    ),
    Mistake(
        "a component of another name than its field",
        design(ledger='ledger: Ledger = Ledger("leger")'),
        ("ours.py:21 cannot be imported: The component 'ledger' of Shop is named 'leger'; name it as its field."),
        of="DESIGN",
    ),
    Mistake(
        "components that are no dataclass",
        design(shop="class Shop(Components):\n"),
        ("ours.py:21 cannot be imported: Shop.ledger is no field yet; write @dataclass(frozen=True) above Shop."),
        of="DESIGN",
    ),
    Mistake(
        "a property of a component that a design has not",
        design(claim="def low(leger: int) -> bool:\n    return leger > 3"),
        (
            "ours.py:21 cannot be imported: The property 'low' (ours.py:17) cannot be asked: there is no "
            "component 'leger'; did you mean ledger or order?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a property of a design that says a number",
        design(claim="def low(ledger: int) -> int:\n    return ledger + 3"),
        ("The property 'low' returned an int in low (ours.py:17); return what is wrong in a phrase, or None."),
        of="DESIGN",
    ),
    Mistake(
        "an expectation of a property that there is not",
        design(more=', expects={"lowe": "holds"}'),
        ("ours.py:21 cannot be imported: There is no property of the design 'ours' named 'lowe'; did you mean low?"),
        of="DESIGN",
    ),
)
