"""Where the names of marks stand: near their marks, over nothing, with a line to those that had to move away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

HEIGHT = 13.0
"""Of a line of text, in pixels."""

_GAP = 3.0  # between a mark and its name, and between two names
_NEAR = 5.0  # a name further away than so has a line to its mark
_ROUNDS = 3  # of moving each name again once all others stand
_DIRECTIONS = 24
_DISTANCES = (0.0, 5.0, 11.0, 18.0, 26.0, 36.0, 48.0, 62.0, 80.0, 100.0, 125.0, 155.0)

# What a place costs: a pixel of distance is 1.
_MARK, _LINE, _CROSSING, _LEFT, _OFF = 120.0, 8.0, 50.0, 4.0, 0.3


@dataclass(frozen=True)
class Mark:
    """A drawn disc that names should not cover; with ``width`` it has a name of that width. Pixels."""

    x: float
    y: float
    radius: float
    width: float = 0.0


@dataclass(frozen=True)
class Place:
    """The box of a name, from its upper left corner, and the line to its mark where it is not beside it."""

    left: float
    top: float
    width: float
    lead: tuple[tuple[float, float], tuple[float, float]] | None = None

    @property
    def right(self) -> float:
        """The abscissa of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The ordinate of the lower edge."""
        return self.top + HEIGHT

    def covers(self, other: Place) -> bool:
        """Whether the two boxes share any area."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def place(
    marks: Sequence[Mark], lines: Sequence[tuple[float, float]], area: tuple[float, float, float, float]
) -> list[Place | None]:
    """A place for each mark's name, in the order of ``marks``; no two names share any area.

    Names are set one after another, each where it costs least: near its mark, off marks, lines and other names' leads.
    Then each is set again, for what came later may have taken or freed a better place. Nothing is drawn at random.

    Parameters
    ----------
    marks
        All marks, named or not.
    lines
        Points along lines that names should not cover.
    area
        Left, top, right and bottom of where names may stand.

    Returns
    -------
    list
        None for a mark without a name, and where no room was found for one.
    """
    placed: list[Place | None] = [None] * len(marks)
    named = [i for i, mark in enumerate(marks) if mark.width]
    discs = np.array([(mark.x, mark.y, mark.radius) for mark in marks]).reshape(-1, 3)
    for _ in range(_ROUNDS):
        before = list(placed)
        for i in named:
            placed[i] = None
            others = [own for own in placed if own is not None]
            placed[i] = _best(marks[i], discs, np.array(lines).reshape(-1, 2), others, area)
        if placed == before:
            break
    return placed


def _best(
    mark: Mark, discs: np.ndarray, lines: np.ndarray, others: Sequence[Place], area: tuple[float, float, float, float]
) -> Place | None:
    """The cheapest free place around the mark; failing all of these, the nearest free one anywhere."""
    for corners in (_around(mark), _everywhere(mark, area)):
        boxes = np.column_stack([corners, corners + np.array([mark.width, HEIGHT])])
        free = _inside(boxes, area)
        for other in others:
            taken = np.array([other.left - _GAP, other.top, other.right + _GAP, other.bottom])
            free &= ~_overlap(boxes, taken)
        if free.any():
            boxes = boxes[free]
            chosen = boxes[int(np.argmin(_cost(mark, boxes, discs, lines, others)))]
            left, top = (float(value) for value in chosen[:2])
            return Place(left, top, mark.width, _lead(mark, chosen))
    return None


def _around(mark: Mark) -> np.ndarray:
    """Upper left corners of boxes on all sides of the mark, nearer and further, the right side first."""
    corners = []
    for distance in _DISTANCES:
        for i in range(_DIRECTIONS):
            angle = 2 * math.pi * i / _DIRECTIONS
            reach = mark.radius + _GAP + distance
            x, y = mark.x + reach * math.cos(angle), mark.y + reach * math.sin(angle)
            # The box hangs on the side that faces the mark, so that it never lies over it.
            left = x - mark.width * (1 - math.cos(angle)) / 2
            corners.append((left, y - HEIGHT * (1 - math.sin(angle)) / 2))
    return np.array(corners)


def _everywhere(mark: Mark, area: tuple[float, float, float, float]) -> np.ndarray:
    left, top, right, bottom = area
    rows, columns = np.arange(top, bottom - HEIGHT + 1e-9, HEIGHT), np.arange(left, right - mark.width + 1e-9, 4.0)
    return np.array([(x, y) for y in rows for x in columns]).reshape(-1, 2)


def _inside(boxes: np.ndarray, area: tuple[float, float, float, float]) -> np.ndarray:
    left, top, right, bottom = area
    inside: np.ndarray = (boxes[:, 0] >= left) & (boxes[:, 1] >= top) & (boxes[:, 2] <= right) & (boxes[:, 3] <= bottom)
    return inside


def _overlap(boxes: np.ndarray, other: np.ndarray) -> np.ndarray:
    across = (boxes[:, 0] < other[2]) & (other[0] < boxes[:, 2])
    overlap: np.ndarray = across & (boxes[:, 1] < other[3]) & (other[1] < boxes[:, 3])
    return overlap


def _cost(mark: Mark, boxes: np.ndarray, discs: np.ndarray, lines: np.ndarray, others: Sequence[Place]) -> np.ndarray:
    """Distance from the mark, what lies under each box, and names under the line that leads to it."""
    ends = _nearest(mark, boxes)
    leads = np.array([point for own in others if own.lead for point in along(*own.lead)]).reshape(-1, 2)
    under = _MARK * _covered(boxes, discs[:, :2], discs[:, 2]).sum(axis=1)
    under += _LINE * _covered(boxes, lines).sum(axis=1)
    under += _CROSSING * _covered(boxes, leads).any(axis=1)
    cost: np.ndarray = np.hypot(ends[:, 0] - mark.x, ends[:, 1] - mark.y) + _LEFT * (boxes[:, 0] < mark.x) + under
    cost += _OFF * np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - mark.y)
    names = np.array([(own.left, own.top, own.right, own.bottom) for own in others]).reshape(-1, 4)
    beside = np.hypot(discs[:, 0] - mark.x, discs[:, 1] - mark.y) > mark.radius
    apart = discs[beside & (discs[:, 2] >= mark.radius)]  # a line through a smaller mark misleads nobody
    for share in np.linspace(0.1, 1.0, 10):
        points = np.array([mark.x, mark.y]) * (1 - share) + ends * share
        cost += _CROSSING * _covered(names, points).any(axis=0)
        away = np.hypot(points[:, :1] - apart[:, 0], points[:, 1:] - apart[:, 1])
        cost += _MARK * (away < apart[:, 2]).any(axis=1)
    return cost


def _covered(boxes: np.ndarray, points: np.ndarray, radius: np.ndarray | float = 0.0) -> np.ndarray:
    """Whether each box covers each point, with a margin."""
    x, y = points[:, 0], points[:, 1]
    across = (boxes[:, :1] - radius < x) & (x < boxes[:, 2:3] + radius)
    covered: np.ndarray = across & (boxes[:, 1:2] - radius < y) & (y < boxes[:, 3:] + radius)
    return covered


def _nearest(mark: Mark, boxes: np.ndarray) -> np.ndarray:
    """Each box's point that is nearest to the mark."""
    return np.column_stack(
        [np.clip(mark.x, boxes[:, 0], boxes[:, 2]), np.clip(mark.y, boxes[:, 1], boxes[:, 3])],
    )


def _lead(mark: Mark, box: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """From the mark's edge to the box, where that is worth a line."""
    x, y = (float(value) for value in _nearest(mark, box.reshape(1, 4))[0])
    away = math.hypot(x - mark.x, y - mark.y)
    if away - mark.radius <= _NEAR:
        return None
    share = mark.radius / away
    return (mark.x + share * (x - mark.x), mark.y + share * (y - mark.y)), (x, y)


def along(*corners: tuple[float, float]) -> list[tuple[float, float]]:
    """Points along the line through ``corners``, at most five pixels apart."""
    points: list[tuple[float, float]] = []
    for start, end in pairwise(corners):
        count = max(2, math.ceil(math.dist(start, end) / 5))
        for i in range(count + 1):
            points.append((start[0] + i / count * (end[0] - start[0]), start[1] + i / count * (end[1] - start[1])))
    return points
