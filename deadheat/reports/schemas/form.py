"""What every output for machines begins with."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Faults", "Form"]

Faults: TypeAlias = dict[str, int | Literal["*"]]
Version: TypeAlias = Literal[1]


class Form(msgspec.Struct, kw_only=True):
    """What every output begins with."""

    schema: Version
