"""Genotypes of DARTS-like cells: whatever the field writes is read, one architecture has one text, faults are named."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import BadInput
from spaces.darts_genotype import INPUTS, OPERATIONS, Architecture, Cell, canonical, cell, parse, text
from spaces.darts_published import PUBLISHED

NORMAL = "[('sep_conv_3x3', 1), ('skip_connect', 0), ('dil_conv_5x5', 0), ('max_pool_3x3', 2)]"
REDUCE = "[('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 2), ('dil_conv_3x3', 1)]"
PLAIN = f"Genotype(normal={NORMAL}, normal_concat=[2, 3], reduce={REDUCE}, reduce_concat=[2, 3])"
CANONICAL = (
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1), ('dil_conv_5x5', 0), ('max_pool_3x3', 2)], "
    "normal_concat=[2, 3], "
    "reduce=[('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('dil_conv_3x3', 1), ('sep_conv_3x3', 2)], "
    "reduce_concat=[2, 3])"
)


@st.composite
def cells(draw: st.DrawFn, fewest: int = 0, most: int = 3) -> Cell:
    """Any cell with at least one node that has edges, each source one that has edges itself."""
    nodes: list[list[tuple[str, int]]] = []
    for _ in range(draw(st.integers(1, 5))):
        alive = [0, 1, *(i for i, incoming in enumerate(nodes, INPUTS) if incoming)]
        edge = st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(alive))
        nodes.append(draw(st.lists(edge, min_size=fewest, max_size=most)))
    nodes.append(draw(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 1)), min_size=2, max_size=2)))
    used = [i for i, incoming in enumerate(nodes, INPUTS) if incoming]
    return cell(nodes, draw(st.lists(st.sampled_from(used), min_size=1, unique=True)))


paired = st.builds(Architecture, cells(fewest=2, most=2), cells(fewest=2, most=2))
free = st.builds(Architecture, cells(), cells())


@given(st.one_of(paired, free))
def test_text_and_parse_are_inverse(architecture: Architecture) -> None:
    written = text(architecture)
    assert parse(written) == architecture
    assert "\n" not in written


@given(paired, st.randoms())
def test_the_order_of_edges_in_a_node_does_not_matter(architecture: Architecture, random: object) -> None:
    shuffled = Architecture(
        *(
            Cell(tuple(tuple(random.sample(node, len(node))) for node in c.nodes), c.concat)  # type: ignore[attr-defined]
            for c in (architecture.normal, architecture.reduce)
        )
    )
    assert canonical(text(shuffled)) == text(architecture)


@pytest.mark.parametrize(
    "spelling",
    [
        PLAIN,
        CANONICAL,
        f"  {PLAIN}\n",
        PLAIN.replace("[2, 3]", "range(2, 4)"),
        PLAIN.replace("[", "(").replace("]", ")"),
        PLAIN.replace(", ", ",\n    "),
        PLAIN.replace("'", '"'),
        f"MINE = {PLAIN}  # 2.5 M",
        f"Genotype(reduce_concat=[3, 2], reduce={REDUCE}, normal_concat=range(2, 4), normal={NORMAL})",
        PLAIN.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 1, 0.125)").replace(
            "('skip_connect', 0)", "['skip_connect', 0, 1.0]"
        ),
        "Genotype(normal=[('sep_conv_3x3', 2, 1), ('max_pool_3x3', 3, 2), ('dil_conv_5x5', 3, 0), "
        f"('skip_connect', 2, 0)], normal_concat=[2, 3], reduce={REDUCE}, reduce_concat=[2, 3])",
    ],
)
def test_every_spelling_of_one_architecture_is_read(spelling: str) -> None:
    assert canonical(spelling) == CANONICAL


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names_stand_for_their_genotypes(name: str) -> None:
    assert parse(name) == parse(name.upper()) == parse(f" {name.replace('_', '-')}\n") == parse(PUBLISHED[name])
    assert canonical(canonical(name)) == canonical(name)


def test_published_are_all_different() -> None:
    assert all(parse(a) != parse(b) for a, b in itertools.combinations(PUBLISHED, 2))


def test_a_node_without_edges_is_no_part_of_the_cell() -> None:
    """FairDARTS's own network skips such nodes: fairdarts_c's node 3 has no edges, and its edge from 3 to 5 is void."""
    assert "('skip_connect', 5, 3)" in PUBLISHED["fairdarts_c"]
    normal = parse("fairdarts_c").normal
    assert normal.concat == (2, 4, 5)
    assert normal.nodes[1] == ()
    assert normal.nodes[3] == (("sep_conv_3x3", 0),)


@pytest.mark.parametrize(
    ("genotype", "named"),
    [
        ("", "not one call of Genotype"),
        ("darts_v3", "the nearest is darts_v"),
        ("DART-V2", "the nearest is darts_v2"),
        ("|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|", "NATS-Bench cell"),
        (PLAIN[:-1], "do not match up"),
        (PLAIN + PLAIN, "do not match up"),
        (f"{PLAIN}\n{PLAIN}", "not one call of Genotype"),
        (PLAIN.replace("Genotype", "Genome"), "not one call of Genotype"),
        (PLAIN.replace("normal_concat", "concat"), "it must name normal, normal_concat, reduce, reduce_concat"),
        (PLAIN.replace(", reduce_concat=[2, 3]", ""), "it must name"),
        (PLAIN.replace("sep_conv_3x3", "sepconv_3x3"), "unknown operation 'sepconv_3x3', the nearest is sep_conv_3x3"),
        (PLAIN.replace("max_pool_3x3", "none"), "'none': leave such edges out"),
        (PLAIN.replace("('max_pool_3x3', 2)", "('max_pool_3x3', 3)"), "from 3 into node 3, whose sources are 0 to 2"),
        (PLAIN.replace("('max_pool_3x3', 2)", "('max_pool_3x3', -1)"), "from -1 into node 3"),
        (PLAIN.replace("('max_pool_3x3', 2)", "('max_pool_3x3', True)"), "is not ('operation', source)"),
        (PLAIN.replace("('max_pool_3x3', 2)", "('max_pool_3x3', 2.0)"), "is not ('operation', source)"),
        (PLAIN.replace("('max_pool_3x3', 2)", "'max_pool_3x3'"), "is not ('operation', source)"),
        (PLAIN.replace(", ('max_pool_3x3', 2)", ""), "normal has 3 edges, not two a node"),
        (PLAIN.replace("('max_pool_3x3', 2)", "('max_pool_3x3', 3, 2)"), "normal mixes"),
        (PLAIN.replace(NORMAL, "[('skip_connect', 1, 0)]"), "into node 1"),
        (PLAIN.replace(NORMAL, "[('skip_connect', 1000000000000, 0)]"), "into node 1000000000000"),
        (PLAIN.replace(NORMAL, "[]"), "normal_concat holds '2'"),
        (PLAIN.replace(NORMAL, "7"), "normal is neither a list nor a range"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=[2, 4]"), "reduce_concat holds '4'"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=[1, 2]"), "reduce_concat holds '1'"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=[2, 2.0]"), "reduce_concat holds '2.0'"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=[2, 2]"), "reduce_concat holds '2'"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=[]"), "reduce_concat names no node"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=range(10**9)"), "neither a list nor a range"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=range(1000000000)"), "reduce_concat holds '0'"),
        (PLAIN.replace("reduce_concat=[2, 3]", "reduce_concat=open('x', 'w')"), "neither a list nor a range"),
        (PLAIN.replace("[2, 3]", f"[0x{'f' * 9000}]"), "it holds '0x'"),
        (PLAIN.replace("[2, 3]", f"[{'9' * 4000}]"), "it holds '99'"),
        (PLAIN.replace("[2, 3]", "[" * 3000 + "]" * 3000), "no DARTS genotype"),
        ("x" * 100_000, "the nearest is"),
        (PLAIN + " " * 30_000 + "#", "more than 20,000 characters"),
        ("Genotype(\0)", "do not match up"),
    ],
)  # fmt: skip
def test_malformed_text_is_one_line_naming_the_fault_and_the_remedy(genotype: str, named: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(genotype)
    message = str(error.value)
    assert named in message
    assert "\n" not in message and len(message) < 1500
    assert "write Genotype(normal=" in message and "darts_v2" in message


@given(st.text(max_size=40))
def test_no_text_does_anything_but_parse_or_say_so(noise: str) -> None:
    for genotype in (noise, PLAIN.replace("'skip_connect'", noise), PLAIN.replace("[2, 3]", noise)):
        try:
            assert canonical(genotype)
        except BadInput as error:
            assert "\n" not in str(error)
