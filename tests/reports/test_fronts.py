"""What the page says of the exact front: closed forms, the staircase, who is left out and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports import fronts, page
from reports.rows import methods
from reports.table import Table
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]

LATENCY = "device_latency.pi"
# Normalised, the front is (0, 1) and (1, 0): 0.21 up to the reference (1.1, 1.1).
STATED = {"cifar10": {"params": "1 50, 2 10", LATENCY: "10 50, 30 10"}}


@pytest.fixture
def made(make: Make, run: Build) -> Run:
    return run(
        make("rarts", 0, 10.0, params=2, **{LATENCY: 30.0}),
        make("rarts", 1, 30.0, params=2, **{LATENCY: 30.0}),
        make("darts1", 0, 50.0, params=1, **{LATENCY: 10.0}),
        make("darts1", 1, 90.0, params=1, **{LATENCY: None}),
        make("darts1", 2, status="failed"),
        fronts=STATED,
    )


def shown(run: Run) -> Table:
    (table,) = fronts.tables(fronts.fronts([run.config]), run.records, methods(run.records))
    return table


def test_each_method_has_its_measures_its_latencies_and_what_has_none(made: Run) -> None:
    numbers = shown(made).numbers.set_index("algorithm")
    assert numbers["n"].to_dict() == {"rarts": 2, "darts1": 2}
    # RARTS has the point (1, 0); the other, (1, 0.5), adds nothing. DARTS-1 has (0, 1), and of params one beyond.
    for column in (LATENCY, "params"):
        assert numbers[f"hypervolume_ratio.{column}"].to_dict() == pytest.approx(
            {"rarts": 0.11 / 0.21, "darts1": 0.11 / 0.21}
        )
        # From (0, 1) the nearest that RARTS has is (1, 0.5).
        assert numbers[f"igd.{column}"].to_dict() == pytest.approx({"rarts": 1.25**0.5 / 2, "darts1": 2**0.5 / 2})
    assert numbers[f"{LATENCY}_mean"].to_dict() == {"rarts": 30, "darts1": 10}
    assert numbers[f"{LATENCY}_missing"].to_dict() == {"rarts": 0, "darts1": 1}
    text = shown(made).shown.set_index("Algorithm").loc["DARTS-1"]
    assert text["Latency on pi (ms), mean"] == "10.0 (10.0)" and text["Without a latency on pi"] == "1"
    assert text["Hypervolume ratio, latency on pi"] == "0.524"
    assert list(text.index)[2:4] == ["Latency on pi (ms), mean", "Without a latency on pi"]


def test_a_device_that_a_run_did_not_name_is_blank_and_no_cell_without_a_path(make: Make, run: Build) -> None:
    other = "device_latency.phone"
    both = {"cifar10": {**STATED["cifar10"], other: "1 50, 2 10"}}
    table = shown(
        run(
            make("rarts", 0, 10.0, params=2, **{LATENCY: 30.0, other: None}),
            make("rarts", 1, 90.0, params=1, **{LATENCY: None, other: None}),
            make("darts1", 0, 10.0, params=2, **{LATENCY: None, other: 2.0}),
            fronts=both,
        )
    )
    rows = table.shown.set_index("Algorithm")
    assert rows["Without a latency on pi"].to_dict() == {"RARTS": "1", "DARTS-1": "–"}
    assert rows["Hypervolume ratio, latency on pi"].to_dict() == {"RARTS": "0.524", "DARTS-1": "–"}
    assert rows.loc["DARTS-1", "Hypervolume ratio, latency on phone"] == "0.524"


def test_the_step_line_is_the_front_and_every_found_cell_with_a_latency_is_a_mark(made: Run) -> None:
    (chart,) = fronts.charts(fronts.fronts([made.config]), made.records, methods(made.records))
    (panel,) = chart.panels
    assert list(panel.front)[:3] == [(10, 50), (30, 50), (30, 10)] and panel.front[-1] == (chart.x.high, 10)
    assert sorted(dot.trial for dot in panel.dots if not dot.mean) == ["darts1-0", "rarts-0", "rarts-1"]
    means = {dot.label: (dot.x, dot.y) for dot in panel.dots if dot.mean}
    assert means == {"RARTS": (30, 20), "DARTS-1": (10, 50)}
    assert all(chart.y.holds(error) and chart.x.holds(cost) for cost, error in ((10, 50), (30, 10), (30, 30)))


def test_runs_that_differ_in_a_front_are_not_measured_by_it(made: Run) -> None:
    other = {"fronts": {"cifar10": {"params": "1 50, 2 9"}}}
    assert list(fronts.fronts([made.config, other])["cifar10"]) == [LATENCY]
    assert fronts.differing([made.config, other]) == ["cifar10"] and not fronts.differing([made.config, made.config])
    assert fronts.fronts([{}, {"fronts": None}]) == {}
    named = methods(made.records)
    assert fronts.tables({}, made.records, named) == fronts.charts({}, made.records, named) == []


def test_the_page_has_table_and_figure_and_is_the_same_twice(made: Run, tmp_path: Path) -> None:
    first, again = (page.write([made], tmp_path / name).read_text() for name in ("a", "b"))
    assert first == again
    assert "<summary>Against the exact front</summary>" in first and "Error against latency on pi" in first
    assert first.count('class="front"') >= 1 and "Latency on pi (ms)" in first
    assert "Against the exact front" in (tmp_path / "a" / "report.md").read_text()
    written = pd.read_csv(tmp_path / "a" / "tables" / "fronts.csv").set_index("algorithm")
    assert written.loc["rarts", f"hypervolume_ratio.{LATENCY}"] == pytest.approx(0.11 / 0.21)
    trials = pd.read_csv(tmp_path / "a" / "tables" / "trials.csv")
    assert trials[LATENCY].notna().sum() == 3


def test_a_devices_name_is_text_and_never_markup(make: Make, run: Build, tmp_path: Path) -> None:
    column = "device_latency.<script>x"
    made = run(make("rarts", 0, 10.0, **{column: 3.0}), fronts={"cifar10": {column: "1 50, 3 10"}})
    text = page.write([made], tmp_path).read_text()
    assert "<script>x" not in text and "&lt;script&gt;x" in text
