"""What a search space is: the protocol every space implements, and the values that cross it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

Alpha = dict[str, Tensor]
"""Architecture parameters by name, for instance ``{"cell": (edges, operations)}``."""

Genotype = str
"""A discrete architecture as canonical text in the field's notation; each space parses and writes its own."""


CLOSED = -1000.0
"""α of an operation that its edge cannot have, or has no more: its softmax and its gradient are exactly 0."""

AfterSkip = Callable[[Tensor], Tensor]
"""What an identity skip's output passes through."""


class Batch(NamedTuple):
    """One batch: images ``x`` (batch, channels, height, width), targets ``y`` (batch,), and the half it came from."""

    x: Tensor
    y: Tensor
    half: str = "train"


@dataclass(frozen=True)
class Mix:
    """How a supernet combines its operations.

    ``weights`` holds a weight per operation, shaped as the architecture parameters. ``active``, where given, lists for
    each edge the operations to run, drawn on the CPU: the supernet computes those alone and never inspects a tensor.
    ``added``, of NAS-Bench-201's cells and beside ``active``, holds for each edge a number that is added to its output.
    ``after_skip`` (dropout, for instance) is called for each identity skip that runs, and only beside ``active``.
    """

    weights: dict[str, Tensor]
    active: dict[str, list[list[int]]] | None = None
    after_skip: AfterSkip | None = None
    added: dict[str, Tensor] | None = None

    def __post_init__(self) -> None:
        if self.after_skip is not None and self.active is None:
            raise ValueError("a merged supernet has no skips of its own: after_skip goes with active")


@dataclass(frozen=True)
class Edge:
    """One edge of a discrete cell, as reports draw it. ``source`` and ``target`` are node names of the cell."""

    cell: str
    source: str
    target: str
    operation: str
    weight: float = 1.0

    def as_dict(self) -> dict[str, str | float]:
        """The edge as plain types, for a record's ``edges`` column."""
        return asdict(self)


@dataclass(frozen=True)
class Topology:
    """What a genotype leaves out of the supernet besides operations; by default nothing.

    ``inputs`` lists, by α's name, the nodes that have to choose, each as the rows of α that are its input edges, of
    which ``kept`` stay. ``excluded`` are the columns of the operations that no edge of a genotype can have; ``allowed``
    lists, by α's name and row, those that an edge can have, where not all edges can have all.
    """

    inputs: Mapping[str, list[list[int]]] = field(default_factory=dict)
    kept: int = 0
    excluded: tuple[int, ...] = ()
    allowed: Mapping[str, list[list[int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """A table's answer for one genotype and data set. Accuracies in percent, cost in seconds of the table's GPU.

    ``rank`` is 1 + the number of strictly better genotypes of the space, ``percentile`` is 100 × the share that is
    strictly worse, ``regret`` the best genotype's test accuracy minus this one's (percentage points). The three are
    None where the table does not hold the whole space; ``source`` then says so. ``noise`` is the standard error of a
    difference between two genotypes' test accuracies (points), NaN where the table has one seed or their mean alone.
    """

    test_accuracy: float
    val_accuracy: float
    rank: int | None
    percentile: float | None
    regret: float | None
    params: float
    flops: float
    latency_ms: float
    cost_seconds: float | None
    source: str
    noise: float = math.nan


class Everyone(NamedTuple):
    """All genotypes of a space, and of each what a table judges by.

    Attributes
    ----------
    genotypes
        In any order, which the figures follow.
    error
        Test error, percent, (genotypes,); as a record has it.
    costs
        Sizes by the name of the record's column: parameters, multiply-adds.
    """

    genotypes: Sequence[Genotype]
    error: NDArray[np.float64]
    costs: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Timed:
    """One operation as it occurs in the stand-alone network: what a latency table measures.

    ``kind`` names the edges that carry it alike (see ``Timeable.kind``), ``shape`` is its input, (channels, height,
    width) for one image, ``count`` the number of cells that hold it at this shape on one edge. ``build`` makes its
    module; it is None for an operation that is not there at all ("none" outside a supernet).
    """

    kind: str
    operation: str
    build: Callable[[], nn.Module] | None
    shape: tuple[int, int, int]
    stride: int
    count: int


class SpaceOptions(BaseModel):
    """Fields of a space that a user may set. ``classes`` and ``image_size`` come from the data set and the protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    classes: int = 10
    image_size: int = 32
    in_channels: int = 3
    latency_source: str = Field("", description="the latency table behind the latencies; --latency sets it")


class Space(ABC):
    """A search space: what can be found. It knows nothing of optimisers, of data files, or of the harness."""

    name: ClassVar[str]
    Options: ClassVar[type[SpaceOptions]] = SpaceOptions
    presets: ClassVar[Mapping[str, Mapping[str, Mapping[str, object]]]] = {}
    """By option and word: the values of other options that the word stands for where they are not given themselves."""
    words: ClassVar[str] = ""
    """Of a contract (spaces/contracts.py): what a space that keeps it does, in words that follow "a space that"."""

    def __init__(self, options: SpaceOptions | None = None, table: object = None) -> None:
        self.options = options if options is not None else self.Options()
        self.table: object = table

    @abstractmethod
    def alphas(self, generator: torch.Generator) -> Alpha:
        """Fresh architecture parameters on the CPU."""

    @abstractmethod
    def supernet(self, role: str = "w") -> nn.Module:
        """A network with ``forward(x, mix) -> logits`` that owns no architecture parameter.

        ``role`` names the network ("w", "y"); spaces whose networks start apart (the solvable model) read it.
        """

    def check_device(self, device: str) -> None:  # noqa: B027 - most run everywhere
        """Raise BadInput where the supernet does not run on ``device``; by default it does."""

    @abstractmethod
    def relax(self, alpha: Alpha) -> Mix:
        """The continuous relaxation: what the supernet weighs its operations or channels by."""

    def loss(self, network: Callable[[Tensor, Mix], Tensor], mix: Mix, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy of ``network`` on ``batch``, and how many images it got right; both scalars."""
        logits = network(batch.x, mix)
        return F.cross_entropy(logits, batch.y), (logits.detach().argmax(1) == batch.y).sum()

    def penalty(self, weights: Alpha) -> Tensor | None:
        """A differentiable cost of relaxed weights, for instance their expected latency; None where there is none."""
        return None

    @property
    def priced(self) -> bool:
        """Whether there is such a cost."""
        return self.penalty(self.relax(self.alphas(torch.Generator())).weights) is not None

    def prox(self, alpha: Alpha, step: float) -> None:  # noqa: B027 - most spaces have none
        """What no gradient can do after α's descent, in place (ℓ1's soft threshold on gates); nothing by default."""

    @abstractmethod
    def discretise(self, alpha: Alpha) -> Genotype:
        """The space's own rule from α to a genotype."""

    @abstractmethod
    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The stand-alone network ``forward(x) -> logits``, inheriting trained weights where the space can."""

    @abstractmethod
    def edges(self, genotype: Genotype) -> list[Edge]:
        """The genotype's edges. Raises BadInput for text that is no genotype of this space."""

    def canonical(self, genotype: Genotype) -> Genotype:
        """``genotype`` as records hold it, be it named or written in another way. Raises BadInput as ``edges`` does."""
        self.edges(genotype)
        return genotype

    def columns(self, genotype: Genotype) -> dict[str, float | str]:
        """Record columns of ``genotype`` that only this space knows of."""
        return {}

    @abstractmethod
    def sample(self, generator: torch.Generator) -> Genotype:
        """A genotype drawn uniformly."""

    @abstractmethod
    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """A neighbour of ``genotype``: one choice changed."""
