"""Small runs whose every figure can be worked out by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from described import described

from results.schema import history_frame, records_frame, skip_ratios
from results.store import Run

OPERATIONS = ["nor_conv_3x3", "none", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "skip_connect"]
PAIRS = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]

Trial = dict[str, Any]


def trial(algorithm: str, seed: int, test_error: float | None = None, **changed: Any) -> Trial:
    """A record of one search of the NATS space on CIFAR-10, looked up in the table."""
    edges = [
        {"cell": "cell", "source": str(b), "target": str(a), "operation": operation, "weight": 0.3}
        for (a, b), operation in zip(PAIRS, OPERATIONS, strict=True)
    ]
    ratio, ratio_all, nones = skip_ratios(edges)
    record: Trial = {
        "trial": f"{algorithm}-{seed}",
        "status": "done",
        "error": "",
        "algorithm": algorithm,
        **described(algorithm),
        "variant": "",
        "space": "nats",
        "protocol": "mini",
        "search_dataset": "cifar10",
        "n_train": 100,
        "n_val": 100,
        "eval_dataset": "cifar10",
        "evaluation": "table",
        "seed": seed,
        "split_seed": 0,
        "genotype": f"{algorithm} cell {seed}",
        "edges": json.dumps(edges),
        "test_error": test_error,
        "val_error": None if test_error is None else test_error + 1,
        "rank": 100.0 + seed,
        "percentile_in_space": 90.0,
        "regret": 2.5,
        "skip_ratio": ratio,
        "skip_ratio_all_edges": ratio_all,
        "none_edges": nones,
        "alpha_entropy": 0.75,
        "search_seconds": 60.0,
        "search_macs": 2.5e12,
        "forwards": 200,
        "weight_backwards": 100,
        "alpha_backwards": 100,
        "device": "cpu",
        "threads": 1,
        "code_version": "abc1234",
        "library_versions": json.dumps({"torch": "2.14.1"}),
        "started_at": "2026-11-24T08:00:00+00:00",
        "hp.epochs": 2,
    }
    return record | changed


def epochs(record: Trial, count: int = 3) -> list[Trial]:
    """History rows of ``record``'s search."""
    return [
        {
            "trial": record["trial"],
            "algorithm": record["algorithm"],
            "seed": record["seed"],
            "epoch": epoch,
            "genotype": record["genotype"],
            "skip_ratio": 0.1 * epoch,
            "skip_ratio_all_edges": 0.05 * epoch,
            "alpha_entropy": 1 - 0.1 * epoch,
            "search_seconds": 30.0 * epoch,
            "search_macs": 1e12 * epoch,
            "forwards": 0 if record["algorithm"] == "random" else 100 * epoch,
            "table_accuracy.cifar10": 80.0 + epoch,
        }
        for epoch in range(count)
    ]


@pytest.fixture(scope="session")
def make() -> Callable[..., Trial]:
    """Records by hand: ``make(algorithm, seed, test_error, **changed)``."""
    return trial


@pytest.fixture(scope="session")
def run() -> Callable[..., Run]:
    """A run of the given records, with a history for each search and a configuration that may be changed."""

    def build(*records: Trial, **config: Any) -> Run:
        searches = {r["trial"]: r for r in records if not r.get("parent")}
        history = [row for record in searches.values() for row in epochs(record)]
        asked = {"protocol": "mini", "space": "nats", "dataset": "cifar10", "reduced": True} | config
        return Run(Path("runs/made"), asked, records_frame(records), history_frame(history))

    return build
