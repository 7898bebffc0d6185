"""OLES (Jiang, Ji, Zhang, Huang, Zhou, NeurIPS 2023): an operation stops training when it begins to overfit.

Skips win, say the authors, because operations with weights overfit D_t while α is trained on D_v. For each operation
of each cell the gradients of its weights on the two are compared, GM = cos(∇L_t, ∇L_v) (their Eq. 6). Every M steps, an
operation whose mean GM is below ξ keeps its weights as they are, for good (their Algorithm 1).
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from algorithms import PARTS
from algorithms.base import Setting, State
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.parameters import Parameters
from algorithms.passes import Relax
from algorithms.wrapping import Part
from spaces.base import Batch
from spaces.contracts import Stackable


class OlesHyper(Hyper):
    """The authors' values."""

    oles_every: int = Field(20, ge=1, description="M: steps behind a mean gradient match")
    oles_threshold: float = Field(0.4, ge=-1, le=1, description="ξ: an operation whose mean match is below it stops")


@PARTS.register
class Oles(Part):
    """The α step gives w's gradient too: B in place of its Bα."""

    name = "oles"
    title = "OLES"
    wraps = ("alternating",)
    keeps = ("steady", "softmax", "logits", "mixture")
    adds = Cost(0, 1, -1)
    source = "Jiang, Ji, Zhang, Huang, Zhou, NeurIPS 2023, Eq. 6 and Algorithm 1"
    departures = (
        "one cosine over all weights of an operation, the authors' code averages cosines along output channels over "
        "its tensors; the two gradients are of one step, theirs compares ∇L_v with the step before's ∇L_t; the mean "
        "is over M steps, theirs sums 21 and divides by 20; a factorised reduction never stops, as in theirs"
    )
    Hyper = OlesHyper
    hyper: OlesHyper
    requires = (Stackable,)
    space: Stackable

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        numbers, count = self.space.operations(self.w.layout)
        self.operation = numbers.to(self.device)
        self.match = torch.zeros(count, dtype=torch.float64, device=self.device)
        self.frozen = torch.zeros(count, dtype=torch.bool, device=self.device)
        self.steps = 0
        self.held = self.w.flat.detach().clone()
        self.on_val: Tensor | None = None
        self.w.after = self.hold

    def grad_alpha(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_α of the loss; on D_v ∇_w is kept as well."""
        if batch.half != "val":
            return super().grad_alpha(w, batch, relax)
        self.on_val, gradient = self.grad_both(w, batch, relax)
        return gradient

    def grad_w(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_w of the loss on D_t, compared with the one kept."""
        gradient = super().grad_w(w, batch, relax)
        if self.on_val is not None:
            self.compare(gradient, self.on_val)
            self.on_val = None
        return gradient

    def compare(self, on_train: Tensor, on_val: Tensor) -> None:
        """Add each operation's match; every M steps, stop those whose mean is below ξ."""
        self.match += self.matches(on_train, on_val)
        self.steps += 1
        if self.steps % self.hyper.oles_every == 0:
            self.frozen[1:] |= (self.match / self.hyper.oles_every < self.hyper.oles_threshold)[1:]
            self.match.zero_()
            self.held = self.w.flat.detach().clone()

    def matches(self, on_train: Tensor, on_val: Tensor) -> Tensor:
        """The cosine of both gradients by operation; entry 0 is of the weights that belong to none."""

        def summed(product: Tensor) -> Tensor:
            return torch.zeros_like(self.match).index_add_(0, self.operation, product.double())

        lengths = (summed(on_train * on_train) * summed(on_val * on_val)).sqrt()
        return summed(on_train * on_val) / lengths.clamp(min=torch.finfo(torch.float64).tiny)

    @torch.no_grad()
    def hold(self) -> None:
        """After each descent of w: the operations that have stopped are where they stopped."""
        self.w.flat.copy_(torch.where(self.frozen[self.operation], self.held, self.w.flat))

    def state_dict(self) -> State:
        """The search's, and what has stopped where."""
        own = {"match": self.match, "frozen": self.frozen, "steps": self.steps, "held": self.held}
        return super().state_dict() | {"oles": own | {"on_val": self.on_val}}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        own = state["oles"]
        for name in ("match", "frozen", "held"):
            getattr(self, name).copy_(own[name])
        self.steps = own["steps"]
        self.on_val = None if own["on_val"] is None else own["on_val"].to(self.device)
