"""How some algorithms are shown, as their records say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reports.style import Look
from reports.style import looks as looks_of
from results.schema import records_frame

DESCRIBED: dict[str, tuple[str, int, str]] = {
    "darts1": ("DARTS-1", 1, "reference"),
    "darts2": ("DARTS-2", 2, ""),
    "milenas": ("MiLeNAS", 3, ""),
    "rarts": ("RARTS", 4, ""),
    "random": ("Random", 1000, "control"),
    "gdas": ("GDAS", 100, ""),
    "tas": ("TAS", 100, ""),
    "baseline": ("Baseline (unpruned)", 100, ""),
}


def described(algorithm: str) -> dict[str, Any]:
    """The columns title, order and role of a record."""
    title, order, role = DESCRIBED.get(algorithm, (algorithm, 100, ""))
    return {"title": title, "order": order, "role": role}


def looks(algorithms: Iterable[str]) -> dict[str, Look]:
    """Looks of a report that shows these algorithms."""
    return looks_of(records_frame([{"algorithm": name, **described(name)} for name in algorithms]))
