"""A child process: one process of a protocol, alone in an operating-system process. Started by the parent alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deadheat.live.adapters.base import Adapter
from deadheat.live.adapters.chance import ChanceAdapter
from deadheat.live.adapters.http import Caller, HttpAdapter, UserAdapter
from deadheat.live.adapters.kubernetes import JobTemplate
from deadheat.live.adapters.of_component import adapter_of, components_of, own_components
from deadheat.live.adapters.redis import RedisAdapter, connect as connect_redis
from deadheat.live.adapters.together import Adapters, RedisNotes, kubernetes_adapter, status_adapter
from deadheat.live.adapters.tokens import TokensAdapter
from deadheat.live.cluster import connect
from deadheat.live.forcing.routes import routes
from deadheat.live.forcing.runner import run_process
from deadheat.live.forcing.server import BackgroundLoop, HttpServer, Mailbox
from deadheat.live.place import Place
from deadheat.live.redaction import guard, learn
from deadheat.live.site import Site
from deadheat.live.topology.config import ChildConfig
from deadheat.live.topology.remote import RemoteGate, call_parent
from deadheat.live.topology.worker_queue import WorkerQueue
from deadheat.scenarios.catalogue import find_protocol
from deadheat.sim.model import Model

__all__ = ["main"]


def main(config: ChildConfig) -> None:
    """Run the process; a Celery worker keeps the main thread, since it handles signals."""
    queue = WorkerQueue(config)
    with _open_adapters(config, queue) as adapters:
        adapters.set_patience(config.patience_s)
        connection = call_parent(config)
        process, gate = config.own_process(), RemoteGate(connection, adapters)
        if process.part != "worker":
            run_process(process, gate)
            return

        def run() -> None:
            run_process(process, gate)
            queue.finish()

        role = threading.Thread(target=run, daemon=True)
        role.start()
        queue.consume_when_told()
        role.join()


@contextmanager
def _open_adapters(config: ChildConfig, queue: Adapter) -> Iterator[Adapters]:
    """Put together the adapters that this process needs: a server only if it serves, a watch only if it watches."""
    cluster = connect(Path(config.kubeconfig) if config.kubeconfig else None, config.context)
    client = connect_redis(config.redis_url)
    place = Place(config.redis_url, config.status_url, client, cluster, run=config.run)
    world = config.world()
    protocol = find_protocol(config.protocol)
    evaluations = world.system.evaluations
    site = Site(place, config.namespace, evaluations, is_owner=False, watch_from=config.watch_from)
    with ExitStack() as stack:
        background = BackgroundLoop()
        stack.callback(background.close)
        mailbox = Mailbox()
        if config.process in config.ports:
            server = HttpServer(background, mailbox, config.ports[config.process])
            stack.callback(server.close)
        caller = Caller(background, routes(config.ports))
        stack.callback(caller.close)
        watched = config.process == "storage-worker"
        template = JobTemplate(config.image, config.command)
        kubernetes = kubernetes_adapter(site, protocol, held=True, watched=watched, template=template)
        every: tuple[Adapter, ...] = (
            queue,
            status_adapter(site, protocol),
            HttpAdapter(caller, mailbox, RedisNotes(site)),
            RedisAdapter(client, site.prefix, config.lease_ms, protocol.redis("redis")),
            TokensAdapter(),
            ChanceAdapter(),
            UserAdapter(caller, mailbox, site.keys),
            kubernetes,
        )
        own = (
            adapter_of(each, site, config.lease_ms, template)
            for each in own_components(components_of(Model(world.components, world.processes)).values())
        )
        adapters = Adapters((*every, *own))
        stack.callback(adapters.close)
        yield adapters


if __name__ == "__main__":
    guard()  # what it prints goes to a log, of which errors quote the end
    config = ChildConfig.load(Path(sys.argv[1]))
    learn(config.redis_url, config.status_url or "")
    main(config)
