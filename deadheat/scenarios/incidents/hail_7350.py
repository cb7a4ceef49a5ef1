"""A delete that overtakes the create does nothing, and the job runs.

Hail Batch's driver asks a worker machine to create a job, and asks it to delete the job when its batch is cancelled.
If the delete arrives first, the machine knows no such job and answers 404; the driver takes that for done and records
the job as no longer scheduled. Then the create arrives, and the job runs although its batch is cancelled. What the
project later added, for orphaned attempts of the same kind, is a loop in the driver that looks for attempts that
still run although their job is cancelled, and deletes them again.

Sources: hail-is/hail#7350, of which no text was found: this account rests on its subject, on the driver's public code
of that time (the delete ignores a 404, and the record is written after it), and for the fix on the description of
hail-is/hail#10071, which is the same project's but not said to be for #7350. Readings: the record of a job is a row
changed in transactions; the loop is a sweep that deletes what runs for an ended job.
"""

from __future__ import annotations

from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import TRANSACTIONAL

__all__ = ["HAIL_7350"]

HAIL_7350 = Incident(
    name="hail-7350",
    reference="https://github.com/hail-is/hail/issues/7350",
    account=__doc__ or "",
    remedy="a loop deletes what runs for a cancelled job (as in PR #10071)",
    protocol=TRANSACTIONAL,
    fix=TRANSACTIONAL.plus(ORPHAN_CLEANUP),
    properties=("no-permanent-orphan", "eventually-cleaned"),
)
