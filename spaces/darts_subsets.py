"""Reduced operation sets of the DARTS space: those on which searches are known to fail, as named options.

S1 to S4 are RobustDARTS's (Zela, Elsken, Saikia, Marrakchi, Brox, Hutter, ICLR 2020, Section 3; the authors'
src/spaces.py): S1 has the two operations that DARTS ranked best on each edge, S2 skip and a separable convolution, S3
none besides, S4 noise in the skip's place. ``no_skip`` and ``all_skip`` are of the DARTS-Bench-Suite (Jha, Moradian,
Krishnakumar, Rapp, Hutter, AutoML 2025): with ``all_skip`` every edge adds a skip to whatever it is, in the supernet
and in what is found.
"""

from __future__ import annotations

from typing import Literal

from spaces.darts_graph import CELLS, OPERATIONS, edges

Subset = Literal["all", "s1", "s2", "s3", "s4", "no_skip", "all_skip"]

NOISE = "noise"
"""S4's operation: standard normal noise whatever the input."""

SKIP, SEP3, DIL3, DIL5, MAX, AVG = (
    "skip_connect",
    "sep_conv_3x3",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "max_pool_3x3",
    "avg_pool_3x3",
)
S1 = {
    "normal": (
        (SKIP, DIL3), (SKIP, DIL5), (SKIP, DIL5), (SKIP, SEP3), (SKIP, DIL3), (MAX, SKIP), (SKIP, SEP3),
        (SKIP, SEP3), (SKIP, DIL3), (SKIP, SEP3), (MAX, SKIP), (SKIP, DIL3), (DIL3, DIL5), (DIL3, DIL5),
    ),
    "reduce": (
        (MAX, AVG), (MAX, DIL3), (MAX, AVG), (MAX, AVG), (SKIP, DIL5), (MAX, AVG), (MAX, SEP3),
        (SKIP, DIL3), (SKIP, DIL5), (MAX, AVG), (MAX, AVG), (SKIP, DIL5), (SKIP, DIL5), (SKIP, DIL5),
    ),
}  # fmt: skip
"""The operations of each edge of four nodes, in the order of α's rows."""

ALIKE: dict[str, tuple[str, ...]] = {
    "all": OPERATIONS,
    "all_skip": OPERATIONS,
    "s2": (SKIP, SEP3),
    "s3": ("none", SKIP, SEP3),
    "s4": (NOISE, SEP3),
    "no_skip": tuple(name for name in OPERATIONS if name != SKIP),
}
"""The operations of every edge."""

WHOLE = ("all", "all_skip")
"""Those that leave out nothing."""

S1_NODES = 4
"""The intermediate nodes of the cell whose edges S1 lists."""


def columns(subset: Subset) -> tuple[str, ...]:
    """The names of α's columns: the eight operations, and noise where there is any."""
    return (*OPERATIONS, NOISE) if subset == "s4" else OPERATIONS


def allowed(subset: Subset, nodes: int) -> dict[str, list[list[int]]]:
    """The columns that each edge of a cell of ``nodes`` nodes can have, ascending, by kind of cell and row of α."""
    number = {name: column for column, name in enumerate(columns(subset))}
    found = {}
    for kind in CELLS:
        names = S1[kind] if subset == "s1" else [ALIKE[subset]] * len(edges(nodes))
        found[kind] = [sorted(number[name] for name in edge) for edge in names]
    return found
