"""Zero-cost scores against closed forms and slow oracles, and the search that ranks by them against brute force."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from searches import make_batch, no_evaluator, seeded
from torch import Tensor, nn

from algorithms import ALGORITHMS
from algorithms.base import Setting
from algorithms.naswot import hamming_kernel
from algorithms.zero_cost import JACOB_COV_K, SCORES, ScoreName
from algorithms.zero_cost_search import ZeroCostSearch
from results.errors import BadInput
from spaces.base import Batch
from spaces.counting import multiply_adds
from spaces.macro import Macro
from spaces.nats import Nats, NatsOptions
from spaces.nats_cell import OPERATIONS, TinyNetwork
from spaces.nats_table import TableFile

SMALL = NatsOptions(channels=2, cells=1, image_size=8)
LIVE = ("nor_conv_3x3", "nor_conv_1x1", "skip_connect", "avg_pool_3x3", "nor_conv_3x3", "nor_conv_1x1")
"""A cell of which every edge leads from input to output."""


def network(operations: tuple[str, ...] = LIVE) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TinyNetwork(operations, channels=2, cells=1)


def vectors(count: int = 6, size: int = 3, classes: int = 3) -> Batch:
    generator = seeded("vectors")
    x = torch.randn(count, size, generator=generator)
    return Batch(x, torch.randint(classes, (count,), generator=generator))


def chain(*between: nn.Module) -> nn.Sequential:
    """Three linear layers of 3, 4, 2 and 3 units, with ``between`` after each but the last."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        layers = [nn.Linear(a, b, bias=False) for a, b in itertools.pairwise((3, 4, 2, 3))]
    return nn.Sequential(layers[0], *between, layers[1], *between, layers[2])


@pytest.mark.parametrize("between", [(), (nn.ReLU(),)], ids=["linear", "relu"])
def test_synflow_of_a_chain_is_the_sum_over_paths_once_for_each_layer(between: tuple[nn.Module, ...]) -> None:
    made = chain(*between)
    first, second, third = (p.detach().double().numpy() for p in made.parameters())
    paths = sum(
        abs(first[b, a] * second[c, b] * third[d, c])
        for a, b, c, d in itertools.product(range(3), range(4), range(2), range(3))
    )
    assert SCORES["synflow"].of(made, vectors()) == pytest.approx(3 * paths, rel=1e-12)


def test_synflow_sees_neither_signs_nor_images() -> None:
    plain, flipped = network(), network()
    with torch.no_grad():
        for parameter in flipped.parameters():
            parameter.neg_()
    score = SCORES["synflow"].of(plain, make_batch("train"))
    assert score == SCORES["synflow"].of(flipped, make_batch("val", 4)) > 0


def test_the_kernel_counts_the_units_that_agree() -> None:
    generator = seeded("codes")
    codes = [torch.rand(5, units, generator=generator) > 0.4 for units in (3, 7)]
    whole = torch.cat(codes, 1).tolist()
    slow = [[sum(a == b for a, b in zip(one, other, strict=True)) for other in whole] for one in whole]
    assert hamming_kernel(codes).tolist() == slow
    by_hand = hamming_kernel([torch.tensor([[True, False, True], [True, True, False]])])
    assert by_hand.tolist() == [[3, 1], [1, 3]]


def test_naswot_is_the_log_determinant_of_the_patterns_of_all_layers() -> None:
    made, one = chain(nn.ReLU()), vectors(count=1)
    batch = Batch(torch.cat([one.x, -one.x]), one.y.repeat(2))  # opposite patterns: the kernel is not singular
    hidden = made[0](batch.x)
    second = made[2](hidden.clamp(min=0))
    codes = torch.cat([hidden > 0, second > 0], 1).tolist()
    kernel = [[sum(a == b for a, b in zip(one, other, strict=True)) for other in codes] for one in codes]
    assert SCORES["naswot"].of(made, batch) == pytest.approx(math.log(abs(np.linalg.det(kernel))), rel=1e-9)
    with pytest.raises(BadInput, match="has none"):
        SCORES["naswot"].of(chain(), batch)


def from_jacobians(jacobians: Tensor) -> float:
    """The paper's score, written out: correlations, their eigenvalues by the general solver."""
    rows = jacobians.flatten(1).double().numpy()
    rows = rows - rows.mean(1, keepdims=True)
    norms = np.sqrt((rows**2).sum(1))
    eigenvalues = np.linalg.eigvals(rows @ rows.T / np.outer(norms, norms)).real + JACOB_COV_K
    return float(-sum(math.log(value) + 1 / value for value in eigenvalues))


def test_jacob_cov_is_that_of_each_image_alone_where_no_image_sees_another() -> None:
    made, batch = chain(nn.Tanh()), vectors(count=3)
    each = [torch.autograd.functional.jacobian(made, x).sum(0) for x in batch.x]
    assert SCORES["jacob_cov"].of(made, batch) == pytest.approx(from_jacobians(torch.stack(each)), rel=1e-4)


def test_jacob_cov_goes_through_the_batchs_own_statistics(double: None) -> None:
    made, batch = network().double(), make_batch("train", 5)
    whole = torch.autograd.functional.jacobian(made.train(), batch.x)
    assert SCORES["jacob_cov"].of(made, batch) == pytest.approx(from_jacobians(whole.sum((0, 1))), rel=1e-6)


@pytest.mark.parametrize("cell", [("none",) * 6, ("nor_conv_3x3", *["none"] * 5)])
def test_a_cell_without_a_way_through_is_worse_than_any_other(cell: tuple[str, ...]) -> None:
    batch = make_batch("train")
    for name in ("synflow", "naswot", "jacob_cov"):
        assert SCORES[name].of(network(cell), batch) < SCORES[name].of(network(("skip_connect",) * 6), batch)
    assert SCORES["jacob_cov"].of(network(cell), batch) == -math.inf
    assert SCORES["synflow"].of(network(cell), batch) == 0


def test_gradient_scores_of_a_linear_layer_are_softmax_regressions() -> None:
    made, batch = nn.Linear(3, 4), vectors(classes=4)
    error = torch.softmax(made(batch.x), 1) - F.one_hot(batch.y, 4)
    slope = (error.T @ batch.x / len(batch.y)).detach()
    assert SCORES["grad_norm"].of(made, batch) == pytest.approx(math.sqrt(float((slope**2).sum())), rel=1e-5)
    assert SCORES["snip"].of(made, batch) == pytest.approx(float((slope * made.weight.detach()).abs().sum()), rel=1e-5)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_leaves_the_network_as_it_was_and_repeats(name: ScoreName) -> None:
    made, batch = network(), make_batch("train")
    before = {key: tensor.clone() for key, tensor in made.state_dict().items()}
    first = SCORES[name].of(made, batch)
    assert all(torch.equal(tensor, before[key]) for key, tensor in made.state_dict().items())
    assert made.training and all(p.requires_grad and p.grad is None for p in made.parameters())
    assert first == SCORES[name].of(made, batch)


@pytest.mark.parametrize("row", [0, 6111, 15624])
def test_sizes_are_the_tables_columns(real_data: Path, row: int) -> None:
    table = TableFile(real_data / "nats" / "tss.parquet")
    cell = table.genotypes[row]
    score, made, batch = table.score(cell, "cifar10"), Nats().build(cell), make_batch("train", 2, 32)
    assert SCORES["params"].of(made, batch) == score.params
    assert SCORES["flops"].of(made, batch) == score.flops


def search(space: Nats | Macro, **hyper: object) -> ZeroCostSearch:
    cls = ALGORITHMS["zerocost"]
    made = cls(Setting(space, cls.Hyper(**hyper), seeded, torch.device("cpu"), no_evaluator))
    assert isinstance(made, ZeroCostSearch)
    return made


def drawn(space: Nats, k: int) -> list[str]:
    generator = seeded("sample")
    return [space.sample(generator) for _ in range(k)]


@pytest.mark.parametrize("name", SCORES)
def test_the_search_keeps_the_argmax_of_its_draws(name: ScoreName) -> None:
    space, k = Nats(SMALL), 12
    made, batch = search(space, k=k, score=name), make_batch("train")
    assert made.epochs(3) == k
    for epoch in range(k):
        # The second pair and all later ones are others, and must not matter.
        made.epoch([(batch if epoch == 0 else make_batch("val"), make_batch("val"))])
    scores: dict[str, float] = {}
    for genotype in drawn(space, k):
        torch.manual_seed(seeded("init").initial_seed())
        scores.setdefault(genotype, SCORES[name].of(space.build(genotype), batch))
    assert made.genotype() == max(scores, key=lambda genotype: scores[genotype])


class OneCell(Nats):
    """Draws the live cell alone."""

    def sample(self, generator: torch.Generator) -> str:
        return self.discretise({"cell": torch.eye(5)[[OPERATIONS.index(name) for name in LIVE]]})


@pytest.mark.parametrize(
    ("name", "passes", "forwards", "images"),
    [
        ("params", (0, 0, 0), 0, 8),
        ("flops", (0, 0, 0), 0, 8),
        ("naswot", (1, 0, 0), 1, 8),
        ("jacob_cov", (1, 0, 1), 2, 8),
        ("snip", (1, 1, 0), 3, 8),
        ("grad_norm", (1, 1, 0), 3, 8),
        ("synflow", (1, 1, 0), 3, 1),
    ],
)
def test_what_a_score_costs_is_what_it_runs(
    name: ScoreName, passes: tuple[int, int, int], forwards: int, images: int
) -> None:
    made = search(OneCell(SMALL), score=name)
    for _ in range(2):
        made.epoch([(make_batch("train"), make_batch("val"))])
    counts = made.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == tuple(2 * n for n in passes)
    # The classifier's ten biases are no multiplication, and no gradient is computed to images that want none.
    one = multiply_adds(network(), (3, 8, 8)) - 10
    spared = 3 * 2 * 9 * 8 * 8 if forwards == 3 else 0
    assert counts.macs == 2 * images * (forwards * one - spared)


def test_other_spaces_with_cells_are_ranked_as_well() -> None:
    made = search(Macro(Macro.Options(channels=4, image_size=8)), k=2)
    for _ in range(2):
        made.epoch([(make_batch("train"), make_batch("val"))])
    assert math.isfinite(made.best_accuracy) and len(made.genotype()) == 8
