"""A drawn cell shows every edge once, with its operation, from left to right."""

import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.textpath import TextPath

from reports.cell_graph import node_order
from reports.cell_lanes import LETTER, Box, Lanes, Wire, gathered
from reports.cells import draw_cell

SVG = "{http://www.w3.org/2000/svg}"
NATS = [
    ("0", "1", "nor_conv_3x3"),
    ("0", "2", "none"),
    ("1", "2", "skip_connect"),
    ("0", "3", "nor_conv_1x1"),
    ("1", "3", "avg_pool_3x3"),
    ("2", "3", "nor_conv_3x3"),
]
DARTS = [
    ("c_{k-2}", "0", "sep_conv_3x3"),
    ("c_{k-1}", "0", "max_pool_3x3"),
    ("c_{k-2}", "1", "sep_conv_5x5"),
    ("c_{k-1}", "1", "skip_connect"),
    ("0", "2", "dil_conv_3x3"),
    ("c_{k-1}", "2", "skip_connect"),
    ("0", "3", "dil_conv_5x5"),
    ("2", "3", "avg_pool_3x3"),
    ("0", "c_{k}", "concat"),
    ("1", "c_{k}", "concat"),
    ("2", "c_{k}", "concat"),
    ("3", "c_{k}", "concat"),
]


def cell(triples: list[tuple[str, str, str]], kind: str = "cell") -> list[dict[str, object]]:
    return [{"cell": kind, "source": a, "target": b, "operation": o, "weight": 1.0} for a, b, o in triples]


def written(path: Path) -> list[tuple[str, float, float]]:
    """Each text of an SVG drawn with text kept as text, and where it stands: (text, x, y)."""
    found = []
    for group in ElementTree.parse(path).iter(f"{SVG}text"):
        place = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", group.get("transform", ""))
        x, y = place.groups() if place else (group.get("x", "nan"), group.get("y", "nan"))
        found.append(("".join(group.itertext()).strip(), float(x), float(y)))
    return found


@pytest.mark.parametrize("triples", [NATS, DARTS], ids=["nats", "darts"])
def test_every_edge_has_its_label(triples: list[tuple[str, str, str]], tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        path = draw_cell(cell(triples), tmp_path / "cell.svg", "found by seed 0")
    texts = [text for text, _, _ in written(path)]
    named = sorted(operation for _, _, operation in triples if operation != "concat")
    assert sorted(t for t in texts if "_c" in t or "_p" in t or t in ("none", "concat")) == named
    assert "found by seed 0" in texts


def test_labels_stand_apart(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        path = draw_cell(cell(DARTS), tmp_path / "cell.svg")
    places = [(x, y) for text, x, y in written(path) if text in {operation for _, _, operation in DARTS}]
    assert len(places) == 8
    for i, (x, y) in enumerate(places):
        for other_x, other_y in places[:i]:
            assert abs(x - other_x) > 60 or abs(y - other_y) > 9  # points: a label is about 60 wide and 9 high


def test_nodes_run_from_left_to_right(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        path = draw_cell(cell(NATS), tmp_path / "cell.svg")
    across = {text: x for text, x, _ in written(path) if text in "0123"}
    assert all(across[source] < across[target] for source, target, _ in NATS)


def test_two_kinds_of_cell_are_both_drawn_and_named(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        path = draw_cell(cell(NATS, "normal") + cell(NATS, "reduce"), tmp_path / "cell.svg")
    texts = [text for text, _, _ in written(path)]
    assert texts.count("nor_conv_3x3") == 4
    assert {"normal", "reduce"} <= set(texts)


def test_the_same_cell_gives_the_same_file(tmp_path: Path) -> None:
    first, second = (draw_cell(cell(NATS), tmp_path / f"{i}.svg").read_bytes() for i in range(2))
    assert first == second


def test_png_by_suffix(tmp_path: Path) -> None:
    assert draw_cell(cell(NATS), tmp_path / "deep" / "cell.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_cell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without edges"):
        draw_cell([], tmp_path / "cell.svg")
    with pytest.raises(ValueError, match="loop through a, b"):
        draw_cell(cell([("a", "b", "none"), ("b", "a", "none")]), tmp_path / "cell.svg")


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]), min_size=1), st.randoms())
def test_every_edge_points_right_whatever_the_order_of_edges(pairs: set[tuple[int, int]], random: Random) -> None:
    shuffled = sorted(pairs)
    random.shuffle(shuffled)
    order = node_order(cell([(str(a), str(b), "none") for a, b in shuffled]))
    assert sorted(order) == sorted({str(n) for pair in pairs for n in pair})
    assert all(order.index(str(a)) < order.index(str(b)) for a, b in pairs)


OPERATIONS = ["max_pool_3x3", "skip_connect", "sep_conv_5x5", "dil_conv_3x3"]


@st.composite
def darts_cells(draw: st.DrawFn) -> list[dict[str, object]]:
    """Two edges into each of up to five nodes, from any node before it; the same twice, too, as NASNet has it."""
    names = ["c_{k-2}", "c_{k-1}"]
    triples = [("c_{k-2}", "0", "skip_connect"), ("c_{k-1}", "0", "skip_connect")]
    for node in map(str, range(draw(st.integers(1, 5)))):
        sources = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2)) if node != "0" else []
        triples += [(source, node, draw(st.sampled_from(OPERATIONS))) for source in sources]
        names.append(node)
    return cell(triples)


Area = tuple[float, float, float, float]


def apart(a: Area, b: Area) -> bool:
    """Whether two rectangles (left, right, bottom, top) share no point."""
    return a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]


def pieces(wire: Wire) -> list[Area]:
    """The straight pieces of a line, as rectangles without width."""
    ends = zip(wire.points, wire.points[1:], strict=False)
    return [(min(x, u), max(x, u), min(y, v), max(y, v)) for (x, y), (u, v) in ends]


def label(wire: Wire) -> Area:
    """The room of a line's label."""
    x, y = wire.points[-1]
    return x - 0.35 - LETTER * len(wire.operation), x - 0.35, y - 0.2, y + 0.2


@settings(deadline=None)
@given(darts_cells())
def test_a_darts_cell_of_any_shape_is_clear(edges: list[dict[str, Any]]) -> None:
    drawn = Lanes(edges)
    for a, b in combinations(drawn.boxes.values(), 2):
        assert apart(a.sides, b.sides)
    for a, b in combinations(drawn.wires, 2):
        for one in pieces(a):
            for other in pieces(b):
                # Two lines share nothing, or cross at a right angle.
                upright = one[0] == one[1]
                assert apart(one, other) or upright != (other[0] == other[1])
    carried = [wire for wire in drawn.wires if wire.operation != "concat"]
    for wire in carried:
        others = [piece for other in drawn.wires if other is not wire for piece in pieces(other)]
        labels = [label(other) for other in carried if other is not wire]
        assert all(apart(label(wire), area) for area in [*others, *labels, *(b.sides for b in drawn.boxes.values())])


@settings(deadline=None)
@given(darts_cells())
def test_every_edge_of_a_darts_cell_is_drawn_once_from_its_source_to_its_target(edges: list[dict[str, Any]]) -> None:
    drawn = Lanes(edges)
    ends = [(wire.edge["source"], wire.edge["target"], wire.operation) for wire in drawn.wires]
    asked = Counter((e["source"], e["target"], e["operation"]) for e in gathered(edges))
    assert Counter(ends) == asked
    for wire, (source, target, _) in zip(drawn.wires, ends, strict=True):
        assert on_the_edge_of(drawn.boxes[source], wire.points[0])
        assert on_the_edge_of(drawn.boxes[target], wire.points[-1])
        assert drawn.boxes[source].x < drawn.boxes[target].x
        assert wire.points[-1][0] == drawn.boxes[target].sides[0]


def on_the_edge_of(box: Box, point: tuple[float, float]) -> bool:
    (x, y), (left, right, bottom, top) = point, box.sides
    return (left <= x <= right and y in (bottom, top)) or (bottom <= y <= top and x in (left, right))


def test_labels_are_no_wider_than_the_room_they_get() -> None:
    for name in {operation for _, _, operation in DARTS} | set(OPERATIONS):
        inches = TextPath((0, 0), name, size=8.5).get_extents().width / 72
        assert inches / 0.55 < LETTER * len(name)


def test_nodes_are_concatenated_as_given_else_all() -> None:
    nodes = [("c_{k-2}", "0", "x"), ("c_{k-1}", "0", "x"), ("0", "1", "x"), ("c_{k-1}", "1", "x")]
    implied = [(e["source"], e["target"]) for e in gathered(cell(nodes))[4:]]
    assert implied == [("0", "c_{k}"), ("1", "c_{k}")]
    given_ = cell([*nodes, ("1", "c_{k}", "concat")])
    assert gathered(given_) == given_
