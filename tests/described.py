"""Records as a trial leaves them: how an algorithm is shown, and a whole row of one that is done."""

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


def done(algorithm: str, seed: int, **fields: Any) -> dict[str, Any]:
    """A done trial's record on NATS-Bench, judged by its table; ``fields`` besides, or in place of these."""
    return {
        "trial": f"{algorithm}-{seed}",
        "status": "done",
        "algorithm": algorithm,
        **described(algorithm),
        "space": "nats",
        "protocol": "mini",
        "search_dataset": "cifar10",
        "eval_dataset": "cifar10",
        "evaluation": "table",
        "seed": seed,
        "split_seed": 0,
        **fields,
    }
