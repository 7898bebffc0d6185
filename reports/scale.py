"""Axes: where a value stands between an axis's ends, which ticks it has, and ends that one outlier does not set."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from results.metrics import setting

WIDE = 20
"""A range of so many times is shown on a logarithmic axis."""

_ZERO = 0.08  # of a logarithmic axis's length lies before its first power, for 0
_TAILS = (2.5, 97.5)  # percentiles between which a robust axis runs


@dataclass(frozen=True)
class Scale:
    """One axis from ``low`` to ``high``; with ``zero`` a logarithmic one has a place for 0 at its start."""

    low: float
    high: float
    log: bool = False
    zero: bool = False

    def at(self, value: float) -> float:
        """The place of a value, 0 at the axis's start and 1 at its end; what lies beyond stands at the nearer end."""
        if not self.log:
            span = self.high - self.low
            return min(1.0, max(0.0, (value - self.low) / span)) if span else 0.5
        start = _ZERO if self.zero else 0.0
        if value < self.low:
            return 0.0
        span = math.log(self.high / self.low)
        return min(1.0, start + (1 - start) * math.log(value / self.low) / span) if span else 0.5

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high or (self.zero and value < self.low)

    def ticks(self, most: int = 4) -> list[tuple[float, str]]:
        """Values with their texts, about ``most``."""
        if not self.log:
            found = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
            slack = 1e-9 * (self.high - self.low)
            return [(float(v), _short(float(v))) for v in found if self.low - slack <= v <= self.high + slack]
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        parts = (1,) if len(powers) > 3 else (1, 3) if len(powers) > 2 else (1, 2, 5)
        values = [part * 10.0**power for power in powers for part in parts]
        kept = [v for v in values if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
        kept = kept[:: max(1, math.ceil(len(kept) / (most + 1)))]
        return ([(0.0, "0")] if self.zero else []) + [(v, _short(v)) for v in kept]


def spanning(values: Iterable[float], log: bool | None = None) -> Scale:
    """An axis that holds every value; logarithmic where asked for, or by itself where the range is wide.

    A logarithmic axis begins at the power of ten below the smallest value but for those under a hundredth, which
    stand at its start with 0.
    """
    known = np.asarray([v for v in values if not math.isnan(v)], dtype=float)
    if not len(known):
        return Scale(0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if log is None:
        log = low > 0 and high >= WIDE * low
    if not log or high <= 0:
        return _padded(low, high)
    positive = known[known >= min(0.01, high)]
    start, end = float(positive.min()) / 1.15, high * 1.15
    return Scale(start, end, log=True, zero=bool(low < start))


def robust(values: Iterable[float], fixed: tuple[float, float] | None = None) -> Scale:
    """An axis between outer percentiles, padded, so that a single dip does not set it; or between ``fixed``."""
    if fixed is not None:
        return Scale(*fixed)
    known = np.asarray([v for v in values if not math.isnan(v)], dtype=float)
    if not len(known):
        return Scale(0.0, 1.0)
    low, high = (float(v) for v in np.percentile(known, _TAILS))
    if low > 0 and high >= WIDE * low:
        return Scale(low / 1.2, high * 1.2, log=True)
    return _padded(low, high)


def _padded(low: float, high: float) -> Scale:
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return Scale(low - pad, high + pad)


def _short(value: float) -> str:
    """A tick's text: short, thousands and beyond by a power."""
    if value and (abs(value) >= 1e4 or abs(value) < 1e-3):
        power = math.floor(math.log10(abs(value)))
        digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        mantissa = value / 10.0**power
        return f"10{digits}" if math.isclose(mantissa, 1) else f"{mantissa:.3g}·10{digits}"
    return setting(float(f"{value:.6g}")).replace("-", "−")
