"""The protocol ``nats-bench`` beside its authors' loop, written out with torch's own optimisers (search-cell.py)."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from searches import make_batch, make_search
from torch import Tensor
from torch.func import functional_call

from harness.config.protocol import Protocol
from spaces.nats import Nats, NatsOptions

EPOCHS, STEPS = 4, 3


@pytest.mark.parametrize("algorithm", ["darts1", "darts2"])
def test_its_steps_are_those_of_the_authors_loop(double: None, algorithm: str) -> None:
    """Two of four epochs, and so two learning rates; the second order's vector is a central difference at r = 0.01."""
    hyper = Protocol.load("nats-bench", "nats").hyper(algorithm)
    search = make_search(algorithm, Nats(NatsOptions(channels=2, cells=1, image_size=8)), **hyper.model_dump())
    network = search.space.supernet()
    sizes = [(name, p.shape, p.numel()) for name, p in network.named_parameters()]
    w, alpha = (p.flat.detach().clone().requires_grad_() for p in (search.w, search.alpha))
    w_optimiser = torch.optim.SGD([w], 0.025, momentum=0.9, weight_decay=5e-4, nesterov=True)
    alpha_optimiser = torch.optim.Adam([alpha], 3e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(w_optimiser, EPOCHS, eta_min=0.001)
    train, val = make_batch("train"), make_batch("val")

    def loss(at: Tensor, half: object) -> Tensor:
        pieces = torch.split(at, [size for *_, size in sizes])
        tensors = {name: piece.view(shape) for piece, (name, shape, _) in zip(pieces, sizes, strict=True)}
        logits = functional_call(network, tensors, (half.x, search.space.relax({"cell": alpha.view(6, 5)})))
        return F.cross_entropy(logits, half.y)

    def outer() -> Tensor:
        if algorithm == "darts1":
            return torch.autograd.grad(loss(w, val), alpha)[0]
        rate, moment = w_optimiser.param_groups[0]["lr"], 0.9 * w_optimiser.state[w]["momentum_buffer"]
        slope = torch.autograd.grad(loss(w, train), w)[0] + 5e-4 * w.detach()
        ahead = (w.detach() - rate * (moment + slope)).requires_grad_()
        v, outer = torch.autograd.grad(loss(ahead, val), [ahead, alpha])
        r = 0.01 / v.norm()
        plus, minus = (torch.autograd.grad(loss(w.detach() + sign * r * v, train), alpha)[0] for sign in (1, -1))
        return outer - rate * (plus - minus) / (2 * r)

    for epoch in range(2):
        search.on_epoch(epoch, epoch / EPOCHS)
        for _ in range(STEPS):
            search.step(train, val)
            (w.grad,) = torch.autograd.grad(loss(w, train), w)
            w_optimiser.step()
            alpha.grad = outer()
            alpha_optimiser.step()
        falling.step()
    assert (search.w.flat - w).abs().max() < 1e-10
    assert (search.alpha.flat - alpha).abs().max() < 1e-8


def test_it_differs_from_the_papers_where_the_documents_say_so() -> None:
    theirs, papers = (Protocol.load(name, "nats") for name in ("nats-bench", "paper"))
    ours, own = (protocol.hyper("darts1").model_dump() for protocol in (papers, theirs))
    assert {key for key in own if own[key] != ours[key]} == {"nesterov", "clip", "update_order"}
    assert (papers.settings.split, theirs.settings.split) == ("halves", "nats")
    assert theirs.hyper("gdas").model_dump()["undrawn"] == "added"
