"""What the stored states of a large space, or of one that was cut short, are made of."""

from __future__ import annotations

from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.made_of import LOOKED_AT, MadeOf, made_of, nearest_layers
from deadheat.sim.explore.results import LARGE
from deadheat.sim.learn.tables import Tables

__all__ = ["made_of_stored"]


def made_of_stored(tables: Tables, store: Store, depth: int, *, complete: bool) -> MadeOf | None:
    """Return what the states up to a layer, all of which were found, are made of; None where nobody will ask."""
    if complete and store.states < LARGE:
        return None
    layers = [store.layer_size(layer) for layer in range(depth + 1)]
    even = store.some_states(depth, LOOKED_AT)
    nearest = store.some_states(nearest_layers(layers) - 1, store.states)
    fields = store.layout.unpack_fields
    return made_of(tables, fields(even), fields(nearest), layers, complete=complete)
