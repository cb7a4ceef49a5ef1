"""What the command line calls the options and arguments that the engine knows by their names in Python."""

from __future__ import annotations

from deadheat.sim.errors import DeadheatError, in_full
from deadheat.sim.explore.stop import Stop

__all__ = ["FLAGS", "said", "told"]

FLAGS = {
    "states_max": "--max-states",
    "values_max": "--max-values",
    "memory_bytes_max": "--memory",
    "symmetry": "--property NAME, --no-symmetry",
    "evaluations": "-n",
    "settings": "--set NAME=VALUE",
    "memoryless": "--memoryless",
    "method": "--method kernel",
    "mutants": "deadheat mutate lists them",
    "trace": "deadheat show PROTOCOL --save FILE",
}
"""How each is written there."""


def told(stop: Stop) -> str:
    """Return why a search stopped short, as the end of a sentence that names the flag."""
    return stop.told(FLAGS.get(stop.limit))


def said(error: DeadheatError) -> str:
    """Return the sentence of an error, which names the flag that it is about, and the notes below it."""
    flag = FLAGS.get(error.about or "")
    sentence, *notes = in_full(error).split("\n")
    if flag is not None and sentence.endswith("."):
        sentence = f"{sentence[:-1]} ({flag})."
    return "\n".join([sentence, *notes])
