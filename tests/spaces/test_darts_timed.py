"""What a latency table of DARTS cells measures is what its stand-alone networks run."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import torch

from results.schema import CONCAT
from spaces.base import Edge
from spaces.darts import LATENCIES, Darts, DartsOptions
from spaces.darts_graph import OPERATIONS
from spaces.darts_network import Network

ALL = [("c_{k-2}", "0"), ("c_{k-1}", "0"), ("0", "1"), ("c_{k-1}", "1"), ("0", "2"), ("1", "2"), ("2", "3"), ("1", "3")]


def genotype(operation: str) -> str:
    """Cells of one operation, in which edges from inputs and from nodes both occur."""
    numbers = {"c_{k-2}": 0, "c_{k-1}": 1}
    edges = [(operation, numbers.get(source, int(source[0]) + 2 if source[0].isdigit() else 0)) for source, _ in ALL]
    return f"Genotype(normal={edges}, normal_concat=[2, 3, 4, 5], reduce={edges}, reduce_concat=[2, 3, 4, 5])"


@pytest.mark.parametrize(
    "options", [{"cells": 5, "image_size": 16}, {"cells": 7, "image_size": 128}], ids=["cifar", "imagenet"]
)
def test_the_operations_timed_are_those_that_the_network_runs(options: dict[str, int]) -> None:
    space = Darts(DartsOptions(channels=4, **options))
    for operation in OPERATIONS[1:]:
        text = genotype(operation)
        edges = Counter(space.kind(edge) for edge in space.edges(text) if edge.operation != CONCAT)
        asked: Counter[Size] = Counter()
        for t in space.timed():
            if t.operation == operation:
                asked[t.shape, t.stride] += edges[t.kind] * t.count
        assert run_sizes(space.build(text), options["image_size"]) == asked


Size = tuple[tuple[int, ...], int]


def run_sizes(network: Network, side: int) -> Counter[Size]:
    """How often each (input's shape, stride) occurs among the edges of a pass of ``network``."""
    seen: Counter[Size] = Counter()

    def see(_: object, given: tuple[torch.Tensor], out: torch.Tensor) -> None:
        seen[tuple(given[0].shape[1:]), given[0].shape[-1] // out.shape[-1]] += 1

    for name, module in network.named_modules():
        if re.fullmatch(r"cells\.\d+\.operations\.\d+\.\d+", name):
            module.register_forward_hook(see)
    network.eval()(torch.randn(1, 3, side, side))
    return seen


def test_modules_have_the_shapes_that_are_timed() -> None:
    for t in Darts(DartsOptions(channels=4, cells=3, image_size=8)).timed():
        assert (t.build is None) == (t.operation == "none")
        if t.build is not None:
            out = t.build().eval()(torch.randn(2, *t.shape))
            assert out.shape == (2, t.shape[0], t.shape[1] // t.stride, t.shape[2] // t.stride)


def test_kinds_are_those_of_the_option() -> None:
    space = Darts(DartsOptions(cells=3))
    assert {t.kind for t in space.timed()} == set(LATENCIES)
    assert [t.operation for t in space.timed() if t.kind == "normal"] == list(OPERATIONS)
    assert space.kind(Edge("reduce", "c_{k-1}", "3", "skip_connect")) == "reduce_stride2"
    assert space.kind(Edge("reduce", "2", "3", "skip_connect")) == "reduce"
    assert space.kind(Edge("normal", "c_{k-2}", "3", "skip_connect")) == "normal"
