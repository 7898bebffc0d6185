"""How well a score ranks: against counting pairs one by one; which architectures are drawn; the command."""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cifar_files import write_cifar10
from faults import Faults

from algorithms.zero_cost import SCORES
from harness.__main__ import main
from harness.measuring.correlation import compared, correlate, sample
from results.errors import BadInput
from spaces.macro import Macro
from spaces.nats import Nats
from spaces.nats_function import same_function

NAN, INF = float("nan"), float("inf")


def tau_b(a: list[float], b: list[float]) -> float:
    """Kendall's τ-b by looking at every pair."""
    balance = ties_a = ties_b = 0
    pairs = list(itertools.combinations(range(len(a)), 2))
    for i, j in pairs:
        first, second = (a[i] > a[j]) - (a[i] < a[j]), (b[i] > b[j]) - (b[i] < b[j])
        balance += first * second
        ties_a, ties_b = ties_a + (not first), ties_b + (not second)
    return balance / math.sqrt((len(pairs) - ties_a) * (len(pairs) - ties_b))


def rho(a: list[float], b: list[float]) -> float:
    """Spearman's ρ: Pearson's r of mean ranks, each counted."""
    ranks = [[sum(y < x for y in side) + (sum(y == x for y in side) + 1) / 2 for x in side] for side in (a, b)]
    return float(np.corrcoef(ranks)[0, 1])


def test_correlations_are_those_of_counting_pairs_with_ties() -> None:
    random = np.random.default_rng(0)
    ours = random.integers(0, 12, 40).tolist()
    table = [x + 6 * e for x, e in zip(ours, random.standard_normal(40).round(1).tolist(), strict=True)]
    found = correlate("s", ours, table, 0.5, seed=0)
    assert (found.score, found.n, found.seconds) == ("s", 40, 0.5)
    assert found.kendall == pytest.approx(tau_b(ours, table), abs=1e-12)
    assert found.spearman == pytest.approx(rho(ours, table), abs=1e-12)
    assert -1 <= found.kendall_low < found.kendall < found.kendall_high <= 1
    assert -1 <= found.spearman_low < found.spearman < found.spearman_high <= 1
    assert found == correlate("s", ours, table, 0.5, seed=0)


def test_order_alone_counts_and_infinity_is_the_least() -> None:
    table = [float(x) for x in range(20)]
    for scores, value in (([-INF, *np.exp(range(19))], 1), ([-x for x in table], -1)):
        found = correlate("s", scores, table, 0.0, seed=0)
        assert found.kendall == pytest.approx(value) and found.spearman == pytest.approx(value)
        assert found.kendall_low == pytest.approx(found.kendall_high) == pytest.approx(value)


def test_what_has_no_score_is_left_out_and_few_have_no_interval() -> None:
    found = correlate("s", [1, NAN, 2, 3], [10, 0, 20, 30], 0.0, seed=0)
    assert found.n == 3 and found.kendall == found.spearman == pytest.approx(1)
    assert all(map(math.isnan, (found.kendall_low, found.kendall_high, found.spearman_low, found.spearman_high)))


def test_a_score_that_is_always_the_same_ranks_nothing() -> None:
    found = correlate("s", [1.0] * 20, list(range(20)), 0.0, seed=0)
    assert found.n == 20 and math.isnan(found.kendall) and math.isnan(found.spearman)


def test_scores_of_the_same_architectures_are_compared_as_pairs() -> None:
    """Two scores with overlapping intervals may differ surely, where one is the other with something taken off."""
    random = np.random.default_rng(0)
    table = random.standard_normal(200)
    best = table + 0.8 * random.standard_normal(200)
    worse = best + 0.3 * random.standard_normal(200)
    found = {name: correlate(name, list(values), list(table), 0.0, 0) for name, values in (("b", best), ("w", worse))}
    assert found["w"].kendall_high > found["b"].kendall_low, "the intervals overlap"
    row = compared(found["w"], list(worse), list(best), list(table), seed=0)
    assert row.behind == pytest.approx(found["b"].kendall - found["w"].kendall, abs=1e-12)
    assert 0 < row.behind_low < row.behind < row.behind_high
    same = compared(found["b"], list(best), list(best), list(table), seed=0)
    assert (same.behind, same.behind_low, same.behind_high) == (0, 0, 0)
    turned = compared(found["w"], list(-worse), list(best), list(table), seed=0)
    assert turned.behind == pytest.approx(row.behind, abs=1e-12), "the reverse order ranks as well"


def test_an_interval_is_as_wide_as_samples_spread() -> None:
    """Of normal pairs, whose τ has the standard error sqrt(0.437 / (n − 4)) (Fieller, Hartley, Pearson, 1957)."""
    a, e = np.random.default_rng(1).standard_normal((2, 200))
    found = correlate("s", a.tolist(), (0.6 * a + 0.8 * e).tolist(), 0.0, seed=0)
    z_low, z_high = math.atanh(found.kendall_low), math.atanh(found.kendall_high)
    assert (z_high - z_low) / (2 * 1.96) == pytest.approx(math.sqrt(0.437 / 196), rel=0.2)
    assert found.kendall_low < 2 / math.pi * math.asin(0.6) < found.kendall_high


def test_the_sample_is_of_functions_and_the_seeds() -> None:
    space = Nats()
    cells = sample(space, 300, seed=0)
    assert len({same_function(cell) for cell in cells}) == 300
    assert cells == sample(space, 300, seed=0) and cells[:50] == sample(space, 50, seed=0)
    assert cells != sample(space, 300, seed=1)
    assert len({Macro().function_of(network) for network in sample(Macro(), 3969, seed=0)}) == 3969
    with pytest.raises(BadInput, match="3,969 architectures that differ"):
        sample(Macro(), 3970, seed=0)


SMALL = "--set space.channels=2 --set space.cells=1 --set image_size=8 --batch-size 8"


def test_bad_input_is_one_line(fault: Faults, tmp_path: Path) -> None:
    assert "the space resnet164 has no table" in fault("correlate --space resnet164")
    assert "unknown score 'naswott'; did you mean 'naswot'?" in fault("correlate --scores naswott")
    assert "--scores ',' names nothing" in fault("correlate --scores ,")
    assert "does not exist" in fault("correlate --table nowhere.parquet")
    assert "there is no table" in fault("correlate")
    assert "ends in .csv" in fault("correlate --out", tmp_path / "values.txt")
    assert "in a folder that is there" in fault("correlate --out", tmp_path / "nowhere" / "values.csv")
    assert "unknown data set 'cifra10'" in fault("correlate --dataset cifra10")


def test_bad_input_with_a_table(fault: Faults, real_data: Path) -> None:
    table = real_data / "nats" / "tss.parquet"
    assert "--cells 2: a rank correlation needs at least 3" in fault("correlate --cells 2 --table", table)
    assert "5,260 architectures that differ as functions" in fault("correlate --cells 5261 --table", table)
    assert "unknown data set of the table 'digits'" in fault("correlate --dataset digits --table", table)
    assert "cifar-10" in fault("correlate --cells 3 --table", table)  # the images are not here
    assert "no key 'space.chanels'" in fault("correlate --set space.chanels=2 --table", table)


def test_the_command_scores_a_sample_and_writes_its_values(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    words = f"correlate {SMALL} --cells 9 --seed 3 --table {real_data / 'nats' / 'tss.parquet'} --data-dir {tmp_path}"

    def answer(*more: str) -> str:
        monkeypatch.setattr(sys, "argv", ["harness", *words.split(), *more])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    told = json.loads(answer("--json", "--out", str(tmp_path / "values.csv")))
    assert (told["cells"], told["seed"], told["dataset"], told["image_size"]) == (9, 3, "cifar10", 8)
    assert {row["score"] for row in told["scores"]} == {*SCORES}
    strengths = [abs(row["kendall"]) for row in told["scores"]]
    assert strengths == sorted(strengths, reverse=True)
    values = pd.read_csv(tmp_path / "values.csv")
    assert values["arch"].tolist() == sample(Nats(), 9, seed=3)
    frame = pd.read_parquet(real_data / "nats" / "tss.parquet").set_index("arch")
    assert values["test_accuracy"].tolist() == frame.loc[values["arch"], "cifar10_test_200"].tolist()
    for row in told["scores"]:
        again = correlate(row["score"], values[row["score"]].tolist(), values["test_accuracy"].tolist(), 0.0, seed=3)
        assert row["kendall"] == pytest.approx(again.kendall) and row["spearman"] == pytest.approx(again.spearman)
    shown = answer("--scores", "flops,params")
    assert "Kendall τ" in shown and "params" in shown and "naswot" not in shown and "seed 3" in shown


def test_help_names_every_score(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["harness", "correlate", "--help"])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr().out
    assert [name for name in SCORES if name not in shown] == []
