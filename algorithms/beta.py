"""β-DARTS (Ye, Li, Li, Chen, Fan, Ouyang, CVPR 2022): a decay of the softmax's output beside that of its input.

α descends L_v + λ L_Beta with L_Beta = log Σ_o exp α_o, an edge's smooth maximum, averaged over edges (their Eq. 12 and
13). Its gradient is softmax α itself, so that what is large falls fastest and an edge's weights stay close together: L2
decay under Adam moves all α of an edge alike, which a softmax does not see. λ rises linearly from 0.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from algorithms import PARTS
from algorithms.hyper import Hyper
from algorithms.wrapping import Part
from spaces.contracts import CellSpace


class BetaHyper(Hyper):
    """The authors' weight on NAS-Bench-201."""

    beta_decay: float = Field(50.0, ge=0, description="λ of the Beta-Decay loss at the end of its linear rise from 0")


@PARTS.register
class Beta(Part):
    """Beta-Decay beside any search whose choice is softmax α: no pass more."""

    name = "beta"
    title = "Beta-Decay"
    wraps = ("logits",)
    keeps = ("steady", "softmax", "logits", "mixture", "alternating")
    source = "Ye, Li, Li, Chen, Fan, Ouyang, CVPR 2022, Eq. 12 and 13"
    departures = (
        "α's L2 decay stays on, as in the authors' code; λ rises from step to step, the authors' (50 · epoch / 100) "
        "from epoch to epoch; averaged over the edges of all cells, their code has NAS-Bench-201's one alone; the "
        "weights that PC-DARTS gives edges do not decay"
    )
    Hyper = BetaHyper
    hyper: BetaHyper
    requires = (CellSpace,)
    space: CellSpace

    def grad_penalty(self) -> Tensor | float:
        """The search's own penalty, and λ ∇_α L_Beta."""
        return super().grad_penalty() + self.hyper.beta_decay * min(self.progress, 1.0) * self.grad_decay()

    def grad_decay(self) -> Tensor:
        """∇_α of the mean over edges of log Σ_o exp α_o: softmax α over the number of edges."""
        alpha = self.alpha.flat.detach().requires_grad_()
        edges = [a.logsumexp(-1) for a in self.alpha.views(alpha).values() if a.dim() > 1]
        return torch.autograd.grad(torch.cat(edges).mean(), alpha)[0]
