"""Which cells are one function: counted, and held to real modules whose weights are exchanged."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from torch import nn

from results.errors import BadInput
from spaces.macro import Macro
from spaces.nats import Nats
from spaces.nats_benchmark import every_cell
from spaces.nats_cell import EDGES, NODES, Cell, ReLUConvBN, parse, text
from spaces.nats_function import same_function
from spaces.nats_size import NatsSize

CHANNELS = 2


@pytest.fixture(scope="module")
def classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for cell in sorted(every_cell()):
        found[same_function(cell)].append(cell)
    return found


def test_the_functions_are_5260(classes: dict[str, list[str]]) -> None:
    assert len(classes) == 5260
    assert len(classes[""]) == 341  # cells without a way from input to output, as in docs/tabular-spaces.md


def benchmarks_text(cell: str) -> str:
    """NATS-Bench's own rule: nested sums of operations, skips left out, in the order of their text."""
    nodes, operations = {0: "0"}, dict(zip(EDGES, parse(cell), strict=True))
    for target in range(1, NODES):
        terms = []
        for source in range(target):
            operation = operations[target, source]
            if operation == "none" or nodes[source] == "#":
                terms.append("#")
            else:
                terms.append(nodes[source] if operation == "skip_connect" else f"({nodes[source]})@{operation}")
        nodes[target] = "+".join(sorted(terms))
    return nodes[NODES - 1]


def test_by_the_benchmarks_own_rule_they_are_the_published_6466() -> None:
    assert len({benchmarks_text(cell) for cell in every_cell()}) == 6466


def convolutions(cell: Cell) -> list[ReLUConvBN]:
    return [module for module in cell.edges.values() if isinstance(module, ReLUConvBN)]


def module_of(cell: str) -> Cell:
    """Its convolutions all different, and their batch norm an identity."""
    torch.manual_seed(0)
    made = Cell(parse(cell), CHANNELS).double().eval()
    for convolution in convolutions(made):
        nn.init.normal_(convolution[1].weight)
    return made


def outputs(cell: str) -> set[bytes]:
    """What the cell gives for one input, under every way to hand out the pool's weights, none of them twice."""
    made, x = module_of(cell), torch.randn(2, CHANNELS, 4, 4, generator=torch.Generator().manual_seed(1)).double()
    every = pool()
    slots = convolutions(made)
    found = set()
    for chosen in itertools.permutations(range(len(every[1])), len(slots)):
        with torch.no_grad():
            for slot, i in zip(slots, chosen, strict=True):
                slot[1].weight.copy_(every[slot[1].kernel_size[0]][i])
            found.add(np.round(made(x).numpy(), 8).tobytes())
    return found


def pool() -> dict[int, list[torch.Tensor]]:
    """Four weights of each kernel size: as many as the convolutions of the cells that are looked at."""
    generator = torch.Generator().manual_seed(2)
    return {k: [torch.randn(CHANNELS, CHANNELS, k, k, generator=generator).double() for _ in range(4)] for k in (1, 3)}


def test_cells_of_one_function_give_the_same_outputs_and_others_do_not(classes: dict[str, list[str]]) -> None:
    """Over all ways to hand out the weights: of one function some output in common, else none."""
    few = {key: [c for c in cells if c.count("conv") <= 3] for key, cells in classes.items()}
    several = [cells for key, cells in few.items() if key and len(cells) > 1]
    random = np.random.default_rng(0)
    firsts = []
    for i in random.choice(len(several), 12, replace=False):
        one, other = several[i][0], several[i][-1]
        found = outputs(one)
        assert found & outputs(other), (one, other)
        firsts.append(found)
    for one_set, other_set in itertools.combinations(firsts, 2):
        assert not one_set & other_set


def test_a_convolution_used_twice_is_not_two() -> None:
    """x → a → {b, skip} against x → a → b and another a: one text by the benchmark's rule, two functions."""
    shared = text(["nor_conv_3x3", "none", "skip_connect", "none", "nor_conv_1x1", "skip_connect"])
    apart = text(["nor_conv_3x3", "nor_conv_3x3", "none", "none", "nor_conv_1x1", "skip_connect"])
    assert benchmarks_text(shared) != "" and same_function(shared) != same_function(apart)
    assert not outputs(shared) & outputs(apart)


def test_every_space_with_a_table_knows_its_genotypes_and_functions() -> None:
    counted = {cls.name: Counter(map(cls().function_of, cls.every())) for cls in (Macro, NatsSize)}
    assert len(counted["macro"]) == 3969 and counted["macro"].total() == 6561
    assert len(counted["nats_size"]) == 32768 == counted["nats_size"].total()
    assert Nats().function_of(text(["skip_connect"] * 6)) == "x + x + x + x"


def test_what_is_no_cell_has_no_function() -> None:
    with pytest.raises(BadInput):
        same_function("|none~0|")
