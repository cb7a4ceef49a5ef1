"""The Jobs of one namespace, a page at a time, for whoever must not hold them all: listed raw, kept only in outline.

Sources: Kubernetes documentation, "API concepts": "Retrieving large results sets in chunks" (a continue token that has
expired is answered with 410 and a new token, which goes on from the next key), "Receiving resources as Tables and
metadata", "Preconditions"; "Garbage collection", "Background cascading deletion".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from deadheat.live.cleaning.patience import TRIES, Patience
from deadheat.live.cluster import TIMEOUT_S, Cluster
from deadheat.sim.errors import LiveError

__all__ = ["BadJob", "Deletion", "JobOutline", "JobPages", "Page"]

PAGE = 100
"""Jobs a page. A Job may be 100 kB large, so this many are still small."""

NEW_LISTS_MAX = 5
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
FINISHED = ("Complete", "Failed")


@dataclass(frozen=True, slots=True)
class JobOutline:
    """What the cleanup needs to know of a Job. `age_s` is by the API server's clock, `version` its resource version."""

    name: str
    uid: str
    version: str
    evaluation: str
    age_s: float
    is_finished: bool
    is_in_deletion: bool


@dataclass(frozen=True, slots=True)
class BadJob:
    """A Job that cannot be understood, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the Jobs. `resource_version` is that of the whole list."""

    jobs: tuple[JobOutline | BadJob, ...]
    resource_version: str


class Deletion(StrEnum):
    """What became of a request to delete."""

    DELETED = "deleted"
    GONE = "gone"
    CONFLICT = "conflict"  # it has changed since, or is another Job of the same name; nothing was deleted
    REFUSED = "refused"  # the Job is still there
    ERROR = "error"  # 5xx: it may be deleted
    NO_ANSWER = "no answer"  # it may be deleted
    UNREACHED = "unreached"  # the request did not arrive, or was put off for too long: the Job is still there


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def message(self) -> str:
        """Return the server's own words, on one line."""
        try:
            said = str(json.loads(self.body)["message"])
        except (ValueError, KeyError, TypeError):
            said = ""
        return " ".join(said.split())[:200].rstrip(".")


class _BrokenTlsError(LiveError):
    """TLS failed: before anything was asked, or after."""


class JobPages:
    """Lists and deletes the Jobs that name their evaluation in a label."""

    def __init__(self, cluster: Cluster, namespace: str, label: str, patience: Patience) -> None:
        self.namespace, self.label = namespace, label
        self.cluster, self._patience = cluster, patience
        self._who = f"The cluster of context {cluster.context!r}"

    def pages(self) -> Iterator[Page]:
        """LIST all Jobs with the label, one page in memory at a time; each Job is told of once."""
        after, last, new_lists = "", "", 0
        while True:
            answer = self._list(labelSelector=self.label, limit=PAGE, **({"continue": after} if after else {}))
            if answer.status == 410 and new_lists < NEW_LISTS_MAX:
                # The token is too old. The server's new one goes on where this ended; without one, all begins again.
                new_lists += 1
                after = _next(_decoded(answer.body) or {})
                continue
            content = self._understood(answer)
            self._require_progress(after, content)
            now = _clock(answer.headers)
            # Lists are in the order of names, so after a new beginning what was told of already comes first.
            outlines = (self._outline(each, now) for each in content["items"])
            jobs = tuple(each for each in outlines if not last or each.name > last or not new_lists)
            yield Page(jobs, str(_metadata(content).get("resourceVersion", "")))
            last = max([last, *(each.name for each in jobs)])
            after = _next(content)
            if not after:
                return

    def find(self, name: str, *, whatever_label: bool = False) -> JobOutline | BadJob | None:
        """Return the Job of this name as it is now; None if there is none (with the label)."""
        selector = {} if whatever_label else {"labelSelector": self.label}
        content = self._listed(**selector, fieldSelector=f"metadata.name={name}", limit=1)
        items = [self._outline(each, self._now) for each in content["items"]]
        return items[0] if items else None

    def resource_version(self) -> str:
        """Return where a watch that begins now has to begin."""
        content = self._listed(accept=METADATA_ONLY, labelSelector=self.label, limit=1)
        return str(_metadata(content).get("resourceVersion", ""))

    def count_without_label(self) -> int:
        """Return how many Jobs of the namespace do not have the label; only metadata is sent, and none is kept."""
        count, after = 0, ""
        for _ in range(10_000):
            more = {"continue": after} if after else {}
            answer = self._list(accept=METADATA_ONLY, labelSelector=f"!{self.label}", limit=5 * PAGE, **more)
            if answer.status == 410:
                after = _next(_decoded(answer.body) or {})
                count = count if after else 0
                continue
            content = self._understood(answer)
            self._require_progress(after, content)
            count += len(content["items"])
            after = _next(content)
            if not after:
                break
        return count

    def delete(self, name: str, uid: str, version: str) -> tuple[Deletion, str]:
        """DELETE the Job of this name, uid and resource version, its pods in the background; return what came of it.

        The reason is returned as well. The version keeps a Job from being taken that was judged as another one.

        Raises LiveError, the Job still being there, if nothing more can be asked of the server: it refuses the
        credentials, or asks for more time again and again.
        """
        from urllib3.exceptions import HTTPError, NewConnectionError

        body = {"propagationPolicy": "Background", "preconditions": {"uid": uid, "resourceVersion": version}}
        try:
            answer = self._ask("DELETE", f"/{quote(name, safe='')}", {}, "application/json", body)
        except NewConnectionError:
            return Deletion.UNREACHED, f"{self._who} does not answer"
        except _BrokenTlsError as error:  # a server that is killed ends TLS like this, and may have done what was asked
            return Deletion.NO_ANSWER, str(error).rstrip(".")
        except (HTTPError, OSError) as error:
            return Deletion.NO_ANSWER, f"{self._who} did not answer ({type(error).__name__})"
        said = _decoded(answer.body) or {}
        if answer.status < 300 and said.get("kind") in ("Status", "Job"):
            return Deletion.DELETED, ""
        if answer.status == 404 and said.get("reason") == "NotFound":
            return Deletion.GONE, ""
        why = f"{self._who} {self._meaning(answer)}"
        if answer.status < 400 or answer.status == 404:  # a proxy's word, and not an API server's
            return Deletion.ERROR, f"{why}, which is no answer of an API server"
        if answer.status == 409:
            return Deletion.CONFLICT, why
        if answer.status in (401, 429):
            raise LiveError(f"{why}.")
        return (Deletion.ERROR if answer.status >= 500 else Deletion.REFUSED), why

    def _listed(self, accept: str = "application/json", **query: Any) -> dict[str, Any]:
        answer = self._list(accept, **query)
        self._now = _clock(answer.headers)
        return self._understood(answer)

    def _list(self, accept: str = "application/json", **query: Any) -> _Answer:
        from urllib3.exceptions import HTTPError

        try:
            return self._ask("GET", "", query, accept, None)
        except (HTTPError, OSError) as error:
            raise LiveError(
                f"{self._who} does not answer (listing Jobs: {type(error).__name__}); check --kubeconfig and --context."
            ) from None

    def _ask(self, method: str, name: str, query: dict[str, Any], accept: str, body: Any) -> _Answer:
        """Ask, again and again while the server has too much to do (429: it has done nothing)."""
        from kubernetes.client import ApiException

        client = self.cluster.batch.api_client
        for attempt in range(TRIES):
            self._patience.require_time()
            method, url, headers, sent, _ = client.param_serialize(
                method,
                f"/apis/batch/v1/namespaces/{self.namespace}/jobs{name}",
                query_params=list(query.items()),
                header_params={"Accept": accept},
                body=body,
                auth_settings=["BearerToken"],
            )
            try:
                response = client.call_api(method, url, headers, sent, _request_timeout=TIMEOUT_S)
                answer = _Answer(response.status, response.headers, response.read())
            except ApiException as error:  # the client's own: TLS that fails, maybe behind the request
                raise _BrokenTlsError(
                    f"{self._who} cannot be spoken to: {' '.join(str(error.reason).split())}."
                ) from None
            if answer.status != 429 or attempt == TRIES - 1:
                break
            self._patience.wait_as_told(answer.headers.get("Retry-After"), self._who)
        return answer

    def _require_progress(self, after: str, content: dict[str, Any]) -> None:
        """Raise LiveError if a page leads to itself, as a proxy's that caches may: the list would have no end."""
        if after and _next(content) == after:
            raise LiveError(f"{self._who} answers with the same page of Jobs again and again; is a cache before it?")

    def _understood(self, answer: _Answer) -> dict[str, Any]:
        if answer.status >= 300:
            raise LiveError(f"{self._who} {self._meaning(answer)} (listing the Jobs of {self.namespace}).")
        content = _decoded(answer.body)
        items = (content or {}).get("items") or []  # an empty list of metadata is null
        if content is None or not str(content.get("kind")).endswith("List") or not isinstance(items, list):
            raise LiveError(f"{self._who} answers with what is no list of Jobs; is it an API server?")
        return content | {"items": items}

    def _meaning(self, answer: _Answer) -> str:
        meanings = {401: "does not accept the credentials", 403: "forbids this", 429: "has too much to do for too long"}
        meaning = meanings.get(answer.status, f"answers {answer.status}")
        return f"{meaning}: {said}" if (said := answer.message()) else meaning

    def _outline(self, item: Any, now: float) -> JobOutline | BadJob:
        """Take from a Job what is needed; anything may be wrong with it."""
        name = ""
        try:
            metadata = item["metadata"]
            name = str(metadata["name"])
            evaluation = metadata["labels"][self.label]
            created = datetime.fromisoformat(metadata["creationTimestamp"]).timestamp()
            conditions = (item.get("status") or {}).get("conditions") or ()
            is_finished = any(each["type"] in FINISHED and each["status"] == "True" for each in conditions)
            uid, version = str(metadata["uid"]), str(metadata["resourceVersion"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return BadJob(name, f"the Job cannot be understood ({type(error).__name__}: {error})")
        if not isinstance(evaluation, str) or not evaluation.strip():
            return BadJob(name, f"its label {self.label} names no evaluation")
        is_in_deletion = metadata.get("deletionTimestamp") is not None
        return JobOutline(name, uid, version, evaluation, now - created, is_finished, is_in_deletion)


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _metadata(content: dict[str, Any]) -> dict[str, Any]:
    metadata = content.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _next(content: dict[str, Any]) -> str:
    return str(_metadata(content).get("continue") or "")


def _clock(headers: Mapping[str, str]) -> float:
    """Return the server's time: it stamped the Jobs, and this machine's clock may be wrong."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return time.time()
