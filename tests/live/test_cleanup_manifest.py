"""The manifests of the cleanup: they build, are accepted, ask for no rights that it does not need, and raise alarms."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.metrics import Metrics
from deadheat.live.cleaning.patience import Patience
from deadheat.live.cleaning.tally import Rules, Tally
from deadheat.live.cluster import connect
from deadheat.live.place import Place
from tests.live.cleanup_ground import LABEL, cleanup_of, make_jobs, run_cleanup

ROOT = Path(__file__).parents[2]
NAME = "orphan-job-cleanup"
BUILDS = ("base", "base/cleanup", "base/cleanup-service", "overlays/cronjob", "overlays/service")
STATUSES = {"e1": "cancelled", "e2": "provisioning", "e3": "completed"}


@pytest.fixture
def namespace(place: Place) -> Iterator[str]:
    with place.namespace() as name:
        yield name


def kustomized(folder: str) -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on the PATH")
    done = subprocess.run(
        [kubectl, "kustomize", str(ROOT / "k8s" / folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(folder: str) -> dict[str, Any]:
    """Return the objects of a build by kind; there is one of each."""
    objects = list(yaml.safe_load_all(kustomized(folder)))
    kinds = {each["kind"]: each for each in objects}
    assert len(kinds) == len(objects)
    return kinds


def template_of(objects: dict[str, Any]) -> Any:
    if "CronJob" in objects:
        return objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
    return objects["Deployment"]["spec"]["template"]


@pytest.mark.parametrize("folder", BUILDS)
def test_every_build_is_one_workload_with_its_account(folder: str) -> None:
    objects = built(folder)
    assert {"ServiceAccount", "Role", "RoleBinding"} < set(objects)
    assert ("CronJob" in objects) != ("Deployment" in objects)
    [rule] = objects["Role"]["rules"]
    assert rule == {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "watch", "delete"]}
    assert template_of(objects)["spec"]["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    if "CronJob" in objects:
        assert objects["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    else:
        assert objects["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
        assert objects["Deployment"]["spec"]["replicas"] == 1


@pytest.mark.parametrize("folder", BUILDS)
def test_every_pod_is_what_the_restricted_profile_of_pod_security_demands(folder: str) -> None:
    """Source: Kubernetes documentation, "Pod Security Standards", Baseline and Restricted, control by control."""
    spec = template_of(built(folder))["spec"]
    pod, containers = spec["securityContext"], [*spec["containers"], *spec.get("initContainers", ())]
    # Baseline: host namespaces, host processes, host path volumes, host ports, privileged, SELinux, /proc, sysctls,
    # AppArmor and probes' hosts are left as they are.
    assert not {"hostNetwork", "hostPID", "hostIPC", "ephemeralContainers"} & set(spec)
    assert set(pod) <= {"runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile"}
    # Restricted.
    volumes = {key for each in spec.get("volumes", ()) for key in each if key != "name"}
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
    assert volumes <= allowed | {"secret"}
    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers:
        context = container["securityContext"]
        assert context == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all("hostPort" not in each for each in container.get("ports", ()))
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            assert "host" not in container.get(probe, {}).get("httpGet", {})


def test_metrics_are_reachable_from_the_pod_to_the_monitor() -> None:
    objects = built("overlays/service")
    [container] = template_of(objects)["spec"]["containers"]
    [port] = container["ports"]
    assert f"--metrics-port={port['containerPort']}" in container["args"]
    assert "--metrics-address=0.0.0.0" in container["args"]
    [service_port] = objects["Service"]["spec"]["ports"]
    assert service_port["targetPort"] == port["name"]
    labels = template_of(objects)["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"].items() <= labels.items()
    monitor = objects["ServiceMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= objects["Service"]["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service_port["name"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/metrics", "port": port["name"]}


def test_alert_rules_ask_for_metrics_that_there_are() -> None:
    metrics = Metrics(threshold=10)
    metrics.swept(Tally())
    families = list(metrics.registry.collect())
    known = {sample.name for family in families for sample in family.samples}
    [group] = built("overlays/service")["PrometheusRule"]["spec"]["groups"]
    asked = {name for rule in group["rules"] for name in re.findall(r"deadheat_\w+", rule["expr"])}
    assert asked
    assert asked <= known
    [reason] = {text for rule in group["rules"] for text in re.findall(r'reason!="(\w+)"', rule["expr"])}
    samples = [sample for family in families for sample in family.samples]
    assert reason in {each.labels.get("reason") for each in samples}


@pytest.mark.parametrize("folder", BUILDS)
def test_the_arguments_of_the_pod_are_arguments_of_the_command(folder: str) -> None:
    [container] = template_of(built(folder))["spec"]["containers"]
    assert ("--delete" in container["args"]) == folder.startswith("overlays")
    command, *arguments = [each.replace("$(NAMESPACE)", "evaluations") for each in container["args"]]
    assert command == "cleanup"
    # The last one, which makes no sense, is all that is wrong with them.
    done = run_cleanup(*arguments, "--kubeconfig", "/nowhere", "--status", "redis://127.0.0.1:1")
    assert (done.returncode, done.stderr) == (2, "deadheat: There is no kubeconfig /nowhere.\n")


@pytest.mark.live
@pytest.mark.parametrize("folder", ["base/cleanup", "base/cleanup-service"])
def test_a_build_is_accepted_and_its_account_may_do_just_what_the_cleanup_needs(
    place: Place, namespace: str, kubeconfig: Path, tmp_path: Path, folder: str
) -> None:
    manifest = kustomized(folder)
    groups = json.loads(kubectl(kubeconfig, "get", "--raw", "/apis/batch/v1"))
    if "cronjobs" not in [each["name"] for each in groups["resources"]]:
        # Kubernetes before 1.21 has CronJobs of the same form in v1beta1 only.
        manifest = manifest.replace("apiVersion: batch/v1\nkind: CronJob", "apiVersion: batch/v1beta1\nkind: CronJob")
    kubectl(kubeconfig, "apply", "--namespace", namespace, "--validate=false", "-f", "-", stdin=manifest)

    make_jobs(place.cluster, namespace, [(each, each) for each in STATUSES])
    cluster = connect(as_account(place, namespace, kubeconfig, tmp_path), None)
    assert JobPages(cluster, namespace, LABEL, Patience()).resource_version()
    assert cleanup_of(cluster, namespace, STATUSES.get, Rules(dry_run=False))[0].sweep().deleted == 2
    account = f"system:serviceaccount:{namespace}:{NAME}"
    for verb in ("list", "watch", "delete"):
        assert may(kubeconfig, account, verb, "jobs", namespace)
        assert not may(kubeconfig, account, verb, "jobs", "default")
    others = ("get", "create", "update", "patch", "deletecollection")
    for verb, resource in [*((verb, "jobs") for verb in others), ("get", "secrets"), ("list", "pods")]:
        assert not may(kubeconfig, account, verb, resource, namespace)
    cluster.close()


@pytest.mark.live
def test_a_namespace_that_enforces_the_restricted_profile_admits_the_pods(
    place: Place, namespace: str, kubeconfig: Path
) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl(kubeconfig, "label", "namespace", namespace, label)
    if admitted(kubeconfig, namespace, {"containers": [{"name": "unrestricted", "image": "i"}]}):
        version = json.loads(kubectl(kubeconfig, "get", "--raw", "/version"))["gitVersion"]
        pytest.skip(f"Kubernetes {version} has no admission by Pod Security (1.22 was the first that had it)")
    for folder in ("base/cleanup", "base/cleanup-service"):
        spec = template_of(built(folder))["spec"]
        spec.pop("serviceAccountName")
        assert admitted(kubeconfig, namespace, spec)


def admitted(kubeconfig: Path, namespace: str, spec: dict[str, Any]) -> bool:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": spec}
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "apply", "-n", namespace, "--dry-run=server", "-f", "-"]
    done = subprocess.run(command, input=json.dumps(pod), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 or "violates PodSecurity" in done.stderr, done.stderr
    return done.returncode == 0


def as_account(place: Place, namespace: str, kubeconfig: Path, folder: Path) -> Path:
    request: Any = {"spec": {"audiences": []}}
    token = place.cluster.core.create_namespaced_service_account_token(NAME, namespace, request)
    assert token.status is not None
    content = json.loads(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token.status.token}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def kubectl(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def may(kubeconfig: Path, account: str, verb: str, resource: str, namespace: str) -> bool:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "auth", "can-i", verb, resource]
    asked = subprocess.run(
        [*command, "--as", account, "-n", namespace], capture_output=True, text=True, timeout=60, check=False
    )
    assert asked.stdout in ("yes\n", "no\n")
    return asked.stdout == "yes\n"


def test_the_image_runs_as_the_user_of_the_manifests_on_a_pinned_base() -> None:
    """No Docker engine here builds it; what can be read off the file is held."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    [user] = [line.split()[1] for line in lines if line.startswith("USER ")]
    pod = template_of(built("base/cleanup"))["spec"]["securityContext"]
    assert user == f"{pod['runAsUser']}:{pod['runAsGroup']}"
    [base] = [line.split("=", 1)[1] for line in lines if line.startswith("ARG BASE=")]
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base)
    assert all(line.split()[1] == "${BASE}" for line in lines if line.startswith("FROM "))
    assert 'ENTRYPOINT ["deadheat"]' in lines
