"""A Kubernetes control plane of our own, from the binaries in `KUBEBUILDER_ASSETS`.

That is the convention of controller-runtime's envtest: a folder with `etcd` and `kube-apiserver`; here also
`kube-controller-manager`, so that Jobs make pods and the garbage collector works. There is no kubelet and no
scheduler: pods stay Pending. All three listen on free loopback ports and speak TLS under an authority made for this
control plane, which every client verifies.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.live.interruption import uninterrupted
from deadheat.live.servers.folders import server_folder
from deadheat.live.servers.processes import ServerProcess, free_port, wait_until
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    from deadheat.live.servers.certificates import KeyPair

__all__ = ["ASSETS", "BINARIES", "CONTEXT", "embedded_control_plane", "missing_assets"]

ASSETS = "KUBEBUILDER_ASSETS"
BINARIES = ("etcd", "kube-apiserver", "kube-controller-manager")
CONTEXT = "deadheat-embedded"
"""The name of the context in the kubeconfig that is written for it."""

CONTROLLERS = ("job", "garbagecollector", "ttl-after-finished", "namespace")
START_PATIENCE_S = 60.0


def missing_assets() -> str | None:
    """Return what is missing for a control plane of our own, in a phrase; None if nothing is."""
    folder = os.environ.get(ASSETS)
    if not folder:
        return f"{ASSETS} is not set"
    missing = [name for name in BINARIES if not os.access(Path(folder) / name, os.X_OK)]
    return f"{ASSETS} ({folder}) has no {' and no '.join(missing)}" if missing else None


@contextmanager
def embedded_control_plane(apiserver_flags: Sequence[str] = ()) -> Iterator[Path]:
    """Start a control plane; yield the kubeconfig of its administrator, and stop it at the end.

    `apiserver_flags` are given to kube-apiserver beside its own.

    Raises LiveError if binaries are missing, or one does not start.
    """
    missing = missing_assets()
    if missing is not None:
        raise LiveError(
            f"There is no Kubernetes: {missing}. Give --kubeconfig FILE, run `deadheat live up`, or set {ASSETS} to a "
            f"folder with {', '.join(BINARIES)}."
        )
    with server_folder("plane") as folder:
        running = ExitStack()
        try:
            plane = _Plane(Path(os.environ[ASSETS]), folder, running, apiserver_flags)
            plane.start()
            yield plane.kubeconfig
        finally:
            with uninterrupted():
                running.close()


class _Plane:
    """The three programs, and the files that they share."""

    def __init__(self, assets: Path, folder: Path, running: ExitStack, apiserver_flags: Sequence[str]) -> None:
        from deadheat.live.servers.certificates import Authority  # which needs the extra `live`

        self._apiserver_flags = apiserver_flags
        self._assets, self._folder, self._running = assets, folder, running
        self._authority = Authority(folder)
        self._server = self._authority.key_pair("server", "deadheat-server")
        self._admin = self._authority.key_pair("admin", "deadheat-admin", "system:masters")
        self._etcd_url = f"https://127.0.0.1:{free_port()}"
        self._port = free_port()
        self._controllers_port = free_port()
        self.kubeconfig = folder / "kubeconfig"

    def start(self) -> None:
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(
            _kubeconfig(f"https://127.0.0.1:{self._port}", self._authority.certificate, self._admin)
        )
        etcd = self._start_etcd()
        apiserver = self._start_apiserver()
        wait_until(
            lambda: self._answers(f"https://127.0.0.1:{self._port}/readyz", etcd, apiserver),
            START_PATIENCE_S,
            "kube-apiserver was not ready",
        )
        controllers = self._start_controllers()
        wait_until(
            lambda: self._answers(f"https://127.0.0.1:{self._controllers_port}/healthz", controllers),
            START_PATIENCE_S,
            "kube-controller-manager was not healthy",
        )

    def _run(self, program: str, *flags: str) -> ServerProcess:
        log = self._folder / f"{program}.log"
        # What these programs read of the environment could only point them elsewhere.
        process = ServerProcess(program, [str(self._assets / program), *flags], log, {"HOME": str(self._folder)})
        self._running.callback(process.stop)
        return process

    def _start_etcd(self) -> ServerProcess:
        return self._run(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
            f"--cert-file={self._server.certificate}",
            f"--key-file={self._server.key}",
            f"--trusted-ca-file={self._authority.certificate}",
            "--client-cert-auth",
            "--unsafe-no-fsync",
        )

    def _start_apiserver(self) -> ServerProcess:
        return self._run(
            "kube-apiserver",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--etcd-servers={self._etcd_url}",
            f"--etcd-cafile={self._authority.certificate}",
            f"--etcd-certfile={self._admin.certificate}",
            f"--etcd-keyfile={self._admin.key}",
            f"--tls-cert-file={self._server.certificate}",
            f"--tls-private-key-file={self._server.key}",
            f"--client-ca-file={self._authority.certificate}",
            f"--service-account-key-file={self._server.key}",
            f"--service-account-signing-key-file={self._server.key}",
            "--service-account-issuer=https://deadheat.invalid",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            # Without a token controller no pod would get a service account, and so no pod would be admitted.
            "--disable-admission-plugins=ServiceAccount",
            *self._apiserver_flags,
        )

    def _start_controllers(self) -> ServerProcess:
        return self._run(
            "kube-controller-manager",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._controllers_port}",
            f"--tls-cert-file={self._server.certificate}",
            f"--tls-private-key-file={self._server.key}",
            *self._without_insecure_port(),
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={','.join(CONTROLLERS)}",
            "--leader-elect=false",
            # The defaults answer a change after seconds; a replay waits for each.
            "--kube-api-qps=500",
            "--kube-api-burst=500",
        )

    def _without_insecure_port(self) -> list[str]:
        """Return the flag against the port that old versions open to everybody, and new ones know nothing of."""
        program = str(self._assets / "kube-controller-manager")
        text = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=START_PATIENCE_S).stdout
        return ["--port=0"] if "--port int" in text else []

    def _answers(self, url: str, *servers: ServerProcess) -> bool:
        import ssl
        from urllib.error import URLError
        from urllib.request import HTTPSHandler, ProxyHandler, build_opener

        for server in servers:
            server.require_alive()
        context = ssl.create_default_context(cafile=str(self._authority.certificate))
        context.load_cert_chain(str(self._admin.certificate), str(self._admin.key))
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        try:
            with opener.open(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _kubeconfig(url: str, authority: Path, admin: KeyPair) -> str:
    import json

    # JSON is YAML.
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": {"server": url, "certificate-authority": str(authority)}}],
            "users": [
                {
                    "name": CONTEXT,
                    "user": {"client-certificate": str(admin.certificate), "client-key": str(admin.key)},
                }
            ],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        },
        indent=1,
    )
