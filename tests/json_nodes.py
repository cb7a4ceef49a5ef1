"""JSON in which one node is replaced by a value of any other type: what a reader of files must be ready for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

__all__ = ["ANY_VALUE", "places_in", "replaced_nodes", "with_node"]

ANY_VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["", "1", "-1", "NaN", 0, 1, -1, 0.5, 1.0, 1e308, 10**30, [], {}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def places_in(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each node of a JSON value is, as the keys that lead to it."""
    yield place
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places_in(inner, (*place, key))


def with_node(value: Any, place: tuple[Any, ...], node: Any) -> Any:
    """Return a JSON value with another node at a place."""
    if not place:
        return node
    key, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = with_node(copy[key], tuple(rest), node)
    return copy


def node_at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


@st.composite
def replaced_nodes(draw: st.DrawFn, value: Any) -> Any:
    """Draw a JSON value in which one node is of another type."""
    place = draw(st.sampled_from(list(places_in(value))))
    old = node_at(value, place)
    return with_node(value, place, draw(ANY_VALUE.filter(lambda new: not _is_alike(old, new))))


def _is_alike(old: Any, new: Any) -> bool:
    return type(new) is type(old) or (type(old) is float and type(new) is int)  # JSON writes 1.0 as 1 if it likes
