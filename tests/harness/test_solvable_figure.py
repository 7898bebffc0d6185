"""Fig. 1: its paths are those of the searches themselves, and its printed limits have no gap."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from rich.console import Console

from algorithms import ALGORITHMS
from algorithms.base import Setting
from harness.data import generator
from harness.reproduce import PLAIN, Wanted, descend, fig1
from spaces.base import Batch
from spaces.bilevel import Bilevel, BilevelOptions

SEARCHES = [
    ("rarts", {"beta": 10.0, "lam": 5.0, "shared_init": False}),
    ("darts1", {}),
    ("darts2", {"xi": 0.1}),
    ("milenas", {}),
]


@pytest.mark.parametrize(("algorithm", "own"), SEARCHES, ids=[name for name, _ in SEARCHES])
def test_a_path_is_the_one_that_the_search_itself_takes(double: None, algorithm: str, own: dict[str, float]) -> None:
    cls = ALGORITHMS[algorithm]
    hyper, space = cls.Hyper(**PLAIN, **own), Bilevel(BilevelOptions(y0=5.0))
    search = cls(Setting(space, hyper, partial(generator, 0), torch.device("cpu"), lambda _: pytest.fail())).search
    assert search is not None
    path = descend(algorithm, y0=5.0, steps=150, **own)
    nothing = torch.zeros(1, 1)
    for row in path.drop(columns="step").to_dict("records"):
        here = {"alpha": search.alpha.flat.item(), **{k: p.flat.item() for k, p in search.networks().items()}}
        assert row == pytest.approx(here, abs=1e-9)
        search.step(Batch(nothing, nothing, "train"), Batch(nothing, nothing, "val"))
    assert list(path["step"]) == list(range(151))


def test_fig1_prints_the_papers_limits_without_a_gap(tmp_path: Path) -> None:
    said = io.StringIO()
    fig1(Wanted(tmp_path, {}), Console(file=said, width=200))
    assert "nan" not in said.getvalue().lower()
    limits = pd.read_csv(tmp_path / "limits.csv")
    near = limits[["algorithm", "alpha", "w"]].round(4).to_numpy().tolist()
    assert near[:3] == [["rarts", 1.0526, 1.0175], ["rarts", 1.0811, 1.0270], ["darts1", 2.0, 2.0]]
    assert pd.read_csv(tmp_path / "trajectories.csv")[["alpha", "w"]].notna().all(axis=None)
