"""deadheat: a deterministic race-condition simulator and model checker."""

from deadheat.version import VERSION

__all__ = ["VERSION"]
