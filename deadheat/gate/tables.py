"""The tables of a configuration as types, for a JSON Schema by which editors complete and check them.

`config` is what reads them; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from deadheat.gate.config import UP_TO_MAX, Check

__all__ = ["Configuration"]

Said: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Verdict: TypeAlias = Literal["holds", "violated", "vacuous", "inconclusive"]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Times: TypeAlias = Annotated[int, msgspec.Meta(ge=0)] | Literal["*"]
UpTo: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=UP_TO_MAX, description="How many further faults are tried.")]
Mutants: TypeAlias = Annotated[bool, msgspec.Meta(description="Whether guards are taken away one by one.")]
TimeLimit: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, description="Of a check, such as 90s or 10m.")]


class CheckTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One thing to be checked."""

    protocol: Annotated[str, msgspec.Meta(min_length=1, description="Such as ours.py:PROTOCOL.")]
    evaluations: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = Check.evaluations
    faults: Annotated[dict[str, Times], msgspec.Meta(description="How often each kind may happen.")] = {}
    properties: Annotated[list[Said], msgspec.Meta(description="Which; all, without.")] = []
    expect: Annotated[Verdict | dict[str, Verdict], msgspec.Meta(description="What must come out.")] | UnsetType = UNSET
    must_reach: Annotated[list[Said], msgspec.Meta(description="What some run has to reach.")] = []
    settings: Annotated[dict[str, str | int | bool], msgspec.Meta(description="Sizes of the model.")] = {}
    allow_unreached: Annotated[list[Said], msgspec.Meta(description="What need not be reached.")] = []
    quiet: Annotated[bool, msgspec.Meta(description="Judge liveness on runs in which faults end.")] = Check.quiet
    up_to: UpTo = Check.up_to
    mutants: Mutants = Check.mutants
    max_states: Count = Check.max_states
    time_limit: TimeLimit = f"{Check.seconds:g}s"


class Configuration(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A `deadheat.toml`, or the table [tool.deadheat] of a `pyproject.toml`."""

    check: Annotated[list[CheckTable], msgspec.Meta(min_length=1)]
    lock: Annotated[str, msgspec.Meta(min_length=1, description="Where the lock is, from here.")] = "deadheat.lock"
    up_to: UpTo = Check.up_to
    mutants: Mutants = Check.mutants
    max_states: Count = Check.max_states
    time_limit: TimeLimit = f"{Check.seconds:g}s"
