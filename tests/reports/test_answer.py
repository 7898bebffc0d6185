"""The generated answer: golden texts of made-up runs, and no word stronger than the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.answer import paragraphs
from reports.rows import methods
from results.answer import answer
from results.schema import records_frame

Make = Callable[..., dict[str, Any]]


def said(frame: pd.DataFrame) -> list[str]:
    return [f"{p.about}: {p.text}" if p.about else p.text for p in paragraphs(answer(frame), methods(frame))]


def of(make: Make, errors: dict[str, Sequence[float]], dataset: str = "cifar10") -> list[dict[str, Any]]:
    return [
        make(name, seed, error, eval_dataset=dataset) for name, own in errors.items() for seed, error in enumerate(own)
    ]


def test_a_clear_winner(make: Make) -> None:
    spread = [0.0, 0.3, 0.1, 0.4, 0.2, 0.5, 0.1, 0.3, 0.2, 0.4]
    rows = of(
        make,
        {
            "rarts": [5 + s for s in spread],
            "darts1": [8 - s for s in spread],
            "random": [7 + 2 * s for s in spread],
        },
    )
    assert said(records_frame(rows)) == [
        "cifar10: RARTS is the best: 5.25 % (n = 10), certainly lower than that of each of the 2 others "
        "(sign-flip tests over 10 common seeds, Holm-adjusted p ≤ 0.0059). Certainly better than Random: "
        "RARTS."
    ]


def test_a_tie(make: Make) -> None:
    rows = of(make, {"rarts": [9, 10, 11, 9, 10, 11, 9, 12], "darts1": [10, 9, 11, 10, 11, 9, 11, 11.4]})
    assert said(records_frame(rows)) == [
        "cifar10: RARTS has the lowest mean test error, 10.12 % (n = 8). It cannot be told apart from DARTS-1"
        " (adjusted p = 0.78): RARTS is the best among 2 equals by its mean alone. Even 200 seeds would not "
        "tell RARTS from DARTS-1 at the spread seen."
    ]


def test_one_seed(make: Make) -> None:
    assert said(records_frame(of(make, {"rarts": [9], "darts1": [10]}))) == [
        "cifar10: RARTS has the lowest mean test error, 9.00 % (n = 1). One search each shows no spread: "
        "which is better cannot be said."
    ]


def test_all_diverged(make: Make) -> None:
    gone = {"status": "diverged", "evaluation": "none", "eval_dataset": None}
    rows = [make("rarts", seed, **gone) for seed in range(3)]
    rows.append(make("darts1", 0, **{**gone, "status": "failed"}))
    assert said(records_frame(rows)) == [
        "No search gave a test error: of 4, 3 diverged and 1 failed. There is nothing to compare."
    ]


def test_two_data_sets_that_disagree(make: Make) -> None:
    low, high = [5, 5.5, 5.2, 5.1, 5.4, 5.3, 5.2], [8, 8.1, 7.7, 8.2, 7.9, 8, 8.3]
    rows = of(make, {"rarts": low, "darts1": high}) + of(make, {"rarts": high, "darts1": low}, "cifar100")
    rows.append(make("darts1", 9, status="diverged", evaluation="none", eval_dataset=None))
    assert said(records_frame(rows)) == [
        "cifar10: RARTS is the best: 5.24 % (n = 7), certainly lower than that of the other (sign-flip tests "
        "over 7 common seeds, Holm-adjusted p ≤ 0.016).",
        "cifar100: DARTS-1 is the best: 5.24 % (n = 7), certainly lower than that of the other (sign-flip "
        "tests over 7 common seeds, Holm-adjusted p ≤ 0.016).",
        "The data sets disagree on the lowest mean: RARTS on cifar10 and DARTS-1 on cifar100. RARTS is "
        "certainly better than DARTS-1 on cifar10 and certainly worse on cifar100. Searches that did not end "
        "well are in no mean: DARTS-1 (1 diverged of 8).",
    ]


def test_three_seeds_decide_nothing(make: Make) -> None:
    rows = of(make, {"rarts": [5, 6, 7], "darts1": [7, 9, 12], "gdas": [20, 30, 44]})
    assert said(records_frame(rows)) == [
        "cifar10: RARTS has the lowest mean test error, 6.00 % (n = 3: 5.00, 6.00, 7.00), and is the best "
        "among 3 equals by its mean alone: with fewer than 6 common seeds no test can show a difference, so "
        "nothing here is certain. To tell RARTS apart would take about 7 seeds from DARTS-1 and 7 seeds from "
        "GDAS (simulated, power 80 %; rough, for the spread is that of 3 seeds)."
    ]


TITLES = {"a": "Alpha", "b": "Beta", "c": "Gamma"}


@settings(max_examples=80, deadline=None)
@given(
    errors=st.dictionaries(
        st.sampled_from(sorted(TITLES)),
        st.lists(st.integers(0, 12), min_size=1, max_size=8),
        min_size=2,
        max_size=3,
    ),
    shift=st.integers(0, 30),
)
def test_no_difference_is_called_certain_that_the_test_does_not_show(
    errors: dict[str, list[int]], shift: int, make: Make
) -> None:
    """Read back from the text: whoever stands in a sentence with “certainly” has an adjusted p below 5 %."""
    errors = {name: [e + (shift if name == "c" else 0) for e in own] for name, own in errors.items()}
    frame = records_frame(
        [
            make(n, s, float(e), title=TITLES[n], order=1, role="")
            for n, own in errors.items()
            for s, e in enumerate(own)
        ]
    )
    found = answer(frame)
    pairs = found.verdicts[0].pairs
    (text,) = [p.text for p in paragraphs(found, methods(frame))]
    shown = {title: (name, "") for name, title in TITLES.items() if name in errors}
    for sentence in re.split(r"(?<=[.])\s", text):
        if "certain" not in sentence or "nothing here is certain" in sentence:
            continue
        best = pairs.methods[0]
        named = [method for title, method in shown.items() if title in sentence and method != best]
        others = named or [method for method in pairs.methods if method != best]
        assert all(pairs.of(best, method).adjusted < 0.05 for method in others)
    if not any(pair.adjusted < 0.05 for pair in pairs.pairs.values()):
        assert "certainly" not in text and "is the best:" not in text
