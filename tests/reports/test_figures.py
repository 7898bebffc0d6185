"""What the figures show: every search, the right means, one colour an algorithm, and no random search by epoch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from described import looks
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from algorithms import ALGORITHMS
from reports import figures, page
from reports.rows import methods
from results import comparison
from results.schema import records_frame
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_an_algorithm_keeps_its_colour_and_marker_in_any_company() -> None:
    alone, among = looks(["rarts"]), looks(["rarts", "darts1", "random", "abc", "xyz"])
    assert alone["rarts"] == among["rarts"]
    assert len({look.colour for look in among.values()}) == len({look.marker for look in among.values()}) == 5
    assert list(among) == ["darts1", "rarts", "abc", "xyz", "random"]


def test_no_two_algorithms_look_alike() -> None:
    # Without their parts: there are 55 pairs of a colour and a marker, and no page shows as many rows.
    every = looks(ALGORITHMS.single).values()
    assert len({(look.colour, look.marker) for look in every}) == len(ALGORITHMS.single)


def test_names_come_from_the_records_then_from_the_paper_and_fall_back() -> None:
    rows = [{"algorithm": "rarts", "title": "Ours", "order": 7}, {"algorithm": "new_one", "variant": "a"}]
    named = methods(records_frame(rows))
    assert [named.label("rarts"), named.label("rarts", "k = 2")] == ["Ours", "Ours (k = 2)"]
    assert [named.label("milenas", "3.9M"), named.label("new_one"), named.label("else")] == [
        "MiLeNAS (3.9M)",
        "new_one",
        "else",
    ]
    shown = sorted(["new_one", "random", "rarts", "milenas"], key=named.precedence)
    assert shown == ["milenas", "rarts", "new_one", "random"]


def test_every_search_by_epoch_with_its_mean_and_without_random(make: Make, run: Build) -> None:
    history = comparison.epochs(run(*(make(a, s, 9.0) for a in ("rarts", "random") for s in range(2))).history)
    history.loc[history["trial"] == "rarts-1", "skip_ratio"] += 0.5
    figure = figures.by_epoch(history, {"skip_ratio": "skips"}, looks(["rarts", "random"]))
    assert figure is not None
    assert legend(figure) == ["RARTS"]
    lines = sorted(
        (line for line in figure.axes[0].lines if len(line.get_xdata())), key=lambda line: line.get_linewidth()
    )
    assert [list(line.get_xdata()) for line in lines] == [[0, 1, 2]] * 3
    np.testing.assert_allclose(lines[-1].get_ydata(), [0.25, 0.35, 0.45])
    assert {to_rgb(line.get_color()) for line in lines} == {looks(["rarts"])["rarts"].colour}
    assert figure.axes[0].get_ylabel() == "skips"


def test_nothing_is_drawn_of_what_was_not_measured(make: Make, run: Build) -> None:
    made = run(make("rarts", 0, 9.0))
    assert figures.by_epoch(made.history, {"lambda_max": "λ"}, looks(["rarts"])) is None
    assert figures.error_against_cost(made.records.assign(test_error=np.nan), looks(["rarts"])) is None
    curve = comparison.anytime(made.history.drop(columns="table_accuracy.cifar10"), made.records)
    assert figures.anytime(curve, {}, looks(["rarts"])) is None


def test_error_against_cost_marks_searches_and_their_mean(make: Make, run: Build) -> None:
    records = run(make("rarts", 0, 8.0, search_macs=2e12), make("rarts", 1, 10.0, search_macs=4e12)).records
    figure = figures.error_against_cost(records, looks(["rarts"]))
    assert figure is not None
    searches, mean = figure.axes[0].collections
    np.testing.assert_allclose(searches.get_offsets(), [[2, 8], [4, 10]])
    np.testing.assert_allclose(mean.get_offsets(), [[3, 9]])
    assert figure.axes[0].get_xlabel() == "search cost (10¹² multiply-adds)"
    assert figure.axes[1].get_xlabel() == "search time (s)"


def test_anytime_shows_random_as_a_level(make: Make, run: Build) -> None:
    made = run(make("rarts", 0, 9.0), make("random", 0, 7.0))
    curve = comparison.anytime(comparison.epochs(made.history), made.records)
    figure = figures.anytime(curve, {("random", "cifar10"): 93.0}, looks(["rarts", "random"]))
    assert figure is not None
    assert legend(figure) == ["RARTS", "Random"]
    dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert [set(line.get_ydata()) for line in dashed] == [{93.0}]


@pytest.mark.parametrize(("values", "scale"), [([0.1, 1.0, 10.0], "log"), ([1.0, 2.0, 3.0], "linear")])
def test_sensitivity_shows_means_and_every_value(make: Make, run: Build, values: list[float], scale: str) -> None:
    records = run(
        *(make("rarts", s, 10 * v + s, trial=f"{v}-{s}", **{"hp.rarts.lam": v}) for v in values for s in range(3))
    ).records
    figure = figures.sensitivity(comparison.sensitivity(records, "hp.rarts.lam"), "hp.rarts.lam", looks(["rarts"]))
    assert figure is not None
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[v, 10 * v + 1] for v in values])
    marks = sorted(y for line in axes.lines[1:] for y in line.get_ydata())
    np.testing.assert_allclose(marks, sorted(10 * v + s for v in values for s in range(3)))
    assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == (scale, "rarts.lam", "test error (%)")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [f"{v:g}" for v in values]


def test_sensitivity_to_a_choice_of_words(make: Make, run: Build) -> None:
    records = run(
        *(make("darts1", 0, e, trial=o, **{"hp.darts1.order": o}) for o, e in (("w", 9.0), ("alpha", 7.0)))
    ).records
    frame = comparison.sensitivity(records, "hp.darts1.order")
    figure = figures.sensitivity(frame, "hp.darts1.order", looks(["darts1"]))
    assert figure is not None
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["alpha", "w"]
    assert list(figure.axes[0].lines[0].get_ydata()) == [7.0, 9.0]


def test_measured_against_predicted_latency_has_a_point_a_network(make: Make, run: Build) -> None:
    timed = {"latency_source": "measured: cpu", "latency_iqr_ms": 0.5}
    records = run(
        make("rarts", 0, 8.0, latency_ms=4.0, latency_predicted_ms=2.0, **timed),
        make("darts1", 0, 8.0, latency_ms=6.0, latency_predicted_ms=5.0, **timed),
        make("darts1", 1, 8.0, latency_ms=7.0, **timed),
    ).records
    figure = figures.latency(records, looks(["rarts", "darts1"]))
    assert figure is not None
    points = [tuple(xy) for bars in figure.axes[0].containers for xy in bars.lines[0].get_xydata()]
    assert sorted(points) == [(2.0, 4.0), (5.0, 6.0)]
    assert legend(figure) == ["DARTS-1", "RARTS"]
    assert figures.latency(records[2:], looks(["darts1"])) is None


PRUNED = {
    "evaluation": "pruned",
    "layer_widths": '{"a": "2 of 8", "b": "8 of 8"}',
    "prc": 0.375,
    "flops": 2e6,
    "flops_full": 8e6,
}


def test_widths_are_a_line_a_search_in_the_networks_order(make: Make, run: Build) -> None:
    made = run(make("rarts", 0, 9.0, **PRUNED), make("darts1", 0, 9.0))
    figure = figures.widths(made.records, looks(["rarts", "darts1"]))
    assert figure is not None and legend(figure) == ["RARTS"]
    (line,) = figure.axes[0].lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2], [25, 100])
    assert figures.widths(run(make("darts1", 0, 9.0)).records, looks(["darts1"])) is None


def test_a_pruned_network_is_placed_by_its_error_its_size_and_what_it_saves(make: Make, run: Build) -> None:
    made = run(make("rarts", 0, 9.0, **PRUNED), make("rarts", 1, 11.0, **PRUNED | {"flops": 4e6}))
    figure = figures.against_size(made.records, looks(["rarts"]))
    assert figure is not None
    marks = [[list(map(list, drawn.get_offsets())) for drawn in axes.collections] for axes in figure.axes]
    assert marks == [[[[2, 9], [4, 11]], [[3, 10]]], [[[37.5, 75], [37.5, 50]], [[37.5, 62.5]]]]


def test_a_pruned_chain_is_no_cell_and_its_long_genotype_is_shortened(make: Make, run: Build, tmp_path: Path) -> None:
    genotype = "resnet164 " + " ".join(f"layer{i}:0-7" for i in range(100))
    page.write([run(make("rarts", 0, 9.0, **PRUNED, genotype=genotype))], tmp_path)
    assert not list(tmp_path.glob("figures/cell_*"))
    assert (tmp_path / "figures" / "layer_widths.svg").exists()
    assert genotype not in (tmp_path / "report.md").read_text()
    assert genotype in (tmp_path / "tables" / "trials.csv").read_text()
