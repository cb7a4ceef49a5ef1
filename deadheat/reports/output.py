"""The record of deletions on standard output: what cannot be written there is not done."""

from __future__ import annotations

import os
import sys

from deadheat.sim.errors import LiveError

__all__ = ["write_record"]


def write_record(text: str) -> None:
    """Write, and see that it is written; raises LiveError if it is not: what cannot be recorded is not deleted.

    What the encoding of the output cannot say is written as an escape, for a record must not fail for a letter.
    """
    if sys.stdout is None:  # a shell has closed it
        raise LiveError("There is no standard output for the record, so nothing more is deleted.")
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        # What is still in the buffer would fail again when the program ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        why = error.strerror if isinstance(error, OSError) else error
        raise LiveError(
            f"The record cannot be written to standard output ({why}), so nothing more is deleted."
        ) from None
