"""Knowledge distillation against its formula, and its gradient against the matching loss as TAS writes it (Eq. 8)."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from harness.config.sections import Evaluation
from harness.training.distillation import Teacher
from harness.training.train import objective
from spaces.base import Batch


class Fixed(nn.Module):
    """A network whose logits are given, whatever the image."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits


BATCH = Batch(torch.zeros(3, 1, 1, 1), torch.tensor([0, 2, 1]))


def softmax(row: list[float], t: float) -> list[float]:
    e = [math.exp(z / t) for z in row]
    return [v / sum(e) for v in e]


@pytest.mark.parametrize(("share", "temperature"), [(0.9, 4.0), (0.5, 1.0), (0.0, 4.0), (1.0, 2.0)])
def test_the_loss_is_the_formula_and_its_gradient_that_of_the_matching_loss(share: float, temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    ours, theirs = (torch.randn(3, 4, generator=generator, dtype=torch.double) for _ in range(2))
    network, teacher = Fixed(ours), Fixed(theirs)
    loss = objective(network, BATCH, Evaluation(), Teacher(teacher, share, temperature))
    labels = match = entropy = 0.0
    slope = torch.zeros(3, 4, dtype=torch.double)
    for i, (z, q, y) in enumerate(zip(ours.tolist(), theirs.tolist(), BATCH.y.tolist(), strict=True)):
        p, hard = softmax(z, temperature), softmax(z, 1.0)
        target = softmax(q, temperature)
        labels -= math.log(hard[y]) / 3
        match -= sum(b * math.log(a) for a, b in zip(p, target, strict=True)) / 3
        entropy -= sum(b * math.log(b) for b in target) / 3
        for j in range(4):
            slope[i, j] += (1 - share) * (hard[j] - (j == y)) / 3 + share * temperature * (p[j] - target[j]) / 3
    expected = (1 - share) * labels + share * temperature**2 * (match - entropy)
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-12)
    loss.backward()
    assert torch.allclose(network.logits.grad, slope, atol=1e-12)  # type: ignore[arg-type]
    assert teacher.logits.grad is None


def test_without_a_teacher_the_loss_is_that_of_the_labels() -> None:
    network = Fixed(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(objective(network, BATCH, Evaluation()), nn.functional.cross_entropy(network.logits, BATCH.y))
