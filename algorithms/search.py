"""What every gradient-based search shares besides its ``step``: two kinds of parameters and the passes through them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor

from algorithms.base import Algorithm, Lesson, Pair, Setting, State
from algorithms.captured import Graphs
from algorithms.counts import Counts
from algorithms.hyper import Fields
from algorithms.hyper import Hyper as Shared
from algorithms.optimisers import Make, alpha_optimiser, weight_optimiser
from algorithms.parameters import Parameters
from algorithms.passes import Passes, Relax
from algorithms.undecided import among_choices
from spaces.base import CLOSED, Alpha, Batch, Mix, Space


class Architecture(Parameters):
    """α: each descent is along the given gradient plus that of the penalty, which no algorithm can forget.

    ``penalty`` gives the latter at the present α; it is no pass of the network, so it costs none.
    """

    def __init__(self, tensors: Mapping[str, Tensor], search: Search) -> None:
        super().__init__(tensors, search.alpha_optimiser(), before=search.alpha_direction, after=search.prox)
        self.penalty: Callable[[], Tensor | float] = search.grad_penalty

    def descend(self, gradient: Tensor) -> None:
        """One step of the optimiser along ``gradient`` and the penalty's."""
        super().descend(gradient + self.penalty())


class Search(Algorithm):
    """A search over a space by gradients: ``step`` is the algorithm, everything else is here.

    The space offers ``alphas``, ``supernet``, ``relax``, ``loss``, ``penalty``, ``prox`` and ``discretise``.
    """

    Hyper: ClassVar[type[Fields]] = Shared
    hyper: Shared
    alpha: Parameters

    weight_steps: ClassVar[int] = 1
    """How many weight steps a step takes along ``grad_w``."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.check(setting.space, setting.hyper)
        self.space = self.searched()
        self.w = self.weights("w")
        start = self.alphas()
        self.allowed = {name: a > CLOSED for name, a in start.items()}
        """Shaped as α: the operations that the space lets an edge have."""
        self.alpha = Architecture({name: a.to(self.device) for name, a in start.items()}, self)
        self.passes = Passes(
            *(self.space.supernet(), self.w.layout, self.alpha.layout, self.relax, self.space),
            Graphs() if setting.cuda_graphs else None,
        )

    def searched(self) -> Space:
        """What the search begins on: the space that it was given, or one made of it."""
        return self.space

    @property
    def search(self) -> Self:
        """The search itself."""
        return self

    @abstractmethod
    def step(self, train: Batch, val: Batch) -> None:
        """One iteration on one batch of each half."""

    def alphas(self) -> Alpha:
        """α at the start, on the CPU."""
        return self.space.alphas(self.seeded("alpha"))

    def alpha_optimiser(self) -> Make:
        """What moves α: Adam or plain descent."""
        return alpha_optimiser(self.hyper)

    def alpha_direction(self, gradient: Tensor) -> Tensor:
        """Along what α's optimiser moves, given a step's whole gradient: that gradient."""
        return gradient

    def prox(self) -> None:
        """What follows each descent of α: the space's proximal step."""
        self.space.prox(self.alpha.views(self.alpha.flat.detach()), self.alpha.lr)

    def gates(self) -> Alpha:
        """The gates of the trained network that a genotype is cut from: α itself."""
        return {name: a.detach() for name, a in self.alpha.views().items()}

    def lesson(self) -> Lesson | None:
        """What the network cut is fine-tuned with besides the labels: nothing."""
        return None

    @property
    def reported(self) -> Parameters:
        """The network whose α is found, for diagnostics: the paper's primary network where there are two."""
        return self.w

    def networks(self) -> dict[str, Parameters]:
        """Every set of weights that the search trains, by its name in the paper."""
        return {"w": self.w}

    def weights(self, role: str) -> Parameters:
        """A freshly initialised network as a vector moved by SGD; the generator is named after ``role``."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seeded(f"init.{role}").initial_seed())
            tensors = {name: p.to(self.device) for name, p in self.space.supernet(role).named_parameters()}
        return Parameters(tensors, weight_optimiser(self.hyper), clip=self.hyper.clip)

    def relax(self, alpha: Alpha) -> Mix:
        """The mix that α, by name and shaped as the space has it, stands for: the space's rule (softmax for cells)."""
        return self.space.relax(alpha)

    def expected(self, alpha: Alpha) -> Alpha:
        """The weights that α stands for in expectation: what diagnostics and the latency penalty read."""
        return self.relax(alpha).weights

    def undecided(self) -> float:
        """How far α is from a choice, from 0 to 1: the mean entropy of its edges' expected weights over its maximum."""
        return among_choices(self.expected(self.alpha.views(self.alpha.flat.detach())), self.allowed)

    def grad_w(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_w of the loss on ``batch`` as a flat vector, as long as w: one forward, one backward to the weights."""
        return self.passes.gradient(_flat(w), self.alpha.flat, batch, "w", relax)[0]

    def grad_alpha(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_α of the loss on ``batch`` as a flat vector, as long as α: one forward, one backward to α alone."""
        return self.passes.gradient(_flat(w), self.alpha.flat, batch, "alpha", relax)[0]

    def grad_both(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> tuple[Tensor, Tensor]:
        """(∇_w, ∇_α) of the loss on ``batch``, flat vectors: one forward, one full backward."""
        gradients = self.passes.gradient(_flat(w), self.alpha.flat, batch, "both", relax)
        return gradients[0], gradients[1]

    def penalised(self, alpha: Alpha) -> Alpha:
        """The weights whose latency the present step penalises: the expected ones."""
        return self.expected(alpha)

    def grad_penalty(self) -> Tensor | float:
        """κ ∇_α of the space's penalty, flat, which each descent of α adds; 0 where κ is 0."""
        if not self.hyper.latency_weight:
            return 0.0
        alpha = self.alpha.flat.detach().requires_grad_()
        penalty = self.space.penalty(self.penalised(self.alpha.views(alpha)))
        return 0.0 if penalty is None else torch.autograd.grad(self.hyper.latency_weight * penalty, alpha)[0]

    @property
    def counts(self) -> Counts:
        """Passes and multiply-adds so far."""
        return self.passes.counts

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """A step for each pair of batches; the losses are read once, at the end."""
        for train, val in pairs:
            self.step(train, val)
        return self.passes.take_losses()

    def on_epoch(self, epoch: int, progress: float) -> None:
        """Learning rates at the start of an epoch: by ``progress``, the share of the budget that is used."""
        self.progress = progress
        self.set_lr(progress)
        self.alpha.lr = self.arch_lr_at(progress)

    def arch_lr_at(self, progress: float) -> float:
        """α's learning rate where the share ``progress`` of the budget is used."""
        return float(self.hyper.arch_lr_at(progress))

    def set_lr(self, progress: float) -> None:
        """Each network's learning rate where the share ``progress`` of the budget is used."""
        for network in self.networks().values():
            network.lr = self.hyper.lr_at(progress)

    def genotype(self) -> str:
        """The architecture that α stands for now: the space's own rule."""
        return str(self.space.discretise({name: a.detach().cpu() for name, a in self.alpha.views().items()}))

    def state_dict(self) -> State:
        """Everything that a step reads and changes: tensors and plain types."""
        networks = {name: network.state_dict() for name, network in self.networks().items()}
        return {"networks": networks, "alpha": self.alpha.state_dict(), "counts": self.counts.as_dict()}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        for name, network in self.networks().items():
            network.load_state_dict(state["networks"][name])
        self.alpha.load_state_dict(state["alpha"])
        self.passes.counts = Counts(**state["counts"])


def _flat(w: Parameters | Tensor) -> Tensor:
    return w if isinstance(w, Tensor) else w.flat
