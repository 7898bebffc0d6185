"""The exact Pareto front of a whole space, and how near to it comes what was found: hypervolume ratio, IGD.

Two objectives, less of each being better: a cost in its own unit, and a test error in percent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.errors import BadInput

MARGIN = 1.1
"""Where the reference point lies in each normalised objective: a little beyond the front's own worst value."""

Points = NDArray[np.float64]
"""(points, 2): cost and error."""


@dataclass(frozen=True)
class Front:
    """A front, and measures against it.

    Both measures are of normalised objectives: the front's least value of each is 0 and its largest 1, so the ideal
    point is (0, 0) and the nadir point (1, 1). An objective of which the front has one value is shifted only. The
    reference point of hypervolumes is (``MARGIN``, ``MARGIN``); what lies beyond it in either objective adds nothing.

    Attributes
    ----------
    points
        Cost ascending, error descending; of equal points one.
    """

    points: Points

    def ratio(self, found: ArrayLike) -> float:
        """The hypervolume of ``found`` over the front's: at most 1 for points of the space, 1 where it has all of them.

        Parameters
        ----------
        found
            (points, 2): cost and error. Without any point the ratio is 0.
        """
        return self._hypervolume(_points(found)) / self._whole

    def distance(self, found: ArrayLike) -> float:
        """Inverted generational distance (IGD): from each point of the front to the nearest of ``found``, their mean.

        Distances are Euclidean, in normalised objectives. NaN without any point.
        """
        from moocore import igd

        points = _points(found)
        return float(igd(self._normalised(points), self._normalised(self.points))) if len(points) else float("nan")

    def text(self) -> str:
        """The points in one line, every digit kept; ``read`` reads it."""
        return ", ".join(f"{cost!r} {error!r}" for cost, error in self.points.tolist())

    @cached_property
    def _whole(self) -> float:
        return self._hypervolume(self.points)

    def _hypervolume(self, points: Points) -> float:
        from moocore import hypervolume

        return float(hypervolume(self._normalised(points), [MARGIN, MARGIN])) if len(points) else 0.0

    def _normalised(self, points: Points) -> Points:
        ideal, nadir = self.points.min(axis=0), self.points.max(axis=0)
        span: Points = np.where(nadir > ideal, nadir - ideal, 1.0)
        shifted: Points = points - ideal
        return shifted / span


def exact(costs: ArrayLike, errors: ArrayLike) -> Front:
    """The front of all points of which both objectives are known.

    Raises
    ------
    BadInput
        Where none is.
    """
    from moocore import filter_dominated  # a compiled library, which commands without a front do without

    points = _points(np.column_stack([costs, errors]))
    if not len(points):
        raise BadInput("no network has both a cost and an error: there is no front to compare with")
    kept: Points = filter_dominated(points)
    return Front(kept[np.argsort(kept[:, 0])])


def undominated(costs: ArrayLike, errors: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other dominates, (points,); of equal ones all. A point that lacks an objective is none."""
    from moocore import is_nondominated

    points = np.column_stack([costs, errors]).astype(np.float64)
    kept: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=1))
    if kept.any():
        kept[kept] = is_nondominated(points[kept], keep_weakly=True)
    return kept


def read(text: str) -> Front:
    """The front that ``Front.text`` wrote. Raises BadInput for any other text."""
    try:
        rows = [[float(value) for value in pair.split()] for pair in text.split(",")]
    except ValueError:
        rows = []
    if not rows or any(len(row) != 2 for row in rows):
        raise BadInput(f"{text[:60]!r} is no front of pairs of a cost and an error: restore the run's configuration")
    return exact([cost for cost, _ in rows], [error for _, error in rows])


def _points(values: ArrayLike) -> Points:
    """Those of which both objectives are known."""
    points = np.asarray(values, dtype=np.float64).reshape(-1, 2)
    return points[np.isfinite(points).all(axis=1)]
