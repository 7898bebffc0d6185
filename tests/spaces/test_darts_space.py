"""The DARTS space: its discretisation against the authors' rule, uniform samples, single mutations, refusals."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import Tensor

from harness.config.protocol import validated
from results.errors import BadInput
from spaces import SPACES
from spaces.counting import parameters
from spaces.darts import CHOICES, Darts, DartsOptions
from spaces.darts_genotype import INPUTS, canonical, parse
from spaces.darts_graph import CELLS, OPERATIONS
from spaces.darts_graph import edges as all_edges
from spaces.darts_network import CifarNetwork, ImageNetNetwork
from spaces.darts_published import PUBLISHED

LATENCY = {
    "normal": (0.0, 1.0, 2.0, 0.5, 4.0, 6.0, 3.0, 5.0),
    "reduce": (0.0, 2.0, 3.0, 0.25, 5.0, 7.0, 4.0, 6.0),
    "reduce_stride2": (0.125, 1.5, 2.5, 3.5, 8.0, 9.0, 7.0, 10.0),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def space(**options: object) -> Darts:
    return Darts(validated("space", DartsOptions, options))


def test_alphas_are_small_and_of_the_field_s_shape() -> None:
    assert SPACES["darts"] is Darts
    alpha = space().alphas(seeded())
    assert {name: tuple(a.shape) for name, a in alpha.items()} == {"normal": (14, 8), "reduce": (14, 8)}
    assert torch.cat(list(alpha.values())).std().item() == pytest.approx(1e-3, rel=0.15)
    assert not torch.equal(alpha["normal"], alpha["reduce"])


def authors_rule(weights: list[list[float]], nodes: int) -> list[tuple[str, int]]:
    """What the authors' ``_parse`` does, spelt out: edges by falling best weight, then the best operation of each."""
    genes, row = [], 0
    for node in range(nodes):
        incoming = weights[row : row + INPUTS + node]
        row += INPUTS + node
        best = {source: max(w[1:]) for source, w in enumerate(incoming)}
        first = max(best, key=lambda source: (best[source], -source))
        second = max((s for s in best if s != first), key=lambda source: (best[source], -source))
        for source in (first, second):
            strongest = None
            for k in range(1, len(OPERATIONS)):
                if strongest is None or incoming[source][k] > incoming[source][strongest]:
                    strongest = k
            genes.append((OPERATIONS[strongest], source))
    return genes


@given(st.integers(1, 4), st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 5.0]), st.booleans())
def test_discretise_follows_the_authors_rule(nodes: int, seed: int, scale: float, tied: bool) -> None:
    rows = len(all_edges(nodes))
    drawn = [scale * torch.randn(rows, len(OPERATIONS), generator=seeded(seed + i)) for i in range(2)]
    alpha = dict(zip(("normal", "reduce"), (a.round() if tied else a for a in drawn), strict=True))
    fields = [authors_rule(torch.softmax(a, -1).tolist(), nodes) for a in alpha.values()]
    concat = list(range(INPUTS, nodes + INPUTS))
    published = f"Genotype(normal={fields[0]}, normal_concat={concat}, reduce={fields[1]}, reduce_concat={concat})"
    assert space(nodes=nodes).discretise(alpha) == canonical(published)


def test_a_strong_none_weakens_its_edge_but_is_never_chosen() -> None:
    """Softmax runs over all eight: an edge that is nearly all none loses to weaker α elsewhere."""
    alpha = {kind: torch.zeros(14, 8) for kind in ("normal", "reduce")}
    alpha["normal"][:, 4] = torch.linspace(1, 2, 14)
    alpha["normal"][11:, 0] = 9.0
    last = parse(space().discretise(alpha)).normal.nodes[3]
    assert last == (("sep_conv_3x3", 0), ("sep_conv_3x3", 1))


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_samples_are_genotypes_that_discretise_can_give(nodes: int, seed: int) -> None:
    genotype = space(nodes=nodes).sample(seeded(seed))
    assert canonical(genotype) == genotype
    for cell in (parse(genotype).normal, parse(genotype).reduce):
        assert cell.concat == tuple(range(INPUTS, nodes + INPUTS))
        assert [len({source for _, source in incoming}) for incoming in cell.nodes] == [2] * nodes


def test_samples_are_uniform() -> None:
    """At two nodes a cell is one of 7² · 3 · 7² genotypes: the second node's, 147 of them, in each kind of cell."""
    darts, generator = space(nodes=2), seeded()
    drawn = [parse(darts.sample(generator)) for _ in range(3000)]
    everyone = [
        ((a, s), (b, t)) for s, t in itertools.combinations(range(3), 2) for a, b in itertools.product(CHOICES, CHOICES)
    ]
    for cells in ([a.normal for a in drawn], [a.reduce for a in drawn]):
        counts = Counter(cell.nodes[1] for cell in cells)
        assert set(counts) <= set(everyone)
        assert chisquare([counts[node] for node in everyone]).pvalue > 1e-3
    together = Counter((a.normal.nodes[0][0][0], a.reduce.nodes[0][0][0]) for a in drawn)
    assert chisquare([together[pair] for pair in itertools.product(CHOICES, CHOICES)]).pvalue > 1e-3


def differences(before: str, after: str) -> Counter[tuple[str, str, str, str]]:
    def edges(genotype: str) -> Counter[tuple[str, str, str, str]]:
        return Counter((e.cell, e.source, e.target, e.operation) for e in space().edges(genotype))

    return (edges(before) - edges(after)) + (edges(after) - edges(before))


@pytest.mark.parametrize("name", PUBLISHED)
def test_mutation_changes_one_choice(name: str) -> None:
    darts, generator = space(), seeded()
    kinds = set()
    for _ in range(30):
        child = darts.mutate(name, generator)
        assert canonical(child) == child
        (cell, source, target, operation), (cell2, source2, target2, operation2) = differences(name, child)
        assert (cell, target) == (cell2, target2)
        assert (source == source2) != (operation == operation2)
        kinds.add(source == source2)
    assert kinds == {True, False}


def test_mutation_reaches_every_neighbour_and_no_other() -> None:
    """At two nodes: 8 edges with 6 other operations each, and the 4 edges of second nodes with 1 other source each."""
    darts, generator = space(nodes=2), seeded()
    parent = darts.sample(generator)
    reached = Counter(darts.mutate(parent, generator) for _ in range(2500))
    assert len(reached) == 8 * 6 + 4
    rewired = [child for child in reached if len({e[1] for e in differences(parent, child)}) == 2]
    assert len(rewired) == 4
    assert sum(reached[child] for child in rewired) == pytest.approx(1250, abs=4 * 25)


def test_one_node_has_no_other_source_so_operations_mutate() -> None:
    darts, generator = space(nodes=1), seeded()
    parent = darts.sample(generator)
    assert len({darts.mutate(parent, generator) for _ in range(600)}) == 4 * 6


def expected_latency(alpha: Mapping[str, Tensor], nodes: int) -> float:
    total = 0.0
    for kind, rows in alpha.items():
        for (_, source), row in zip(all_edges(nodes), torch.softmax(rows, -1).tolist(), strict=True):
            key = kind if kind == "normal" or source >= INPUTS else "reduce_stride2"
            total += sum(weight * latency for weight, latency in zip(row, LATENCY[key], strict=True))
    return total / (sum(map(sum, LATENCY.values())) / 24)


def test_penalty_is_the_expected_latency(double: None) -> None:
    assert space().penalty(space().alphas(seeded())) is None and not space().priced
    darts = space(latency=LATENCY, nodes=3)
    alpha = {
        kind: torch.randn(9, 8, generator=seeded(i)).requires_grad_() for i, kind in enumerate(("normal", "reduce"))
    }
    penalty = darts.penalty(darts.relax(alpha).weights)
    assert penalty is not None
    assert penalty.item() == pytest.approx(expected_latency(alpha, 3), rel=1e-12)
    assert torch.autograd.gradcheck(lambda a, b: darts.penalty({"normal": a, "reduce": b}), tuple(alpha.values()))
    scaled = space(latency={kind: tuple(1000 * t for t in row) for kind, row in LATENCY.items()}, nodes=3)
    assert scaled.penalty(scaled.relax(alpha).weights).item() == pytest.approx(penalty.item(), rel=1e-12)


def test_supernet_has_the_published_parameters() -> None:
    """1.93 M at C = 16 and 8 cells, the authors' search log."""
    with torch.device("meta"):
        assert parameters(space().supernet()) == 1_930_618


def test_edges_name_nodes_as_the_paper_draws_them() -> None:
    edges = space().edges("darts_v2")
    assert [edge.cell for edge in edges] == ["normal"] * 12 + ["reduce"] * 12
    assert [(e.source, e.target, e.operation) for e in edges[6:14]] == [
        ("c_{k-2}", "3", "skip_connect"),
        ("0", "3", "dil_conv_3x3"),
        ("0", "c_{k}", "concat"),
        ("1", "c_{k}", "concat"),
        ("2", "c_{k}", "concat"),
        ("3", "c_{k}", "concat"),
        ("c_{k-2}", "0", "max_pool_3x3"),
        ("c_{k-1}", "0", "max_pool_3x3"),
    ]


@pytest.mark.parametrize(
    ("options", "kind", "head"),
    [
        ({"image_size": 16, "auxiliary": True}, CifarNetwork, False),
        ({"image_size": 32}, CifarNetwork, False),
        ({"image_size": 32, "auxiliary": True}, CifarNetwork, True),
        ({"image_size": 128, "auxiliary": True}, ImageNetNetwork, False),
        ({"image_size": 224, "auxiliary": True}, ImageNetNetwork, True),
        ({"image_size": 64, "stem": "imagenet"}, ImageNetNetwork, False),
        ({"image_size": 224, "stem": "cifar"}, CifarNetwork, False),
    ],
)
def test_image_size_chooses_stem_and_head(options: dict[str, object], kind: type, head: bool) -> None:
    with torch.device("meta"):
        network = space(channels=2, cells=3, **options).build("nasnet")
    assert type(network) is kind
    assert (network.auxiliary is not None) is head


@pytest.mark.parametrize("cells", [3, 4, 8])
@pytest.mark.parametrize("size", [4, 8, 28])
def test_the_smallest_sizes_run(cells: int, size: int) -> None:
    torch.manual_seed(0)
    darts = space(channels=1, cells=cells, image_size=size, in_channels=1, nodes=1)
    network = darts.build(darts.sample(seeded(cells)))
    assert network(torch.randn(2, 1, size, size)).isfinite().all()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"cells": 2}, "space.cells = 2: the reduction cells"),
        ({"cells": 0}, "space.cells = 0: the reduction cells"),
        ({"nodes": 0}, "space.nodes = 0: "),
        ({"channels": 0}, "space.channels = 0: "),
        ({"image_size": 30}, "space.image_size = 30: the two reduction cells halve the image: give a multiple of 4"),
        ({"image_size": 0}, "space.image_size = 0: "),
        ({"image_size": 140}, "make image_size = 140 a multiple of 32, or say stem=cifar"),
        ({"image_size": 48, "stem": "imagenet"}, "make image_size = 48 a multiple of 32"),
        ({"stem": "mnist"}, "space.stem = 'mnist'"),
        ({"latency": {"normal": LATENCY["normal"]}}, "for each of normal, reduce, reduce_stride2"),
        ({"latency": LATENCY | {"reduce": (-1.0, *LATENCY["reduce"][1:])}}, "none negative"),
        ({"latency": LATENCY | {"reduce": (1.0,)}}, "space.latency.reduce"),
        ({"latency": dict.fromkeys(LATENCY, (0.0,) * 8)}, "space.latency"),
    ],
)
def test_sizes_that_cannot_be_are_refused_in_one_line(options: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput) as error:
        space(**options)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("method", ["edges", "build"])
def test_a_genotype_of_another_space_is_refused(method: str) -> None:
    other = SPACES["nats"]().sample(seeded())
    with pytest.raises(BadInput, match="NATS-Bench cell"):
        getattr(space(), method)(other)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), bound=st.floats(0.0, 1.0))
def test_threshold_keeps_a_nodes_two_edges_of_the_largest_gates_above_the_bound(seed: int, bound: float) -> None:
    made, generator = space(), torch.Generator().manual_seed(seed)
    gates = {kind: torch.rand(14, 8, generator=generator) for kind in CELLS}
    architecture = parse(made.threshold(gates, bound))
    for kind in CELLS:
        genes, rows = getattr(architecture, kind), all_edges(4)
        above = {
            target: sorted(
                (max(row.tolist()[1:]), OPERATIONS[1 + int(row[1:].argmax())], source)
                for (t, source), row in zip(rows, gates[kind], strict=True)
                if t == target and max(row.tolist()[1:]) > bound
            )[-2:]
            for target in range(2, 6)
        }
        if any(source < 2 for chosen in above.values() for _, _, source in chosen):
            for node, incoming in enumerate(genes.nodes, 2):
                assert set(incoming) <= {(name, source) for _, name, source in above[node]}
            # A node may be dropped only because it has no edge, or takes from such nodes alone.
            kept = {node for node, incoming in enumerate(genes.nodes, 2) if incoming}
            assert kept >= {t for t, chosen in above.items() if any(source < 2 for _, _, source in chosen)}
        else:
            assert sum(map(len, genes.nodes)) == 1


def test_one_hot_weights_hold_the_genotypes_edges_and_no_other() -> None:
    made = space()
    for seed in range(20):
        genotype = made.sample(torch.Generator().manual_seed(seed))
        weights = made.one_hot(genotype)
        found = {(kind, *all_edges(4)[e], OPERATIONS[o]) for kind in CELLS for e, o in weights[kind].nonzero().tolist()}
        expected = {
            (kind, target, source, name)
            for kind in CELLS
            for target, incoming in enumerate(getattr(parse(genotype), kind).nodes, 2)
            for name, source in incoming
        }
        assert found == expected and sum(float(w.sum()) for w in weights.values()) == 16
