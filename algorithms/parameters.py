"""A whole set of parameters as one vector, so that an algorithm's file can be written as the paper's equations are.

One flat leaf tensor holds every weight of a network (or every architecture parameter); the network reads named views of
it. ``w - y`` is then one subtraction, an optimiser's step one kernel, and autograd returns one vector. The alternative,
a tensordict with foreach kernels, costs one small operation a parameter; tests/benchmarks measures both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Layout = dict[str, torch.Size]


class Parameters:
    """Named tensors stored as one flat leaf tensor ``flat``, with the optimiser that moves it.

    ``before`` makes the direction of a step of its gradient; ``clip`` bounds that direction's 2-norm (0: no bound);
    ``after`` is called after each step (a proximal step, for instance).
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        optimiser: Callable[[list[Tensor]], Optimizer],
        *,
        clip: float = 0.0,
        before: Callable[[Tensor], Tensor] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.layout: Layout = {name: tensor.shape for name, tensor in tensors.items()}
        self.flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors.values()]).requires_grad_()
        self.optimiser = optimiser([self.flat])
        self.clip = clip
        self.before, self.after = before, after

    def views(self, flat: Tensor | None = None) -> dict[str, Tensor]:
        """The named tensors as views of ``flat`` (this set's own vector by default); gradients flow to it."""
        return views(self.flat if flat is None else flat, self.layout)

    def __sub__(self, other: Parameters) -> Tensor:
        """The difference of two sets of one layout as a vector, outside autograd."""
        return self.flat.detach() - other.flat.detach()

    @torch.no_grad()
    def descend(self, gradient: Tensor) -> None:
        """One step of the optimiser along ``gradient``, a vector like ``flat``, clipped first."""
        self.flat.grad = gradient if self.before is None else self.before(gradient)
        if self.clip:
            torch.nn.utils.clip_grad_norm_([self.flat], self.clip)
        self.optimiser.step()
        self.flat.grad = None
        if self.after is not None:
            self.after()

    @torch.no_grad()
    def ahead(self, gradient: Tensor, step: float) -> Tensor:
        """Where plain SGD with this set's momentum and weight decay would go, without going: w' of DARTS, Eq. 6.

        With the momentum buffer and the weight decay of the real step, without its clipping and Nesterov's second use
        of the momentum (as DARTS's and NATS-Bench's code).
        """
        group = self.optimiser.param_groups[0]
        slope = gradient + group["weight_decay"] * self.flat
        buffer = self.optimiser.state[self.flat].get("momentum_buffer")
        direction = slope if buffer is None else slope + group["momentum"] * buffer
        ahead: Tensor = self.flat - step * direction
        return ahead

    @property
    def lr(self) -> float:
        """The optimiser's learning rate."""
        return float(self.optimiser.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        self.optimiser.param_groups[0]["lr"] = value

    def state_dict(self) -> dict[str, Any]:
        """The vector and its optimiser's state: tensors and plain types."""
        return {"flat": self.flat.detach(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        with torch.no_grad():
            self.flat.copy_(state["flat"])
        self.optimiser.load_state_dict(state["optimiser"])


def views(flat: Tensor, layout: Layout) -> dict[str, Tensor]:
    """Named views of a flat vector, in the layout's order."""
    pieces = torch.split(flat, [shape.numel() for shape in layout.values()])
    return {name: piece.view(shape) for piece, (name, shape) in zip(pieces, layout.items(), strict=True)}
