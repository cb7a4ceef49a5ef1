"""Profiles: how long everything takes in one kind of cluster, each number with its source, or said to be assumed.

A profile is a TOML file. Its table `latency` gives a law to each name, as a text, or with its source:

    name = "ours"
    summary = "our cluster in Frankfurt, in May"

    [latency]
    status = "lognormal(median=2ms, p99=20ms)"
    "http.accept" = { law = "empirical(accept.csv)", source = "our logs" }
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deadheat.scenarios.distributions import parse_law
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.timed.laws import Law

__all__ = ["PROFILES", "Profile", "load_profile"]

HERE = Path(__file__).parent

PROFILES = ("quiet", "busy")
"""Those that ship."""


@dataclass(frozen=True)
class Profile:
    """The laws by name, each with where it is from, and what it was written as."""

    name: str
    summary: str
    laws: dict[str, Law]
    texts: dict[str, str]
    sources: dict[str, str]


def load_profile(reference: str) -> Profile:
    """Return a profile by its name, or from a file; raises UsageError for one that there is not, or of another form."""
    path = HERE / f"{reference}.toml" if reference in PROFILES else Path(reference)
    if reference not in PROFILES and not path.suffix:
        raise unknown_name("profile", reference, PROFILES)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The profile {reference} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The profile {reference} is no TOML: {str(error).rstrip('.')}.") from None
    unknown = [key for key in content if key not in ("name", "summary", "latency")]
    if unknown:
        raise unknown_name(f"table or key in the profile {reference}", unknown[0], ("name", "summary", "latency"))
    entries = content.get("latency")
    if not isinstance(entries, dict) or not entries:
        raise UsageError(
            f"The profile {reference} has no latencies; give it a table [latency] with a law for each name."
        )
    texts = {name: _text(entry, name, reference) for name, entry in entries.items()}
    where = f"the profile {reference}"
    return Profile(
        name=str(content.get("name", path.stem)),
        summary=str(content.get("summary", "")),
        laws={name: parse_law(text, f"{name} of {where}", path.parent) for name, text in texts.items()},
        texts=texts,
        sources={name: entry.get("source", "") for name, entry in entries.items() if isinstance(entry, dict)},
    )


def _text(entry: Any, name: str, reference: str) -> str:
    text = entry.get("law") if isinstance(entry, dict) else entry
    unknown = [key for key in entry if key not in ("law", "source")] if isinstance(entry, dict) else []
    if not isinstance(text, str) or unknown:
        raise UsageError(
            f"The latency {name!r} of the profile {reference} is neither a text nor a law and its source; write "
            f'{name} = "lognormal(median=80ms, p99=2s)".'
        )
    return text
