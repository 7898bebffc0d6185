"""The tables show the right numbers, and nothing where there is nothing."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports import tables
from reports.matrix import matrix
from reports.rows import Methods, methods
from reports.table import Table
from results import comparison, pairs
from results.answer import answer
from results.published import published
from results.schema import records_frame

Make = Callable[..., dict[str, Any]]


def accuracy(*records: dict[str, Any]) -> Table:
    frame = records_frame(records)
    paper = published()
    paper = paper[(paper["task"] == "nats") & paper["test_error"].notna()]
    compared, costs = comparison.comparison(frame), comparison.cost(frame)
    return tables.accuracy(compared, costs, paper, methods(frame))


def differences(frame: pd.DataFrame) -> Table:
    rows = pairs.frame(pairs.compare(frame)).assign(eval_dataset="cifar10", evaluation="table")
    return tables.differences(rows, methods(frame))


def row(table: Table, algorithm: str, dataset: str = "cifar10") -> pd.Series:
    found = table.shown[(table.shown["Algorithm"] == algorithm) & (table.shown["Data set"] == dataset)]
    assert len(found) == 1, table.shown
    return found.iloc[0]


def test_mean_deviation_values_and_published_figure(make: Make) -> None:
    table = accuracy(*(make("darts1", seed, error) for seed, error in [(2, 17.0), (0, 10.0), (1, 12.0)]))
    shown = row(table, "DARTS-1")
    assert shown["n"] == "3"
    assert shown["Test error (%), mean ± sd"] == "13.00 ± 3.61"  # √(26 / 2), ddof = 1
    assert shown["Every value (%)"] == "10.00, 12.00, 17.00"
    assert shown["Published (paper protocol) (%)"] == "40.16"
    assert shown["Published skips (%)"] == "100.0"
    assert shown["Skips (% of edges not none)"] == "40.0"  # 2 skips of 5 edges that are not none
    assert shown["Skips (% of all edges)"] == "33.3"
    assert shown["Search cost (10¹² multiply-adds)"] == "2.50"
    assert any("ddof = 1" in note for note in table.notes)


def test_the_interval_is_students(make: Make) -> None:
    """12.6 ± 2.776 · 2.702 / √5."""
    errors = [10.0, 12.0, 17.0, 11.0, 13.0]
    shown = row(accuracy(*(make("rarts", seed, error) for seed, error in enumerate(errors))), "RARTS")
    assert [float(end) for end in re.findall(r"[\d.]+", shown["95 % interval"])] == [9.25, 15.95]


def test_from_five_searches_on_values_give_way_to_the_interval(make: Make) -> None:
    four = accuracy(*(make("rarts", seed, 10.0 + seed) for seed in range(4)))
    five = accuracy(*(make("rarts", seed, 10.0 + seed) for seed in range(5)))
    assert row(four, "RARTS")["Every value (%)"] == "10.00, 11.00, 12.00, 13.00"
    assert "Every value (%)" not in five.shown
    assert "95 % interval" not in four.shown  # the values say more
    assert row(five, "RARTS")["Test error (%), mean ± sd"] == "12.00 ± 1.58"


def test_one_search_has_neither_deviation_nor_interval(make: Make) -> None:
    table = accuracy(make("rarts", 0, 11.5))
    assert row(table, "RARTS")["Test error (%), mean ± sd"] == "11.50"
    assert "95 % interval" not in table.shown


def test_published_algorithms_that_were_not_run_say_so(make: Make) -> None:
    table = accuracy(make("rarts", 0, 11.5))
    assert row(table, "DARTS-2")["n"] == "not run"
    assert row(table, "DARTS-2")["Published (paper protocol) (%)"] == "34.62"
    assert set(table.shown["Data set"]) == {"cifar10"}
    assert list(table.shown["Algorithm"]) == ["DARTS-1", "DARTS-2", "RARTS"]
    assert "DARTS-2" not in set(accuracy(make("milenas", 0, 9.0)).shown["Algorithm"])


def test_nothing_is_published_for_digits_and_such_columns_are_gone(make: Make) -> None:
    table = accuracy(make("rarts", 0, 3.0, eval_dataset="digits", search_dataset="digits", evaluation="trained"))
    assert not [column for column in table.shown if "ublished" in column]
    assert table.title == "Test error"
    assert not (table.shown == "–").any(axis=None)


def test_a_transfer_is_not_passed_off_as_the_papers_search(make: Make) -> None:
    transferred = accuracy(make("rarts", 0, 30.0, eval_dataset="cifar100"))
    assert any("ours ran on cifar10 and were transferred" in note for note in transferred.notes)
    assert not any("transferred" in note for note in accuracy(make("rarts", 0, 11.0)).notes)


def test_random_search_says_how_many_cells_it_drew_and_what_they_cost(make: Make) -> None:
    changed = {"hp.random.k": 7, "search_macs": 5e11}
    table = accuracy(make("rarts", 0, 11.0), make("random", 0, 9.0, **changed))
    assert row(table, "Random (best of k = 7)")["Search cost (10¹² multiply-adds)"] == "0.500"
    assert table.shown["Algorithm"].iloc[-1] == "Random (best of k = 7)"


def test_failed_and_diverged_trials_are_counted_where_they_belong(make: Make) -> None:
    lost = {"evaluation": "none", "eval_dataset": None, "test_error": None}
    table = accuracy(
        make("rarts", 0, 11.0),
        make("rarts", 1, status="diverged", error="loss is not finite at step 3", **lost),
        make("darts1", 0, status="failed", error="out of memory", **lost),
    )
    assert row(table, "RARTS")[["n", "Diverged", "Failed"]].tolist() == ["1", "1", "0"]
    assert row(table, "DARTS-1")[["n", "Diverged", "Failed"]].tolist() == ["0", "0", "1"]
    assert row(table, "DARTS-1")["Test error (%), mean ± sd"] == "–"


def test_kinds_of_evaluation_stay_apart(make: Make) -> None:
    trained = make("rarts", 0, 4.0, trial="t", parent="rarts-0", evaluation="trained", eval_seed=0)
    table = accuracy(make("rarts", 0, 11.0), trained)
    ours = table.shown[table.shown["Algorithm"] == "RARTS"]
    assert dict(zip(ours["Evaluation"], ours["Every value (%)"], strict=True)) == {"table": "11.00", "trained": "4.00"}


def test_place_and_cost(make: Make) -> None:
    frame = records_frame(
        [make("darts1", 0, 10.0), make("rarts", 0, 9.0, search_seconds=90.0, search_macs=5e12, forwards=400)]
    )
    named = methods(frame)
    place = tables.place(comparison.comparison(frame), named)
    assert row(place, "RARTS")["Rank, mean"] == "100"
    assert row(place, "RARTS")["Regret (percentage points), mean"] == "2.50"
    cost = tables.cost(comparison.cost(frame), named).shown.set_index("Algorithm")
    assert cost.loc["RARTS", ["Time ÷ DARTS-1", "Multiply-adds ÷ DARTS-1", "Forward passes"]].tolist() == [
        "1.50",
        "2.00",
        "400",
    ]
    assert "Peak memory (MB)" not in cost


@pytest.mark.parametrize(("n", "p"), [(6, "0.0312"), (5, None)])
def test_paired_differences_give_p_only_where_n_allows(make: Make, n: int, p: str | None) -> None:
    records = [make(a, s, e + 0.1 * s) for a, e in (("rarts", 9.0), ("darts1", 11.0)) for s in range(n)]
    records.append(make("darts1", 99, 50.0))
    frame = records_frame(records)
    shown = differences(frame).shown.iloc[0]
    assert shown[["First", "Second", "n"]].tolist() == ["RARTS", "DARTS-1", str(n)]
    assert shown["First − second (percentage points), mean"] == "−2.00"
    assert shown.get("p") == shown.get("p, adjusted") == p  # every sign alike: 2 / 2⁶


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_below_five_pairs_every_difference_is_shown_in_the_order_of_seeds(make: Make, tmp_path: Path, n: int) -> None:
    second = [11.0, 9.5, 14.25, 12.0, 10.0]
    records = [make("darts1", s, second[s]) for s in range(n)] + [make("rarts", s, 10.0) for s in reversed(range(n))]
    made = differences(records_frame(records))
    note = "Below n = 5 there is no interval, for the values say more; they are shown in the order of seeds."
    if n == 5:
        assert "Every difference (percentage points)" not in made.shown
        assert note not in made.notes
        return
    expected = ["−1.00", "0.50", "−4.25", "−2.00"][:n]  # the better mean first: RARTS minus DARTS-1
    assert made.shown["Every difference (percentage points)"].tolist() == [", ".join(expected)]
    assert note in made.notes
    assert "95 % interval" not in made.shown
    made.write(tmp_path)
    read = pd.read_csv(tmp_path / "differences.csv")
    assert [float(v) for v in str(read["values"].item()).split()] == [-1.0, 0.5, -4.25, -2.0][:n]


def test_pairs_with_one_common_seed_have_no_spread_and_no_test(make: Make) -> None:
    records = [make(a, s, e) for a, e in (("rarts", 9.0), ("darts1", 11.0)) for s in range(2)]
    frame = records_frame([*records, make("gdas", 0, 30.0)])
    made = differences(frame)
    assert made.shown[["First", "Second", "n"]].to_numpy().tolist() == [
        ["RARTS", "DARTS-1", "2"],
        ["RARTS", "GDAS", "1"],
        ["DARTS-1", "GDAS", "1"],
    ]
    assert not {"95 % interval", "p", "p, adjusted"} & set(made.shown)


def test_ranks_over_common_seeds(make: Make) -> None:
    errors = {"rarts": 1.0, "darts1": 2.0, "milenas": 3.0}
    frame = records_frame([make(a, s, e + s) for a, e in errors.items() for s in range(5)])
    shown = tables.ranks(frame, methods(frame)).shown.iloc[0]
    assert shown["Mean ranks by test error (1 = lowest)"] == "RARTS 1.00, DARTS-1 2.00, MiLeNAS 3.00"
    assert shown["Friedman χ²"] == "10.00"  # 12 / (n k (k + 1)) Σ R² − 3 n (k + 1), n = 5, k = 3
    assert tables.ranks(frame[frame["seed"] < 4], methods(frame)).shown.empty


def test_two_algorithms_of_one_title_are_ranked_apart(make: Make) -> None:
    errors = {"darts1": ("DARTS-1", 10.0), "rarts": ("X", 20.0), "gdas": ("X", 40.0), "milenas": ("Z", 30.0)}
    rows = [make(name, s, e + s, title=title) for name, (title, e) in errors.items() for s in range(6)]
    frame = records_frame(rows)
    shown = tables.ranks(frame, methods(frame)).shown.iloc[0]
    assert shown["Mean ranks by test error (1 = lowest)"] == "DARTS-1 1.00, X 2.00, Z 3.00, X 4.00"


def test_an_algorithm_of_few_seeds_takes_none_from_the_ranks_of_the_others(make: Make) -> None:
    errors = {"rarts": 1.0, "darts1": 2.0, "milenas": 3.0}
    whole = [make(a, s, e + s) for a, e in errors.items() for s in range(5)]
    frame = records_frame([*whole, make("gdas", 0, 0.5)])
    shown = tables.ranks(frame, methods(frame)).shown.iloc[0]
    assert shown["Mean ranks by test error (1 = lowest)"] == "RARTS 1.00, DARTS-1 2.00, MiLeNAS 3.00"
    assert (shown["n"], shown["Left out"]) == ("5", "GDAS")


def test_gates_at_zero_are_shown_and_explained_where_the_ratio_left_some(make: Make) -> None:
    cut = {"evaluation": "pruned", "prc": 0.4, "prc_global": 0.4, "prc_asked": 0.4}
    few = records_frame([make("rarts", 0, 9.0, **cut, zero_gates=0.4), make("tas", 0, 9.0, **cut)])
    made = tables.trials(few, methods(few))
    assert made.shown["Gates exactly 0 before the cut (%)"].tolist() == ["40.0", "–"]
    assert made.notes == ()
    many = records_frame([make("rarts", 0, 9.0, **cut, zero_gates=0.875)])
    made = tables.trials(many, methods(many))
    assert made.shown["Gates exactly 0 before the cut (%)"].tolist() == ["87.5"]
    assert "lower space.l1" in made.notes[0]
    zeros_decide = records_frame([make("rarts", 0, 9.0, **cut | {"prc_asked": None}, zero_gates=0.45)])
    assert tables.trials(zeros_decide, methods(zeros_decide)).notes == ()
    assert not [
        c for c in tables.trials(records_frame([make("rarts", 0, 9.0)]), Methods({}, {}, {})).shown if "Gates" in c
    ]


def test_csv_keeps_full_precision(make: Make, tmp_path: Path) -> None:
    errors = [10.0, 1 / 3, 17.123456789]
    accuracy(*(make("rarts", seed, error) for seed, error in enumerate(errors))).write(tmp_path)
    read = pd.read_csv(tmp_path / "test_error.csv").set_index("algorithm")
    assert read.loc["rarts", "test_error_mean"] == pytest.approx(sum(errors) / 3, rel=1e-15)
    assert [float(v) for v in read.loc["rarts", "test_error_values"].split()] == errors


def test_latex_is_whole_and_escaped(make: Make, tmp_path: Path) -> None:
    accuracy(make("a_b&c%", 0, 9.0), make("rarts", 0, 11.0)).write(tmp_path)
    text = (tmp_path / "test_error.tex").read_text(encoding="utf-8")
    assert r"a\_b\&c\%" in text
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        ("begin", "table"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table"),
    ]
    bare = re.sub(r"\\[&%$#_{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    (layout,) = re.findall(r"\{tabular\}\{([lr]+)\}", text)
    body = bare[bare.index(r"\toprule") : bare.index(r"\bottomrule")]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(lines) == 5  # header, two that were run, two only published
    assert {line.count("&") for line in lines} == {len(layout) - 1}
    assert text.isascii()


def test_the_heads_of_the_pairs_are_as_high_as_the_longest_name_is_wide(make: Make) -> None:
    """DejaVu Sans, thousandths of an em: R 695, A 684, T 611, S 635, RARTS takes 3.32 em."""
    frame = records_frame([make(a, s, 9.0 + s, **{"hp.random.k": 10}) for a in ("rarts", "darts1") for s in range(2)])
    short, _ = matrix(answer(frame).verdicts[0], methods(frame), "")
    assert short.head >= 3.32
    frame = records_frame([make(a, s, 9.0 + s, **{"hp.random.k": 10}) for a in ("rarts", "random") for s in range(2)])
    long, _ = matrix(answer(frame).verdicts[0], methods(frame), "")
    assert "Random (best of k = 10)" in long.names and long.head > 2.5 * short.head
