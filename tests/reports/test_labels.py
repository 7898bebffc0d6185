"""Names of marks: no two share any area, and on a real run they lie over no other method's mark either."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import results
from reports import letters, paper_figures, scatters, svg
from reports.labels import HEIGHT, Mark, Place, place
from reports.rows import methods
from results.answer import answer

AREA = (52.0, 14.0, 559.0, 337.0)
MINI = Path(__file__).parents[2] / "docs" / "mini-nats"

marks = st.builds(
    Mark, x=st.floats(52, 460), y=st.floats(14, 337), radius=st.sampled_from([3.0, 5.5]), width=st.floats(5, 160)
)


@settings(max_examples=30, deadline=None)
@given(st.lists(marks, max_size=14), st.lists(st.tuples(st.floats(52, 460), st.floats(14, 337)), max_size=8))
def test_no_two_names_share_any_area_and_none_leaves_it(drawn: list[Mark], line: list[tuple[float, float]]) -> None:
    places = place(drawn, line, AREA)
    assert places == place(drawn, line, AREA)
    kept = [own for own in places if own is not None]
    assert len(kept) == len(drawn)  # so few always find room
    assert not any(a.covers(b) for a, b in itertools.combinations(kept, 2))
    for own in kept:
        assert own.left >= AREA[0] and own.top >= AREA[1] and own.right <= AREA[2] and own.bottom <= AREA[3]


def test_a_lone_name_stands_right_beside_its_mark_and_one_of_many_has_a_line() -> None:
    alone, none = place([Mark(100, 100, 5.5, 40), Mark(300, 100, 3)], [], AREA)
    assert alone is not None and alone.lead is None and none is None
    assert alone.top + HEIGHT / 2 == pytest.approx(100) and alone.left == pytest.approx(108.5)
    crowd = place([Mark(200, 200, 5.5, 90)] * 9, [], AREA)
    led = [own for own in crowd if own is not None and own.lead is not None]
    assert led
    for own in led:
        assert own.lead is not None
        (_, _), (x, y) = own.lead
        assert own.left <= x <= own.right and own.top <= y <= own.bottom


def test_names_without_any_room_are_left_out_rather_than_laid_over_others() -> None:
    places = place([Mark(10, 10, 3, 50)] * 5, [], (0, 0, 60, 2 * HEIGHT + 1))
    kept = [own for own in places if own is not None]
    assert 1 <= len(kept) <= 2
    assert not any(a.covers(b) for a, b in itertools.combinations(kept, 2))


def test_in_the_cost_figures_of_a_real_run_every_name_is_free() -> None:
    records = results.load(MINI).records
    named = methods(records)
    charts = scatters.error_against_cost(records, answer(records), named)
    assert len(charts) == 2
    for chart in charts:
        for panel, drawing in svg.panels(chart, svg.LARGE, ""):
            texts = re.findall(r'<text class="name"[^>]* x="([\d.]+)" y="([\d.]+)">([^<]+)</text>', drawing)
            boxes = [Place(float(x), float(y) - 10, letters.width(html.unescape(t), 11)) for x, y, t in texts]
            assert [t for _, _, t in texts] and len(boxes) == sum(dot.mean for dot in panel.dots)
            assert not any(a.covers(b) for a, b in itertools.combinations(boxes, 2))
            means = re.findall(r'<circle class="mean-dot[^>]* cx="([\d.]+)" cy="([\d.]+)"', drawing)
            assert len(means) == len(boxes)
            for box in boxes:
                for x, y in means:
                    assert not (box.left <= float(x) <= box.right and box.top <= float(y) <= box.bottom)


def test_in_the_cost_figures_for_a_paper_no_two_names_touch() -> None:
    """As drawn: by the boxes that matplotlib itself gives the texts, at the resolution of the PNG files."""
    records = results.load(MINI).records
    for chart in scatters.error_against_cost(records, answer(records), methods(records)):
        figure = paper_figures.draw(chart)
        figure.set_dpi(200)
        for axes, panel in zip(figure.axes, chart.panels, strict=False):
            boxes = [text.get_window_extent() for text in axes.texts if text.get_visible() and text.get_text()]
            assert len(boxes) == sum(bool(dot.label) for dot in panel.dots) > 10
            assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_widths_are_the_fonts_advances() -> None:
    """DejaVu Sans: 1,401 units of 2,048 for an A, 651 for a space; what it lacks counts as a whole em."""
    assert letters.width("A A", 2048) == pytest.approx(1401 + 651 + 1401, abs=3)
    assert letters.width("日", 10) == 10
    assert letters.width("", 10) == 0
