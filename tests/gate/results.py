"""What a gate may have found, made up: of every kind of finding one, with names as hostile as may be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from deadheat.gate.config import Check, Config
from deadheat.gate.findings import Finding, Kind
from deadheat.gate.gate import Gated
from deadheat.gate.surveys import Judged, Step, Survey, Witness

__all__ = ["HOSTILE", "HOSTILE_TEXT", "gated_of", "of_every_kind", "one_finding", "witness_of"]

OURS = '''\
"""A protocol."""


def worker(system):
    yield system.queue.take()
    yield system.kubernetes.create_job()


PROTOCOL = worker
'''

HOSTILE = (
    "</details></pre></code>]]><script>alert(1)</script>",
    "![x](https://evil.example/x.png) [y](javascript:1) <https://evil.example>",
    "@octocat #1 GH-2 www.evil.example https://evil.example a@evil.example fixes #3",
    "a|b`c``d\\|e*f*_g_~~h~~$i$",
    "::error file=x::y %0A::set-env name=PATH::z, ##[add-path]q",
    "one\ntwo\r\nthree\x00\x07\x1b[31m\ufffe\ud800\u202eevil",
    "{0} [link](1) {curly} %SRCROOT% &amp; <!-- --> --> '\"",
    "-->\n# heading\n- item\n/close\n```\n~~~\n| a |\n|---|",
    "Schlüssel 日本語 ✓",
)

HOSTILE_TEXT = " ".join(HOSTILE)


def witness_of(text: str = "it happens", steps: int = 3) -> Witness:
    """Return a counterexample whose second step asks for something in the user's file, and loses the race."""
    own = (
        Step(f"worker {text}", f"queue.take({text}) -> {text}", "T0", None, "ours.py", 5),
        Step("worker", "kubernetes.create_job()", "T8", None, "ours.py", 6),
        Step("redis", f"failover {text}", None, "redis-failover", None, None),
    )
    return Witness(
        {"redis-failover": 1}, f"{text}.", (own * steps)[:steps], f"  1  {text}\n  2  more", 2, text, "ours.py", 4
    )


def one_finding(**changes: object) -> Finding:
    given = {"check": Check("ours.py:PROTOCOL"), "kind": Kind.LOST, "text": "p no longer holds.", "property_name": "p"}
    return Finding(**{**given, **changes})  # type: ignore[arg-type]


def of_every_kind(text: str) -> list[Finding]:
    """Return findings whose every part that is a text has this one in it."""
    check = Check("ours.py:PROTOCOL", must_reach=(text,))
    other = Check(f"{text}.py:{text}")
    return [
        Finding(check, Kind.LOST, f"{text} no longer holds.", text, {text: 1}, witness=witness_of(text)),
        Finding(check, Kind.WEAKER, f"{text} breaks {text}.", f"p{text}", {text: "*"}, witness=witness_of(text)),
        Finding(check, Kind.VACUOUS, f"{text} holds vacuously.", f"v{text}"),
        Finding(check, Kind.INCONCLUSIVE, f"{text} was not decided.", f"i{text}"),
        Finding(check, Kind.INCONCLUSIVE, f"Whether {text} is reached was not decided.", detail=text),
        Finding(check, Kind.MUTANT, f"A guard: {text}.", detail=text),
        Finding(check, Kind.MUST_REACH, f"No run reaches {text}.", detail=text),
        Finding(other, Kind.CHANGED, f"{text} has changed."),
        Finding(other, Kind.UNSAFE_ROLLOUT, f"{text} is unsafe.", text, witness=witness_of(text)),
        Finding(
            check,
            Kind.LOST,
            "q",
            f"a{text}",
            accepted_until=dt.date(2027, 1, 31),
            reason=text,
            witness=witness_of(text),
        ),
        Finding(check, Kind.LOST, "r", f"e{text}", accepted_until=dt.date(2026, 1, 31), reason=text, expired=True),
    ]


def gated_of(folder: Path, *findings: Finding, checks: tuple[Check, ...] = (Check("ours.py:PROTOCOL"),)) -> Gated:
    """Return what a gate says of a folder that has a protocol and a configuration."""
    (folder / "ours.py").write_text(OURS)
    (folder / "deadheat.toml").write_text('[[check]]\n\n\nprotocol = "ours.py:PROTOCOL"\n')
    config = Config(folder / "deadheat.toml", checks, folder / "deadheat.lock")
    judged = {"p": Judged("violated", 3), "q": Judged("holds")}
    surveys = {each.name: Survey("s", "f", 10, 20, judged) for each in checks}
    refactored = tuple(each.name for each in checks)
    return Gated(config, findings, refactored, "deadheat.lock", surveys)
