"""A drawn cell shows every edge once, with its operation, from left to right."""

import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cells import draw_cell, node_order

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
    assert sorted(t for t in texts if "_c" in t or "_p" in t or t in ("none", "concat")) == sorted(
        operation for _, _, operation in triples
    )
    assert "found by seed 0" in texts


def test_labels_stand_apart(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        path = draw_cell(cell(DARTS), tmp_path / "cell.svg")
    places = [(x, y) for text, x, y in written(path) if text in {operation for _, _, operation in DARTS}]
    assert len(places) == len(DARTS)
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
