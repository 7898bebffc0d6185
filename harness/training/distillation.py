"""Knowledge distillation (Hinton, Vinyals, Dean, 2015): a trained network's logits as a second target."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Teacher:
    """A network in evaluation mode, its share of the loss from 0 to 1, and the temperature T of both softmaxes."""

    network: nn.Module
    share: float
    temperature: float

    def shared(self, loss: Tensor, logits: Tensor, x: Tensor) -> Tensor:
        """(1 − share) · ``loss`` + share · T² KL(teacher ‖ student), a scalar; ``logits`` (B, classes) are of ``x``.

        The KL divergence has the gradient of TAS's matching loss (Eq. 8); T² keeps that gradient's size at any T.
        """
        t = self.temperature
        with torch.no_grad():
            target = (self.network(x) / t).softmax(1)
        match = F.kl_div((logits / t).log_softmax(1), target, reduction="batchmean")
        return (1 - self.share) * loss + self.share * t**2 * match
