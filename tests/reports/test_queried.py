"""The sets of searches by queries: chosen by validation error, judged by test error, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import fronts, page, queried
from reports.rows import methods
from reports.table import Table
from results.fronts import undominated
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]

# Normalised, the front is (0, 1) and (1, 0): 0.21 up to the reference (1.1, 1.1).
STATED = {"cifar10": {"params": "1 50, 2 10"}}


def asked(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """What was asked about: a name, validation accuracy, parameters, test error."""
    return pd.DataFrame(rows, columns=["asked", "val_accuracy", "asked.params", "asked.test_error.cifar10"])


@pytest.fixture
def made(make: Make, run: Build) -> Run:
    """Two trials of evolution, one of random search, one of RARTS, which asks nobody."""
    records = [
        make(name, seed, 10.0) for name, seed in [("evolution", 0), ("evolution", 1), ("random", 0), ("rarts", 0)]
    ]
    built = run(*records, fronts=STATED)
    own = {
        # "small" and "large" are the set; "worse" is dominated by validation, though its test error is the least.
        "evolution-0": asked(("small", 40, 1, 50), ("large", 90, 2, 10), ("large", 90, 2, 10), ("worse", 80, 2, 0)),
        "evolution-1": asked(("large", 90, 2, 10)),
        # By validation error both are the set, by test error the first dominates: it judges what was handed over.
        "random-0": asked(("a", 60, 1, 50), ("b", 70, 2, 60)),
    }
    rows = [frame.assign(trial=trial, epoch=range(1, len(frame) + 1)) for trial, frame in own.items()]
    return replace(built, history=pd.concat([built.history, *rows], ignore_index=True))


def shown(run: Run) -> Table:
    known = fronts.fronts([run.config])
    (table,) = queried.tables(known, run.history, run.records, methods(run.records))
    return table


def test_a_set_is_what_no_other_dominates_by_validation_error_and_is_judged_by_test_error(made: Run) -> None:
    numbers = shown(made).numbers.set_index("algorithm")
    assert numbers["n"].to_dict() == {"evolution": 2, "random": 1}
    assert numbers["queries_mean"].to_dict() == {"evolution": 2.5, "random": 2}
    assert numbers["set_size.params"].to_dict() == {"evolution": 1.5, "random": 2}
    ratios = {"evolution": (1 + 0.11 / 0.21) / 2, "random": 0.11 / 0.21}
    assert numbers["set_hypervolume_ratio.params"].to_dict() == pytest.approx(ratios)
    # From (1, 0), the front's other end, the nearest of random search's is (1, 1.25); (0, 1) it has.
    distances = {"evolution": (0 + 2**0.5 / 2) / 2, "random": 1.25 / 2}
    assert numbers["set_igd.params"].to_dict() == pytest.approx(distances)
    text = shown(made).shown.set_index("Algorithm").loc["evolution"]
    assert text["Hypervolume ratio of the set, parameters"] == "0.762 (1.000, 0.524)"


def test_the_page_has_the_table_only_where_something_was_asked(
    made: Run, make: Make, run: Build, tmp_path: Path
) -> None:
    assert "Sets of queries against the exact front" in page.write([made], tmp_path / "a").read_text()
    older = run(make("random", 0, 10.0), fronts=STATED)
    assert "Sets of queries" not in page.write([older], tmp_path / "b").read_text()


VALUES = st.floats(0, 4).map(round) | st.just(float("nan"))


@given(st.lists(st.tuples(VALUES, VALUES), max_size=12))
def test_undominated_is_what_a_look_at_every_pair_keeps(points: list[tuple[float, float]]) -> None:
    known = [point for point in points if not np.isnan(point).any()]
    wanted = [
        point in known and not any(a <= point[0] and b <= point[1] and (a, b) != point for a, b in known)
        for point in points
    ]
    values = np.array(points, dtype=float).reshape(-1, 2)
    assert undominated(values[:, 0], values[:, 1]).tolist() == wanted
