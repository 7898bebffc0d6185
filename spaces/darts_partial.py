"""PC-DARTS's supernet on DARTS cells (the authors' model_search.py), merged as spaces/darts_mixed.py merges edges."""

from __future__ import annotations

from functools import partial, reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.base import Mix
from spaces.darts_mixed import MixedCell
from spaces.darts_supernet import Supernet
from spaces.partial import with_passing


class PartialCell(MixedCell):
    """A mixed cell whose operations read the first ``channels`` of each node's ``parts · channels``."""

    def forward(self, x0: Tensor, x1: Tensor, outgoing: list[Tensor]) -> Tensor:
        """As in a whole cell; the last of the nine columns of ``outgoing`` weighs what passes by an edge's operations.

        It is the same for all edges of one source but for its weight. Shuffled is the sum, once a node: the authors
        shuffle every edge's part alike.
        """
        states = [self.preprocess0(x0), self.preprocess1(x1)]
        given: list[tuple[Tensor, ...]] = []
        passing: list[Tensor] = []
        for target in range(2, self.nodes + 2):
            for source in range(len(given), target):
                node, weights, skips = states[source], outgoing[source][:, :-1], outgoing[source][:, -1]
                given.append(self.sources[source](node[:, : self.channels], weights, skips).split(self.channels, 1))
                halved = source < 2 and self.stride == 2
                passing.append((F.max_pool2d(node, 2) if halved else node)[:, self.channels :])
            position = target - self.nodes - 2
            mixed = reduce(torch.add, (parts[position] for parts in given))
            past = reduce(torch.add, (o[position, -1] * part for o, part in zip(outgoing, passing, strict=False)))
            states.append(F.channel_shuffle(torch.cat([mixed, past], 1), self.parts))
        return torch.cat(states[-self.concat :], 1)


class PartialSupernet(Supernet):
    """The supernet of partial cells; its weights are those of a whole one, 1/``parts`` as wide in every operation."""

    def __init__(
        self,
        parts: int,
        channels: int,
        cells: int,
        nodes: int,
        classes: int,
        in_channels: int,
        concat: int | None = None,
        skipping: bool = False,
    ) -> None:
        cell = partial(PartialCell, parts=parts)
        super().__init__(channels, cells, nodes, classes, in_channels, cell, concat, skipping)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images; ``mix.weights`` holds "normal.edges" and "reduce.edges" (E,) as well."""
        return super().forward(x, with_passing(mix))
