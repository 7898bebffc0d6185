"""What a selection has left of a supernet, and how it decides an edge or a node by leaving parts out in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest

import torch
from torch import Tensor

from algorithms.base import State
from spaces.base import Topology

Score = Callable[[], float]
"""How often the supernet is right as it is now."""

Decision = Callable[[Score], None]
"""One edge or one node to decide."""


class Remaining:
    """``mask``, shaped as α (rows: edges), is 0 where an operation is out; ``decided`` (rows, 1) tells which rows are.

    A decided row has 1 for the edge's operation and 0 elsewhere; where the edge itself is dropped, 0 everywhere.
    ``topology`` is the space's.
    """

    def __init__(self, alpha: Mapping[str, Tensor], topology: Topology) -> None:
        self.topology = topology
        self.mask = {name: torch.ones_like(a) for name, a in alpha.items()}
        self.decided = {name: torch.zeros_like(a[..., :1], dtype=torch.bool) for name, a in alpha.items()}

    def of(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``weights`` of what is not out; a decided row's are the mask's, and pass no gradient on."""
        left = {name: w * self.mask[name] for name, w in weights.items()}
        return {name: torch.where(self.decided[name], self.mask[name], w) for name, w in left.items()}

    def rounds(self, order: torch.Generator) -> list[list[Decision]]:
        """All decisions: one edge of each cell a round, in random order; then one node of each that has to choose."""
        edges = {name: [partial(self.decide_edge, name, row) for row in range(len(m))] for name, m in self.mask.items()}
        inputs = self.topology.inputs.items()
        nodes = {name: [partial(self.decide_node, name, rows) for rows in cells] for name, cells in inputs}
        return [*_shuffled(edges, order), *_shuffled(nodes, order)]

    def decide_edge(self, name: str, row: int, score: Score) -> None:
        """Keep the operation without which the supernet is right least often; of equals the first."""
        columns = [c for c in range(self.mask[name].shape[1]) if c not in self.topology.excluded]
        kept = min(columns, key={c: self._without(score, name, row, c) for c in columns}.__getitem__)
        self.mask[name][row] = 0
        self.mask[name][row, kept] = 1
        self.decided[name][row] = True

    def decide_node(self, name: str, rows: Sequence[int], score: Score) -> None:
        """Keep the input edges without which the supernet is right least often; of equals the first."""
        ranked = sorted(rows, key={row: self._without(score, name, row) for row in rows}.__getitem__)
        for row in ranked[self.topology.kept :]:
            self.mask[name][row] = 0

    def _without(self, score: Score, name: str, *index: int) -> float:
        """The score while one edge (``index``: row) or one operation (row, column) is out."""
        part = self.mask[name][index]
        before = part.clone()
        part.zero_()
        found = score()
        part.copy_(before)
        return found

    @property
    def complete(self) -> bool:
        """Whether every edge is decided."""
        return all(bool(rows.all()) for rows in self.decided.values())

    def state_dict(self) -> State:
        """Mask and decisions."""
        return {"mask": self.mask, "decided": self.decided}

    def load_state_dict(self, state: State) -> None:
        """Take the decisions of ``state`` over, on the device that this mask is on."""
        for mine, theirs in ((self.mask, state["mask"]), (self.decided, state["decided"])):
            for name, tensor in mine.items():
                tensor.copy_(theirs[name])


def _shuffled(decisions: Mapping[str, Sequence[Decision]], order: torch.Generator) -> list[list[Decision]]:
    """The decisions of each cell in random order, one of each a round."""
    orders = {name: torch.randperm(len(of_cell), generator=order).tolist() for name, of_cell in decisions.items()}
    drawn = [[decisions[name][i] for i in chosen] for name, chosen in orders.items()]
    return [[decision for decision in of_each if decision] for of_each in zip_longest(*drawn)]
