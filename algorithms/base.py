"""What an algorithm is to the harness, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch

from algorithms.counts import Cost, Counts
from algorithms.hyper import Fields
from algorithms.parameters import Parameters
from results.errors import BadInput
from spaces.base import Batch, Space
from spaces.contracts import need

if TYPE_CHECKING:
    from algorithms.search import Search

Seeded = Callable[[str], torch.Generator]

Pair = tuple[Batch, Batch]
"""A batch of each half: D_t for weights, D_v for α."""

State = dict[str, Any]
"""What a checkpoint holds: tensors and plain types."""


class Evaluated(NamedTuple):
    """What an evaluator says of one genotype: validation accuracy in percent, what the answer cost, and its costs.

    ``seconds`` is charged on top of the clock: a table's own training time, NaN where the table does not know it.
    ``costs`` are the network's, by the record's column: ``params``, ``flops``, and ``device_latency.DEVICE`` (ms) for
    each device that was named; None where nothing was measured that means anything.
    """

    val_accuracy: float
    macs: int
    seconds: float
    costs: Mapping[str, float | None] = MappingProxyType({})


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
    run's finished search by a named algorithm found with the same seed, None where there is none. ``cuda_graphs`` has
    passes captured, on CUDA alone.
    """

    space: Space
    hyper: Fields
    seeded: Seeded
    device: torch.device
    evaluate: Callable[[str], Evaluated]
    record_of: Callable[[str], str | None] = lambda algorithm: None
    cuda_graphs: bool = False


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
    requires: ClassVar[tuple[type[Space], ...]] = ()
    """The contracts (spaces/contracts.py) that a space must keep."""
    cost: ClassVar[Cost | None] = None
    """The passes of one step; None where its steps are no passes of a supernet."""
    queries: ClassVar[bool] = False
    """Whether it asks the evaluator for what it proposes, and has no trained network of its own."""
    package: ClassVar[str] = ""
    """A package that it needs besides the harness's own; empty where none."""
    Hyper: ClassVar[type[Fields]]
    alpha: Parameters | None = None
    charged_seconds: float = 0.0
    prunes: ClassVar[bool] = True
    """Whether the network cut from the searched one is fine-tuned: not so where nothing is ever cut."""
    progress: float = 0.0
    """The share of the budget that is used, at every step: for schedules that an epoch is too coarse for."""
    asked: str = ""
    """What the last epoch asked the evaluator about; empty where it asked nothing."""
    stopped: bool = False
    """Whether the search has ended by a rule of its own, before its budget."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in Algorithm.own:
            if name not in vars(cls):
                setattr(cls, name, getattr(Algorithm, name))

    def __init__(self, setting: Setting) -> None:
        self.space: Space = setting.space
        self.hyper: Fields = setting.hyper
        self.seeded = setting.seeded
        self.device, self.evaluate = setting.device, setting.evaluate

    @classmethod
    def check(cls, space: Space, hyper: Fields) -> None:
        """Whether its package is here, ``space`` keeps what it requires, and its hyperparameters can be had there.

        Raises
        ------
        BadInput
            Where not.
        """
        if cls.package and find_spec(cls.package) is None:
            raise BadInput(f"{cls.name} needs the package {cls.package}: pip install {cls.package}, or leave it out")
        for contract in cls.requires:
            need(space, contract, cls.name)
        hyper.fits(space)

    @property
    def search(self) -> Search | None:
        """The algorithm as a search with a supernet; None where it has none."""
        return None

    @classmethod
    def least_epochs(cls, hyper: Any) -> int:
        """The shortest search, in epochs, in which the algorithm can do what it is named for."""
        return 1

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
    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """One epoch over pairs of batches (D_t, D_v); returns its mean losses and accuracies (percent) by half."""

    def select(self, pairs: Iterator[Pair]) -> dict[str, float] | None:
        """Called once, after the last epoch, with endless pairs of batches; returns as ``epoch``. Its cost is counted.

        What an algorithm does with its trained supernet before it names a genotype; None where that is nothing.
        """
        return None

    @abstractmethod
    def genotype(self) -> str:
        """The architecture found so far."""

    @abstractmethod
    def state_dict(self) -> State:
        """Everything that an epoch reads and changes: tensors and plain types."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
