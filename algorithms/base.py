"""What an algorithm is to the harness, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from pydantic import BaseModel

from algorithms.counts import Cost, Counts
from algorithms.parameters import Parameters

Seeded = Callable[[str], torch.Generator]


class Evaluated(NamedTuple):
    """What an evaluator says of one genotype: validation accuracy in percent, and what the answer cost.

    ``seconds`` is charged on top of the clock: a table's own training time, NaN where the table does not know it.
    """

    val_accuracy: float
    macs: int
    seconds: float


class Lesson(NamedTuple):
    """Knowledge distillation (Hinton, Vinyals, Dean, 2015): a whole network's weights as the teacher of the one cut.

    The loss is (1 − ``share``) of the labels' plus ``share`` of the teacher's at ``temperature``.
    """

    teacher: Parameters
    share: float
    temperature: float


@dataclass(frozen=True)
class Setting:
    """What an algorithm is given: a space, its hyperparameters, generators by purpose, a device, and an evaluator.

    ``seeded`` gives the generator of a named purpose, so that algorithms with one seed start from the same weights
    and α. ``evaluate`` answers for one genotype; only searches without gradients ask it. ``record_of`` gives what the
    run's finished search by a named algorithm found with the same seed, None where there is none.
    """

    space: Any
    hyper: Any
    seeded: Seeded
    device: torch.device
    evaluate: Callable[[str], Evaluated]
    record_of: Callable[[str], str | None] = lambda algorithm: None


class Algorithm(ABC):
    """What the harness drives: epochs, a genotype at any time, and a state that can be saved."""

    own: ClassVar[tuple[str, ...]] = ("title", "order", "role", "source", "departures", "traits")
    """What is said of one class alone: where a subclass does not say it, the default holds, not its parent's."""
    name: ClassVar[str]
    title: ClassVar[str] = ""
    """What tables and figures call it."""
    order: ClassVar[int] = 100
    """Its place in tables, from the top; of equals, names decide."""
    role: ClassVar[str] = ""
    """"reference": what others are compared with; "control": what a search must beat; else empty."""
    source: ClassVar[str] = ""
    """The paper, and where in it the algorithm stands."""
    departures: ClassVar[str] = ""
    """What differs from the original."""
    traits: ClassVar[tuple[str, ...]] = ()
    """What parts may count on. "steady": it moves α on one supernet, so that eigenvalues compare over the epochs;
    "softmax": its relaxation is the space's own, so that operations can be left out of its supernet; "logits": its
    choice is softmax α, drawn or not; "mixture": its weight step runs every operation, weighed by softmax α;
    "alternating": one network, whose w descends on D_t where α descends on D_v, every operation run in both."""
    requires: ClassVar[tuple[type, ...]] = ()
    """The contracts (spaces/contracts.py) that a space must keep."""
    cost: ClassVar[Cost | None] = None
    """The passes of one step; None where its steps are no passes of a supernet."""
    Hyper: ClassVar[type[BaseModel]]
    alpha: Parameters | None = None
    charged_seconds: float = 0.0
    prunes: ClassVar[bool] = True
    """Whether the network cut from the searched one is fine-tuned: not so where nothing is ever cut."""
    progress: float = 0.0
    """The share of the budget that is used, at every step: for schedules that an epoch is too coarse for."""
    stopped: bool = False
    """Whether the search has ended by a rule of its own, before its budget."""
    selects: ClassVar[bool] = False
    """Whether ``select`` follows the last epoch."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in Algorithm.own:
            if name not in vars(cls):
                setattr(cls, name, getattr(Algorithm, name))

    def __init__(self, setting: Setting) -> None:
        self.space, self.hyper, self.seeded = setting.space, setting.hyper, setting.seeded
        self.device, self.evaluate = setting.device, setting.evaluate

    @classmethod  # noqa: B027 - most combinations are fine
    def check(cls, space: Any, hyper: Any) -> None:
        """Raise BadInput where these hyperparameters cannot be had on ``space``."""

    @classmethod
    def after(cls, hyper: Any) -> str:
        """The algorithm whose record of the same seed this one needs; empty: none."""
        return ""

    @property
    @abstractmethod
    def counts(self) -> Counts:
        """Passes and multiply-adds so far."""

    def epochs(self, budget: int) -> int:
        """How many epochs a budget of ``budget`` epochs means to this algorithm."""
        return budget

    def on_epoch(self, epoch: int, progress: float) -> None:  # noqa: B027 - nothing to do is a fair default
        """Called before epoch ``epoch`` (from 0); ``progress`` is the share of the budget that is used."""

    @abstractmethod
    def epoch(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, float]:
        """One epoch over pairs of batches (D_t, D_v); returns its mean losses and accuracies (percent) by half."""

    def select(self, pairs: Iterator[tuple[Any, Any]]) -> dict[str, float]:
        """Called once, after the last epoch, with endless pairs of batches; returns as ``epoch``. Its cost is counted.

        Only where ``selects``: what an algorithm does with its trained supernet before it names a genotype.
        """
        return {}

    @abstractmethod
    def genotype(self) -> str:
        """The architecture found so far."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Everything that an epoch reads and changes: tensors and plain types."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where ``state_dict`` was taken."""
