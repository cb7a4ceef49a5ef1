"""Mistakes that a user makes in the first hour, each a small file, and the one sentence with which it is answered.

In a protocol the mistake stands from line 7 on; in a model, the operation from line 7, the role behind it, and then the
function that makes it. The sentences of a table are exact, with file and line.
"""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple

__all__ = ["ADVICE", "CREATE", "HELPING", "IMMUTABLE", "MODEL", "SHARED", "Mistake", "design", "model", "protocol"]

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
