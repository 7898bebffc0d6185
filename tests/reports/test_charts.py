"""What the figures show: every search, the right means, a front that nobody beats, and colours that all can tell."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import dynamics, scatters
from reports.forest import forest, pareto
from reports.rows import methods
from reports.scale import Scale, robust, spanning
from reports.style import DARK, LIGHT
from results.answer import answer
from results.schema import records_frame
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]


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


def test_every_search_by_epoch_with_its_mean_and_band_and_without_random(make: Make, run: Build) -> None:
    made = run(*(make(a, s, 9.0) for a in ("rarts", "random") for s in range(2)))
    history = made.history.copy()
    history.loc[history["trial"] == "rarts-1", "skip_ratio"] += 0.5
    charts = {chart.key: chart for chart in dynamics.charts(history, made.records, methods(made.records))}
    (panel,) = charts["skip_ratio"].panels
    assert (panel.title, panel.method) == ("RARTS (n = 2)", "rarts|")
    np.testing.assert_allclose(
        [line.points for line in panel.lines], [[[0, 0], [1, 0.1], [2, 0.2]], [[0, 0.5], [1, 0.6], [2, 0.7]]]
    )
    np.testing.assert_allclose(panel.mean, [[0, 0.25], [1, 0.35], [2, 0.45]])
    np.testing.assert_allclose(panel.band, [[0, 0, 0.5], [1, 0.1, 0.6], [2, 0.2, 0.7]])
    assert panel.alt == "RARTS: mean over 2 from 0.250 at epoch 0 to 0.450 at epoch 2, there from 0.200 to 0.700"
    assert charts["anytime-cifar10"].panels[0].levels == ((91.0, "Random"),)
    assert "lambda_max" not in charts  # it was not measured


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_nobody_on_the_front_is_beaten_and_whoever_is_off_it_is(points: list[tuple[int, int]]) -> None:
    named = {(str(i), ""): (float(c), float(e)) for i, (c, e) in enumerate(points)}
    front = pareto(named)
    for method, (cost, error) in named.items():
        beaten = [o for o in named.values() if o != (cost, error) and o[0] <= cost and o[1] <= error]
        assert (method in front) == (not beaten)
    assert front == [method for method in named if method in front]


def test_equals_on_the_front_are_named_in_the_records_order_in_every_process(make: Make) -> None:
    names = [f"v{i}" for i in range(9)]
    frame = records_frame([make("rarts", 0, 9.0, variant=name, search_macs=1.0) for name in names])
    (chart, *_) = scatters.error_against_cost(frame, answer(frame), methods(frame))
    assert re.findall(r"v\d", chart.panels[0].alt) == names


def test_the_forest_is_sorted_by_result_and_draws_no_interval_below_five(make: Make) -> None:
    rows = [make("rarts", s, 9.0 + s, search_macs=2e12) for s in range(5)]
    rows += [make("darts1", s, 8.0 + s, regret=0.5, search_macs=4e12) for s in range(4)]
    rows.append(make("gdas", 0, status="failed", evaluation="none", eval_dataset=None))
    frame = records_frame(rows)
    plot = forest(frame, answer(frame).verdicts[0], methods(frame))
    assert [(row.name, row.n, row.standing) for row in plot.rows] == [
        ("DARTS-1", 4, "best"),
        ("RARTS", 5, "untested"),
        ("GDAS", 0, "lost"),
    ]
    assert [row.strip.count('class="interval"') for row in plot.rows] == [0, 1, 0]
    assert [row.strip.count('class="seed"') for row in plot.rows] == [4, 5, 0]
    assert [row.middle for row in plot.rows] == ["", "11.00", ""]
    assert [row.front for row in plot.rows] == [True, True, False]  # one is better, the other cheaper


def test_costs_of_two_sizes_are_told_apart(make: Make) -> None:
    """A table's trainings at the benchmark's size once stood beside small supernets without a word."""
    rows = [make("rarts", 0, 9.0), make("random", 0, 8.0, title="Random", forwards=0, search_macs=4e14)]
    notes = {
        kind: forest(frame, answer(frame).verdicts[0], methods(frame)).notes
        for kind in ("table", "trained")
        for frame in [records_frame([row | {"evaluation": kind} for row in rows])]
    }
    assert any(note.startswith("Cost of Random") and "benchmark's size" in note for note in notes["table"])
    assert not any("benchmark's size" in note for note in notes["trained"])
    alone = records_frame(rows[1:])
    assert not any(
        "benchmark's size" in note for note in forest(alone, answer(alone).verdicts[0], methods(alone)).notes
    )


def test_a_profile_is_the_share_with_at_most_so_much_regret(make: Make) -> None:
    frame = records_frame([make("rarts", s, 9.0, regret=r) for s, r in enumerate((1.0, 2.0, 2.0, 4.0))])
    (chart,) = scatters.profiles(frame, answer(frame), methods(frame))
    (line,) = chart.panels[0].lines
    assert dict(line.points) == {1.0: 25.0, 2.0: 75.0, 4.0: 100.0}


PRUNED = {
    "evaluation": "pruned",
    "layer_widths": '{"a": "2 of 8", "b": "8 of 8"}',
    "prc": 0.375,
    "flops": 2e6,
    "flops_full": 8e6,
}


def test_a_pruned_network_is_placed_by_its_error_its_size_and_what_it_saves(make: Make) -> None:
    frame = records_frame([make("rarts", 0, 9.0, **PRUNED), make("rarts", 1, 11.0, **PRUNED | {"flops": 4e6})])
    error, saved, kept = scatters.pruned(frame, methods(frame))
    assert [(d.x, d.y, d.mean) for d in error.panels[0].dots] == [(2, 9, False), (4, 11, False), (3, 10, True)]
    assert [(d.x, d.y) for d in saved.panels[0].dots] == [(37.5, 75), (37.5, 50), (37.5, 62.5)]
    assert [line.points for line in kept.panels[0].lines] == [((1.0, 25.0), (2.0, 100.0))] * 2


def test_one_dip_does_not_set_the_axis() -> None:
    values = [90.0 + i / 100 for i in range(100)]
    assert robust([*values, 10.0]).low > 85
    assert spanning([*values, 10.0]).low < 10


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.booleans())
def test_a_scale_keeps_order_and_its_ticks_stand_where_their_values_do(a: float, b: float, log: bool) -> None:
    scale = spanning([a, b], log=log)
    first, second = scale.at(a), scale.at(b)
    assert 0 <= first <= 1 and 0 <= second <= 1
    assert (a < b) <= (first <= second)
    for value, text in scale.ticks():
        shown = text.replace("−", "-").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        if "·10" in shown:
            factor, _, power = shown.partition("·10")
            assert float(factor) * 10.0 ** int(power) == pytest.approx(value, rel=1e-2)
        elif "10" in text and any(c in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" for c in text):
            assert 10.0 ** int(shown[2:]) == pytest.approx(value)
        else:
            assert float(shown) == pytest.approx(value, rel=1e-5, abs=1e-12)


def test_zero_has_a_place_on_a_logarithmic_axis() -> None:
    scale = spanning([0.0, 0.1, 10.0], log=True)
    assert scale.at(0.0) == 0.0 < scale.at(0.1) < scale.at(10.0)
    assert scale.ticks()[0] == (0.0, "0")
    assert Scale(1, 100, log=True).at(10) == pytest.approx(0.5)


# Machado, Oliveira and Fernandes (IEEE TVCG 15, 2009), table of matrices at severity 1, on linear RGB.
SIGHTS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "full": np.eye(3),
}


def linear(colour: str) -> np.ndarray:
    """Linear RGB of an sRGB colour, IEC 61966-2-1."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB under D65 of linear RGB."""
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    ratios = np.array(matrix) @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(a: str, b: str) -> float:
    """WCAG 2's ratio."""
    high, low = sorted((float(np.dot([0.2126, 0.7152, 0.0722], linear(c))) for c in (a, b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


DRAWN = ("ink", "soft", "own", "worse", "grey", "skip")
TEXTS = ("ink", "soft", "own", "worse")


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_drawn_stands_out_and_what_is_written_can_be_read(colours: dict[str, str]) -> None:
    for name in DRAWN:
        assert contrast(colours[name], colours["paper"]) >= 3, name
    for name, ground in itertools.product(TEXTS, ("paper", "pale", "warn")):
        assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    assert contrast(colours["ink"], colours["heat"]) >= 4.5


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_that_mean_something_are_told_apart_by_everyone(colours: dict[str, str], sight: str) -> None:
    """A method's own, what is worse and what stands behind: 20 units of CIELAB apart, ten times a just visible step."""
    seen = {name: lab(np.array(SIGHTS[sight]) @ linear(colours[name])) for name in ("own", "worse", "grey", "ink")}
    for (a, first), (b, second) in itertools.combinations(seen.items(), 2):
        assert math.dist(first, second) >= 20, (a, b)
