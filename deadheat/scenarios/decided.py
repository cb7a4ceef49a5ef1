"""What is decided of a frontier, on disk: a second run with the same question goes on from there.

Kept are the answers for whole scenarios, each as its search ends, and the sets of faults that were decided by a check
of their own. A search for all sets of a scenario that is cut short in its middle begins anew: most of its states are
those of its largest sets. What a limit left open is not kept, for that may be raised.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

import deadheat
from deadheat.scenarios.check import Options
from deadheat.scenarios.minimal_sets import AloneKey, FaultSet, MinimalSets, models_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore.labels.breaking import Decision
from deadheat.sim.explore.labels.families import families_of
from deadheat.sim.explore.saved.checkpoint_file import CheckpointFile, code_in
from deadheat.sim.explore.saved.schedules import Count, SavedSchedule, saved_schedule, schedule_from
from deadheat.sim.fingerprint import digest_of

__all__ = ["Decided", "question_of"]

MAGIC = b"deadheat frontier 1\n"
"""What a file begins with; the number changes with the form of what follows."""

BETWEEN_S = 1.0
"""What is decided within this time is written at once."""

Sets = tuple[tuple[tuple[str, Count], ...], ...]


class SavedSets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is known of one scenario, by the properties; each set that breaks one with its length."""

    breaking: dict[str, tuple[tuple[tuple[tuple[str, Count], ...], Count], ...]]
    vacuous: dict[str, Sets]
    not_applicable: tuple[str, ...]
    states: Count
    seconds: Annotated[float, msgspec.Meta(ge=0)]


class SavedDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a set of faults does to properties, for a scenario of this number."""

    scenario: Count
    kinds: tuple[Count, ...]
    properties: tuple[str, ...]
    broken: dict[str, SavedSchedule]
    vacuous: tuple[str, ...]
    happened: tuple[str, ...]
    states: Count


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided, of which question (see `question_of`), by which code."""

    by: str
    question: str
    scenarios: dict[str, SavedSets]
    alone: tuple[SavedDecision, ...]


class Decided:
    """A file with what is decided, which nobody else may use as long as this is open.

    `scenarios` are the answers that are there, and `alone` the decisions, by the numbers of their scenarios. Raises
    CheckpointError for a file that is of something else, or cannot be written. Where it cannot be written later on,
    as on a disk that is full by then, that is `lost`, and takes no answer from anybody.
    """

    def __init__(self, path: Path, question: str, scenarios: Sequence[Scenario]) -> None:
        self.scenarios: dict[int, MinimalSets] = {}
        self.alone: dict[int, dict[AloneKey, Decision]] = {number: {} for number in range(len(scenarios))}
        self._question = question
        self._by = code_in(*map(Path, deadheat.__path__))
        self._written = -BETWEEN_S
        self._is_written = True
        self.lost: CheckpointError | None = None
        self._file = CheckpointFile(path, MAGIC)
        try:
            if self._file.exists():
                self._read(scenarios)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Let others use the file, with all that is decided; of what is decided to the end, nothing is left."""
        try:
            if len(self.scenarios) == len(self.alone):
                self._file.remove()
                self.lost = None
            elif not self._is_written:
                self._write()
        finally:
            self._file.close()

    def add(self, number: int, found: MinimalSets) -> None:
        """Keep the answer for a scenario, if nothing of it is left open."""
        if found.stopped is None and not any(found.undecided.values()):
            self.scenarios[number] = found
            self.alone[number] = {}
            self._changed()

    def add_alone(self, number: int, key: AloneKey, decision: Decision) -> None:
        """Keep what a set of faults does, if nothing of it is left open."""
        if decision.stopped is None and not decision.undecided:
            self.alone[number][key] = decision
            self._changed()

    def _changed(self) -> None:
        self._is_written = False
        if time.monotonic() - self._written >= BETWEEN_S:
            self._write()

    def _write(self) -> None:
        alone = tuple(
            _saved_decision(number, key, each) for number, of in self.alone.items() for key, each in of.items()
        )
        scenarios = {str(number): _saved_sets(each) for number, each in self.scenarios.items()}
        try:
            self._file.write(Header(self._by, self._question, scenarios, alone))
        except CheckpointError as error:
            self.lost = error
        else:
            self.lost = None
        self._written, self._is_written = time.monotonic(), True

    def _read(self, scenarios: Sequence[Scenario]) -> None:
        header, _ = self._file.read(Header)
        self._file.require_code(header.by, self._by)
        self._file.require_scenario(header.question, self._question)
        for number, scenario in enumerate(scenarios):
            if str(number) in header.scenarios:
                self.scenarios[number] = _sets_from(scenario, header.scenarios[str(number)])
        for each in header.alone:
            self.alone[each.scenario][each.kinds, each.properties] = _decision_from(each)


def question_of(asked: Sequence[tuple[Scenario, int, Sequence[str], Options]]) -> str:
    """Return 64 digits for what is asked: of which scenarios, for sets of up to how many faults of which kinds.

    The limits of the search are no part of it. Raises FingerprintError for a model that cannot be told from others.
    """
    digest = sha256()
    for scenario, up_to, kinds, options in asked:
        # The models of the sets of a family are that of the family, but for the processes that are not there.
        families = families_of(models_of(scenario, up_to, kinds).items())
        models = [
            (each.model, [component.initial for component in each.model.components.values()]) for each in families
        ]
        present = [sorted((faults, sorted(names)) for faults, names in each.present.items()) for each in families]
        digest.update(
            digest_of(
                (
                    models,
                    present,
                    (scenario.protocol, scenario.evaluations, scenario.faults, scenario.properties, scenario.quiet),
                    (scenario.settings, up_to, tuple(kinds), sorted(scenario.subject.labels)),
                    sorted(options.allow_unreached),
                )
            )
        )
    return digest.hexdigest()


# From and to what a file holds


def _saved_sets(found: MinimalSets) -> SavedSets:
    return SavedSets(
        {name: tuple(sets.items()) for name, sets in found.breaking.items()},
        {name: tuple(sets) for name, sets in found.vacuous.items()},
        found.not_applicable,
        found.states,
        found.seconds,
    )


def _sets_from(scenario: Scenario, saved: SavedSets) -> MinimalSets:
    vacuous: dict[str, list[FaultSet]] = {name: list(sets) for name, sets in saved.vacuous.items()}
    return MinimalSets(
        scenario,
        {name: dict(sets) for name, sets in saved.breaking.items()},
        {name: [] for name in saved.breaking},
        vacuous,
        saved.not_applicable,
        saved.states,
        saved.seconds,
    )


def _saved_decision(number: int, key: AloneKey, decision: Decision) -> SavedDecision:
    return SavedDecision(
        number,
        *key,
        {name: saved_schedule(schedule) for name, schedule in decision.broken.items()},
        tuple(decision.vacuous),
        tuple(sorted(decision.happened)),
        decision.states,
    )


def _decision_from(saved: SavedDecision) -> Decision:
    broken = {name: schedule_from(each) for name, each in saved.broken.items()}
    return Decision(broken, (), saved.vacuous, frozenset(saved.happened), saved.states, None)
