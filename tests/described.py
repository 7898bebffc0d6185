"""How some algorithms are shown, as their records say it."""

from __future__ import annotations

from typing import Any

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
