"""Mistakes that a user makes in the first hour, each a small file, and the one sentence with which it is answered."""

from __future__ import annotations

from tests.users_mistakes import designs, imports, models, protocols
from tests.users_mistakes.files import Mistake

__all__ = ["EVERY", "Mistake"]

EVERY: tuple[Mistake, ...] = (*imports.EVERY, *protocols.EVERY, *models.EVERY, *designs.EVERY)
