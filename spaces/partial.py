"""Partial channels and edge normalisation (PC-DARTS: Xu, Xie, Zhang, Chen, Qi, Tian, Xiong, ICLR 2020), for any cells.

Of a node's channels the first 1/K go through an edge's operations and the rest passes by (their Eq. 2); then channels
are shuffled in K groups, so that what comes next mixes others too. A node weighs the edges that reach it by softmax β
(their Eq. 3): an edge's operation has the weight softmax β · softmax α, what passes by it softmax β.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from results.errors import BadInput
from spaces.base import Alpha, Mix
from spaces.contracts import CellSpace

EDGES = ".edges"
"""What the name of a cell's β adds to that of its α."""


class PartialChannels(CellSpace):
    """Comes before a space of cells in a class's bases: its α hold β in addition, and its supernet reads both.

    ``parts`` is K; ``incoming`` is the number of edges that reach each node, in the order of α's rows. Without
    ``weigh_edges`` there is no β, and an edge's weight is 1. Raises BadInput where K does not divide ``channels``, the
    narrowest cells' width.
    """

    def __init__(
        self, whole: CellSpace, parts: int, channels: int, incoming: Sequence[int], weigh_edges: bool = True
    ) -> None:
        super().__init__(whole.options, whole.table)
        self.parts, self.incoming, self.weigh_edges = parts, list(incoming), weigh_edges
        if channels % parts:
            raise BadInput(
                f"parts = {parts}, but the space {self.name} has {channels} channels: give a divisor of {channels}, or "
                f"set space.channels to a multiple of {parts}"
            )

    def alphas(self, generator: torch.Generator) -> Alpha:
        """The space's own α and, under each one's name and ".edges", β (E,), if any: 1e-3 · standard normal."""
        own = super().alphas(generator)  # type: ignore[safe-super]  # never the abstract one: a space stands between
        if not self.weigh_edges:
            return own
        betas = {name + EDGES: 1e-3 * torch.randn(len(a), generator=generator) for name, a in own.items()}
        return own | betas

    def relax(self, alpha: Alpha) -> Mix:
        """softmax α over each edge's operations, and softmax β over the edges of each node."""
        own = super().relax({name: a for name, a in alpha.items() if not name.endswith(EDGES)})
        if not self.weigh_edges:
            return Mix(
                own.weights | {name + EDGES: weights.new_ones(len(weights)) for name, weights in own.weights.items()}
            )
        betas = {name: torch.split(b, self.incoming) for name, b in alpha.items() if name.endswith(EDGES)}
        return Mix(own.weights | {name: torch.cat([b.softmax(0) for b in nodes]) for name, nodes in betas.items()})


def operation_weights(mix: Mix) -> dict[str, Tensor]:
    """softmax β · softmax α, (E, operations) by the cell's name."""
    own = {name: weights for name, weights in mix.weights.items() if not name.endswith(EDGES)}
    return {name: weights * mix.weights[name + EDGES][:, None] for name, weights in own.items()}


def with_passing(mix: Mix) -> Mix:
    """The weights of each edge's operations and, as a last column, of what passes by them: (E, operations + 1)."""
    assert mix.active is None, "partial channels run every operation"
    weights = operation_weights(mix)
    return Mix({name: torch.cat([w, mix.weights[name + EDGES][:, None]], 1) for name, w in weights.items()})
