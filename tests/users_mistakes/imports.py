"""Mistakes in a file of the user's as such, and in what it is asked for."""

from __future__ import annotations

from tests.users_mistakes.files import CREATE, Mistake, protocol

__all__ = ["EVERY"]

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
)
