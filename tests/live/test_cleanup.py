"""The orphan cleanup on a real control plane: what it takes, what it spares, what it counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from deadheat.live.cleaning import job_pages
from deadheat.live.cleaning.cleanup import FAILURES_IN_A_ROW_MAX
from deadheat.live.cleaning.creation_watch import CreationWatch
from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.metrics import Metrics
from deadheat.live.cleaning.patience import Patience
from deadheat.live.cleaning.tally import Fate, Rules, Tally, Words
from deadheat.live.lookups.base import UnreadableError
from deadheat.live.place import Place
from tests.live.cleanup_ground import LABEL, Remembered, cleanup_of, finish, make_jobs, manifest, names

STATUSES = {"e1": "cancelled", "e2": "provisioning", "e3": "completed", "e4": "running", "e6": "failed"}
DELETE = Rules(dry_run=False)
ALL = {f"evaluation-e{number}" for number in range(1, 6)} | {"backup"}


@pytest.fixture
def namespace(place: Place) -> Iterator[str]:
    with place.namespace() as name:
        yield name


@pytest.fixture
def jobs(place: Place, namespace: str) -> set[str]:
    """e1, e2, e3 and e4 have a status, e5 has none; one Job is somebody else's."""
    make_jobs(place.cluster, namespace, [(f"evaluation-e{number}", f"e{number}") for number in range(1, 6)])
    make_jobs(place.cluster, namespace, [("backup", None)])
    return names(place.cluster, namespace)


@pytest.mark.live
def test_a_dry_run_tells_and_takes_nothing(place: Place, namespace: str, jobs: set[str]) -> None:
    cleanup, record = cleanup_of(place.cluster, namespace, STATUSES.get, Rules())
    tally = cleanup.sweep()
    assert record.fates == [
        ("evaluation-e1", "cancelled", "would be deleted"),
        ("evaluation-e3", "completed", "would be deleted"),
    ]
    assert (tally.looked_at, tally.orphans, tally.deleted) == (5, 2, 0)
    assert (tally.known, tally.unknown, tally.missing, tally.unlabelled) == (3, 1, 1, 1)
    assert dict(tally.unknown_words) == {"running": 1}
    assert tally.complaints() == ()
    assert names(place.cluster, namespace) == jobs == ALL


@pytest.mark.live
def test_a_sweep_takes_orphans_and_spares_everything_else(place: Place, namespace: str, jobs: set[str]) -> None:
    with place.namespace() as other:
        make_jobs(place.cluster, other, [("evaluation-e1", "e1")])
        tally = cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep()
        assert names(place.cluster, other) == {"evaluation-e1"}
    assert tally.deleted == 2
    assert names(place.cluster, namespace) == jobs - {"evaluation-e1", "evaluation-e3"}
    assert cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep().orphans == 0


@pytest.mark.live
def test_every_deletion_is_on_record_before_it_is_asked_for_and_counted_as_it_is_made(
    place: Place, namespace: str, jobs: set[str]
) -> None:
    metrics = Metrics(None)

    class Watching(Remembered):
        def deleting(self, orphan: object) -> None:
            assert f"evaluation-{orphan.evaluation}" in names(place.cluster, namespace)  # type: ignore[attr-defined]

        def settled(self, orphan: object, fate: Fate, why: str) -> None:
            metrics.settled(orphan, fate, why)  # type: ignore[arg-type]
            seen.append(metrics.registry.get_sample_value("deadheat_orphan_jobs_deleted_total"))
            assert f"evaluation-{orphan.evaluation}" not in names(place.cluster, namespace)  # type: ignore[attr-defined]

    seen: list[float | None] = []
    assert cleanup_of(place.cluster, namespace, STATUSES.get, DELETE, Watching())[0].sweep().deleted == 2
    assert seen == [1, 2]


@pytest.mark.live
def test_the_finished_job_of_a_completed_evaluation_is_its_record_and_no_orphan(place: Place, namespace: str) -> None:
    statuses = {"done": "completed", "stopped": "cancelled", "broken": "failed", "ours": "aborted", "well": "ended"}
    make_jobs(place.cluster, namespace, [(each, each) for each in statuses])
    for each in statuses:
        finish(place.cluster, namespace, each, "Failed" if each == "broken" else "Complete")
    tally = cleanup_of(place.cluster, namespace, statuses.get, DELETE)[0].sweep()
    assert (tally.orphans, tally.finished) == (0, 5)
    assert tally.known  # it has seen that statuses can be read, without a Job that it had to ask for
    words = Words(
        frozenset({"cancelled", "failed", "completed", "aborted", "ended"}), frozenset({"completed", "ended"})
    )
    rules = Rules(dry_run=False, include_finished=True, words=words)
    tally = cleanup_of(place.cluster, namespace, statuses.get, rules)[0].sweep()
    assert (tally.deleted, tally.spared) == (3, 2)
    assert names(place.cluster, namespace) == {"done", "well"}


@pytest.mark.live
def test_a_job_younger_than_the_minimal_age_is_left_alone(place: Place, namespace: str, jobs: set[str]) -> None:
    rules = Rules(dry_run=False, min_age_s=3)
    tally = cleanup_of(place.cluster, namespace, STATUSES.get, rules)[0].sweep()
    assert (tally.orphans, tally.young) == (0, 5)
    time.sleep(4.1)
    make_jobs(place.cluster, namespace, [("new", "e1")])
    tally = cleanup_of(place.cluster, namespace, STATUSES.get, rules)[0].sweep()
    assert (tally.deleted, tally.young) == (2, 1)
    assert "new" in names(place.cluster, namespace)


@pytest.mark.live
def test_the_words_of_the_real_system_decide(place: Place, namespace: str, jobs: set[str]) -> None:
    words = Words(terminal=frozenset({"running"}), active=frozenset({"provisioning"}))
    cleanup, record = cleanup_of(place.cluster, namespace, STATUSES.get, Rules(dry_run=False, words=words))
    cleanup.sweep()
    assert record.fates == [("evaluation-e4", "running", "deleted")]


@pytest.mark.live
def test_a_sweep_ends_after_so_many_deletions_and_says_that_orphans_are_left(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [(f"j{number}", "e1") for number in range(5)])
    rules = Rules(dry_run=False, max_deletions=3)
    cleanup, record = cleanup_of(place.cluster, namespace, STATUSES.get, rules)
    tally = cleanup.sweep()
    assert [fate for _, _, fate in record.fates] == ["deleted"] * 3 + ["left"]
    assert tally.complaints() == ("--max-deletions was reached, and orphans are left",)
    assert len(names(place.cluster, namespace)) == 2
    assert cleanup.sweep().complaints() == ()  # each sweep has as many
    assert not names(place.cluster, namespace)


@pytest.mark.live
def test_one_bad_record_is_reported_and_does_not_starve_those_behind_it(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [(f"j{number}", f"e{number}") for number in range(4)])
    place.cluster.create_job(namespace, manifest("empty", None) | {"metadata": {"name": "a", "labels": {LABEL: ""}}})

    def statuses(evaluation: str) -> str:
        if evaluation != "e3":
            raise UnreadableError(f"{evaluation} is strange")
        return "cancelled"

    cleanup, record = cleanup_of(place.cluster, namespace, statuses, DELETE)
    tally = cleanup.sweep()
    assert record.skips == [
        ("a", "", f"its label {LABEL} names no evaluation"),
        *(("", f"e{number}", f"e{number} is strange") for number in range(3)),
    ]
    assert (tally.bad, tally.unreadable, tally.deleted, tally.complaints()) == (1, 3, 1, ())


@pytest.mark.live
def test_a_store_that_fails_every_time_ends_the_sweep(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [(f"j{number}", f"e{number}") for number in range(FAILURES_IN_A_ROW_MAX + 5)])

    def statuses(evaluation: str) -> str:
        raise UnreadableError("it is tired", is_failure=True)

    tally = cleanup_of(place.cluster, namespace, statuses, DELETE)[0].sweep()
    assert tally.error == "No status can be read: it is tired."
    assert tally.failures == FAILURES_IN_A_ROW_MAX


@pytest.mark.live
def test_a_sweep_that_sees_nothing_is_not_healthy(place: Place, namespace: str) -> None:
    [complaint] = cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep().complaints()
    assert complaint.startswith("it saw no Job with the label")
    make_jobs(place.cluster, namespace, [("j1", "nobody"), ("j2", "e4")])
    [complaint] = cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep().complaints()
    assert complaint.startswith("it saw no status that it knows")
    young = Rules(dry_run=False, min_age_s=1000)  # that no Job is old enough proves nothing of the statuses
    [complaint] = cleanup_of(place.cluster, namespace, STATUSES.get, young)[0].sweep().complaints()
    assert complaint.startswith("it saw no status that it knows")


@pytest.mark.live
def test_a_newer_job_of_the_same_name_is_never_taken(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [("evaluation-e1", "e1")])

    def status(evaluation: str) -> str:
        # Between the list and the deletion, the Job is replaced by another one.
        place.cluster.batch.delete_namespaced_job("evaluation-e1", namespace, propagation_policy="Background")
        make_jobs(place.cluster, namespace, [("evaluation-e1", evaluation)])
        return "cancelled"

    cleanup, record = cleanup_of(place.cluster, namespace, status, DELETE)
    tally = cleanup.sweep()
    assert record.fates == [("evaluation-e1", "cancelled", "gone meanwhile")]
    assert tally.complaints() == ()
    assert names(place.cluster, namespace) == {"evaluation-e1"}


@pytest.mark.live
def test_the_record_of_an_evaluation_that_ends_while_its_status_is_read_is_spared(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [("evaluation-e1", "e1"), ("evaluation-e2", "e2")])

    def status(evaluation: str) -> str:
        if evaluation == "e1":
            finish(place.cluster, namespace, "evaluation-e1")
        return "completed"

    cleanup, record = cleanup_of(place.cluster, namespace, status, DELETE)
    assert cleanup.sweep().deleted == 1
    assert ("evaluation-e1", "completed", "spared") in record.fates
    assert names(place.cluster, namespace) == {"evaluation-e1"}


@pytest.mark.live
def test_a_job_that_is_gone_already_is_no_failure(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [("evaluation-e1", "e1")])

    def status(evaluation: str) -> str:
        place.cluster.batch.delete_namespaced_job("evaluation-e1", namespace, propagation_policy="Background")
        return "cancelled"

    tally = cleanup_of(place.cluster, namespace, status, DELETE)[0].sweep()
    assert dict(tally.fates) == {Fate.GONE: 1}
    assert tally.complaints() == ()


@pytest.mark.live
def test_jobs_are_listed_a_page_at_a_time_and_each_is_told_of_once(
    place: Place, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "PAGE", 3)
    make_jobs(place.cluster, namespace, [(f"j{number}", "e1") for number in range(8)])
    make_jobs(place.cluster, namespace, [(f"other{number}", None) for number in range(20)])
    pages = [
        [each.name for each in page.jobs] for page in JobPages(place.cluster, namespace, LABEL, Patience()).pages()
    ]
    assert pages == [["j0", "j1", "j2"], ["j3", "j4", "j5"], ["j6", "j7"]]
    tally = cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep()
    assert (tally.deleted, tally.unlabelled) == (8, 20)


@pytest.mark.live
def test_the_pods_of_a_deleted_job_go_as_well(place: Place, namespace: str) -> None:
    job = manifest("evaluation-e1", "e1")
    job["spec"]["parallelism"] = 1
    place.cluster.create_job(namespace, job)
    until(lambda: len(place.cluster.pods_of(namespace, "evaluation-e1")) == 1)
    assert cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)[0].sweep().deleted == 1
    assert names(place.cluster, namespace) == set()  # at once, in the background
    until(lambda: not place.cluster.pods_of(namespace, "evaluation-e1"))


def until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.live
def test_the_listener_looks_at_each_new_job_once_it_is_old_enough(place: Place, namespace: str) -> None:
    rules = Rules(dry_run=False, min_age_s=2)
    pages = JobPages(place.cluster, namespace, LABEL, Patience())
    watch = CreationWatch(pages, rules.min_age_s, Patience())
    cleanup, record = cleanup_of(place.cluster, namespace, STATUSES.get, rules)
    time.sleep(1)  # the watch begins by itself
    began = time.monotonic()
    for evaluation in ("e2", "e1", "e3"):  # the storage worker's protocol looks for cancelled evaluations alone
        make_jobs(place.cluster, namespace, [(f"evaluation-{evaluation}", evaluation)])
    told = [watch.next(10) for _ in range(3)]
    assert told == ["evaluation-e2", "evaluation-e1", "evaluation-e3"]
    assert time.monotonic() - began >= 2
    assert [cleanup.look_at(str(name)).deleted for name in told] == [0, 1, 0]
    assert record.fates == [("evaluation-e1", "cancelled", "deleted")]
    assert names(place.cluster, namespace) == {"evaluation-e2", "evaluation-e3"}
    assert watch.next(0.3) is None
    assert cleanup.look_at("evaluation-e1").looked_at == 0  # it is gone
    watch.close()


@pytest.mark.live
def test_the_listener_looks_at_a_job_as_it_is_now(place: Place, namespace: str) -> None:
    make_jobs(place.cluster, namespace, [("evaluation-e1", "e1")])
    finish(place.cluster, namespace, "evaluation-e1")
    cleanup, _ = cleanup_of(place.cluster, namespace, STATUSES.get, DELETE)
    assert cleanup.look_at("evaluation-e1").finished == 1
    assert names(place.cluster, namespace) == {"evaluation-e1"}


@pytest.mark.live
def test_what_the_listener_deletes_counts_until_the_next_sweep(place: Place, namespace: str) -> None:
    cleanup, record = cleanup_of(place.cluster, namespace, STATUSES.get, Rules(dry_run=False, max_deletions=1))
    make_jobs(place.cluster, namespace, [("j1", "e1"), ("j2", "e1")])
    assert cleanup.look_at("j1").deleted == 1
    assert cleanup.look_at("j2").deleted == 0
    assert record.fates[-1] == ("j2", "cancelled", "left")
    assert cleanup.sweep().deleted == 1


def test_metrics_count_and_raise_the_alarm_over_the_threshold() -> None:
    metrics = Metrics(threshold=1)
    value = metrics.registry.get_sample_value
    assert value("deadheat_cleanup_healthy") == 0  # until something is known
    assert metrics.swept(Tally(looked_at=9, known=3, missing=2, fates=Counter({Fate.DELETED: 2})))
    assert value("deadheat_orphan_jobs") == 2
    assert value("deadheat_orphan_jobs_alert") == 1
    assert value("deadheat_cleanup_healthy") == 1
    assert value("deadheat_cleanup_jobs", {"what": "looked_at"}) == 9
    assert value("deadheat_cleanup_statuses", {"what": "missing"}) == 2
    assert not metrics.swept(Tally())
    assert value("deadheat_orphan_jobs_alert") == 0
    assert value("deadheat_cleanup_healthy") == 0
    assert value("deadheat_cleanup_sweeps_total") == 2
    assert not metrics.swept(Tally(looked_at=1, known=1, error="It is down."))
    assert (value("deadheat_cleanup_sweeps_total"), value("deadheat_cleanup_errors_total")) == (2, 1)
    assert value("deadheat_cleanup_healthy") == 0
