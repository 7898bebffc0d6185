"""NAS-Bench-Macro: the published networks' sizes, the table's facts, what identities elsewhere change, the supernet."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from results.errors import BadInput
from spaces.base import Mix
from spaces.counting import multiply_adds, parameters
from spaces.macro import Macro, MacroOptions
from spaces.macro_network import MacroNetwork, parse, same_function
from spaces.macro_supernet import MacroSupernet
from spaces.macro_table import MacroTable, every_network

SMALL = MacroOptions(channels=2, image_size=8)


@pytest.fixture(scope="module")
def path(real_data: Path) -> Path:
    return real_data / "macro" / "macro.parquet"


@pytest.fixture(scope="module")
def frame(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path).set_index("arch")


@pytest.fixture(scope="module")
def table(path: Path) -> MacroTable:
    return MacroTable(path)


def test_200_networks_have_the_published_sizes(frame: pd.DataFrame) -> None:
    """Parameters to the unit; multiply-adds to the ten additions of the classifier's bias, which the table leaves out.

    Every size is a sum over layers, so that the 17 networks which differ from 00000000 in one layer fix all others.
    """
    one_apart = ["0" * layer + choice + "0" * (7 - layer) for layer in range(8) for choice in "12"]
    for genotype in ["00000000", "22212220", *one_apart]:
        network = MacroNetwork(parse(genotype))
        assert parameters(network) == frame["params"][genotype]
        assert multiply_adds(network, (3, 32, 32)) == frame["flops"][genotype] + 10
    for column in ("params", "flops"):
        least = frame[column]["00000000"]
        own = {(n.index(c), c): frame[column][n] - least for n in one_apart for c in "12" if c in n}
        for genotype in frame.sample(200, random_state=0).index:
            parts = [own[layer, c] for layer, c in enumerate(genotype) if c != "0"]
            assert frame[column][genotype] == least + sum(parts)


def test_200_random_rows_are_looked_up_as_pandas_does(table: MacroTable, frame: pd.DataFrame) -> None:
    means = frame[[f"cifar10_test_{seed}" for seed in range(3)]].mean(axis=1).round(6)
    for genotype in frame.sample(200, random_state=1).index:
        score = table.score(genotype, "cifar10")
        assert score.test_accuracy == means[genotype]
        assert score.rank == 1 + (means > means[genotype]).sum()
        assert score.percentile == pytest.approx(100 * (means < means[genotype]).mean(), abs=1e-9)
        assert score.regret == pytest.approx(means.max() - means[genotype], abs=1e-9)
        assert (score.params, score.flops) == (frame["params"][genotype], frame["flops"][genotype])
    best = table.score("22212220", "cifar10")
    assert (best.rank, best.regret, best.params) == (1, 0, 1_985_514)
    assert best.test_accuracy == pytest.approx(93.127, abs=5e-4)


def test_the_noise_floor_is_that_of_a_difference_of_two_means(table: MacroTable, frame: pd.DataFrame) -> None:
    distinct = frame[[genotype == same_function(genotype) for genotype in frame.index]]
    seeds = distinct[[f"cifar10_test_{seed}" for seed in range(3)]].to_numpy()
    # A difference of two seeds of one network has twice a seed's variance; three are averaged.
    pairs = [np.mean((seeds[:, a] - seeds[:, b]) ** 2) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert table.noise == pytest.approx(np.sqrt(np.mean(pairs) / 3), rel=1e-9)
    assert table.noise == pytest.approx(0.1734, abs=1e-4)


def test_rows_of_one_function_have_one_training(frame: pd.DataFrame) -> None:
    """So a rank counts functions by how often they stand in the table: once, twice or four times."""
    by_function = frame.groupby(same_function)
    assert by_function.ngroups == 3969 == 9 * 21 * 21
    assert (by_function.max() == by_function.min()).all(axis=None)
    assert set(by_function.size()) == {1, 2, 4}
    assert same_function("10010101") == "10" + "010" + "110"
    assert same_function("00202210") == "00220210"


@pytest.mark.usefixtures("double")
def test_identities_elsewhere_are_the_same_function_but_for_the_first_layer() -> None:
    x = torch.randn(2, 3, 8, 8)
    torch.manual_seed(0)
    late = MacroNetwork(parse("10" + "210" + "011"), 2).eval()
    early = MacroNetwork(parse("10" + "201" + "011"), 2).eval()
    moved = {name.replace("layers.3.", "layers.4."): value for name, value in late.state_dict().items()}
    early.load_state_dict(moved)
    torch.testing.assert_close(early(x), late(x), rtol=0, atol=0)
    assert parameters(MacroNetwork(parse("10" + "021" + "011"), 2)) != parameters(early)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("genotype", ["22212220", "00000000", "10201102"])
def test_a_one_hot_supernet_computes_the_stand_alone_network(genotype: str) -> None:
    """On batch statistics and with the stand-alone network's scales at 1: bit for bit, all choices run or one."""
    space = Macro(SMALL)
    supernet, network = space.supernet(), space.build(genotype).train()
    assert isinstance(supernet, MacroSupernet)
    own = supernet.state_dict()
    chosen = {f"layers.{layer}.": f"layers.{layer}.choices.{choice}." for layer, choice in enumerate(parse(genotype))}
    for name, tensor in network.named_parameters():
        there = next((name.replace(own, other) for own, other in chosen.items() if name.startswith(own)), name)
        if there in own:
            tensor.data.copy_(own[there])
    x, hot = torch.randn(4, 3, 8, 8), space.one_hot(genotype)
    weights = {name: weight.double() for name, weight in hot.items()}
    active = {name: [row.nonzero().flatten().tolist() for row in weight] for name, weight in hot.items()}
    torch.testing.assert_close(supernet(x, Mix(weights)), network(x), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(supernet(x, Mix(weights, active)), network(x), rtol=0, atol=0)


@pytest.mark.usefixtures("double")
def test_gradient_to_alpha_is_the_finite_difference() -> None:
    torch.manual_seed(1)
    supernet, x = Macro(SMALL).supernet(), torch.randn(3, 3, 8, 8)

    def loss(alpha: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = supernet(x, Macro(SMALL).relax({"layers": alpha}))
        return nn.functional.cross_entropy(logits, torch.tensor([1, 2, 3]))

    alpha = torch.randn(8, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(alpha), alpha)
    for layer, choice in ((0, 0), (3, 1), (7, 2)):
        step = torch.zeros_like(alpha)
        step[layer, choice] = 1e-5
        wanted = (loss(alpha + step) - loss(alpha - step)) / 2e-5
        assert float(slope[layer, choice]) == pytest.approx(float(wanted.detach()), rel=1e-5, abs=1e-9)


def test_genotypes_round_trip_and_neighbours_differ_in_one_layer() -> None:
    space, generator = Macro(SMALL), torch.Generator().manual_seed(0)
    for genotype in itertools.islice(sorted(every_network()), 0, None, 331):
        assert space.discretise(space.one_hot(genotype)) == genotype
        other = space.mutate(genotype, generator)
        assert sum(a != b for a, b in zip(genotype, other, strict=True)) == 1
    assert [edge.operation for edge in space.edges("10200000")].count("skip_connect") == 6


@pytest.mark.parametrize(
    ("genotype", "fault"),
    [("2221222", "'2221222' is no network"), ("22212223", "write 8 digits"), ("", "'' is no network")],
)
def test_a_malformed_genotype_is_bad_input(table: MacroTable, genotype: str, fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        table.score(genotype, "cifar10")


def damaged(frame: pd.DataFrame, fault: str) -> pd.DataFrame:
    match fault:
        case "repeats row 3":
            return pd.concat([frame, frame.iloc[[3]]], ignore_index=True)
        case "row 7: cifar10_test_1 is nan":
            return frame.assign(cifar10_test_1=frame["cifar10_test_1"].where(frame.index != 7))
        case "6,560 of the 6,561 networks":
            return frame.drop(index=4)
        case "does not hold the published figures":
            return frame.assign(cifar10_test_2=frame["cifar10_test_2"].where(frame.index != 7, 93.5))
    raise AssertionError(fault)


@pytest.mark.parametrize(
    "fault",
    [
        "repeats row 3",
        "row 7: cifar10_test_1 is nan",
        "6,560 of the 6,561 networks",
        "does not hold the published figures",
    ],
)
def test_a_wrong_table_is_refused_in_one_line(frame: pd.DataFrame, tmp_path: Path, fault: str) -> None:
    damaged(frame.reset_index(), fault).to_csv(tmp_path / "macro.csv", index=False)
    with pytest.raises(BadInput) as error:
        MacroTable(tmp_path / "macro.csv")
    assert fault in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_the_published_figures_are_known_whatever_file_and_type_holds_them(
    frame: pd.DataFrame, table: MacroTable, tmp_path: Path
) -> None:
    frame.reset_index().sample(frac=1, random_state=0).astype({"cifar10_test_0": "float32"}).to_csv(
        tmp_path / "macro.csv", index=False
    )
    assert MacroTable(tmp_path / "macro.csv").content_digest == table.content_digest
