"""What a space may offer besides what every space is: an algorithm requires it, and a refusal says it in its words.

A space keeps a contract by inheriting from it. ``need`` is the one place that refuses, ``offers`` and ``provides`` the
one that asks, so that no code looks at a space's class or name.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, Self, TypeGuard, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from results.errors import BadInput
from spaces import SPACES
from spaces.base import Alpha, Edge, Everyone, Genotype, Mix, Score, Space, SpaceOptions, Timed, Topology

Kept = TypeVar("Kept", bound=Space)
Count = TypeVar("Count", int, Tensor)


class CellSpace(Space):
    """A space of cells: α holds a row of operations for each edge, of which a genotype has one."""

    words = "chooses an operation for each edge"

    def relax(self, alpha: Alpha) -> Mix:
        """The continuous relaxation: softmax over each edge's operations (DARTS, Eq. 2)."""
        return Mix({name: torch.softmax(a, dim=-1) for name, a in alpha.items()})

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

    @abstractmethod
    def one_hot(self, genotype: Genotype) -> Alpha:
        """Weights shaped as α: 1 for each operation that ``genotype`` holds, 0 for every other one, on the CPU.

        With them a supernet computes what the genotype computes.
        """


class Neighbouring(CellSpace):
    """A space in which every choice has one operation, whatever the others have: it lists what differs in one."""

    words = "lists a genotype's neighbours"

    def neighbours(self, genotype: Genotype) -> list[Genotype]:
        """Every genotype that differs in one choice: choice by choice, in the order of α's columns."""
        chosen, found = self.one_hot(genotype), []
        for name, own in chosen.items():
            for row, column in (own == 0).nonzero().tolist():
                changed = own.clone()
                changed[row] = torch.eye(own.shape[1])[column]
                found.append(self.discretise(Alpha({**chosen, name: changed})))
        return found

    def crossed(self, one: Genotype, other: Genotype, generator: torch.Generator) -> tuple[Genotype, Genotype]:
        """Single-point crossover: up to a choice that is drawn each keeps its own, from there on they change places."""
        own, others = self.one_hot(one), self.one_hot(other)
        choices = sum(map(len, own.values()))
        point = int(torch.randint(1, choices, (), generator=generator)) if choices > 1 else choices
        first, second, place = Alpha(), Alpha(), 0
        for name, mine in own.items():
            kept = (torch.arange(place, place + len(mine)) < point)[:, None]
            place += len(mine)
            first[name] = torch.where(kept, mine, others[name])
            second[name] = torch.where(kept, others[name], mine)
        return self.discretise(first), self.discretise(second)


class Stackable(CellSpace):
    """A space whose supernet stacks as many cells as its option ``cells`` says."""

    words = "stacks cells"
    skip: ClassVar[tuple[str, int]]
    """Where α has the normal cell's skip connections: its name there, and the column."""
    fewest_cells: ClassVar[int] = 1
    """The least of the option ``cells``."""

    @property
    @abstractmethod
    def cells(self) -> int:
        """The option ``cells``."""

    @abstractmethod
    def layers(self, name: str) -> int:
        """How many cells share the α of ``name``."""

    @abstractmethod
    def operation_of(self, parameter: str) -> tuple[str, int] | None:
        """Which operation's weights a parameter of the supernet holds, and of how many edges; None where of none.

        The edges' rows lie one after the other, as many for each.
        """

    def operations(self, layout: Mapping[str, torch.Size]) -> tuple[Tensor, int]:
        """The number of the operation that each weight of ``layout`` belongs to, 0 for none; and how many numbers."""
        numbers: dict[tuple[str, int], int] = {}
        pieces = []
        for name, shape in layout.items():
            operation, edges = self.operation_of(name) or ("", 0)
            if edges:
                ids = [numbers.setdefault((operation, edge), len(numbers) + 1) for edge in range(edges)]
                pieces.append(torch.tensor(ids).repeat_interleave(shape.numel() // edges))
            else:
                pieces.append(torch.zeros(shape.numel(), dtype=torch.long))
        return torch.cat(pieces), len(numbers) + 1

    def deeper(self, cells: int) -> Self:
        """The same space with ``cells`` for the option of that name."""
        return type(self)(self.options.model_copy(update={"cells": cells}), self.table)


class Lies(NamedTuple):
    """How a weight (rows, columns, k, k) of a supernet lies along the channels of its operations.

    It holds ``blocks`` of rows, one after another, each a convolution of its own. ``rows`` and ``columns`` name what a
    block writes and reads: weights that name the same have those channels in common. A depthwise one has no columns.
    """

    blocks: int
    rows: str
    columns: str | None


class PartlyConnected(CellSpace):
    """A space whose edges can send a part of the channels through their operations."""

    words = "sends part of the channels through its operations"

    @abstractmethod
    def partial(self, parts: int, weigh_edges: bool = True) -> CellSpace:
        """This space, searched through 1/``parts`` of the channels (spaces/partial.py).

        With ``weigh_edges`` a node weighs the edges that reach it, which adds to α; without, each has the weight 1.

        Raises
        ------
        BadInput
            Where ``parts`` does not divide its channels.
        """

    @abstractmethod
    def lies(self, parameter: str) -> Lies | None:
        """How a weight of the supernet lies along the operations' channels; None where ``parts`` does not change it."""


class Timeable(CellSpace):
    """A space whose operations can be timed one by one: what a latency table holds."""

    words = "times its operations one by one"

    @abstractmethod
    def timed(self) -> list[Timed]:
        """Every operation at every size at which the stand-alone network can hold it, in the order of α's columns."""

    def kind(self, edge: Edge) -> str:
        """The ``kind`` under which ``timed`` lists the operation of ``edge``."""
        return edge.cell


class Device(NamedTuple):
    """A device as a penalty sees it: milliseconds of one occurrence of each operation, and in words how they fit it."""

    operations: tuple[float, ...]
    words: str


class Latencies(Protocol):
    """What was measured of a space's cells on devices, a file of it. Raises BadInput for a device that it lacks."""

    @property
    def digest(self) -> str:
        """Of all its figures."""

    def device(self, name: str) -> Device:
        """The device of that name as a penalty sees it."""

    def of(self, genotype: Genotype, device: str) -> float | None:
        """A cell's latency, milliseconds; None where no path leads through it, so that what was measured is nothing."""

    def every(self, device: str) -> dict[Genotype, float]:
        """The latency of each cell that a path leads through, milliseconds."""


class Measured(CellSpace):
    """A space whose cells were measured on real devices."""

    words = "was measured on devices"

    @classmethod
    @abstractmethod
    def measured(cls, where: Path) -> Latencies:
        """The file of measured latencies at ``where``.

        Raises
        ------
        BadInput
            In one line, for a file that is none.
        """

    @classmethod
    @abstractmethod
    def devices(cls, where: Path) -> dict[str, str]:
        """How well operations' latencies fit each device of the file at ``where``, in words. Raises as ``measured``."""


class DropsPaths(Space):
    """A space whose stand-alone networks drop paths in training: they read an attribute ``drop_path``."""

    words = "drops paths in training"


class Tabular(Space):
    """A space with a table of what its genotypes reach."""

    words = "has a table"
    table_datasets: ClassVar[tuple[str, ...]]
    """The data sets that the table knows."""
    validates: ClassVar[bool] = True
    """Whether it has validation accuracies, which alone a search may ask for: a test accuracy would be the answer."""

    @classmethod
    @abstractmethod
    def open_table(cls, where: Path | None) -> Described | None:
        """What ``score`` reads, at ``where`` or where the field keeps it; None where there is none."""

    @classmethod
    @abstractmethod
    def how_to_get_table(cls) -> str:
        """How a user gets the table, in one line."""

    @classmethod
    @abstractmethod
    def every(cls) -> frozenset[Genotype]:
        """All genotypes of the space."""

    def function_of(self, genotype: Genotype) -> str:
        """A text that a genotype shares with all that compute the same function; by default the genotype itself."""
        return genotype

    @abstractmethod
    def score(self, genotype: Genotype, dataset: str, epochs: int | None = None) -> Score | None:
        """The table's answer after ``epochs`` of training, the longest by default; None without a table."""

    def everyone(self, dataset: str) -> Everyone | None:
        """All genotypes with what the table says of each; None where it does not say it of all, or there is none."""
        return None

    @abstractmethod
    def training_macs(self, genotype: Genotype, dataset: str, epochs: int) -> int:
        """Multiply-adds of the training behind the table's validation accuracy after ``epochs``."""


class Described(Protocol):
    """A table, as far as the harness looks at it: in words, and a digest."""

    description: str

    @property
    def digest(self) -> str:
        """Of what it holds."""


class GateOptions(SpaceOptions):
    """How gates become a choice of channels."""

    l1: float = Field(0.0, ge=0, description="ρ: weight of ℓ1 on the gates, by a proximal step; 0: none")
    l1_travel: float = Field(
        0.0,
        ge=0,
        description="how far ℓ1 alone moves a gate, from its start at 1, in a whole search: sets l1 if none is given",
    )
    prc: float | None = Field(
        None, gt=0, lt=1, description="pruned-channel ratio over all gates; default: the exact zeros that ℓ1 left"
    )


class WidthSpace(Space):
    """A space of widths: α gates channels, and what is found is cut from the searched network, weights and all."""

    words = "gates channels"
    options: GateOptions

    @property
    @abstractmethod
    def layers(self) -> dict[str, int]:
        """Every gated layer, in the network's order, by its batch norm's name, with its channels."""

    @abstractmethod
    def at_widths(self, channels: Mapping[str, Tensor], weights: Alpha) -> Mix:
        """The mix in which each layer runs at several widths together.

        Of each layer ``channels`` (candidates,) holds how many of its first channels a candidate has, ``weights``
        (candidates,) how much it counts.
        """

    @abstractmethod
    def multiply_adds(self, widths: Mapping[str, Count]) -> Count:
        """Multiply-adds of the slim network with so many channels a layer, numbers or tensors (differentiable)."""

    @abstractmethod
    def full(self, weights: Mapping[str, Tensor], alpha: Alpha) -> nn.Module:
        """What ``build`` cuts from: the whole network after a search, α folded in."""

    @abstractmethod
    def whole(self) -> Genotype:
        """The genotype that keeps every channel."""

    @abstractmethod
    def parse(self, genotype: Genotype) -> Mapping[str, tuple[int, ...]]:
        """The channels that stay of each layer. Raises BadInput for text that is no genotype of this space."""

    @abstractmethod
    def redraw(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """The same widths, every layer's channels drawn anew."""

    @abstractmethod
    def uniform(self, ratio: float, generator: torch.Generator) -> Genotype:
        """Every layer pruned at ``ratio``; which channels is drawn."""


def offers(space: Space, contract: type[Kept]) -> TypeGuard[Kept]:
    """Whether a space keeps a contract."""
    return isinstance(space, contract)


def provides(space: type[Space], contract: type[Kept]) -> TypeGuard[type[Kept]]:
    """Whether the spaces of a class keep a contract."""
    return issubclass(space, contract)


def open_table(space: type[Space], where: Path | None) -> Described | None:
    """The table of a space at ``where``, or where the field keeps it; None where there is none."""
    return space.open_table(where) if provides(space, Tabular) else None


def need(space: Space, contract: type[Kept], who: str) -> Kept:
    """``space``, of which ``who`` (an algorithm's name) needs the contract.

    Raises
    ------
    BadInput
        Where the space does not keep it; the message says in the contract's words what is missing, and which do.
    """
    if offers(space, contract):
        return space
    able = [name for name in SPACES if SPACES.inherits(name, contract.__name__)]
    raise BadInput(
        f"{who} needs a space that {contract.words}; {space.name} does not: search {' or '.join(able) or 'another'}"
    )
