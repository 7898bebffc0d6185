"""NAS-Bench-Macro (Su et al., CVPR 2021): 3⁸ = 6,561 networks of eight layers, where the choice is depth and width."""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import Field
from torch import nn

from spaces import SPACES
from spaces.base import Alpha, Edge, Everyone, Genotype, Score, SpaceOptions
from spaces.contracts import Neighbouring, Tabular
from spaces.macro_network import LAYERS, OPERATIONS, STAGES, MacroNetwork, parse, same_function
from spaces.macro_supernet import ALPHA, MacroSupernet
from spaces.macro_table import HOW_TO_GET, MacroTable, every_network

TRAINING_IMAGES = 50_000
NAMES = ("skip_connect", *OPERATIONS[1:])
"""The choices as records name them: an identity is a skip there, that of a stage's first layer too."""


class MacroOptions(SpaceOptions):
    """The supernet's width."""

    channels: int = Field(32, ge=1, description="C: the stem's width; the benchmark's is 32")


@SPACES.register
class Macro(Neighbouring, Tabular):
    """Layers by NAS-Bench-Macro's rules: argmax over each layer's identity and two blocks, scored by its table."""

    name = "macro"
    Options = MacroOptions
    options: MacroOptions
    table: MacroTable | None
    table_datasets = ("cifar10",)
    validates = False

    @classmethod
    def open_table(cls, where: Path | None) -> MacroTable | None:
        """The table file at ``where``; the field keeps it nowhere, so without ``where`` there is none."""
        return None if where is None else MacroTable(where)

    @classmethod
    def how_to_get_table(cls) -> str:
        """Where the authors' file is, in one line."""
        return HOW_TO_GET

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{"layers": (8, 3)}, 1e-3 · standard normal."""
        return {ALPHA: 1e-3 * torch.randn(LAYERS, len(OPERATIONS), generator=generator)}

    def supernet(self, role: str = "w") -> nn.Module:
        """The supernet at the options' width."""
        o = self.options
        return MacroSupernet(o.channels, o.classes, o.in_channels)

    def discretise(self, alpha: Alpha) -> Genotype:
        """The choice of the largest α in every layer."""
        return "".join(map(str, alpha[ALPHA].argmax(-1).tolist()))

    def one_hot(self, genotype: Genotype) -> Alpha:
        """{"layers": (8, 3)}, one 1 a layer."""
        return {ALPHA: torch.eye(len(OPERATIONS))[list(parse(genotype))]}

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The stand-alone network, freshly initialised: this space inherits nothing."""
        o = self.options
        return MacroNetwork(parse(genotype), o.channels, o.classes, o.in_channels)

    def edges(self, genotype: Genotype) -> list[Edge]:
        """One a layer, chained within its stage."""
        choices, found = iter(parse(genotype)), []
        for stage, depth in enumerate(STAGES):
            found += [Edge(f"stage{stage}", f"{n}", f"{n + 1}", NAMES[next(choices)]) for n in range(depth)]
        return found

    def sample(self, generator: torch.Generator) -> Genotype:
        """A network drawn uniformly from the 6,561."""
        return "".join(map(str, torch.randint(len(OPERATIONS), (LAYERS,), generator=generator).tolist()))

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """One layer given another choice."""
        choices = list(parse(genotype))
        layer = int(torch.randint(LAYERS, (1,), generator=generator))
        others = [k for k in range(len(OPERATIONS)) if k != choices[layer]]
        choices[layer] = others[int(torch.randint(len(others), (1,), generator=generator))]
        return "".join(map(str, choices))

    @classmethod
    def every(cls) -> frozenset[Genotype]:
        """All 6,561 networks."""
        return every_network()

    def function_of(self, genotype: Genotype) -> str:
        """The genotype of its function whose identities stand last in each stage."""
        return same_function(genotype)

    def score(self, genotype: Genotype, dataset: str, epochs: int | None = None) -> Score | None:
        """The table's answer after 50 epochs of training; None without a table."""
        return None if self.table is None else self.table.score(genotype, dataset, epochs)

    def everyone(self, dataset: str) -> Everyone | None:
        """All genotypes on one data set; None without a table of them all."""
        return None if self.table is None else self.table.everyone(dataset)

    def training_macs(self, genotype: Genotype, dataset: str, epochs: int) -> int:
        """Epochs × images × 3: a forward pass, and a backward pass of twice its multiply-adds."""
        score = self.score(genotype, dataset, epochs)
        return 0 if score is None else int(3 * epochs * TRAINING_IMAGES * score.flops)
