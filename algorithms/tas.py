"""TAS (Dong, Yang, NeurIPS 2019): each layer's width drawn from a distribution that is learned.

A layer's α holds a logit for each candidate width. A pass draws two candidates I by p̂ = softmax((α + G) / τ), G Gumbel
(their Eq. 3), and mixes the layer's output at both widths by p̂ over its sum on I, the narrow one interpolated to the
wide one's channels (their Eq. 4). w descends L_train, α descends L_val + λ_cost L_cost, where L_cost is ± the log of
the expected multiply-adds, its sign pushing the most probable network into (1 ± t) R (their Eq. 5 to 7).
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.base import Lesson, Setting
from algorithms.counts import Cost
from algorithms.parameters import Parameters
from algorithms.sampling import Named, gumbel
from algorithms.widths import WidthHyper, WidthSearch
from results.errors import BadInput
from spaces.base import Batch, Mix, Space
from spaces.contracts import WidthSpace, need


class TasHyper(WidthHyper):
    """The authors' values, and their code's where the paper has none."""

    arch_lr: float = Field(1e-3, ge=0, description="η_α: the architecture parameters' learning rate")
    arch_optimiser: Literal["adam", "sgd"] = Field("adam", description="α's optimiser")
    arch_schedule: Literal["constant", "weights"] = Field(
        "constant", description="α's learning rate: constant, or in a constant ratio to the weights'"
    )
    arch_weight_decay: float = Field(1e-3, ge=0, description="L2 decay inside α's optimiser")
    cost_weight: float = Field(2.0, ge=0, description="λ_cost: weight of the log of the expected multiply-adds")
    cost_target: float | None = Field(
        None, gt=0, le=1, description="R as a share of the whole network's multiply-adds; default: 1 − PRC"
    )
    cost_tolerance: float = Field(0.05, ge=0, lt=1, description="t: L_cost is 0 within (1 ± t) R")
    distil: bool = Field(True, description="fine-tune by knowledge distillation from the unpruned network")
    distil_share: float = Field(0.9, ge=0, le=1, description="the teacher's share of the fine-tuning loss")
    distil_temperature: float = Field(4.0, gt=0, description="temperature of the distillation's softmax")

    def fits(self, space: Space) -> None:
        """Something says how small the network shall be."""
        super().fits(space)
        if self.cost_target is None and need(space, WidthSpace, "TAS").options.prc is None:
            raise BadInput("tas needs a size to search for: set space.prc, or tas.cost_target")


@ALGORITHMS.register
class Tas(WidthSearch):
    """Sampled widths: 2F + B + Bα a step, and 2F + 2B for the unpruned teacher, where there is one."""

    name = "tas"
    title = "TAS"
    cost = Cost(4, 3, 1)
    source = "Dong, Yang, NeurIPS 2019, Eq. 3 to 8"
    departures = (
        "widths of the gated layers alone, no depth; at a given PRC the channels least likely to be kept go instead of "
        "each layer's most probable width being taken; the network found inherits the search's weights; its teacher is "
        "trained in the same trial, exactly as the baseline, and counted in the search's cost; the share and the T² of "
        "the distillation are those of the authors' code"
    )
    Hyper = TasHyper
    hyper: TasHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        # From the baseline's generator, so that the teacher is the run's baseline bit for bit.
        self.teacher = self.weights("w") if self.hyper.distil else None
        target, prc = self.hyper.cost_target, self.space.options.prc
        self.target = (1 - (prc or 0.0) if target is None else target) * self.space.multiply_adds(self.space.layers)

    def networks(self) -> dict[str, Parameters]:
        """w, and the teacher."""
        return super().networks() | ({} if self.teacher is None else {"teacher": self.teacher})

    def step(self, train: Batch, val: Batch) -> None:
        """w on D_t, then α on D_v, each through a sample of its own; the teacher as the baseline."""
        self.w.descend(self.grad_w(self.w, train, self.sampled))
        self.alpha.descend(self.grad_alpha(self.w, val, self.sampled) + self.hyper.cost_weight * self.grad_cost())
        if self.teacher is not None:
            for batch in (train, val):
                apart = batch._replace(half="teacher")
                self.teacher.descend(self.grad_w(self.teacher, apart, lambda alpha: self.space.relax(self.gates())))

    def sampled(self, alpha: Named) -> Mix:
        """Two widths of each layer, drawn without replacement by p̂, weighted by p̂ over its sum on the two."""
        channels, weights = {}, {}
        for name, a in alpha.items():
            logits = (a + gumbel(a, self.generator)) / self.tau
            # The largest of logits plus Gumbel noise: multinomial draws without replacement, safe where p̂ underflows.
            drawn = (logits.detach() + gumbel(a, self.generator)).topk(min(2, len(a))).indices
            channels[name], weights[name] = self.widths[name][drawn], logits[drawn].softmax(-1)
        return self.space.at_widths(channels, weights)

    def grad_cost(self) -> Tensor:
        """∇_α of L_cost: log E while the most probable network costs over (1 + t) R, −log E below (1 − t) R, else 0."""
        t, alpha = self.hyper.cost_tolerance, self.alpha.flat.detach().requires_grad_()
        cost = self.space.multiply_adds(self.most_probable(self.alpha.views(alpha)))
        sign = (cost > (1 + t) * self.target).int() - (cost < (1 - t) * self.target).int()
        expected = {n: a.softmax(-1) @ self.widths[n].to(a) for n, a in self.alpha.views(alpha).items()}
        (slope,) = torch.autograd.grad(self.space.multiply_adds(expected).log(), alpha)
        gradient: Tensor = sign * slope
        return gradient

    def lesson(self) -> Lesson | None:
        """The unpruned network, by the share and the temperature asked for."""
        h = self.hyper
        return None if self.teacher is None else Lesson(self.teacher, h.distil_share, h.distil_temperature)
