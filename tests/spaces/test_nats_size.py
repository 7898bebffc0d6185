"""NATS-Bench's size space: published sizes, lookups, and a supernet that is the slim network at a single width."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from searches import make_batch, make_search
from torch import Tensor, nn

from results.errors import BadInput
from spaces.base import Mix
from spaces.counting import multiply_adds, parameters
from spaces.nats_benchmark import DATASETS
from spaces.nats_size import NatsSize, NatsSizeOptions
from spaces.nats_size_network import WIDTHS, SizedNetwork, parse_widths
from spaces.nats_size_supernet import Form
from spaces.nats_size_table import SizeTable

FORMS: tuple[Form, Form] = ("masked", "interpolated")
GEOMETRY = {"cifar10": (10, 32), "cifar100": (100, 32), "ImageNet16-120": (120, 16)}


@pytest.fixture(scope="module")
def path(real_data: Path) -> Path:
    return real_data / "nats" / "sss.parquet"


@pytest.fixture(scope="module")
def frame(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path).set_index("arch")


@pytest.fixture(scope="module")
def table(path: Path) -> SizeTable:
    return SizeTable(path)


@pytest.mark.parametrize("dataset", DATASETS)
def test_built_networks_have_the_tables_sizes_to_the_unit(frame: pd.DataFrame, dataset: str) -> None:
    classes, side = GEOMETRY[dataset]
    equal = ["64:64:64:64:64", "8:8:8:8:8", "24:16:16:40:40"]  # widths that stay keep the skip an identity
    for genotype in [*equal, *frame.sample(12, random_state=0).index]:
        network = SizedNetwork(parse_widths(genotype), classes)
        assert parameters(network) == frame[f"{dataset}_params"][genotype]
        assert multiply_adds(network, (3, side, side)) == round(1e6 * frame[f"{dataset}_flops_M"][genotype])


@pytest.mark.parametrize("dataset", DATASETS)
def test_200_random_rows_are_looked_up_as_pandas_does(table: SizeTable, frame: pd.DataFrame, dataset: str) -> None:
    accuracies = frame[f"{dataset}_test_90"]
    for genotype in frame.sample(200, random_state=1).index:
        score = table.score(genotype, dataset)
        assert score.test_accuracy == accuracies[genotype]
        assert score.rank == 1 + (accuracies > accuracies[genotype]).sum()
        assert score.percentile == pytest.approx(100 * (accuracies < accuracies[genotype]).mean(), abs=1e-9)
        assert score.params == frame[f"{dataset}_params"][genotype]
    # The optimum that NATS-Bench's paper gives for the size space.
    published = {"cifar10": 93.65, "cifar100": 71.34, "ImageNet16-120": 47.40}
    assert table.best(f"{dataset}_test_90") == pytest.approx(published[dataset], abs=0.005)


def copied(supernet: nn.Module, network: nn.Module) -> None:
    """Give the slim network the first channels of the supernet's weights."""
    names = {"stem.0": "stem", "stem.1": "stem_norm", "lastact.0": "norm", "classifier": "classifier"}
    own = dict(supernet.named_parameters())

    def there(name: str) -> Tensor | None:
        for prefix, other in names.items():
            if name.startswith(prefix):
                return own[other + name.removeprefix(prefix)]
        block, _, rest = name.removeprefix("blocks.").partition(".")
        if rest.startswith("edges.3<-0."):
            return own.get(f"blocks.{block}.projection.weight") if rest.endswith(".0.weight") else None
        if rest == "downsample.1.weight":
            return own[f"blocks.{block}.downsample.weight"]
        rest = rest.replace("edges.", "convs.")
        return (
            own.get(f"blocks.{block}.{rest.removesuffix('.1.weight')}.weight") if rest.endswith(".1.weight") else None
        )

    for name, parameter in network.named_parameters():
        if (tensor := there(name)) is not None:
            parameter.data.copy_(tensor[tuple(slice(size) for size in parameter.shape)])


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("genotype", ["64:64:64:64:64", "8:8:8:8:8", "24:16:48:40:40", "8:64:8:64:16"])
def test_a_single_width_a_layer_is_the_slim_network(genotype: str, form: Form) -> None:
    torch.manual_seed(0)
    space = NatsSize(NatsSizeOptions(channels=16, image_size=8, form=form))
    supernet, network = space.supernet(), space.build(genotype).train()
    with torch.no_grad():  # scales and shifts that show where a closed channel leaks
        for parameter in supernet.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    copied(supernet, network)
    x, hot = torch.randn(4, 3, 8, 8), {n: w.double() for n, w in space.one_hot(genotype).items()}
    active = {name: [row.nonzero().flatten().tolist() for row in weight] for name, weight in hot.items()}
    wanted = network(x)
    torch.testing.assert_close(supernet(x, Mix(hot, active)), wanted, rtol=1e-10, atol=1e-10)
    if form == "masked":  # all widths run, one counts
        torch.testing.assert_close(supernet(x, Mix(hot)), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("form", FORMS)
def test_gradient_to_alpha_is_the_finite_difference(form: Form) -> None:
    torch.manual_seed(1)
    space = NatsSize(NatsSizeOptions(channels=8, image_size=8, form=form))
    supernet, x, y = space.supernet(), torch.randn(4, 3, 8, 8), torch.tensor([1, 2, 3, 4])

    def loss(alpha: Tensor) -> Tensor:
        return nn.functional.cross_entropy(supernet(x, space.relax({"widths": alpha})), y)

    alpha = torch.randn(5, 8, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(alpha), alpha)
    for layer, width in ((0, 0), (1, 3), (4, 7)):
        step = torch.zeros(5, 8)
        step[layer, width] = 1e-6
        with torch.no_grad():
            wanted = float(loss(alpha + step) - loss(alpha - step)) / 2e-6
        assert float(slope[layer, width]) == pytest.approx(wanted, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("form", FORMS)
def test_a_sampled_step_computes_only_the_widths_that_it_drew(form: Form) -> None:
    """A pass through 8 of 64 channels costs less than a tenth of one through all: nothing runs at full width."""
    space = NatsSize(NatsSizeOptions(channels=16, image_size=8, form=form))
    cost = {}
    for genotype in ("8:8:8:8:8", "64:64:64:64:64"):
        search = make_search("gdas", space)
        hot = space.one_hot(genotype)
        active = {name: [row.nonzero().flatten().tolist() for row in weight] for name, weight in hot.items()}
        search.grad_w(search.w, make_batch("train"), lambda alpha, hot=hot, active=active: Mix(hot, active))
        cost[genotype] = search.counts.macs
    assert 10 * cost["8:8:8:8:8"] < cost["64:64:64:64:64"]


def test_genotypes_round_trip_and_neighbours_differ_in_one_width() -> None:
    space, generator = NatsSize(), torch.Generator().manual_seed(0)
    for _ in range(50):
        genotype = space.sample(generator)
        assert space.discretise(space.one_hot(genotype)) == genotype
        pairs = zip(parse_widths(genotype), parse_widths(space.mutate(genotype, generator)), strict=True)
        assert sum(a != b for a, b in pairs) == 1
    assert {width for _ in range(40) for width in parse_widths(space.sample(generator))} == {*WIDTHS}


@pytest.mark.parametrize("genotype", ["8:8:8:8", "8:8:8:8:12", "8:8:8:8:8:8", "", "08:8:8:8:8"])
def test_a_malformed_genotype_is_bad_input(table: SizeTable, genotype: str) -> None:
    with pytest.raises(BadInput, match="is no network of the size space: write five widths") as error:
        table.score(genotype, "cifar10")
    assert len(str(error.value).splitlines()) == 1


def test_a_changed_figure_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.assign(cifar10_test_90=frame["cifar10_test_90"] + 0.01).reset_index().to_parquet(tmp_path / "sss.parquet")
    with pytest.raises(BadInput, match="does not hold the published figures"):
        SizeTable(tmp_path / "sss.parquet")
