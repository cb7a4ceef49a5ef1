"""Which process serves which request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deadheat.live.forcing.server import Address
from deadheat.sim.errors import LiveError

__all__ = ["routes", "server_of"]


def server_of(address: Address) -> str:
    """Return the name of the process that a request goes to: each delivery has its own replica of the dispatcher."""
    if address.kind == "jobs":
        return f"dispatcher/{address.evaluation}/{address.number}"
    return f"cancel/{address.evaluation}" + (f"/{address.number}" if address.number > 1 else "")


def routes(ports: Mapping[str, int]) -> Callable[[Address], str]:
    """Return what tells the URL of the service that a request goes to."""

    def url(address: Address) -> str:
        name = server_of(address)
        if name not in ports:
            raise LiveError(f"There is no process {name} to take a request.")
        return f"http://127.0.0.1:{ports[name]}"

    return url
