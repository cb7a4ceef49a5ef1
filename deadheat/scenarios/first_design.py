"""two workers may find the same job at once, and each sends a mail for it.

Components are what several processes see, roles are what these do, and properties say what must not come of it. A role
is a generator: each `yield` is one step, at which everybody else may come in between, and what lies between two steps
happens at once. Change all three until they do what yours do; docs/any-design.md of deadheat says more.
"""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import (
    Component,
    Components,
    Design,
    Fault,
    Outcomes,
    Step,
    Steps,
    always,
    crash,
    operation,
    settled,
    several_each,
)
from deadheat.library import Row

FREE, TAKEN, DONE = "free", "taken", "done"

# What may go wrong, and where it is said that it may. It happens only when it is asked for: --faults worker-killed=1
KILLED = Fault("worker-killed", "a worker is killed at any step, and starts anew", "every deployment does it")


class Mailer(Component):
    """Sends mails; it holds how many were sent for a job."""

    keyed = True  # one for each job
    initial = 0

    @operation
    def send(self, sent: int, job: str) -> Outcomes:
        """Send a mail: this is told nothing, and one more is sent. Several steps: any of them may happen."""
        return (Step(None, sent + 1),)


@dataclass(frozen=True)
class Parts(Components):
    """A row in a table for each job, and who sends mails."""

    status: Row = Row("status", FREE, keyed=True)
    mailer: Mailer = Mailer("mailer")


def work(parts: Parts, job: str, number: int) -> Steps:
    """Look whether the job is free; if so, take it and do it."""
    if (yield parts.status.get(job)) != FREE:
        return
    yield parts.status.set(TAKEN, job)
    yield parts.mailer.send(job)
    yield parts.status.set(DONE, job)


def take_and_work(parts: Parts, job: str, number: int) -> Steps:
    """Take the job in one step, if it is free (UPDATE ... WHERE status = 'free'), and do it."""
    if not (yield parts.status.compare_and_set(FREE, TAKEN, job)):
        return
    yield parts.mailer.send(job)
    yield parts.status.set(DONE, job)


# A property returns what is wrong, or whether anything is. Its parameters name components, or the key.


@always
def mailed_once(mailer: int) -> bool:
    """No mail is sent twice."""
    return mailer > 1


@settled
def done_in_the_end(job: str, status: str) -> str | None:
    """Once everything has settled, every job is done."""
    return None if status == DONE else f"{job} is still {status}"


PROTOCOL = Design(
    name="first-design",
    summary="each of two workers looks whether a job is free, and then takes it",
    source="where this is written down",
    key="job",
    components=Parts(),
    roles=(several_each("worker", work, 2, crashes=(crash(KILLED),)),),
    claims=(mailed_once, done_in_the_end),
)

MENDED = PROTOCOL.variant("first-design-mended", "takes a free job in one step", roles={"worker": take_and_work})
