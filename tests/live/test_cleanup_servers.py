"""The cleanup and an API server that does wrong: one sentence, the right counts, and nobody starves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.cleaning import job_pages, patience
from deadheat.live.cleaning.cleanup import LOOKS_MAX, Cleanup
from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.patience import Patience, backoff_s
from deadheat.live.cleaning.tally import Fate, Rules
from deadheat.live.cluster import Cluster, connect
from tests.live.cleanup_ground import Remembered, cleanup_of
from tests.live.fake_api import FakeApi, failure, fake_api, job

DELETE = Rules(dry_run=False)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(10)


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    with fake_api(api, tmp_path) as kubeconfig:
        cluster = connect(kubeconfig, None)
        yield cluster
        cluster.close()


@pytest.fixture
def swept(cluster: Cluster) -> tuple[Cleanup, Remembered]:
    return cleanup_of(cluster, "n", lambda evaluation: "cancelled", DELETE)


Swept = tuple[Cleanup, Remembered]


def test_a_deletion_names_what_was_judged_and_how_it_propagates(api: FakeApi, swept: Swept) -> None:
    swept[0].sweep()
    preconditions = {"uid": "uid-of-j000", "resourceVersion": "1"}
    assert api.deletes[0] == ("j000", {"propagationPolicy": "Background", "preconditions": preconditions})


def test_what_is_only_counted_is_asked_for_as_metadata(api: FakeApi, swept: Swept) -> None:
    swept[0].sweep()
    assert api.lists[-1]["labelSelector"] == "!eval-id"
    assert api.accepted[-1].startswith("application/json;as=PartialObjectMetadataList")
    assert all(query["limit"] for query in api.lists)


@pytest.mark.parametrize("with_token", [True, False])
def test_a_continue_token_that_is_too_old_is_replaced_and_each_job_is_told_of_once(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, with_token: bool
) -> None:
    monkeypatch.setattr(job_pages, "PAGE", 4)
    gone: list[str] = []

    def on_list(query: dict[str, str]) -> Any:
        if "continue" in query and len(gone) < 1:
            gone.append(query["continue"])
            return 410, failure(410, "too old", gone[0] if with_token else ""), {}
        return None

    api.on_list = on_list
    pages = JobPages(cluster, "n", "eval-id", Patience()).pages()
    assert [each.name for page in pages for each in page.jobs] == sorted(api.jobs)
    assert gone


def test_a_token_that_is_always_too_old_is_a_sentence(api: FakeApi, swept: Swept) -> None:
    api.on_list = lambda query: (410, failure(410, "too old"), {})
    assert swept[0].sweep().error == (
        "The cluster of context 'kind-fake' answers 410: too old (listing the Jobs of n)."
    )


def test_one_deletion_that_is_forbidden_does_not_starve_the_rest(api: FakeApi, swept: Swept) -> None:
    forbidden = {"j000", "j001", "j002", "j003", "j004", "j005"}
    api.on_delete = lambda name: (403, failure(403, "policy says no"), {}) if name in forbidden else None
    tally = swept[0].sweep()
    assert dict(tally.fates) == {Fate.REFUSED: 6, Fate.DELETED: 4}
    assert tally.error is None
    assert tally.complaints() == ("6 requests were refused or not answered",)
    assert set(api.jobs) == forbidden


def test_a_server_error_at_one_deletion_leaves_open_what_happened_and_does_not_starve_the_rest(
    api: FakeApi, swept: Swept
) -> None:
    api.on_delete = lambda name: (500, failure(500, "webhook is sick"), {}) if name < "j004" else None
    tally = swept[0].sweep()
    assert dict(tally.fates) == {Fate.UNKNOWN: 4, Fate.DELETED: 6}


def test_a_lost_answer_is_on_record_as_unknown(api: FakeApi, swept: Swept) -> None:
    def on_delete(name: str) -> None:
        del api.jobs[name]
        raise OSError

    api.on_delete = on_delete
    cleanup, record = swept
    tally = cleanup.sweep()
    assert [name for name, _, fate in record.fates if fate == "unknown"] == ["j000", "j001", "j002"]
    assert tally.error is not None
    assert "did not answer" in tally.error
    assert len(api.jobs) == 7  # a server that does not answer is not asked for ever


def test_tls_that_breaks_behind_a_deletion_leaves_open_what_happened(
    api: FakeApi, cluster: Cluster, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kubernetes.client import ApiException

    client = cluster.batch.api_client
    ask = client.call_api

    def broken(method: str, *arguments: Any, **named: Any) -> Any:
        answer = ask(method, *arguments, **named)
        if method == "DELETE":  # what the client makes of an end of TLS in the middle of an answer
            raise ApiException(status=0, reason="SSLError\nEOF occurred in violation of protocol")
        return answer

    monkeypatch.setattr(client, "call_api", broken)
    cleanup, record = swept
    tally = cleanup.sweep()
    assert api.deleted == [name for name, _, fate in record.fates if fate == "unknown"] == ["j000", "j001", "j002"]
    assert tally.error is not None
    assert "cannot be spoken to: SSLError EOF occurred" in tally.error


def test_credentials_that_expire_in_mid_sweep_end_it(api: FakeApi, swept: Swept) -> None:
    api.on_delete = lambda name: (401, failure(401, "Unauthorized"), {}) if name == "j003" else None
    cleanup, record = swept
    tally = cleanup.sweep()
    assert tally.error == "The cluster of context 'kind-fake' does not accept the credentials: Unauthorized."
    assert record.fates[-1] == ("j003", "cancelled", "failed")
    assert tally.deleted == len(api.deleted) == 3


def test_a_server_that_has_too_much_to_do_is_waited_for_as_it_asks(api: FakeApi, swept: Swept) -> None:
    asked: list[float] = []

    def on_delete(name: str) -> Any:
        asked.append(time.monotonic())
        return (429, failure(429, "slow down"), {"Retry-After": "1"}) if len(asked) == 1 else None

    api.on_delete = on_delete
    assert swept[0].sweep().deleted == 10
    assert asked[1] - asked[0] >= 1


def test_a_server_that_has_too_much_to_do_for_too_long_ends_the_sweep(
    api: FakeApi, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAIT_S_MAX", 0.01)
    api.on_delete = lambda name: (429, failure(429, "slow down"), {"Retry-After": "99999"})
    cleanup, record = swept
    tally = cleanup.sweep()
    assert tally.error == "The cluster of context 'kind-fake' has too much to do for too long: slow down."
    assert record.fates == [("j000", "cancelled", "failed")]


def test_a_server_that_never_answers_is_not_waited_for_for_ever(
    api: FakeApi, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "TIMEOUT_S", 0.2)
    api.on_list = lambda query: time.sleep(2)
    error = swept[0].sweep().error
    assert error is not None
    assert error.startswith("The cluster of context 'kind-fake' does not answer (listing Jobs: ")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, failure(403, "jobs is forbidden"), {}), "forbids this: jobs is forbidden (listing the Jobs of n)."),
        ((500, "<html>\nsick</html>", {}), "answers 500 (listing the Jobs of n)."),
        ((200, "<html>\nhello</html>", {}), "answers with what is no list of Jobs; is it an API server?"),
        ((200, "[]", {}), "answers with what is no list of Jobs; is it an API server?"),
        ((200, {"kind": "JobList", "items": 7}, {}), "answers with what is no list of Jobs; is it an API server?"),
        ((302, "", {"Location": "http://127.0.0.1:1/"}), "answers 302 (listing the Jobs of n)."),
    ],
)
def test_whatever_the_server_answers_to_a_list_is_a_sentence(
    api: FakeApi, swept: Swept, answer: Any, said: str
) -> None:
    api.on_list = lambda query: answer
    tally = swept[0].sweep()
    assert tally.error == f"The cluster of context 'kind-fake' {said}"
    assert tally.complaints() == ("it was cut short by an error",)


def test_a_body_that_is_shorter_than_promised_is_a_sentence(api: FakeApi, swept: Swept) -> None:
    api.on_list = lambda query: (200, "{}", {"Content-Length": "99", "Connection": "close"})
    error = swept[0].sweep().error
    assert error is not None
    assert error.count("\n") == 0


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {"metadata": None},
        {"metadata": {"name": "x"}},
        {"metadata": {"name": "x", "uid": "u", "labels": {"eval-id": 7}, "creationTimestamp": "2026-01-01T00:00:00Z"}},
        {"metadata": {"name": "x", "uid": "u", "labels": {"eval-id": "e"}, "creationTimestamp": "yesterday"}},
        job("x", "e", 10) | {"status": {"conditions": [7]}},
    ],
)
def test_a_job_that_makes_no_sense_is_one_bad_record(api: FakeApi, swept: Swept, bad: Any) -> None:
    api.jobs["aaa"] = bad
    cleanup, record = swept
    tally = cleanup.sweep()
    assert (tally.bad, tally.deleted, tally.error) == (1, 10, None)
    assert len(record.skips) == 1


def test_a_job_is_as_old_as_the_server_says_whatever_this_machines_clock_says(api: FakeApi, cluster: Cluster) -> None:
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 9 * 3600))
    api.on_list = lambda query: (*api.listing(query)[:2], {"Date": later})
    [page] = JobPages(cluster, "n", "eval-id", Patience()).pages()
    assert len(page.jobs) == 10
    assert all(isinstance(each, job_pages.JobOutline) and 10 * 3600 <= each.age_s < 10.1 * 3600 for each in page.jobs)


def test_a_stop_is_heeded_between_two_deletions_and_what_was_begun_is_on_record(api: FakeApi, cluster: Cluster) -> None:
    stop = threading.Event()
    cleanup, record = cleanup_of(cluster, "n", lambda evaluation: "cancelled", DELETE, patience=Patience(stop))

    def on_delete(name: str) -> None:
        if name == "j004":
            stop.set()

    api.on_delete = on_delete
    tally = cleanup.sweep()
    assert tally.interrupted
    assert record.fates[-1] == ("j004", "cancelled", "deleted")
    assert tally.deleted == len(api.deleted) == 5


def test_a_record_that_cannot_be_written_ends_the_sweep_before_the_deletion(api: FakeApi, cluster: Cluster) -> None:
    from deadheat.sim.errors import LiveError

    class Full(Remembered):
        def deleting(self, orphan: object) -> None:
            raise LiveError("The disk is full.")

    tally = cleanup_of(cluster, "n", lambda evaluation: "cancelled", DELETE, Full())[0].sweep()
    assert tally.error == "The disk is full."
    assert not api.deletes


def test_of_an_endless_word_that_nobody_knows_only_the_beginning_is_kept(cluster: Cluster) -> None:
    tally = cleanup_of(cluster, "n", lambda evaluation: "A" * 1_000_000, DELETE)[0].sweep()
    assert dict(tally.unknown_words) == {"A" * 60 + "...": 10}


def changed(api: FakeApi, name: str, **status: object) -> None:
    """Change a Job as a real server does: with a new resource version."""
    metadata = api.jobs[name]["metadata"]
    metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
    api.jobs[name]["status"] = status


COMPLETE = [{"type": "Complete", "status": "True"}]


@pytest.mark.parametrize(
    ("word", "finishes", "include_finished", "fate"),
    [
        ("completed", True, False, "spared"),
        ("completed", True, True, "spared"),
        ("cancelled", True, False, "spared"),
        ("cancelled", True, True, "deleted"),
        ("completed", False, False, "deleted"),
    ],
)
def test_a_job_that_changes_between_the_list_and_the_deletion_is_judged_again(
    cluster: Cluster, api: FakeApi, word: str, finishes: bool, include_finished: bool, fate: str
) -> None:
    del api.jobs["j000"]

    def status(evaluation: str) -> str:
        if evaluation == "e003" and not api.deletes:
            changed(api, "j003", conditions=COMPLETE if finishes else [])
        return word if evaluation == "e003" else "provisioning"

    rules = Rules(dry_run=False, include_finished=include_finished)
    cleanup, record = cleanup_of(cluster, "n", status, rules)
    tally = cleanup.sweep()
    assert record.begun == ["j003"]
    assert record.fates == [("j003", word, fate)]
    assert ("j003" in api.jobs) == (fate == "spared")
    assert (tally.orphans, tally.failures) == (int(fate == "deleted"), 0)


@pytest.mark.parametrize("what", ["status", "label", "evaluation"])
def test_a_job_that_changes_is_spared_if_it_is_nobodys_orphan_any_more(
    cluster: Cluster, api: FakeApi, what: str
) -> None:
    api.jobs = {"j003": api.jobs["j003"]}
    words = iter(("cancelled", "queued" if what == "status" else "cancelled"))

    def status(evaluation: str) -> str:
        changed(api, "j003", active=1)
        if what != "status":
            api.jobs["j003"]["metadata"]["labels"] = {"eval-id": "e004"} if what == "evaluation" else {}
        return next(words)

    cleanup, record = cleanup_of(cluster, "n", status, DELETE)
    assert cleanup.sweep().orphans == 0
    assert record.fates == [("j003", "cancelled", "spared")]
    assert "j003" in api.jobs


def test_a_job_that_changes_all_the_time_is_left_and_does_not_starve_the_rest(cluster: Cluster, api: FakeApi) -> None:
    def on_delete(name: str) -> None:
        if name == "j003":
            changed(api, name, active=1)

    api.on_delete = on_delete
    cleanup, record = cleanup_of(cluster, "n", lambda evaluation: "cancelled", DELETE)
    tally = cleanup.sweep()
    assert len([name for name, _ in api.deletes if name == "j003"]) == LOOKS_MAX
    assert record.begun.count("j003") == 1
    assert (tally.deleted, tally.fates[Fate.LEFT]) == (9, 1)
    assert tally.complaints() == ("orphans are left that changed again and again",)
    assert set(api.jobs) == {"j003"}


def test_a_look_that_fails_after_a_conflict_leaves_the_deletion_on_record(cluster: Cluster, api: FakeApi) -> None:
    api.on_delete = lambda name: changed(api, name, active=1)
    api.on_list = lambda query: (500, failure(500, "sick"), {}) if "fieldSelector" in query else None
    cleanup, record = cleanup_of(cluster, "n", lambda evaluation: "cancelled", DELETE)
    tally = cleanup.sweep()
    assert record.begun == ["j000"]
    assert record.fates == [("j000", "cancelled", "failed")]
    assert tally.error is not None
    assert len(api.jobs) == 10


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        ((200, "<html>login</html>", {}), "unknown"),
        ((200, "[]", {}), "unknown"),
        ((302, "", {"Location": "/login"}), "unknown"),
        ((404, "404 page not found", {}), "unknown"),
        ((404, failure(404, "not found"), {}), "gone meanwhile"),
        ((409, "Conflict", {}), "refused"),
        ((200, {"kind": "Job"}, {}), "deleted"),
    ],
)
def test_a_deletion_is_believed_only_of_an_api_server(api: FakeApi, swept: Swept, answer: Any, fate: str) -> None:
    api.jobs = {"j000": api.jobs["j000"]}
    api.on_delete = lambda name: answer
    tally = swept[0].sweep()
    assert swept[1].fates == [("j000", "cancelled", fate)]
    assert bool(tally.complaints()) == (fate in ("unknown", "refused"))


@pytest.mark.parametrize("without_label", [False, True])
def test_a_page_that_leads_to_itself_ends_the_sweep(api: FakeApi, swept: Swept, without_label: bool) -> None:
    def on_list(query: dict[str, str]) -> Any:
        if query["labelSelector"].startswith("!") != without_label:
            return None
        return 200, {"kind": "JobList", "metadata": {"continue": "again"}, "items": []}, {}

    api.on_list = on_list
    tally = swept[0].sweep()
    assert "the same page" in str(tally.error)
    assert len(api.lists) <= 4


def test_waits_after_failures_grow_and_are_bounded() -> None:
    assert [backoff_s(failures, 5) for failures in (1, 2, 3, 6, 7, 100)] == [1, 2, 4, 32, 60, 60]
    assert backoff_s(100, 300) == 300
