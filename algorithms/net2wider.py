"""Weights for a wider network out of a narrower one's (Net2WiderNet: Chen, Goodfellow, Shlens, ICLR 2016, Section 2.3).

Each new channel is a copy of an old one, drawn uniformly. Inside an operation, what writes a channel and what reads it
copy the same; what reads a node draws its own. As in DrNAS's code, a copy's weights are not shared out among its
readers, so the function changes: partial channels read other inputs of a node afterwards, and no copy would keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from algorithms.parameters import Layout, Parameters
from spaces.contracts import Lies, PartlyConnected


def net2wider(
    weights: Mapping[str, Tensor], layout: Layout, space: PartlyConnected, generator: torch.Generator
) -> dict[str, Tensor]:
    """The weights in the shapes of ``layout``, each block of rows and columns with copies of its own after it.

    ``weights`` are those of ``space`` by partial channels, by name. What ``generator`` draws hangs on names and shapes
    alone, so that a momentum goes the way of its weights from a generator in the same state.
    """
    drawn: dict[str, Tensor] = {}

    def channels(name: str, blocks: int, old: int, new: int) -> Tensor:
        """The old channel behind each new one, (blocks, new)."""
        if name not in drawn:
            copies = torch.randint(old, (blocks, new - old), generator=generator)
            drawn[name] = torch.cat([torch.arange(old).expand(blocks, -1), copies], 1)
        return drawn[name]

    def wider(old: Tensor, shape: torch.Size, lies: Lies) -> Tensor:
        blocks = torch.unflatten(old, 0, (lies.blocks, -1))  # (blocks, rows, columns, k, k)
        rows = channels(lies.rows, lies.blocks, blocks.shape[1], shape[0] // lies.blocks)
        columns = torch.zeros(lies.blocks, 1, dtype=torch.int64)
        if lies.columns is not None:
            columns = channels(lies.columns, lies.blocks, blocks.shape[2], shape[1])
        block = torch.arange(lies.blocks)[:, None, None]
        return blocks[block, rows[:, :, None], columns[:, None, :]].flatten(0, 1)

    found = {}
    for name, weight in weights.items():
        lies = space.lies(name)
        found[name] = weight if lies is None else wider(weight, layout[name], lies)
    return found


def widen(
    narrow: Parameters, wide: Parameters, space: PartlyConnected, generator: Callable[[], torch.Generator]
) -> None:
    """Give ``wide`` the weights of ``narrow``, its momentum and its learning rate.

    ``generator`` makes one generator, in the same state each time.
    """

    def widened(vector: Tensor) -> Tensor:
        found = net2wider(narrow.views(vector), wide.layout, space, generator())
        return torch.cat([found[name].reshape(-1) for name in wide.layout])

    wide.lr = narrow.lr
    wide.flat.detach().copy_(widened(narrow.flat.detach()))
    momentum = narrow.optimiser.state[narrow.flat].get("momentum_buffer")
    if momentum is not None:
        wide.optimiser.state[wide.flat]["momentum_buffer"] = widened(momentum)
