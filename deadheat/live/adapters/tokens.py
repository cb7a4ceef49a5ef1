"""Tokens for real: random ones."""

from __future__ import annotations

import uuid

from deadheat.live.adapters.base import Adapter

__all__ = ["TokensAdapter"]


class TokensAdapter(Adapter):
    """Random tokens, that nobody was ever given before."""

    def __init__(self) -> None:
        super().__init__("tokens")

    def generate(self, evaluation: str) -> str:
        """Make a new token."""
        return f"token-{evaluation}-{uuid.uuid4().hex}"
