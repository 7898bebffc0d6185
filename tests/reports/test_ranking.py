"""The ranked table at a run's end says what the page says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.ranking import ranking
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]


def test_methods_are_ranked_by_mean_with_what_the_test_says(make: Make, run: Build) -> None:
    rows = [make("rarts", s, 5 + s / 10) for s in range(6)] + [make("darts1", s, 9 - s / 10) for s in range(6)]
    rows += [make("gdas", s, 7.0, search_macs=None) for s in range(3)]
    (table,) = ranking([run(*rows)])
    assert table.title == "cifar10: nats space, searched on cifar10, protocol “mini”"
    assert table.shown.to_numpy().tolist() == [
        ["1", "RARTS", "5.25 ± 0.19", "6", "2.50", "lowest mean"],
        ["2", "GDAS", "7.00 ± 0.00", "3", "–", "no test (n = 3)"],
        ["3", "DARTS-1", "8.75 ± 0.19", "6", "2.50", "worse, p = 0.031"],
    ]


def test_a_sweeps_settings_have_a_row_each(make: Make, run: Build) -> None:
    rows = [make("rarts", s, lam, trial=f"{lam}{s}", **{"hp.rarts.lam": lam}) for lam in (1.0, 3.0) for s in range(2)]
    (table,) = ranking([run(*rows)])
    assert table.shown["Algorithm"].tolist() == ["RARTS (lam = 1)", "RARTS (lam = 3)"]
