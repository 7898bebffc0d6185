"""Tables 1, 2 and 3 hold the paper's rows as printed, each once, with ours beside the row that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from reports import paper_tables
from reports.rows import methods
from reports.table import Table
from results import comparison
from results.latency_changes import latency_changes
from results.published import published
from results.schema import records_frame

Make = Callable[..., dict[str, Any]]
CELLS = {"space": "darts", "evaluation": "trained", "params": 3.3e6, "flops": 5.3e8, "search_device_days": 0.5}


def tables(*records: dict[str, Any]) -> dict[str, Table]:
    frame = records_frame(records)
    made = paper_tables.beside_published(comparison.comparison(frame), comparison.cost(frame), methods(frame))
    return {table.key: table for table in made}


def named(table: Table) -> pd.DataFrame:
    rows = table.shown.set_index("Algorithm")
    assert rows.index.is_unique
    return rows


@pytest.mark.parametrize(("key", "dataset"), [("table1", "cifar10"), ("table3", "imagefolder")])
def test_every_published_row_is_shown_once_as_printed(make: Make, key: str, dataset: str) -> None:
    rows = named(tables(make("rarts", 0, 4.0, **CELLS, eval_dataset=dataset))[key])
    paper = published(key)
    assert len(rows) == len(paper)
    header, places = ("Test error", 2) if key == "table1" else ("Top-1 error", 1)
    for line in paper.itertuples():
        shown = rows.loc[methods(records_frame([])).label(str(line.algorithm), str(line.variant))]
        spread = "" if pd.isna(line.test_error_sd) else f" ± {line.test_error_sd:.2f}"
        assert shown[f"{header} (%), published"] == f"{line.test_error:.{places}f}{spread}"
        assert float(shown["Parameters (10⁶), published"]) == line.params_m
        if key == "table3":
            assert float(shown["Top-5 error (%), published"]) == line.top5_error


def test_ours_join_their_own_row_and_others_have_an_empty_cell(make: Make) -> None:
    rows = named(tables(*(make("darts2", seed, 5.0 + seed, **CELLS) for seed in range(2)))["table1"])
    ours = rows.loc["DARTS-2"]
    assert ours["n, ours"] == "2"
    assert ours["Test error (%), ours (mini)"] == "5.50 ± 0.71"
    assert ours["Test error (%), published"] == "2.76 ± 0.09"
    assert ours["Parameters (10⁶), ours (mini)"] == "3.30"
    assert ours["Search cost (device days), ours (mini)"] == "0.500"
    assert ours["Search cost (device days), published"] == "4"
    assert set(rows.drop("DARTS-2")["Test error (%), ours (mini)"]) == {"–"}


def test_where_the_paper_has_several_variants_ours_is_none_of_them(make: Make) -> None:
    rows = named(tables(make("milenas", 0, 5.0, **CELLS))["table1"])
    assert rows.loc["MiLeNAS", "Test error (%), published"] == "–"
    assert rows.loc["MiLeNAS (3.9M)", "Test error (%), published"] == "2.51 ± 0.11"
    assert comparison.comparison(records_frame([make("milenas", 0, 5.0, **CELLS)]))["published_error"].isna().all()


def test_a_table_belongs_to_its_space_and_data_set(make: Make) -> None:
    assert list(tables(make("rarts", 0, 4.0))) == []
    assert list(tables(make("rarts", 0, 4.0, **CELLS, eval_dataset="cifar100"))) == []
    both = tables(make("rarts", 0, 4.0, **CELLS), make("rarts", 0, 30.0, **CELLS, eval_dataset="imagefolder"))
    assert list(both) == ["table1", "table3"]
    assert named(both["table3"]).loc["RARTS", "Multiply-adds (10⁶), ours (mini)"] == "530"


PRUNED = CELLS | {"space": "resnet164", "evaluation": "pruned", "flops_full": 9e8, "test_error_before": 60.0}


def test_table_5_joins_by_the_ratio_that_was_reached(make: Make) -> None:
    records = [make("rarts", seed, 5.0 + seed, **PRUNED, prc=0.4 + 1e-4) for seed in range(2)]
    records += [make("rarts", 0, 9.0, trial="b", variant="prc = 0.6", **PRUNED, prc=0.6)]
    records += [make("baseline", 0, 7.0, **PRUNED, prc=0.0)]
    rows = tables(*records)["table5"].shown
    assert len(rows) == len(published("table5")) / 2  # the rows of CIFAR-10
    ours = rows[rows["n, ours"] != "–"].set_index("PRC (%), published")
    assert ours.loc["40", ["Error (%), ours (mini)", "Error (%), published"]].tolist() == ["5.50 ± 0.71", "4.58"]
    assert ours.loc["60", ["Error (%), ours (mini)", "Error (%), published"]].tolist() == ["9.00", "4.90"]
    assert ours.loc["–", ["Error (%), ours (mini)", "Error (%), published"]].tolist() == ["7.00", "5.42"]
    assert ours.loc["40", "PRC (%), ours (mini)"] == "40.01 ± 0.00"
    assert ours.loc["40", "Multiply-adds, whole (10⁶), ours (mini)"] == "900"


def test_a_published_row_without_a_ratio_stands_beside_ours_at_each(make: Make) -> None:
    records = [make("tas", 0, 8.0, **PRUNED, prc=0.4), make("tas", 0, 9.0, trial="b", variant="b", **PRUNED, prc=0.6)]
    rows = tables(*records)["table5"].shown
    assert len(rows) == len(published("table5")) / 2 + 1
    ours = rows[rows["n, ours"] != "–"]
    assert ours["Error (%), ours (mini)"].tolist() == ["8.00", "9.00"]
    assert ours["Error (%), published"].tolist() == ["6.00", "6.00"]
    assert ours["PRC (%), published"].tolist() == ["–", "–"]
    alone = tables(make("rarts", 0, 5.0, **PRUNED, prc=0.4))["table5"].shown
    assert (alone["Error (%), published"] == "6.00").sum() == 1


def test_table_6_is_of_an_image_folder(make: Make) -> None:
    folder = {"space": "mobilenetv2", "search_dataset": "imagefolder", "eval_dataset": "imagefolder"}
    records = [make("rarts", seed, 30.0, **PRUNED | folder, prc=0.7 + 0.02 * seed) for seed in range(2)]
    rows = named(tables(*records)["table6"])
    assert len(rows) == len(published("table6"))
    assert rows.loc["RARTS", ["PRC (%), ours (mini)", "PRC (%), published"]].tolist() == [
        "71.00 ± 1.41",
        "71.2 ± 1.9",
    ]
    assert rows.loc["Random pruning", "Error (%), published"] == "12.0 ± 1.1"


def test_table_2_says_what_was_changed(make: Make) -> None:
    base = {"hp.latency_weight": 2e-3, "hp.batch_size": 64, "hp.arch_lr": 3e-4, "hp.arch_weight_decay": 1e-3}
    timed = CELLS | {"latency_source": "measured: cpu", **base}
    frame = records_frame(
        [
            make("rarts", 0, 4.0, **timed | {"latency_ms": 4.0}),
            make("rarts", 0, 5.0, trial="b", **timed | {"latency_ms": 3.0, "hp.latency_weight": 2e-2}),
        ]
    )
    rows = paper_tables.latencies(latency_changes(frame), methods(frame)).shown.set_index("Changed")
    assert rows.loc["latency_weight × 10", ["Change (%)", "Published change (%)"]].tolist() == ["−25.0", "−42.9"]
    assert rows.loc["baseline", ["Latency (ms), mean ± sd", "Published latency (ms)"]].tolist() == ["4.000", "21.7"]
    assert rows.loc["batch_size ÷ 4", ["n", "Published latency (ms)"]].tolist() == ["–", "16.5"]
    assert len(rows) == len(published("table2"))
