"""What properties say, as text: a property that demands less holds all the more, so its verdict tells nobody.

A text is kept as a digest that neither comments, docstrings and layout change, nor the version of Python that reads it.
What it calls elsewhere is not in it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping

from deadheat.sim.model import Property
from deadheat.sim.places import function_of, text_of

__all__ = ["rewritten", "texts_of"]


def texts_of(properties: Iterable[Property]) -> dict[str, str]:
    """Return the digest of the text of each property's function, by its name; without those that have no text."""
    found = {each.name: _text_of(each) for each in properties}
    return {name: digest for name, digest in found.items() if digest is not None}


def rewritten(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the properties that were there and say it otherwise now, sorted."""
    return tuple(sorted(name for name, digest in now.items() if before.get(name, digest) != digest))


def _text_of(of: Property) -> str | None:
    functions = [function_of(each.violation) for each in of.judged]
    try:
        texts = sorted(set(map(text_of, functions)))
        plain = [ast.unparse(_bare(ast.parse(each))) for each in texts]
    except (OSError, TypeError, SyntaxError):  # made without a file, no function, or a part of an expression
        return None
    return hashlib.sha256("\0".join(plain).encode()).hexdigest()[:16]


def _bare(tree: ast.Module) -> ast.Module:
    """Return a function's text without what says how it is called and what it means."""
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef):
            each.decorator_list = []
            if ast.get_docstring(each, clean=False) is not None:
                each.body = each.body[1:] or [ast.Pass()]
    return tree
