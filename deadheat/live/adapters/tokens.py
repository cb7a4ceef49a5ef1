"""Tokens for real: random ones."""

from __future__ import annotations

import uuid

from deadheat.live.adapters.base import Adapter

__all__ = ["TokensAdapter"]


class TokensAdapter(Adapter):
    """Random tokens, that nobody was ever given before."""

    makes_names = True

    def __init__(self, name: str = "tokens") -> None:
        super().__init__(name)

    def generate(self, evaluation: str) -> str:
        """Make a new token."""
        return f"token-{evaluation}-{uuid.uuid4().hex}"
