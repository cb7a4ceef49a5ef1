"""How a generator is thrown away where it stands: what it would still do has not happened."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import noting_nothing
from deadheat.sim.users_code import calls_users_code

__all__ = ["abandon"]

ROUNDS_MAX = 100


@calls_users_code
def abandon(generator: Generator[Any, Any, Any]) -> None:
    """Close a generator without letting its `finally` blocks act: a killed process cleans nothing up."""
    for _ in range(ROUNDS_MAX):
        try:
            with noting_nothing():
                generator.close()
        except RuntimeError:  # it yielded once more, from a finally block
            continue
        except KeyboardInterrupt:
            raise
        except BaseException:
            return
        return
    raise ModelError("A role goes on yielding after it was closed; let it end on GeneratorExit.")
