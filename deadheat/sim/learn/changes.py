"""What differs between two packed states (see `Tables`)."""

from __future__ import annotations

from collections.abc import Iterator

from deadheat.sim.learn.interned import FIELD_BITS, FIELD_MASK

__all__ = ["changes", "moves"]


def changes(before: int, after: int) -> Iterator[tuple[int, int, int]]:
    """Yield each field that differs, with what it holds before and after."""
    changed = before ^ after
    while changed:
        field = ((changed & -changed).bit_length() - 1) // FIELD_BITS
        shift = field * FIELD_BITS
        yield field, (before >> shift) & FIELD_MASK, (after >> shift) & FIELD_MASK
        changed &= ~(FIELD_MASK << shift)


def moves(before: int, after: int) -> list[tuple[int, int]]:
    """Return each field that differs, and by how much."""
    return [(field, new - old) for field, old, new in changes(before, after)]
