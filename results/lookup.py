"""Finding what the user named in a registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from results.errors import BadInput

T = TypeVar("T")


def lookup(what: str, name: str, registry: Mapping[str, T]) -> T:
    """``registry[name]``. Raises BadInput naming the nearest entry and all of them where there is none."""
    if name not in registry:
        closest = get_close_matches(name, registry, n=1, cutoff=0.0)[0]
        raise BadInput(f"unknown {what} {name!r}; did you mean {closest!r}? There are {', '.join(registry)}")
    return registry[name]


def nearest(name: str, names: Iterable[str]) -> str:
    """`` (did you mean 'a' or 'b'?)``, three names at most that resemble ``name``; empty where none does."""
    close = [repr(other) for other in get_close_matches(name, names, n=3)]
    return f" (did you mean {' or '.join(close)}?)" if close else ""
