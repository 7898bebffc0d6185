"""The paper's claims: each of its figures is published, and a verdict is what the test shows, no more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from described import done

from results.claims import check, claims
from results.metrics import columns
from results.published import published
from results.schema import records_frame


def record(algorithm: str, seed: int, **fields: Any) -> dict[str, Any]:
    return done(algorithm, seed, **{"trial": f"{algorithm}-{seed}-{fields.get('hp.latency_weight', '')}", **fields})


def verdicts(rows: list[dict[str, Any]], metric: str) -> list[tuple[str, str, int]]:
    return [(c.second, c.verdict, c.n) for c in check(records_frame(rows)) if c.metric == metric]


def test_every_figure_of_a_claim_is_in_the_papers_tables() -> None:
    paper = published()
    for row in claims().to_dict("records"):
        assert row["metric"] in columns()
        printed = paper[paper["table"] == row["where"].lower().replace(" ", "")].select_dtypes("number")
        numbers = {float(value) for value in printed.to_numpy().ravel()}
        for side in ("published_first", "published_second"):
            text = re.sub(r"CIFAR-\d+|at \d+ %", "", row[side])
            found = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
            assert found and set(found) <= numbers, (row["key"], side)


@pytest.mark.parametrize(("n", "verdict"), [(6, "agrees"), (5, "cannot tell")])
def test_a_claim_agrees_only_where_the_test_shows_it(n: int, verdict: str) -> None:
    rows = [record("rarts", s, skip_ratio=0.1 + s / 100) for s in range(n)]
    rows += [record("darts1", s, skip_ratio=0.9) for s in range(n)]
    assert verdicts(rows, "skip_ratio") == [("darts1", verdict, n)]
    turned = [{**r, "skip_ratio": 1 - r["skip_ratio"]} for r in rows]
    assert verdicts(turned, "skip_ratio") == [("darts1", "disagrees" if n == 6 else "cannot tell", n)]


def test_claims_tested_together_are_adjusted_for_one_another() -> None:
    """Two sided 2 / 2⁶ each: alone below 5 %, as one of two above it."""
    rows = [record("rarts", s, skip_ratio=0.1 + s / 100) for s in range(6)]
    rows += [record(other, s, skip_ratio=0.9) for other in ("darts1", "darts2") for s in range(6)]
    assert verdicts(rows, "skip_ratio") == [("darts1", "cannot tell", 6), ("darts2", "cannot tell", 6)]


def test_what_is_counted_needs_no_test_but_every_seed() -> None:
    rows = [record("rarts", s, search_macs=9.0) for s in range(2)] + [
        record("darts2", s, search_macs=12.0) for s in (0, 1)
    ]
    assert verdicts(rows, "search_macs") == [("darts2", "agrees", 2)]
    assert verdicts([*rows[:3], record("darts2", 1, search_macs=5.0)], "search_macs") == [("darts2", "cannot tell", 2)]


def test_pruned_networks_keep_their_accuracy_only_within_the_margin() -> None:
    cut = {"space": "resnet164", "evaluation": "pruned"}
    rows = [record("baseline", s, test_error=10.0, **cut) for s in range(6)]
    kept = [record("rarts", s, test_error=10.1 + s / 100, **cut) for s in range(6)]
    lost = [record("rarts", s, test_error=11.0 + s / 100, **cut) for s in range(6)]
    assert verdicts(rows + kept, "test_error") == [("baseline", "agrees", 6)]
    assert verdicts(rows + lost, "test_error") == [("baseline", "disagrees", 6)]


def test_a_latency_weight_is_compared_with_ten_times_itself_and_nothing_else() -> None:
    rows = [
        record("rarts", s, latency_ms=ms + s / 100, **{"hp.latency_weight": weight, "hp.lr": 0.1})
        for weight, ms in ((0.0, 9.0), (2e-4, 5.0), (2e-3, 4.0), (6e-3, 1.0))
        for s in range(6)
    ]
    (found,) = check(records_frame(rows))
    assert (found.detail, found.verdict) == ("latency_weight = 0.002 against 0.0002", "agrees")
    assert (round(found.ours_first, 3), round(found.ours_second, 3)) == (4.025, 5.025)


def test_a_claim_on_a_hyperparameter_says_at_which_values_of_the_others() -> None:
    rows = [
        record("rarts", s, latency_ms=ms, **{"hp.latency_weight": weight, "hp.lr": lr})
        for weight, ms in ((2e-4, 5.0), (2e-3, 4.0))
        for lr in (0.1, None)
        for s in range(6)
    ]
    details = [found.detail for found in check(records_frame(rows))]
    assert details == [f"latency_weight = 0.002 against 0.0002, lr = {lr}" for lr in ("0.1", "unset")]


def test_settings_of_a_sweep_are_never_averaged_into_a_claim() -> None:
    rows = [
        record("rarts", s, skip_ratio=0.1, **{"hp.rarts.lam": lam, "trial": f"{lam}{s}"})
        for lam in (1.0, 2.0)
        for s in range(6)
    ]
    rows += [record("darts1", s, skip_ratio=0.9) for s in range(6)]
    assert verdicts(rows, "skip_ratio") == []


def test_an_error_counts_on_the_data_that_were_searched_alone() -> None:
    """The paper searched CIFAR-100 itself: a cell found on CIFAR-10 and tested there says nothing of its claim."""
    rows = [record(name, s, test_error=error) for name, error in (("rarts", 5.0), ("darts1", 9.0)) for s in range(6)]
    moved = [{**row, "eval_dataset": "cifar100"} for row in rows]
    assert verdicts(rows + moved, "test_error") == [("darts1", "agrees", 6)]
    assert verdicts([{**row, "search_dataset": "cifar100"} for row in moved], "test_error") == [("darts1", "agrees", 6)]
    elsewhere = {"search_dataset": "ImageNet16-120", "eval_dataset": "ImageNet16-120"}
    assert verdicts([row | elsewhere for row in rows], "test_error") == []


def test_a_cost_that_the_budget_fixed_is_no_claims_evidence() -> None:
    rows = [record(name, 0, search_macs=macs) for name, macs in (("rarts", 1.001e12), ("darts2", 1.002e12))]
    assert verdicts([{**row, "hp.budget.epochs": 10} for row in rows], "search_macs") == [("darts2", "agrees", 1)]
    assert verdicts([{**row, "hp.budget.macs": 1e12} for row in rows], "search_macs") == []
