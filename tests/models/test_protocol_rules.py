"""A protocol that is made of the wrong things is refused where it is made, in one sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import deadheat
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.protocols.event_sourcing import EVENT_SOURCING
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP
from deadheat.models.steps import T2, T8
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.sim.errors import ModelError


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("name", None, "The name of a protocol is None; give it a text."),
        ("name", "", "The name of a protocol is ''"),
        ("name", " ", "The name of a protocol is ' '"),
        ("name", 5, "The name of a protocol is 5"),
        ("worker", None, "The worker of the protocol 'baseline' is no function but None; give it one."),
        ("dispatch", "dispatch", "The dispatch of the protocol 'baseline' is no function but 'dispatch'"),
        ("cancel", (), "The cancel of the protocol 'baseline' is no function but a tuple"),
        ("complete", 0, "The complete of the protocol 'baseline' is no function but 0"),
        ("resubmit", None, "The resubmit of the protocol 'baseline' is no function but None"),
        ("calls", -1, "The calls of the protocol 'baseline' are -1; give it a whole number."),
        ("calls", "1", "The calls of the protocol 'baseline' are '1'"),
        ("calls", True, "The calls of the protocol 'baseline' are True"),
        (
            "status",
            None,
            "The status of the protocol 'baseline' is None; give it StatusStore or EventStream, or a class",
        ),
        ("status", dict, "The status of the protocol 'baseline' is the class dict"),
        ("kubernetes", "kubernetes", "The kubernetes of the protocol 'baseline' is 'kubernetes'; give it Kubernetes"),
        ("roles", None, "The roles of the protocol 'baseline' are no tuple but None"),
        ("roles", len, "The roles of the protocol 'baseline' are no tuple but a builtin_function_or_method"),
        ("roles", (1,), "Among the roles of the protocol 'baseline' is 1; write a tuple of roles, such as one("),
        ("claims", (1,), "Among the claims of the protocol 'baseline' is 1; write a tuple of properties, such as"),
        ("components", dict, "The components of the protocol 'baseline' is the class dict; give it System"),
        (
            "lacks",
            ("T2", "T7"),
            "Among the lacks of the protocol 'baseline' is 'T2'; write a tuple of steps of deadheat",
        ),
        ("lacks", "T2", "The lacks of the protocol 'baseline' are no tuple but 'T2'"),
        ("lacks", T8, "The lacks of the protocol 'baseline' are no tuple but a Label; write a tuple of steps"),
        ("lacks", None, "The lacks of the protocol 'baseline' are no tuple but None"),
    ],
)
def test_a_protocol_made_of_the_wrong_thing_is_refused(field: str, wrong: Any, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        replace(BASELINE, **{field: wrong})
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("name", None, "The name of an addition is None; give it a text."),
        (
            "roles",
            None,
            "The roles of the addition 'orphan-cleanup' are no tuple but None; write a tuple of roles, such as "
            "one('sweep', sweep) makes.",
        ),
    ],
)
def test_an_addition_made_of_the_wrong_thing_is_refused(field: str, wrong: Any, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        replace(ORPHAN_CLEANUP, **{field: wrong})
    assert str(refused.value) == said


def test_a_protocol_may_lack_steps() -> None:
    assert replace(BASELINE, lacks=(T2, T8)).lacks == (T2, T8)


@pytest.mark.parametrize(
    ("protocol", "face", "said"),
    [
        (BASELINE, "guards", "system.guards is for a protocol that says kubernetes=GuardedKubernetes; say so in it."),
        (BASELINE, "stream", "system.stream is for a protocol that says status=EventStream; use system.store here."),
        (
            EVENT_SOURCING,
            "store",
            "system.store is for a protocol that says status=StatusStore; use system.stream here.",
        ),
    ],
)
def test_a_role_that_asks_for_what_its_protocol_does_without_is_told_what_to_say(
    protocol: Protocol, face: str, said: str
) -> None:
    with pytest.raises(ModelError) as refused:
        getattr(build(protocol, 1, {}).system, face)
    assert str(refused.value) == said


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to which a user adds a protocol as CONTRIBUTING says."""
    root = tmp_path_factory.mktemp("copy")
    package = Path(deadheat.__file__).parent
    shutil.copytree(package, root / "deadheat", ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = root / "deadheat" / "models" / "protocols" / "__init__.py"
    catalogue.write_text(catalogue.read_text() + "\nfrom deadheat.models.protocols.ours import OURS\n")
    return root


BEGINNING = "from dataclasses import replace\nfrom deadheat.models.protocols.baseline import BASELINE\n"
OURS = "deadheat/models/protocols/ours.py"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("OURS = replace(BASELINE, name='ours', dispach=len)", f"{OURS}, line 3, cannot be loaded: TypeError: "),
        (
            "import nosuchmodule",
            f"{OURS}, line 3, cannot be loaded: ModuleNotFoundError: No module named 'nosuchmodule'",
        ),
        ("OURS = replace(BASELINE, name=NAME)", f"{OURS}, line 3, cannot be loaded: NameError: name 'NAME' is not"),
        (
            "def dispatch(system, request:\n  pass",
            f"{OURS}, line 3, cannot be loaded: SyntaxError: '(' was never closed",
        ),
        ("raise SystemExit(0)", f"{OURS}, line 3, cannot be loaded: SystemExit: 0"),
        ("1 / 0", f"{OURS}, line 3, cannot be loaded: ZeroDivisionError: division by zero"),
        ("OTHER = 1", "deadheat/models/protocols/__init__.py, line "),
        ("OURS = replace(BASELINE, lacks='T2')", "The lacks of the protocol 'baseline' are no tuple but 'T2'"),
    ],
)
def test_a_protocols_file_that_cannot_be_loaded_is_told_of_by_its_line(copied: Path, source: str, said: str) -> None:
    (copied / OURS).write_text(BEGINNING + source + "\n")
    done = subprocess.run(
        [sys.executable, "-B", "-m", "deadheat", "check", "baseline"],
        capture_output=True,
        text=True,
        cwd=copied,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith(f"deadheat: {said}")
