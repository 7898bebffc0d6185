"""DARTS-PT (Wang, Cheng, Chen, Tang, Hsieh, ICLR 2021): an operation is worth what the supernet loses without it.

α's size is not read. Edge after edge in random order, each operation is left out in turn; the one whose absence costs
the supernet most validation accuracy becomes the edge (their Algorithm 1), and the supernet is trained on before the
next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from algorithms.base import Setting
from algorithms.hyper import Hyper
from algorithms.wrapping import Selection
from results.errors import BadInput


class PerturbationHyper(Hyper):
    """The authors' fields for NAS-Bench-201."""

    pt_tune_epochs: int = Field(5, ge=0, description="epochs of training between two edges, at a tenth of lr")
    pt_batches: int | None = Field(None, ge=1, description="validation batches behind a score; default: an epoch's")


class Perturbation(Selection):
    """Selection from the trained supernet of any softmax search; its passes are counted."""

    suffix = "pt"
    title = "perturbation-based selection"
    source = "Wang et al., ICLR 2021, Algorithm 1"
    departures = "only for spaces whose edges all have one operation; scores by the batches of the search, augmented"
    Hyper: ClassVar[type[BaseModel]] = PerturbationHyper
    selects = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.steps = 0
        self.order = self.seeded("sample")
        alpha = self.alpha.views(self.alpha.flat.detach())
        self.mask = {name: torch.ones_like(a) for name, a in alpha.items()}
        self.decided = {name: torch.zeros_like(a[..., :1], dtype=torch.bool) for name, a in alpha.items()}

    @classmethod
    def check(cls, space: Any, hyper: Any) -> None:
        """Every edge has an operation: choosing among edges is not done here."""
        super().check(space, hyper)
        alpha = space.alphas(torch.Generator())
        if len(space.edges(space.discretise(alpha))) != sum(len(a) for a in alpha.values()):
            raise BadInput(f"{cls.name}: the space {space.name} chooses among edges, which +pt does not; leave out +pt")

    def relax(self, alpha: dict[str, Tensor]) -> Any:
        """The search's own weights of what is not left out; of a decided edge, 1 for its operation."""
        mix = super().relax(alpha)
        left = {name: w * self.mask[name] for name, w in mix.weights.items()}
        return replace(mix, weights={n: torch.where(self.decided[n], self.mask[n], w) for n, w in left.items()})

    def epoch(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, float]:
        """The search's own epoch, its steps counted."""
        return super().epoch(self._counting(pairs))

    def _counting(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        self.steps = 0
        for pair in pairs:
            self.steps += 1
            yield pair

    def select(self, pairs: Iterator[tuple[Any, Any]]) -> dict[str, float]:
        """Decide every edge, training on between two; returns the losses of that training."""
        for network in self.networks().values():
            network.optimiser.state.clear()
            network.lr = self.hyper.lr / 10
        edges = [(name, row) for name, mask in self.mask.items() for row in range(len(mask))]
        scored, tuned = self.hyper.pt_batches or self.steps, self.hyper.pt_tune_epochs * self.steps
        for done, index in enumerate(torch.randperm(len(edges), generator=self.order).tolist(), start=1):
            name, row = edges[index]
            self.decide(name, row, [val for _, val in islice(pairs, scored)])
            for train, val in islice(pairs, tuned if done < len(edges) else 0):
                self.step(train, val)
        return self.passes.take_losses()

    def decide(self, name: str, row: int, held_out: list[Any]) -> None:
        """Keep the operation of one edge without which the supernet is right least often; of equals the first."""
        edge = self.mask[name][row]
        hits = []
        for operation in range(len(edge)):
            edge[operation] = 0
            scores = [self.passes.score(self.reported.flat, self.alpha.flat, batch)[1] for batch in held_out]
            hits.append(float(sum(scores)))
            edge[operation] = 1
        edge.zero_()
        edge[hits.index(min(hits))] = 1
        self.decided[name][row] = True

    def genotype(self) -> str:
        """What was selected; the search's own before."""
        if not all(bool(decided.all()) for decided in self.decided.values()):
            return super().genotype()
        return str(self.space.discretise({name: mask.cpu() for name, mask in self.mask.items()}))

    def state_dict(self) -> dict[str, Any]:
        """The search's, and what is left of each edge."""
        own = {"steps": self.steps, "order": self.order.get_state(), "mask": self.mask, "decided": self.decided}
        return super().state_dict() | {"perturbation": own}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        own = state["perturbation"]
        self.steps = own["steps"]
        self.order.set_state(own["order"])
        device = self.alpha.flat.device
        self.mask = {name: mask.clone().to(device) for name, mask in own["mask"].items()}
        self.decided = {name: decided.clone().to(device) for name, decided in own["decided"].items()}
