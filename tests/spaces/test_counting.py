"""Counts against NATS-Bench's own, and against closed forms where that table is silent."""

import itertools

import pandas as pd
import pytest
import torch
from torch import nn

from harness.data import DATASETS as SOURCES
from spaces.counting import multiply_adds, parameters
from spaces.nats_benchmark import DATASETS
from spaces.nats_cell import OPERATIONS, TinyNetwork, parse


def network(operations: tuple[str, ...], dataset: str) -> TinyNetwork:
    with torch.device("meta"):
        return TinyNetwork(operations, classes=SOURCES[dataset].classes)


def counts(operations: tuple[str, ...], dataset: str) -> tuple[int, int]:
    size = SOURCES[dataset].image_size
    built = network(operations, dataset)
    return parameters(built), multiply_adds(built, (3, size, size))


def tabled(row: pd.Series, dataset: str) -> tuple[int, int]:
    """The table prints multiply-adds in millions with five digits after the point."""
    return row[f"{dataset}_params"], round(1e6 * row[f"{dataset}_flops_M"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_row_of_the_table_is_the_sum_of_its_edges(nats_frame: pd.DataFrame, dataset: str) -> None:
    """A cell costs the empty cell plus what each edge's operation costs, measured on the five uniform cells."""
    uniform = {name: counts((name,) * 6, dataset) for name in OPERATIONS}
    for figure, column, scale in ((0, "params", 1), (1, "flops_M", 1e6)):
        edge = {name: (count[figure] - uniform["none"][figure]) / 6 for name, count in uniform.items()}
        expected = [uniform["none"][figure] + sum(edge[name] for name in parse(cell)) for cell in nats_frame["arch"]]
        published = (scale * nats_frame[f"{dataset}_{column}"]).round()
        assert (published == expected).all()


def test_random_cells_count_as_in_the_table(nats_frame: pd.DataFrame) -> None:
    """Built networks; that the table has no exception is the test above."""
    rows = [row for _, row in nats_frame.sample(40, random_state=0).iterrows()]
    for row, dataset in zip(rows, itertools.cycle(DATASETS), strict=False):
        assert counts(parse(row["arch"]), dataset) == tabled(row, dataset)


@pytest.mark.parametrize(
    ("module", "shape", "expected"),
    [
        (nn.Linear(7, 3), (7,), 7 * 3 + 3),
        (nn.Linear(7, 3, bias=False), (7,), 7 * 3),
        (nn.Conv2d(3, 4, 3), (3, 5, 6), 3 * 4 * 9 * 3 * 4),
        (nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False), (6, 8, 8), 6 * 9 * 4 * 4),
        (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2)), (3, 4, 4), 0),
    ],
)
def test_layers_count_by_their_closed_form(module: nn.Module, shape: tuple[int, ...], expected: int) -> None:
    assert multiply_adds(module, shape) == expected


class Gated(nn.Module):
    """A network with a second input, as a supernet has."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, gate: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.linear(self.norm(x * gate["a"]))


@pytest.mark.parametrize("training", [True, False])
def test_counting_leaves_the_module_as_it_was(training: bool) -> None:
    module = Gated().train(training)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    gate = torch.ones(4, requires_grad=True)
    assert multiply_adds(module, (4,), {"a": gate}) == 4 * 2 + 2
    assert module.training is training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(type(value) is torch.Tensor for value in module.state_dict().values())
    assert module(torch.randn(3, 4), {"a": gate}).shape == (3, 2)
