"""What every gradient-based search shares besides its ``step``: two kinds of parameters and the passes through them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor

from algorithms.base import Algorithm, Lesson, Setting
from algorithms.counts import Counts
from algorithms.hyper import Hyper
from algorithms.optimisers import Make, alpha_optimiser, weight_optimiser
from algorithms.parameters import Parameters
from algorithms.passes import Passes, Relax
from results.errors import BadInput


class Search(Algorithm):
    """A search over a space by gradients: ``step`` is the algorithm, everything else is here.

    The space offers ``alphas``, ``supernet``, ``relax``, ``loss``, ``penalty``, ``prox`` and ``discretise``.
    """

    Hyper: ClassVar[type[BaseModel]] = Hyper
    alpha: Parameters
    among_operations: ClassVar[bool] = False
    """Whether it has a meaning only where α chooses among the operations of an edge."""

    weight_steps: ClassVar[int] = 1
    """How many weight steps a step takes along ``grad_w``."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        space, hyper = setting.space, setting.hyper
        self.check(space, hyper)
        self.w = self.weights("w")
        self.alpha = Parameters(
            {name: a.to(self.device) for name, a in self.alphas().items()},
            self.alpha_optimiser(),
            before=self.alpha_direction,
            after=self.prox,
        )
        self.passes = Passes(space.supernet(), self.w.layout, self.alpha.layout, self.relax, space.loss)

    @classmethod
    def check(cls, space: Any, hyper: Any) -> None:
        """A choice needs operations to choose from, a latency penalty latencies."""
        if cls.among_operations and not space.relaxed:
            raise BadInput(
                f"{cls.name} chooses among the operations of an edge, but the space {space.name} has channel gates; "
                "leave it out, or search nats or darts"
            )
        if hyper.latency_weight and space.penalty(space.alphas(torch.Generator())) is None:
            raise BadInput(
                f"latency_weight = {hyper.latency_weight:g}, but the space {space.name} has no latencies; give them "
                "with --set space.latency=..., or set latency_weight=0"
            )

    @classmethod
    def steps_apart(cls, hyper: Any) -> bool:
        """Whether each weight step has a pass of its own, ``grad_w``, in which a part may change it."""
        return True

    @abstractmethod
    def step(self, train: Any, val: Any) -> None:
        """One iteration on one batch of each half."""

    def alphas(self) -> dict[str, Tensor]:
        """α at the start, on the CPU."""
        return dict(self.space.alphas(self.seeded("alpha")))

    def alpha_optimiser(self) -> Make:
        """What moves α: Adam or plain descent."""
        return alpha_optimiser(self.hyper)

    def alpha_direction(self, gradient: Tensor) -> Tensor:
        """Along what α's optimiser moves, given a step's whole gradient: that gradient."""
        return gradient

    def prox(self) -> None:
        """What follows each descent of α: the space's proximal step."""
        self.space.prox(self.alpha.views(self.alpha.flat.detach()), self.alpha.lr)

    def gates(self) -> dict[str, Tensor]:
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

    def relax(self, alpha: dict[str, Tensor]) -> Any:
        """The mix that α stands for where a pass names none: the space's rule (softmax for topologies)."""
        return self.space.relax(alpha)

    def grad_w(self, w: Parameters | Tensor, batch: Any, relax: Relax | None = None) -> Tensor:
        """∇_w of the loss on ``batch``: one forward, one backward to the weights."""
        return self.passes.gradient(_flat(w), self.alpha.flat, batch, "w", relax)[0]

    def grad_alpha(self, w: Parameters | Tensor, batch: Any, relax: Relax | None = None) -> Tensor:
        """∇_α of the loss on ``batch``: one forward, one backward to α alone."""
        return self.passes.gradient(_flat(w), self.alpha.flat, batch, "alpha", relax)[0]

    def grad_both(self, w: Parameters | Tensor, batch: Any, relax: Relax | None = None) -> tuple[Tensor, Tensor]:
        """(∇_w, ∇_α) of the loss on ``batch``: one forward, one full backward."""
        gradients = self.passes.gradient(_flat(w), self.alpha.flat, batch, "both", relax)
        return gradients[0], gradients[1]

    def grad_penalty(self, seen: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None) -> Tensor | float:
        """κ ∇_α of the space's penalty, at ``seen`` of α where given; 0 where κ is 0."""
        if not self.hyper.latency_weight:
            return 0.0
        alpha = self.alpha.flat.detach().requires_grad_()
        named = self.alpha.views(alpha)
        penalty = self.hyper.latency_weight * self.space.penalty(named if seen is None else seen(named))
        return torch.autograd.grad(penalty, alpha)[0]

    @property
    def counts(self) -> Counts:
        """Passes and multiply-adds so far."""
        return self.passes.counts

    def epoch(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, float]:
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

    def state_dict(self) -> dict[str, Any]:
        """Everything that a step reads and changes: tensors and plain types."""
        networks = {name: network.state_dict() for name, network in self.networks().items()}
        return {"networks": networks, "alpha": self.alpha.state_dict(), "counts": self.counts.as_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        for name, network in self.networks().items():
            network.load_state_dict(state["networks"][name])
        self.alpha.load_state_dict(state["alpha"])
        self.passes.counts = Counts(**state["counts"])


def _flat(w: Parameters | Tensor) -> Tensor:
    return w if isinstance(w, Tensor) else w.flat
