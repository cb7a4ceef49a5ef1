"""Names that a module has although it imports what they mean only when somebody asks for one."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["exports"]


def exports(module: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has names out of others: those that `names` lists for each of them."""
    sources = {name: source for source, every in names.items() for name in every}

    def find(name: str) -> Any:
        if name not in sources:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(__import__(sources[name], fromlist=[name]), name)
        setattr(sys.modules[module], name, value)  # so that it is looked for once
        return value

    return find
