"""A connection to a Kubernetes API server, as far as deadheat needs one; see `docs/decisions/kubernetes-client.md`."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from deadheat.live.patience import within
from deadheat.live.redaction import learn_kubeconfig, redact, shown
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, V1ConfigMap, V1Job, V1Pod

__all__ = ["IN_CLUSTER", "Cluster", "connect"]

IN_CLUSTER = "in-cluster"
"""The name that deadheat gives to the context of a pod's own service account."""

PropagationPolicy: TypeAlias = Literal["Foreground", "Background"]

TIMEOUT_S = 30.0
CREDENTIALS_PATIENCE_S = 60.0
"""So long may a program for credentials take; somebody may have to log in meanwhile."""

ANSWER_PATIENCE_S = 20.0
"""So long may a server take for its first answer, however it sends that."""

CONNECTIONS_MAX = 64
PAGE = 500
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

STATUS_MEANINGS = {
    401: "does not accept the credentials (an expired token, for one); log in again",
    403: "forbids this to the user of the context",
}


class Cluster:
    """An API server under one context of a kubeconfig.

    What the server refuses in a way that a protocol knows (404, 409) is raised as the client's own ApiException;
    everything else as a LiveError of one sentence, without credentials.
    """

    def __init__(self, client: ApiClient, context: str, kubeconfig: Path | None) -> None:
        from kubernetes.client import BatchV1Api, CoreV1Api

        self.context = context
        self.kubeconfig = kubeconfig
        self.core = CoreV1Api(client)
        self.batch = BatchV1Api(client)
        self._client = client

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turn what the client raises into a LiveError that names `what`, except for a 404 or a 409."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            if error.status in (404, 409):
                raise
            if not error.status:  # the client's own: TLS that fails
                said = " ".join(str(error.reason).split())
                raise LiveError(f"The cluster of context {self.context!r} cannot be spoken to: {said}.") from None
            meaning = STATUS_MEANINGS.get(error.status or 0, f"answers {error.status} {_message(error)}")
            raise LiveError(f"The cluster of context {self.context!r} {meaning} ({what}).") from None
        except (HTTPError, OSError):
            raise LiveError(
                f"The cluster of context {self.context!r} does not answer at {shown(self._client.configuration.host)} "
                f"({what}); check --kubeconfig and --context."
            ) from None
        except (
            ValueError,
            AttributeError,
            TypeError,
        ) as error:  # what the client makes of an answer that is none of Kubernetes's
            raise LiveError(
                f"The cluster of context {self.context!r} does not answer as an API server does "
                f"({what}: {type(error).__name__})."
            ) from None

    def now(self) -> datetime:
        """Return what time it is by the clock of the server, to a second: hosts need not agree on the time."""
        from email.utils import parsedate_to_datetime

        from kubernetes.client import VersionApi

        with self.explained("asking for the time"):
            _, _, headers = VersionApi(self._client).get_code_with_http_info(_request_timeout=TIMEOUT_S)
        try:
            return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError):
            raise LiveError(f"The cluster of context {self.context!r} does not tell the time.") from None

    def patch_namespace(self, name: str, patch: dict[str, Any]) -> None:
        """PATCH a namespace, merging."""
        with self.explained("patching a namespace"):
            self.core.patch_namespace(name, patch, _request_timeout=TIMEOUT_S, _content_type=MERGE_PATCH)

    def create_job(self, namespace: str, manifest: dict[str, Any]) -> V1Job:
        """POST a Job."""
        with self.explained("creating a Job"):
            return self.batch.create_namespaced_job(namespace, manifest, _request_timeout=TIMEOUT_S)  # type: ignore[arg-type]

    def get_job(self, namespace: str, name: str) -> V1Job | None:
        """GET a Job, or None if there is none of that name."""
        from kubernetes.client.exceptions import NotFoundException

        try:
            with self.explained("reading a Job"):
                return self.batch.read_namespaced_job(name, namespace, _request_timeout=TIMEOUT_S)
        except NotFoundException:
            return None

    def list_jobs(self, namespace: str, selector: str) -> tuple[list[V1Job], str]:
        """LIST the Jobs with these labels; return them with the resource version of the list."""
        jobs: list[V1Job] = []
        more: str | None = None
        while True:
            with self.explained("listing Jobs"):
                page = self.batch.list_namespaced_job(
                    namespace, label_selector=selector, limit=PAGE, _continue=more, _request_timeout=TIMEOUT_S
                )
            assert page.metadata is not None
            jobs += page.items
            more = page.metadata.var_continue
            if not more:
                return jobs, str(page.metadata.resource_version)

    def delete_job(
        self, namespace: str, name: str, uid: str | None = None, policy: PropagationPolicy = "Foreground"
    ) -> None:
        """DELETE a Job, its pods first; with a `uid`, only the Job that has it (409 otherwise).

        There is always a policy: a DELETE of a batch/v1 Job without one leaves its pods running.
        """
        options: dict[str, Any] = {"propagationPolicy": policy}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        with self.explained("deleting a Job"):
            self.batch.delete_namespaced_job(name, namespace, body=options, _request_timeout=TIMEOUT_S)  # type: ignore[arg-type]

    def patch_job(self, namespace: str, name: str, patch: dict[str, Any]) -> None:
        """PATCH a Job (a merge patch)."""
        with self.explained("patching a Job"):
            self.batch.patch_namespaced_job(
                name, namespace, patch, _request_timeout=TIMEOUT_S, _content_type=MERGE_PATCH
            )

    def remove_finalizer(self, namespace: str, name: str, finalizer: str) -> None:
        """Take one finalizer off a Job, whatever happens to the others meanwhile."""
        patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [finalizer]}}
        with self.explained("taking a finalizer off a Job"):
            self.batch.patch_namespaced_job(
                name, namespace, patch, _request_timeout=TIMEOUT_S, _content_type=STRATEGIC_PATCH
            )

    def get_config_map(self, namespace: str, name: str) -> V1ConfigMap | None:
        """GET a ConfigMap, or None if there is none of that name."""
        from kubernetes.client.exceptions import NotFoundException

        try:
            with self.explained("reading a ConfigMap"):
                return self.core.read_namespaced_config_map(name, namespace, _request_timeout=TIMEOUT_S)
        except NotFoundException:
            return None

    def create_config_map(self, namespace: str, manifest: dict[str, Any]) -> V1ConfigMap:
        """POST a ConfigMap."""
        with self.explained("creating a ConfigMap"):
            return self.core.create_namespaced_config_map(namespace, manifest, _request_timeout=TIMEOUT_S)  # type: ignore[arg-type]

    def delete_config_map(self, namespace: str, name: str) -> None:
        """DELETE a ConfigMap, what it owns in the background."""
        with self.explained("deleting a ConfigMap"):
            self.core.delete_namespaced_config_map(
                name, namespace, propagation_policy="Background", _request_timeout=TIMEOUT_S
            )

    def release_config_map(self, namespace: str, name: str) -> None:
        """Take all finalizers off a ConfigMap that is ours alone."""
        self.patch_config_map(namespace, name, {"metadata": {"finalizers": None}})

    def patch_config_map(self, namespace: str, name: str, patch: dict[str, Any]) -> None:
        """PATCH a ConfigMap, merging."""
        with self.explained("patching a ConfigMap"):
            self.core.patch_namespaced_config_map(
                name, namespace, patch, _request_timeout=TIMEOUT_S, _content_type=MERGE_PATCH
            )

    def pods_of(self, namespace: str, job_name: str) -> list[V1Pod]:
        """LIST the pods that the Job controller made for a Job."""
        with self.explained("listing pods"):
            return self.core.list_namespaced_pod(
                namespace, label_selector=f"job-name={job_name}", _request_timeout=TIMEOUT_S
            ).items

    def patch_pod_status(self, namespace: str, name: str, status: dict[str, Any]) -> None:
        """PATCH the status of a pod, as its kubelet would."""
        with self.explained("patching a pod's status"):
            self.core.patch_namespaced_pod_status(
                name, namespace, {"status": status}, _request_timeout=TIMEOUT_S, _content_type=MERGE_PATCH
            )


def connect(kubeconfig: Path | None, context: str | None) -> Cluster:
    """Return a connection that has been answered once.

    Without a kubeconfig, a pod's own service account is used inside a cluster, and the default kubeconfig elsewhere.
    Raises LiveError for a file or context that is not there, and for a server that does not answer or refuses.
    """
    if kubeconfig is not None and not kubeconfig.is_file():
        raise LiveError(f"The kubeconfig {kubeconfig} cannot be read: there is no such file.")
    from kubernetes import client
    from kubernetes.config import ConfigException, list_kube_config_contexts, load_incluster_config, load_kube_config

    configuration = client.Configuration()
    configuration.retries = False
    configuration.connection_pool_maxsize = CONNECTIONS_MAX
    name = context
    try:
        if kubeconfig is None and context is None and _inside_a_cluster():
            load_incluster_config(client_configuration=configuration)
            name = IN_CLUSTER
        else:
            file = str(kubeconfig) if kubeconfig else None
            _learn_secrets(file)
            _in_time(
                lambda: load_kube_config(file, context, client_configuration=configuration, persist_config=False),
                f"The kubeconfig {kubeconfig or 'by default'} cannot be used",
            )
            if (refresh := configuration.refresh_api_key_hook) is not None:
                what = f"The credentials of the kubeconfig {kubeconfig or 'by default'} cannot be renewed"
                configuration.refresh_api_key_hook = lambda given: _in_time(lambda: refresh(given), what)
            name = context or list_kube_config_contexts(file)[1]["name"]
    except ConfigException as error:
        raise LiveError(f"The kubeconfig {kubeconfig or 'by default'} cannot be used: {redact(str(error))}") from None
    except LiveError:
        raise
    except OSError as error:
        raise LiveError(f"The kubeconfig {kubeconfig} cannot be read: {error.strerror}.") from None
    except Exception as error:  # the YAML parser's errors among them
        raise LiveError(f"The file {kubeconfig} is not a kubeconfig ({type(error).__name__}).") from None
    cluster = Cluster(client.ApiClient(configuration), str(name), kubeconfig)
    with cluster.explained("asking for its version"):
        ask = partial(client.VersionApi(cluster.core.api_client).get_code, _request_timeout=5.0)
        version = within(ANSWER_PATIENCE_S, ask)
        if getattr(version, "git_version", None) is None:
            raise ValueError("no version")
    return cluster


def _in_time(action: Callable[[], None], what: str) -> None:
    """Do what may run a program of the user's, such as one for credentials, and end it if it takes too long."""
    try:
        within(CREDENTIALS_PATIENCE_S, action, _end_programs_of)
    except TimeoutError:
        raise LiveError(
            f"{what}: the program that it names for credentials has not answered in {CREDENTIALS_PATIENCE_S:g} s; "
            "run it by hand, or log in."
        ) from None


def _end_programs_of(thread: threading.Thread) -> None:
    """Kill what a thread has started and waits for, where the system tells (Linux does)."""
    with suppress(OSError, ValueError):
        for each in Path(f"/proc/self/task/{thread.native_id}/children").read_text().split():
            os.kill(int(each), signal.SIGKILL)


def _learn_secrets(file: str | None) -> None:
    """Know the secrets of a kubeconfig before anything can speak of them; whether it is one shows later."""

    import yaml
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

    for path in [file] if file else KUBE_CONFIG_DEFAULT_LOCATION.split(os.pathsep):
        try:
            learn_kubeconfig(yaml.safe_load(Path(path).expanduser().read_text()))
        except (OSError, ValueError, yaml.YAMLError):
            continue


def _inside_a_cluster() -> bool:

    return "KUBERNETES_SERVICE_HOST" in os.environ


def _message(error: Any) -> str:
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        return redact(str(error.reason))
    return redact(str(message))
