"""The NATS-Bench topology space (Dong, Liu, Musial, Gabrys, TPAMI 2021): 5⁶ = 15,625 cells of six edges."""

from __future__ import annotations

import math
import re
from functools import partial
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor, nn

from results.errors import BadInput
from spaces import SPACES, nats_compiled
from spaces.base import Alpha, Edge, Everyone, Genotype, Score, SpaceOptions, Timed
from spaces.contracts import CellSpace, Lies, Measured, Neighbouring, PartlyConnected, Stackable, Tabular, Timeable
from spaces.nats_benchmark import every_cell
from spaces.nats_cell import EDGES, NODES, OPERATIONS, STAGES, TinyNetwork, operation, parse, text
from spaces.nats_devices import Devices
from spaces.nats_function import same_function
from spaces.nats_partial import PartialSupernet
from spaces.nats_supernet import MixedCell, Supernet
from spaces.nats_table import DATASETS, Table, how_to_get, open_table
from spaces.partial import PartialChannels


class NatsOptions(SpaceOptions):
    """The supernet's skeleton, and latencies for the penalty."""

    channels: int = Field(16, ge=1, description="C: the first stage's width")
    cells: int = Field(5, ge=1, description="N: cells a stage")
    latency: tuple[float, float, float, float, float] | None = Field(
        None, description="latency of each operation (none, skip, 1x1, 3x3, pool), any unit: divided by its mean"
    )
    compiled: bool = Field(
        False, description="the mixed cell in loops that this machine's C++ compiler makes: faster where C is small"
    )


@SPACES.register
class Nats(Stackable, PartlyConnected, Timeable, Neighbouring, Measured, Tabular):
    """Topology search by NATS-Bench's rules: argmax over each edge, none allowed, scored by its table."""

    name = "nats"
    Options = NatsOptions
    options: NatsOptions
    table: Table | None
    table_datasets = tuple(DATASETS)
    skip = ("cell", OPERATIONS.index("skip_connect"))

    @property
    def cells(self) -> int:
        """N: cells a stage."""
        return self.options.cells

    @classmethod
    def open_table(cls, where: Path | None) -> Table | None:
        """The benchmark's table or archive at ``where``, or where nats_bench looks by default; None: there is none."""
        return open_table(where)

    @classmethod
    def how_to_get_table(cls) -> str:
        """Where the official archive is, in one line."""
        return how_to_get()

    @classmethod
    def measured(cls, where: Path) -> Devices:
        """The file of measured latencies at ``where``."""
        return Devices(where)

    @classmethod
    def devices(cls, where: Path) -> dict[str, str]:
        """The devices of a file, and how well sums of operations' latencies fit each."""
        found = Devices(where)
        return {name: found.fit(name).words() for name in found.names}

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{"cell": (6, 5)}, 1e-3 · standard normal."""
        return {"cell": 1e-3 * torch.randn(len(EDGES), len(OPERATIONS), generator=generator)}

    def supernet(self, role: str = "w") -> nn.Module:
        """The merged supernet at the options' size."""
        o = self.options
        return Supernet(o.channels, o.cells, o.classes, o.in_channels, partial(MixedCell, compiled=o.compiled))

    def check_device(self, device: str) -> None:
        """Compiled loops are the CPU's; they are compiled now, so that no trial fails for them."""
        if not self.options.compiled:
            return
        if device != "cpu":
            raise BadInput(f"space.compiled runs on the CPU, and the trials run on {device}: use --device cpu")
        nats_compiled.loops()

    def partial(self, parts: int, weigh_edges: bool = True) -> CellSpace:
        """The same cells by partial channels; the nodes 1, 2 and 3 have one, two and three edges."""
        return PartialNats(self, parts, self.options.channels, range(1, NODES), weigh_edges)

    def lies(self, parameter: str) -> Lies | None:
        """Of a source's merged convolutions: a block for each target."""
        convolutions = re.fullmatch(r"blocks\.\d+\.conv[13]\.(\d)", parameter)
        if convolutions is None:
            return None
        return Lies(NODES - 1 - int(convolutions[1]), f"{parameter}.rows", f"{parameter}.columns")

    def layers(self, name: str) -> int:
        """How many cells share the α of ``name``."""
        return STAGES * self.options.cells

    def operation_of(self, parameter: str) -> tuple[str, int] | None:
        """Which operation's weights a parameter of the supernet holds, and of how many edges; None where of none."""
        convolutions = re.fullmatch(r"blocks\.\d+\.conv[13]\.(\d)", parameter)
        return None if convolutions is None else (parameter, NODES - 1 - int(convolutions[1]))

    def penalty(self, weights: Alpha) -> Tensor | None:
        """⟨weights, Lat⟩ summed over the edges, Lat divided by its mean over the operations."""
        if self.options.latency is None:
            return None
        latency = torch.tensor(self.options.latency).to(weights["cell"], non_blocking=True)
        return (weights["cell"] @ (latency / latency.mean())).sum()

    def discretise(self, alpha: Alpha) -> Genotype:
        """The operation of the largest α on every edge, none included."""
        return text([OPERATIONS[i] for i in alpha["cell"].argmax(-1).tolist()])

    def one_hot(self, genotype: Genotype) -> Alpha:
        """{"cell": (6, 5)}, one 1 an edge."""
        chosen = torch.tensor([OPERATIONS.index(name) for name in parse(genotype)])
        return {"cell": torch.eye(len(OPERATIONS))[chosen]}

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The stand-alone network, freshly initialised: this space inherits nothing."""
        o = self.options
        return TinyNetwork(parse(genotype), o.channels, o.cells, o.classes, o.in_channels)

    def edges(self, genotype: Genotype) -> list[Edge]:
        """The six edges of the cell."""
        operations = zip(EDGES, parse(genotype), strict=True)
        return [Edge("cell", str(source), str(target), name) for (target, source), name in operations]

    def sample(self, generator: torch.Generator) -> Genotype:
        """A cell drawn uniformly from the 15,625."""
        drawn = torch.randint(len(OPERATIONS), (len(EDGES),), generator=generator)
        return text([OPERATIONS[i] for i in drawn.tolist()])

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """One edge given another operation."""
        operations = list(parse(genotype))
        edge = int(torch.randint(len(EDGES), (1,), generator=generator))
        others = [name for name in OPERATIONS if name != operations[edge]]
        operations[edge] = others[int(torch.randint(len(others), (1,), generator=generator))]
        return text(operations)

    def timed(self) -> list[Timed]:
        """The five operations in the three stages' cells."""
        o, found = self.options, []
        for stage in range(STAGES):
            width, side = o.channels * 2**stage, math.ceil(o.image_size / 2**stage)
            for name in OPERATIONS:
                build = None if name == "none" else partial(operation, name, width)
                found.append(Timed("cell", name, build, (width, side, side), 1, o.cells))
        return found

    @classmethod
    def every(cls) -> frozenset[Genotype]:
        """All 15,625 cells."""
        return every_cell()

    def function_of(self, genotype: Genotype) -> str:
        """Cells of one function share it; see spaces/nats_function.py."""
        return same_function(genotype)

    def score(self, genotype: Genotype, dataset: str, epochs: int | None = None) -> Score | None:
        """The table's answer after ``epochs`` (12 or 200) of training; None without a table."""
        return None if self.table is None else self.table.score(genotype, dataset, epochs)

    def everyone(self, dataset: str) -> Everyone | None:
        """All genotypes on one data set; None without a table of them all."""
        return None if self.table is None else self.table.everyone(dataset)

    def training_macs(self, genotype: Genotype, dataset: str, epochs: int) -> int:
        """Epochs × images × 3: a forward pass, and a backward pass of twice its multiply-adds."""
        score = self.score(genotype, dataset, epochs)
        return 0 if score is None else int(3 * epochs * DATASETS[dataset].training_images * score.flops)


class PartialNats(PartialChannels, Nats):
    """The space under PC-DARTS. β weighs edges but chooses none: an edge keeps its operation of the largest α."""

    def supernet(self, role: str = "w") -> nn.Module:
        """The merged supernet at the options' size, 1/K of its channels through the operations."""
        o = self.options
        return PartialSupernet(self.parts, o.channels, o.cells, o.classes, o.in_channels, o.compiled)
