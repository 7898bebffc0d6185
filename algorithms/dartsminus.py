"""DARTS− (Chu, Wang, Zhang, Lu, Wei, Yan, ICLR 2021): an auxiliary skip takes the skip's unfair advantage, then fades.

An edge is Σ_o softmax(α)_o o(x) + β x (their Eq. 4): what a skip does for the supernet's training, as in a ResNet, no
longer rests on α_skip, which then tells of the operation alone. β falls from 1 to 0, so that at the end the supernet is
that of DARTS. The auxiliary skip is the skip operation, its weight larger by β.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from pydantic import Field
from torch.nn.functional import pad

from algorithms import PARTS
from algorithms.hyper import Hyper
from algorithms.wrapping import Part
from spaces.base import Alpha, Mix
from spaces.contracts import Stackable


class DartsMinusHyper(Hyper):
    """The authors' fields."""

    minus_beta: float = Field(1.0, ge=0, description="β at the start: weight of the auxiliary skip")
    minus_decay: Literal["linear", "cosine"] = Field("linear", description="how β falls to 0 over the budget")


@PARTS.register
class DartsMinus(Part):
    """The auxiliary skip in every pass of any softmax search: no pass more."""

    name = "minus"
    title = "DARTS−"
    wraps = ("softmax",)
    keeps = ("steady", "softmax", "logits", "mixture", "alternating")
    source = "Chu, Wang, Zhang, Lu, Wei, Yan, ICLR 2021, Eq. 4 and Algorithm 1"
    departures = (
        "β falls from step to step, the authors' from epoch to epoch; on the edges of stride 2 the auxiliary skip "
        "shares the weights of the skip operation, the authors' factorised reduction there has its own"
    )
    Hyper = DartsMinusHyper
    hyper: DartsMinusHyper
    requires = (Stackable,)
    space: Stackable

    @property
    def beta(self) -> float:
        """β where the share ``progress`` of the budget is used."""
        left = 1 - min(self.progress, 1.0)
        share = left if self.hyper.minus_decay == "linear" else (1 + math.cos(math.pi * (1 - left))) / 2
        return self.hyper.minus_beta * share

    def relax(self, alpha: Alpha) -> Mix:
        """The search's weights, the skip's larger by β."""
        mix, (_, skip) = super().relax(alpha), self.space.skip
        weights = {}
        for name, p in mix.weights.items():
            weights[name] = p + pad(p.new_full((1,), self.beta), (skip, p.shape[-1] - skip - 1))
        return replace(mix, weights=weights)

    def expected(self, alpha: Alpha) -> Alpha:
        """The search's own: the auxiliary skip is no choice."""
        return super().relax(alpha).weights
