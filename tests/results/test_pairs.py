"""Pairs of methods and what they decide, against slow oracles and published examples."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from described import done
from hypothesis import given, settings
from hypothesis import strategies as st

from results.answer import answer
from results.pairs import beats, compare, frame
from results.schema import records_frame
from results.statistics import LEVEL, holm, improvement, interquartile_mean, seeds_needed

Errors = dict[str, dict[int, int]]


def records(errors: Errors) -> Any:
    rows = [done(name, seed, test_error=float(error)) for name, own in errors.items() for seed, error in own.items()]
    return records_frame(rows)


def exact_p(differences: list[int]) -> Fraction:
    """The sign-flip test's two-sided p by enumeration, in whole numbers."""
    seen = abs(sum(differences))
    flips = list(itertools.product((1, -1), repeat=len(differences)))
    reached = sum(abs(sum(s * d for s, d in zip(flip, differences, strict=True))) >= seen for flip in flips)
    return Fraction(reached, len(flips))


def slow_holm(p: dict[Any, Fraction]) -> dict[Any, Fraction]:
    adjusted, running = {}, Fraction(0)
    for place, key in enumerate(sorted(p, key=lambda key: p[key])):
        running = max(running, min(Fraction(1), (len(p) - place) * p[key]))
        adjusted[key] = running
    return adjusted


TABLES: st.SearchStrategy[Errors] = st.lists(
    st.dictionaries(st.integers(0, 8), st.integers(0, 60), min_size=1, max_size=9), min_size=1, max_size=4
).flatmap(
    lambda tables: st.lists(st.integers(0, 150), min_size=len(tables), max_size=len(tables)).map(
        lambda shifts: {
            f"m{i}": {seed: error + shift for seed, error in own.items()}
            for i, (own, shift) in enumerate(zip(tables, shifts, strict=True))
        }
    )
)


def oracle(errors: Errors) -> dict[tuple[str, str], bool]:
    """Whether the first of two methods is certainly better, worked out by enumeration."""
    p, total = {}, {}
    for a, b in itertools.combinations(errors, 2):
        common = sorted(errors[a].keys() & errors[b].keys())
        differences = [errors[a][seed] - errors[b][seed] for seed in common]
        total[a, b] = sum(differences)
        if len(common) >= 6:
            p[a, b] = exact_p(differences)
    adjusted = slow_holm(p)
    certain = {}
    for (a, b), difference in total.items():
        told = (a, b) in adjusted and adjusted[a, b] < Fraction(LEVEL)
        certain[a, b], certain[b, a] = told and difference < 0, told and difference > 0
    return certain


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_nothing_is_called_certain_that_the_exact_test_does_not_show(errors: Errors) -> None:
    (verdict,) = answer(records(errors)).verdicts
    certain = oracle(errors)
    best = verdict.best[0]
    others = [name for name in errors if name != best]
    assert {m[0] for m in verdict.worse} == {name for name in others if certain[best, name]}
    assert {m[0] for m in verdict.contrary} == {name for name in others if certain[name, best]}
    assert {m[0] for m in verdict.equals} == {
        name for name in others if not certain[best, name] and not certain[name, best]
    }
    for a, b in itertools.permutations(errors, 2):
        assert beats(verdict.pairs.of((a, ""), (b, ""))) == certain[a, b]


def test_every_pair_is_there_once_and_turns_into_its_mirror() -> None:
    made = compare(records({"a": {0: 3, 1: 5}, "b": {0: 1, 1: 1, 2: 9}, "c": {4: 2}}))
    assert [name for name, _ in made.methods] == ["c", "b", "a"]
    assert [(a, b) for (a, _), (b, _) in made.pairs] == [("c", "b"), ("c", "a"), ("b", "a")]
    # A table has those that share a seed.
    assert frame(made)[["algorithm_a", "algorithm_b", "n"]].to_numpy().tolist() == [["b", "a", 2]]
    pair = made.of(("a", ""), ("b", ""))
    assert (pair.values, pair.difference) == ((2.0, 4.0), 3.0)
    assert pair.improvement == pytest.approx(2 / 6)
    assert made.of(("b", ""), ("a", "")).values == (-2.0, -4.0)


def test_holm_is_the_textbooks() -> None:
    """By hand: 4p₁, 3p₂, 2p₃, p₄, none below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    known = holm([0.01, math.nan, 0.04])
    assert known[::2] == pytest.approx([0.02, 0.04]) and math.isnan(known[1])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_the_probability_of_improvement_counts_pairs(a: list[int], b: list[int]) -> None:
    won = sum(Fraction(1) if x < y else Fraction(1, 2) if x == y else Fraction(0) for x in a for y in b)
    assert improvement(a, b) == pytest.approx(float(won / (len(a) * len(b))))
    assert improvement(a, b) + improvement(b, a) == pytest.approx(1)


def test_the_interquartile_mean_leaves_a_quarter_at_either_end() -> None:
    assert interquartile_mean([100, 2, 3, 4, 5, 6, 7, -50]) == 4.5
    assert math.isnan(interquartile_mean([1, 2, 3, 4]))


@pytest.mark.parametrize(("effect", "level"), [(1.0, 0.05), (0.6, 0.05), (1.0, 0.005), (2.0, 0.05)])
def test_the_seeds_needed_are_those_of_the_paired_t_test(effect: float, level: float) -> None:
    """The sign-flip test has the t test's efficiency on normal differences (Lehmann): solved here by its own power."""
    from scipy import stats

    # sign-flip p is discrete at few pairs, so the t test's answer is a bound only up to a few pairs
    def power(n: int) -> float:
        critical = stats.t.ppf(1 - level / 2, n - 1)
        return float(stats.nct.sf(critical, n - 1, effect * math.sqrt(n)))

    wanted = next(n for n in range(6, 300) if power(n) >= 0.8 and 2 / 2**n <= level)
    differences = effect + np.array([-1.0, 0.0, 1.0])  # mean `effect`, deviation 1
    found = seeds_needed(list(differences), level)
    assert found is not None and wanted - 2 <= found <= 1.12 * wanted + 3


def test_what_cannot_be_simulated_is_not_promised() -> None:
    assert seeds_needed([1.0]) is None
    assert seeds_needed([1.0, -1.0]) is None
    assert seeds_needed([1.001, -1.0]) is None
    assert seeds_needed([2.0, 2.0]) == 6
    assert seeds_needed([2.0, 2.0], 0.001) == 11  # 2 / 2¹¹ is the first below a thousandth
