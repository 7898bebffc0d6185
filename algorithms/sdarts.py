"""SmoothDARTS (Chen, Hsieh, ICML 2020): weights that are good around α, not only at it.

w descends L_t at weights of the operations that are moved by δ, ‖δ‖∞ ≤ ε, and brought back onto the simplex: E over a
uniform δ here (SDARTS-RS, their Eq. 3 and 5), the worst δ in ``sdarts_adv``. Both flatten the landscape in which α then
descends; ε grows linearly over the search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from algorithms import PARTS
from algorithms.base import Setting, State
from algorithms.hyper import Hyper
from algorithms.parameters import Parameters
from algorithms.passes import Relax
from algorithms.wrapping import Part
from results.errors import BadInput
from spaces.base import Batch, Mix, Space
from spaces.contracts import CellSpace

Named = dict[str, Tensor]


class SdartsHyper(Hyper):
    """The authors' radius."""

    sdarts_epsilon: float = Field(0.3, ge=0, description="ε at the end of its linear rise")
    sdarts_epsilon_min: float = Field(0.03, ge=0, description="ε at the start")

    def fits(self, space: Space) -> None:
        """The weight step has a pass of its own to move the operations' weights in."""
        super().fits(space)
        if not self.steps_apart:
            raise BadInput("+sdarts: one pass gives w's gradient and α's, so that w's has no α of its own to move")


class Smooth(Part):
    """What both share: δ's radius, its generator, and the weight step at moved weights."""

    Hyper = SdartsHyper
    hyper: SdartsHyper
    requires = (CellSpace,)
    space: CellSpace

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.noise = self.seeded("sdarts")

    @property
    def epsilon(self) -> float:
        """ε, from step to step linear in the share of the budget that is used."""
        h = self.hyper
        return h.sdarts_epsilon_min + (h.sdarts_epsilon - h.sdarts_epsilon_min) * min(self.progress, 1.0)

    def grad_w(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_w L_t at the moved weights of the operations."""
        mix = (relax or self.relax)(self.alpha.views(self.alpha.flat.detach()))
        moved = replace(mix, weights=self.moved(w, batch, mix))
        return super().grad_w(w, batch, lambda alpha: moved)

    def moved(self, w: Parameters | Tensor, batch: Batch, mix: Mix) -> Named:
        """The weights of ``mix`` by a uniform δ."""
        uniform = {
            n: torch.empty(p.shape, dtype=p.dtype).uniform_(-1, 1, generator=self.noise) for n, p in choices(mix)
        }
        return onto_simplex(mix, {n: self.epsilon * delta.to(self.device) for n, delta in uniform.items()})

    def state_dict(self) -> State:
        """The search's, and δ's generator."""
        return super().state_dict() | {"sdarts": self.noise.get_state()}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.noise.set_state(state["sdarts"])


@PARTS.register
class SdartsRs(Smooth):
    """A random δ: no pass more."""

    name = "sdarts_rs"
    title = "SDARTS-RS"
    wraps = ("mixture",)
    keeps = ("steady", "softmax", "logits", "alternating")
    source = "Chen, Hsieh, ICML 2020, Eq. 3 and 5"
    departures = (
        "ε grows from step to step, the authors' from epoch to epoch; a second-order search looks ahead at α itself, "
        "as in their code; the weights that PC-DARTS gives edges are not moved"
    )


def choices(mix: Mix) -> list[tuple[str, Tensor]]:
    """The weights of operations (…, operations) by name, detached; those of whole edges (E,) are left out."""
    return [(name, p.detach()) for name, p in mix.weights.items() if p.dim() > 1]


def onto_simplex(mix: Mix, delta: Mapping[str, Tensor]) -> Named:
    """The weights of ``mix`` plus ``delta``, clipped to [0, 1], over their sum; where all are 0, 1 for the largest."""
    weights = {name: p.detach() for name, p in mix.weights.items()}
    for name, p in choices(mix):
        moved = p + delta[name]
        clipped = moved.clamp(0, 1)
        alone = torch.zeros_like(p).scatter_(-1, moved.argmax(-1, keepdim=True), 1.0)
        clipped = torch.where(clipped.sum(-1, keepdim=True) > 0, clipped, alone)
        weights[name] = clipped / clipped.sum(-1, keepdim=True)
    return weights
