"""Which adapter a component has: its own, by its method `live`, or one of ours, by what kind of component it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields

from deadheat.live.adapters.base import Adapter
from deadheat.live.adapters.chance import ChanceAdapter
from deadheat.live.adapters.kubernetes import JobTemplate, KubernetesAdapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.redis import RedisAdapter
from deadheat.live.adapters.sql import PostgresDatabase, SqliteDatabase
from deadheat.live.adapters.status import PostgresStatus, RedisStatus
from deadheat.live.adapters.stream import StreamAdapter
from deadheat.live.adapters.tokens import TokensAdapter
from deadheat.live.site import Site
from deadheat.models.components.chance import Chance
from deadheat.models.components.kubernetes import Kubernetes
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.redis import Redis
from deadheat.models.components.sql import Database
from deadheat.models.components.status import StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.components.tokens import Tokens
from deadheat.models.system import System
from deadheat.sim.components import Component
from deadheat.sim.counting import a
from deadheat.sim.errors import LiveError, NoLiveFormError
from deadheat.sim.model import Model

__all__ = ["adapter_of", "components_of", "keys_of", "needs_cluster", "own_components", "require_adapters"]

TABLE_NAME_MAX = 63
"""PostgreSQL cuts what is longer, and so might take two tables for one."""


def components_of(model: Model) -> dict[str, Component]:
    """Return the components of a model by name, once for all the keys of each."""
    return {each.name: each for each in model.components.values()}


def keys_of(model: Model) -> tuple[str, ...]:
    """Return the keys that the keyed components of a model have, or what there can be several of."""
    keys = (name.partition("/")[2] for name, component in model.components.items() if component.keyed)
    return tuple(dict.fromkeys((*model.interchangeable, *keys)))


def own_components(components: Iterable[Component]) -> tuple[Component, ...]:
    """Return those components of a protocol that others do not have, or that say themselves what their adapter is."""
    standard = {each.name for each in fields(System)}
    return tuple(each for each in components if each.name not in standard or _says_itself(each))


def has_adapter(component: Component) -> bool:
    """Return whether there is an adapter for a component."""
    return _says_itself(component) or any(isinstance(component, kind) for kind in OURS)


def needs_cluster(components: Iterable[Component]) -> bool:
    """Return whether one of them is in a cluster."""
    return any(isinstance(each, Kubernetes) and not _says_itself(each) for each in components)


def require_adapters(whose: str, components: Iterable[Component]) -> None:
    """Raise NoLiveFormError for the first component that has no adapter."""
    for component in components:
        if not has_adapter(component):
            kind = type(component).__name__
            raise NoLiveFormError(
                f"The component {component.name!r} ({kind}) of {whose} has no live form; give {kind}, or a class of "
                "your own derived from it, a method `live(self, site)` that returns its adapter (docs/live.md)."
            )


def adapter_of(component: Component, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    """Return the adapter of a component; raises NoLiveFormError where there is none."""
    require_adapters("this model", [component])
    adapter = component.live(site)
    if adapter is None and not any(isinstance(component, kind) for kind in OURS):
        kind = type(component).__name__
        raise NoLiveFormError(f"{kind}.live returned None for {component.name!r}; return an adapter.")
    if adapter is None:
        make = next(make for kind, make in OURS.items() if isinstance(component, kind))
        adapter = make(component, site, lease_ms, template)
        adapter.name = component.name
    if not isinstance(adapter, Adapter):
        raise LiveError(
            f"{type(component).__name__}.live returned {a(adapter)}; return an object of a class derived from Adapter."
        )
    if getattr(adapter, "name", None) != component.name:
        raise LiveError(
            f"The adapter of the component {component.name!r} has another name; begin its __init__ with "
            "super().__init__(name), and give it the component's."
        )
    return adapter


def _says_itself(component: Component) -> bool:
    return type(component).live is not Component.live


def _redis(component: Redis, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del template
    return RedisAdapter(site.redis, f"{site.prefix}{component.name}:", lease_ms, component, site.keys)


def _database(component: Database, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del lease_ms, template
    if site.postgres_url is None:
        return SqliteDatabase(site.folder / f"{component.name}.sqlite", "", component)
    prefix = f"{site.table_prefix}{component.name}_"
    for table in component.tables.values():
        if len((prefix + table.table).encode()) > TABLE_NAME_MAX:
            name = prefix + table.table
            raise LiveError(f"The table {name!r} has too long a name for PostgreSQL; give --namespace a shorter one.")
    return PostgresDatabase(site.postgres_url, prefix, component, record=site.place.record)


def _status(component: StatusStore, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del lease_ms, template
    if site.postgres_url is None:
        return RedisStatus(site.redis, f"{site.prefix}{component.name}:", site.keys)
    table = f"{site.table_prefix}{component.name}"
    return PostgresStatus(site.postgres_url, table, site.keys, record=site.place.record)


def _stream(component: EventStream, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del lease_ms, template
    return StreamAdapter(site.redis, f"{site.prefix}{component.name}:", site.keys)


def _kubernetes(component: Kubernetes, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del lease_ms
    is_guarded = isinstance(component, GuardedKubernetes)
    make = GuardedKubernetesAdapter if is_guarded else KubernetesAdapter
    adapter = make(
        site.cluster,
        site.namespace,
        site.keys,
        run=site.place.run,
        held=True,
        watched=component.watched,
        template=template,
    )
    if isinstance(adapter, GuardedKubernetesAdapter):
        adapter.submit()
    return adapter


def _tokens(component: Tokens, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del site, lease_ms, template
    return TokensAdapter(component.name)


def _chance(component: Chance, site: Site, lease_ms: int, template: JobTemplate) -> Adapter:
    del site, lease_ms, template
    return ChanceAdapter(component.name)


OURS: Mapping[type[Component], Callable[..., Adapter]] = {
    Redis: _redis,
    Database: _database,
    StatusStore: _status,
    EventStream: _stream,
    Kubernetes: _kubernetes,
    Tokens: _tokens,
    Chance: _chance,
}
"""The kinds of component that a design can have on real servers without saying how."""
