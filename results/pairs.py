"""Pairs of methods: difference, probability of improvement, and a p that is adjusted for the number of pairs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from results.records import judged
from results.statistics import LEVEL, holm, improvement, paired

Method = tuple[str, str]
"""Algorithm and variant."""

Seed = tuple[float, float]
"""The split's seed and the search's."""


@dataclass(frozen=True)
class Pair:
    """Test error of ``first`` minus that of ``second`` over their common seeds, in percentage points.

    Attributes
    ----------
    first, second
        The methods.
    seeds
        The common seeds, in order; where the split's seed is the same too.
    values
        The difference of each common seed.
    difference, low, high
        Mean difference, NaN without a common seed, with Student's 95 % interval, NaN below five.
    improvement
        Probability that a search of ``first`` has a lower error than one of ``second``, whatever their seeds.
    p
        Of the sign-flip test; NaN with fewer common seeds than could ever show a difference.
    adjusted
        ``p`` by Holm over all pairs of this table that have one.
    """

    first: Method
    second: Method
    seeds: tuple[Seed, ...]
    values: tuple[float, ...]
    difference: float
    low: float
    high: float
    improvement: float
    p: float
    adjusted: float = math.nan

    @property
    def certain(self) -> bool:
        """Whether the adjusted test tells the two apart. A missing p tells nothing."""
        return self.adjusted < LEVEL

    def turned(self) -> Pair:
        """The same pair, its sides exchanged."""
        return Pair(
            self.second,
            self.first,
            self.seeds,
            tuple(-value for value in self.values),
            -self.difference,
            -self.high,
            -self.low,
            1 - self.improvement,
            self.p,
            self.adjusted,
        )


@dataclass(frozen=True)
class Pairs:
    """Every pair of the methods that have a test error in one setting, on one data set, by one kind of evaluation."""

    methods: tuple[Method, ...]
    """By mean error, the lowest first."""
    errors: Mapping[Method, Mapping[Seed, float]]
    """Percent, by method and seed; retrainings of one search count as their mean."""
    pairs: Mapping[tuple[Method, Method], Pair] = field(default_factory=dict)
    """Each pair once: the better mean first."""

    @property
    def tested(self) -> int:
        """How many pairs have a p, and so are adjusted for."""
        return sum(not math.isnan(pair.p) for pair in self.pairs.values())

    def of(self, first: Method, second: Method) -> Pair:
        """The pair, in the order asked for."""
        return self.pairs[first, second] if (first, second) in self.pairs else self.pairs[second, first].turned()


def compare(records: pd.DataFrame) -> Pairs:
    """Every pair of methods among the records of one setting and one measure.

    Parameters
    ----------
    records
        Rows of ``results.schema.records_frame`` of one protocol, space, searched data set, evaluation data set and
        kind of evaluation. Those that are not ``done`` or have no test error are left out.
    """
    done = judged(records)
    errors: dict[Method, dict[Seed, float]] = {}
    for (algorithm, variant), own in done.groupby(["algorithm", "variant"], sort=False):
        means = own.groupby(["split_seed", "seed"], dropna=False)["test_error"].mean().reset_index()
        errors[str(algorithm), str(variant)] = {
            (float(row["split_seed"]), float(row["seed"])): float(row["test_error"]) for row in means.to_dict("records")
        }
    ranked = sorted(errors, key=lambda method: (_mean(errors[method]), method))
    made = [_pair(a, b, errors[a], errors[b]) for a, b in itertools.combinations(ranked, 2)]
    adjusted = holm([pair.p for pair in made]) if made else []
    pairs = {
        (pair.first, pair.second): Pair(**{**vars(pair), "adjusted": p}) for pair, p in zip(made, adjusted, strict=True)
    }
    return Pairs(tuple(ranked), errors, pairs)


def _pair(first: Method, second: Method, a: Mapping[Seed, float], b: Mapping[Seed, float]) -> Pair:
    common = tuple(sorted(seed for seed in a if seed in b))
    values = tuple(a[seed] - b[seed] for seed in common)
    test = paired([a[seed] for seed in common], [b[seed] for seed in common])
    better = improvement(list(a.values()), list(b.values()))
    return Pair(first, second, common, values, test.difference, test.low, test.high, better, test.p)


def _mean(errors: Mapping[Seed, float]) -> float:
    return sum(errors.values()) / len(errors)


def frame(pairs: Pairs) -> pd.DataFrame:
    """A row a pair with a common seed: methods, n, difference, low, high, improvement, p, adjusted, values."""
    columns = ["algorithm_a", "variant_a", "algorithm_b", "variant_b", "n"]
    columns += ["difference", "low", "high", "improvement", "p", "adjusted", "values"]
    rows = [
        [
            *(*pair.first, *pair.second, len(pair.values), pair.difference, pair.low, pair.high),
            *(pair.improvement, pair.p, pair.adjusted, list(pair.values)),
        ]
        for pair in pairs.pairs.values()
        if len(pair.seeds)
    ]
    return pd.DataFrame(rows, columns=columns)


def beats(pair: Pair) -> bool:
    """Whether the first of a pair is certainly the better one: by the test, and in its own common seeds."""
    return pair.certain and pair.difference < 0
