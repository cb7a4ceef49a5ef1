"""The strategies by which runs are drawn: their names, and what each of them promises.

`uniform` takes each transition that is possible with the same probability. So does `swarm`, but few kinds of fault may
happen in a run, drawn anew for each, or none (after Groce et al., "Swarm testing", ISSTA 2012): where all may happen,
what takes one alone is hardly ever left in peace by the others. `pct` gives actors a random order of
priority, and changes it at so few random steps as its depth says (Burckhardt et al., "A randomized scheduler with
probabilistic guarantees of finding bugs", ASPLOS 2010); `pos` gives each waiting step a random priority, drawn again
where a step in conflict with it happened (Yuan et al., "Partial order aware concurrency sampling", CAV 2018). `paths`
takes each interleaving with the same probability, where ways on can be counted, and estimates their number by the steps
that processes have left elsewhere (Zhao et al., "Selectively uniform concurrency testing", ASPLOS 2025). `feedback`
changes runs that did something new. `hypothesis` lets that library draw runs, which seeks those that come to new
states (its targets); it is slower by orders of magnitude, and has a turn only where it is asked for.

They depart from the papers in this: what may go otherwise than by the order of processes is drawn evenly; faults are
actors of their own (see `choosing`); and in `pct`, a process that comes back to its
beginning, or changes nothing, yields.
"""

from __future__ import annotations

from enum import StrEnum

from deadheat.sim.explore.compiled.walks import FEW_FAULTS, FOLLOWING, PARTIAL_ORDER, PATHS, PRIORITIES, UNIFORM

__all__ = ["CHOOSING", "DEPTHS", "Strategy"]

DEPTHS = 5
"""Runs of `pct` have the depths from 1 to this in turn, where none is given."""


class Strategy(StrEnum):
    """A way to draw runs."""

    SWARM = "swarm"
    UNIFORM = "uniform"
    PCT = "pct"
    POS = "pos"
    PATHS = "paths"
    FEEDBACK = "feedback"
    HYPOTHESIS = "hypothesis"


CHOOSING = {
    Strategy.SWARM: FEW_FAULTS,
    Strategy.UNIFORM: UNIFORM,
    Strategy.PCT: PRIORITIES,
    Strategy.POS: PARTIAL_ORDER,
    Strategy.PATHS: PATHS,
    Strategy.FEEDBACK: FOLLOWING,
    Strategy.HYPOTHESIS: FOLLOWING,
}
"""What compiled code calls them."""
