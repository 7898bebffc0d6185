"""What a run says at a glance, on records that are small enough to work out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from described import described, done

import results
from results.archive import pack
from results.errors import BadInput
from results.store import Run, Store


def row(algorithm: str, seed: int, test_error: float | None, **fields: Any) -> dict[str, Any]:
    own = {"variant": "", "test_error": test_error, "search_macs": 2e12 + seed * 2e12}
    return done(algorithm, seed, **{**own, **fields})


def stored(folder: Path, *rows: dict[str, Any], **config: Any) -> Path:
    store = Store.open_run(folder, {"space": "nats", **config}, ())
    for one in rows:
        store.write_history(one["trial"], [{"epoch": epoch, "seed": one["seed"]} for epoch in range(2)])
        store.write_record(one["trial"], [one])
    return folder


RARTS = [row("rarts", seed, error) for seed, error in enumerate((6.0, 7.0, 8.0))]
DARTS = [row("darts1", seed, error) for seed, error in enumerate((10.0, 13.0))]
LOST = row("gdas", 0, None, status="diverged", eval_dataset=None, evaluation=None)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return results.load(stored(tmp_path / "a", *DARTS, *RARTS, LOST))


def test_methods_are_ranked_by_their_mean_error(run: Run) -> None:
    table = run.summary()
    assert table[["algorithm", "n"]].to_numpy().tolist() == [["rarts", 3], ["darts1", 2], ["gdas", 0]]
    assert table["place"].tolist()[:2] == [1, 2] and table["place"].isna().tolist()[2]
    assert table["test_error_mean"].tolist()[:2] == [7.0, 11.5]
    assert table["test_error_sd"].tolist()[:2] == pytest.approx([1.0, math.sqrt(4.5)], rel=1e-12)
    assert table[["test_error_low", "test_error_high"]].isna().all(axis=None), "so few values have no interval"
    assert table["search_macs_mean"].tolist()[:2] == [4e12, 3e12]
    assert table["title"].tolist() == [described(name)["title"] for name in ("rarts", "darts1", "gdas")]


def test_equal_means_share_a_place_and_each_data_set_has_its_own_first(tmp_path: Path) -> None:
    rows = [row("rarts", 0, 5.0), row("darts1", 0, 5.0), row("gdas", 0, 6.0)]
    other = [one | {"eval_dataset": "cifar100", "test_error": 40 - one["test_error"]} for one in rows]
    store = Store.open_run(tmp_path, {}, ())
    for pair in zip(rows, other, strict=True):
        store.write_record(pair[0]["trial"], list(pair))
    table = results.load(tmp_path).summary().set_index(["eval_dataset", "algorithm"])["place"]
    assert table.loc["cifar10"].to_dict() == {"rarts": 1, "darts1": 1, "gdas": 3}
    assert table.loc["cifar100"].to_dict() == {"gdas": 1, "rarts": 2, "darts1": 2}


def test_a_comparison_is_the_first_minus_the_second_by_seed(run: Run) -> None:
    found = run.compare("rarts", "darts1").iloc[0]
    # Seeds 0 and 1 are in both: 6 - 10 and 7 - 13.
    assert (found["n"], found["difference"], found["values"]) == (2, -5.0, [-4.0, -6.0])
    assert found[["low", "high", "p"]].isna().all()  # two differences have no interval
    back = run.compare("darts1", "rarts").iloc[0]
    assert (back["difference"], back["values"]) == (5.0, [4.0, 6.0])


def test_seven_pairs_of_one_sign_have_the_smallest_p_of_two_to_the_seventh_flips(tmp_path: Path) -> None:
    pairs = [row(name, seed, error + seed**2) for seed in range(7) for name, error in (("rarts", 1.0), ("darts1", 2.0))]
    found = results.load(stored(tmp_path, *pairs)).compare("rarts", "darts1").iloc[0]
    assert (found["n"], found["difference"]) == (7, -1.0)
    assert found["p"] == pytest.approx(2 / 2**7, rel=1e-12)


def test_a_variant_is_named_after_its_algorithm(tmp_path: Path) -> None:
    wide = [
        one | {"variant": "wide", "trial": one["trial"] + "w", "test_error": one["test_error"] + 3} for one in RARTS
    ]
    run = results.load(stored(tmp_path, *RARTS, *wide))
    assert run.compare("rarts wide", "rarts").iloc[0]["values"] == [3.0, 3.0, 3.0]


def test_what_cannot_be_compared_is_refused(run: Run) -> None:
    with pytest.raises(BadInput, match="unknown method of the run 'rart'; did you mean 'rarts'"):
        run.compare("rart", "darts1")
    with pytest.raises(BadInput, match="cannot be compared with itself"):
        run.compare("rarts", "rarts")
    with pytest.raises(BadInput, match="rarts and gdas share no seed"):
        run.compare("rarts", "gdas")


def test_several_runs_are_one_and_a_trial_in_two_counts_once(tmp_path: Path) -> None:
    first = stored(tmp_path / "a", *DARTS, budget=1, seeds=[0, 1])
    second = pack(stored(tmp_path / "b", *RARTS, DARTS[0] | {"hp.lr": 0.1}, budget=2, seeds=[0, 1]), tmp_path / "b.zip")
    run = results.load([first, second])
    assert run.records["trial"].tolist() == ["darts1-0", "darts1-1", "rarts-0", "rarts-1", "rarts-2"]
    assert len(run.history) == 10 and run.path == tmp_path
    assert run.config == {"space": "nats", "seeds": [0, 1]}
    assert run.compare("rarts", "darts1").iloc[0]["difference"] == -5.0
    pd.testing.assert_frame_equal(results.load([first]).records, results.load(first).records)
    with pytest.raises(BadInput, match="no run to load"):
        results.load([])


def test_a_trial_that_two_runs_hold_with_different_outcomes_is_refused(tmp_path: Path) -> None:
    """The first of an edited plug-in's two runs was once shown for both."""
    first, second = (
        stored(tmp_path / name, *DARTS, row("rarts", 0, error)) for name, error in (("a", 6.0), ("b", 9.0))
    )
    with pytest.raises(BadInput, match=r"the trial rarts-0 \(rarts, seed 0\) with different outcomes"):
        results.load([first, second])
    later = stored(tmp_path / "c", row("rarts", 0, 6.0, search_seconds=1.0))
    assert len(results.load([first, later]).records) == 3, "clocks may differ"


def test_a_notebook_shows_the_ranking_and_no_text_of_a_record_as_markup(tmp_path: Path) -> None:
    evil = row("rarts", 3, 6.5, title="<script>x</script>", variant="<b>")
    text = results.load(stored(tmp_path / "<i>", *DARTS, evil))._repr_html_()
    assert "<script" not in text and "<i>" not in text and "&lt;script&gt;x&lt;/script&gt; &lt;b&gt;" in text
    assert text.index("6.50") < text.index("11.50") and "3 done" in text and "2.12" in text
    # One search has no deviation.
    assert "<td>–</td>" in text and "nan" not in text.lower()


def test_nothing_is_averaged_over_a_sweeps_settings(tmp_path: Path) -> None:
    errors = {0.1: (5.0, 7.0), 10.0: (20.0, 30.0)}
    swept = [
        row("rarts", seed, error, **{"hp.lam": lam, "trial": f"{lam}-{seed}"})
        for lam, own in errors.items()
        for seed, error in enumerate(own)
    ]
    run = results.load(stored(tmp_path, *swept, *DARTS))
    table = run.summary()
    assert table["variant"].tolist() == ["lam = 0.1", "", "lam = 10"]
    assert table["test_error_mean"].tolist() == [6.0, 11.5, 25.0]
    assert run.compare("rarts lam = 0.1", "rarts lam = 10")["values"].tolist() == [[-15.0, -23.0]]
    with pytest.raises(BadInput, match=r"rarts lam = 0\.1"):
        run.compare("rarts", "darts1")
