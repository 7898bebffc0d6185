"""SDARTS-ADV (Chen, Hsieh, ICML 2020): w descends L_t at the worst weights within ε of α's.

min_w max_{‖δ‖∞ ≤ ε} L_t(w, α + δ) (their Eq. 4 and 6), the maximum by projected gradient ascent from a random δ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from algorithms import PARTS
from algorithms.counts import Cost
from algorithms.parameters import Parameters
from algorithms.sdarts import Named, Smooth, choices, onto_simplex
from spaces.base import Batch, Mix

STEPS = 7
"""Steps of the attack in the authors' code, each of 2 ε / 7."""


@PARTS.register
class SdartsAdv(Smooth):
    """The worst δ of projected gradient ascent from a random one: 9F + 7Bα more a weight step."""

    name = "sdarts_adv"
    title = "SDARTS-ADV"
    wraps = ("mixture",)
    keeps = ("steady", "softmax", "logits", "alternating")
    adds = Cost(9, 0, 7)
    source = "Chen, Hsieh, ICML 2020, Eq. 4 and 6, Algorithm 1"
    departures = (
        "as SDARTS-RS; the attack sees the batch's statistics in batch norm, the authors' the running ones; seven "
        "steps of 2ε/7, and no δ where they end at a lower loss than without it, are their code's"
    )

    def moved(self, w: Parameters | Tensor, batch: Batch, mix: Mix) -> Named:
        """The weights of ``mix`` by the δ that the attack ends at, or as they are where that is no worse."""
        flat = w if isinstance(w, Tensor) else w.flat
        attacked = batch._replace(half="attack")

        def as_they_are(weights: Named) -> Mix:
            return replace(mix, weights=weights)

        def vector(weights: Mapping[str, Tensor]) -> Tensor:
            return torch.cat([weights[name].detach().flatten() for name in self.alpha.layout])

        now = super().moved(w, batch, mix)
        for _ in range(STEPS):
            (slope,) = self.passes.gradient(flat, vector(now), attacked, "alpha", as_they_are)
            uphill = {n: now[n] + 2 * self.epsilon / STEPS * g.sign() for n, g in self.alpha.views(slope).items()}
            delta = {n: (uphill[n] - p).clamp(-self.epsilon, self.epsilon) for n, p in choices(mix)}
            now = onto_simplex(mix, delta)
        before, after = (
            self.passes.score(flat, vector(weights), attacked, as_they_are)[0] for weights in (mix.weights, now)
        )
        return {n: torch.where(after >= before, p, mix.weights[n].detach()) for n, p in now.items()}
