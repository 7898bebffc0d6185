"""Fronts against brute force, hypervolume and distance in closed form, and what must hold of any set of points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import BadInput
from results.fronts import MARGIN, Front, exact, read

Pair = tuple[float, float]
SPACES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30)


def front(space: Sequence[Pair]) -> Front:
    return exact([cost for cost, _ in space], [error for _, error in space])


def dominates(a: Pair, b: Pair) -> bool:
    return a[0] <= b[0] and a[1] <= b[1] and a != b


def area(points: Sequence[Pair], reference: Pair) -> float:
    """What the points dominate up to the reference, a cell of the grid of all coordinates at a time."""
    xs, ys = ([*sorted({p[i] for p in points if p[i] < reference[i]}), reference[i]] for i in (0, 1))
    return sum(
        (x2 - x1) * (y2 - y1)
        for (x1, x2), (y1, y2) in itertools.product(itertools.pairwise(xs), itertools.pairwise(ys))
        if any(a <= x1 and b <= y1 for a, b in points)
    )


@given(SPACES)
def test_the_front_is_what_nothing_dominates_in_order(space: list[Pair]) -> None:
    kept = {p for p in space if not any(dominates(q, p) for q in space)}
    assert [tuple(p) for p in front(space).points.tolist()] == sorted(kept)


@given(SPACES, st.data())
def test_the_ratio_is_the_brute_force_one_at_most_1_and_no_point_lowers_it(
    space: list[Pair], data: st.DataObject
) -> None:
    best = front(space)
    found = data.draw(st.lists(st.sampled_from(space), max_size=8))
    (low_x, low_y), (high_x, high_y) = best.points.min(0).tolist(), best.points.max(0).tolist()
    width, height = high_x - low_x or 1, high_y - low_y or 1
    reference = (low_x + MARGIN * width, low_y + MARGIN * height)
    kept = [(float(a), float(b)) for a, b in best.points]
    assert best.ratio(found) == pytest.approx(area(found, reference) / area(kept, reference))
    assert best.ratio(found) <= 1 + 1e-12
    more = [*found, data.draw(st.sampled_from(space))]
    assert best.ratio(more) >= best.ratio(found) - 1e-12
    assert best.ratio(space) == pytest.approx(1)
    if found:
        assert best.distance(more) <= best.distance(found) + 1e-12
    assert best.distance(space) == 0


def test_two_points_in_closed_form() -> None:
    # Normalised they are (0, 1) and (1, 0), which dominate 1.1 × 0.1 + 0.1 × 1 = 0.21 up to (1.1, 1.1).
    best = front([(10, 50), (30, 10), (30, 30), (40, 60)])
    assert best.points.tolist() == [[10, 50], [30, 10]]
    assert best.ratio([(10, 50)]) == pytest.approx(0.11 / 0.21)
    assert best.ratio([(30, 30)]) == pytest.approx(0.1 * 0.6 / 0.21)
    assert best.ratio([(40, 10)]) == 0  # beyond the reference
    assert best.distance([(10, 50)]) == pytest.approx(math.sqrt(2) / 2)
    assert best.distance([(30, 30)]) == pytest.approx((math.hypot(1, 0.5) + 0.5) / 2)
    assert best.ratio([]) == 0 and math.isnan(best.distance([]))


def test_units_do_not_matter() -> None:
    space = [(1.0, 9.0), (2.0, 4.0), (5.0, 3.0), (5.0, 5.0)]
    scaled = [(1e6 * a + 7, b / 3) for a, b in space]
    assert front(scaled).ratio(scaled[1:2]) == pytest.approx(front(space).ratio(space[1:2]))
    assert front(scaled).distance(scaled[1:2]) == pytest.approx(front(space).distance(space[1:2]))


def test_a_front_of_one_point_is_not_scaled() -> None:
    best = front([(3, 5), (4, 6)])
    assert best.ratio([(3.1, 5.1)]) == pytest.approx(1 / MARGIN**2)
    assert best.distance([(6, 9)]) == 5


def test_what_is_unknown_is_left_out() -> None:
    best = exact([1, 2, math.nan], [9, 4, 0])
    assert best.points.tolist() == [[1, 9], [2, 4]]
    assert best.ratio([(math.nan, 0), (1, 9)]) == best.ratio([(1, 9)])
    with pytest.raises(BadInput, match="no network has both"):
        exact([math.nan], [1])


def test_a_front_is_read_back_to_the_last_digit() -> None:
    generator = np.random.default_rng(0)
    best = exact(generator.random(500), 100 - generator.random(500))
    assert np.array_equal(read(best.text()).points, best.points)
    for wrong in ("", "1", "1 2 3", "a b"):
        with pytest.raises(BadInput, match="is no front of pairs") as error:
            read(wrong)
        assert len(str(error.value).splitlines()) == 1
