"""What a search space is: the protocol every space implements, and the values that cross it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from results.errors import BadInput

Alpha = dict[str, Tensor]
"""Architecture parameters by name, for instance ``{"cell": (edges, operations)}``."""

Genotype = str
"""A discrete architecture as canonical text in the field's notation; each space parses and writes its own."""


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
    ``after_skip`` (dropout, for instance) is called for each identity skip that runs, and only beside ``active``.
    """

    weights: dict[str, Tensor]
    active: dict[str, list[list[int]]] | None = None
    after_skip: AfterSkip | None = None

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

    def as_dict(self) -> dict[str, Any]:
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
    None where the table does not hold the whole space; ``source`` then says so.
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


@dataclass(frozen=True)
class Timed:
    """One operation as it occurs in the stand-alone network: what a latency table measures.

    ``kind`` names the edges that carry it alike (see ``Space.kind``), ``shape`` is its input, (channels, height, width)
    for one image, ``count`` the number of cells that hold it at this shape on one edge. ``build`` makes its module; it
    is None for an operation that is not there at all ("none" outside a supernet).
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
    table_datasets: ClassVar[tuple[str, ...]] = ()
    relaxed: ClassVar[bool] = True
    """Whether α chooses among an edge's operations, so that its entropy and its Hessian tell of a search's health."""
    inherits: ClassVar[bool] = False
    """Whether what is found is cut from the searched network, weights and all, and not trained from scratch."""
    drops_paths: ClassVar[bool] = False
    """Whether its stand-alone networks can drop paths in training: they then read an attribute ``drop_path``."""
    skip: ClassVar[tuple[str, int] | None] = None
    """Where α has the normal cell's skip connections, (name, column); None where no cells are stacked."""
    fewest_cells: ClassVar[int] = 1
    """The least of the option ``cells``."""

    def __init__(self, options: SpaceOptions | None = None, table: Any = None) -> None:
        self.options = options if options is not None else self.Options()
        self.table = table

    @classmethod
    def open_table(cls, where: Path | None) -> Any:
        """What ``score`` reads, at ``where`` or where the field keeps it; None where this space has no table there."""
        return None

    @classmethod
    def how_to_get_table(cls) -> str:
        """How a user gets the table, in one line."""
        return f"there is none for the space {cls.name}"

    @abstractmethod
    def alphas(self, generator: torch.Generator) -> Alpha:
        """Fresh architecture parameters on the CPU."""

    @abstractmethod
    def supernet(self, role: str = "w") -> nn.Module:
        """A network with ``forward(x, mix) -> logits`` that owns no architecture parameter.

        ``role`` names the network ("w", "y"); spaces whose networks start apart (the solvable model) read it.
        """

    def deeper(self, cells: int) -> Space:
        """The same space with ``cells`` for the option of that name. Raises BadInput where no cells are stacked."""
        if self.skip is None:
            raise BadInput(f"the space {self.name} stacks no cells")
        return type(self)(self.options.model_copy(update={"cells": cells}), self.table)

    def partial(self, parts: int) -> Space:
        """This space, searched through 1/``parts`` of the channels and with normalised edges (spaces/partial.py).

        Raises BadInput where the space has no such supernet, or where ``parts`` does not divide its channels.
        """
        raise BadInput(f"the space {self.name} has no edges to send part of the channels through: search nats or darts")

    def relax(self, alpha: Alpha) -> Mix:
        """The continuous relaxation: softmax over each edge's operations (DARTS, Eq. 2)."""
        return Mix({name: torch.softmax(a, dim=-1) for name, a in alpha.items()})

    def loss(self, network: Callable[[Tensor, Mix], Tensor], mix: Mix, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy of ``network`` on ``batch``, and how many images it got right; both scalars."""
        logits = network(batch.x, mix)
        return F.cross_entropy(logits, batch.y), (logits.detach().argmax(1) == batch.y).sum()

    def penalty(self, alpha: Alpha) -> Tensor | None:
        """A differentiable cost of α, for instance the expected latency ⟨softmax α, Lat⟩; None where there is none."""
        return None

    def prox(self, alpha: Alpha, step: float) -> None:  # noqa: B027 - most spaces have none
        """What no gradient can do after α's descent, in place (ℓ1's soft threshold on gates); nothing by default."""

    @abstractmethod
    def discretise(self, alpha: Alpha) -> Genotype:
        """The space's own rule from α to a genotype."""

    def strongest(self, weights: Alpha) -> Genotype:
        """The rule of ``discretise`` on an edge's weights themselves, which need not sum to 1.

        By default ``discretise``, for spaces where only the order of an edge's operations counts.
        """
        return self.discretise(weights)

    def topology(self) -> Topology:
        """Which edges and operations ``discretise`` chooses among: by default every edge stays, whatever it is."""
        return Topology()

    def threshold(self, gates: Alpha, bound: float) -> Genotype:
        """What independent gates in [0, 1], shaped as α, keep above ``bound``.

        By default ``discretise``, for spaces whose edges must all have an operation: the bound decides nothing there.
        """
        return self.discretise(gates)

    def one_hot(self, genotype: Genotype) -> Alpha:
        """Weights shaped as α: 1 for each operation that ``genotype`` holds, 0 for every other one, on the CPU.

        With them a supernet computes what the genotype computes. Raises BadInput where the space has no such form.
        """
        raise BadInput(f"the space {self.name} cannot run one genotype inside its supernet")

    @abstractmethod
    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The stand-alone network ``forward(x) -> logits``, inheriting trained weights where the space can."""

    def full(self, weights: Mapping[str, Tensor], alpha: Alpha) -> nn.Module:
        """What ``build`` cuts from where the space ``inherits``: the whole network after a search, α folded in."""
        raise BadInput(f"the space {self.name} inherits no weights")

    @abstractmethod
    def edges(self, genotype: Genotype) -> list[Edge]:
        """The genotype's edges. Raises BadInput for text that is no genotype of this space."""

    def canonical(self, genotype: Genotype) -> Genotype:
        """``genotype`` as records hold it, be it named or written in another way. Raises BadInput as ``edges`` does."""
        self.edges(genotype)
        return genotype

    def columns(self, genotype: Genotype) -> dict[str, Any]:
        """Record columns of ``genotype`` that only this space knows of."""
        return {}

    @abstractmethod
    def sample(self, generator: torch.Generator) -> Genotype:
        """A genotype drawn uniformly."""

    @abstractmethod
    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """A neighbour of ``genotype``: one choice changed."""

    def timed(self) -> list[Timed]:
        """Every operation at every size at which the stand-alone network can hold it, in the order of α's columns."""
        raise BadInput(f"the space {self.name} has no latencies")

    def kind(self, edge: Edge) -> str:
        """The ``kind`` under which ``timed`` lists the operation of ``edge``."""
        return edge.cell

    def score(self, genotype: Genotype, dataset: str, epochs: int | None = None) -> Score | None:
        """A table's answer (``epochs``: training length, the longest by default); None where it must be trained."""
        return None

    def training_macs(self, genotype: Genotype, dataset: str, epochs: int) -> int:
        """Multiply-adds of the training behind the table's validation accuracy after ``epochs``."""
        raise BadInput(f"the space {self.name} has no table")
