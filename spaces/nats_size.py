"""The NATS-Bench size space (Dong, Liu, Musial, Gabrys, TPAMI 2021): 8⁵ = 32,768 settings of five widths."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from pydantic import Field
from torch import nn

from spaces import SPACES
from spaces.base import Alpha, Edge, Everyone, Genotype, Score, SpaceOptions
from spaces.contracts import Neighbouring, Tabular
from spaces.nats_benchmark import DATASETS
from spaces.nats_size_archive import SizeArchive
from spaces.nats_size_network import LAYERS, WIDTHS, SizedNetwork, parse_widths, text_of
from spaces.nats_size_supernet import ALPHA, Form, SizeSupernet
from spaces.nats_size_table import HOW_TO_GET, SizeScores, SizeTable, every_setting

TRAINING_IMAGES = dict(zip(DATASETS, (50_000, 50_000, 151_700), strict=True))
WIDEST = WIDTHS[-1]


class NatsSizeOptions(SpaceOptions):
    """The supernet's width, and how its candidates are mixed."""

    channels: int = Field(WIDEST, ge=8, multiple_of=8, description="the widest candidate; the benchmark's is 64")
    form: Form = Field(
        "masked", description="masked: channels weighed by all widths that have them; interpolated: TAS, Eq. 4"
    )


@SPACES.register
class NatsSize(Neighbouring, Tabular):
    """Widths by NATS-Bench's rules: argmax over each layer's eight widths, scored by its table."""

    name = "nats_size"
    Options = NatsSizeOptions
    options: NatsSizeOptions
    table: SizeScores | None
    table_datasets = tuple(DATASETS)
    validates = False

    @classmethod
    def open_table(cls, where: Path | None) -> SizeScores | None:
        """The table file at ``where``, or the official archive's folder; without it there is none."""
        if where is None:
            return None
        return SizeArchive(where) if where.is_dir() else SizeTable(where)

    @classmethod
    def how_to_get_table(cls) -> str:
        """How to make it of the official archive, in one line."""
        return HOW_TO_GET

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{"widths": (5, 8)}, 1e-3 · standard normal."""
        return {ALPHA: 1e-3 * torch.randn(LAYERS, len(WIDTHS), generator=generator)}

    def supernet(self, role: str = "w") -> nn.Module:
        """The supernet at the options' width and in their form."""
        o = self.options
        return SizeSupernet(o.channels, o.classes, o.in_channels, o.form)

    def discretise(self, alpha: Alpha) -> Genotype:
        """The width of the largest α in every layer."""
        return text_of([WIDTHS[k] for k in alpha[ALPHA].argmax(-1).tolist()])

    def one_hot(self, genotype: Genotype) -> Alpha:
        """{"widths": (5, 8)}, one 1 a layer."""
        chosen = [WIDTHS.index(width) for width in parse_widths(genotype)]
        return {ALPHA: torch.eye(len(WIDTHS))[chosen]}

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The stand-alone network, freshly initialised: this space inherits nothing."""
        o = self.options
        widths = [width * o.channels // WIDEST for width in parse_widths(genotype)]
        return SizedNetwork(widths, o.classes, o.in_channels)

    def edges(self, genotype: Genotype) -> list[Edge]:
        """One a layer, chained; ``operation`` is "width of 64", ``weight`` the share."""
        widths = parse_widths(genotype)
        return [Edge("widths", f"{n}", f"{n + 1}", f"{w} of {WIDEST}", w / WIDEST) for n, w in enumerate(widths)]

    def columns(self, genotype: Genotype) -> dict[str, float | str]:
        """Each layer's channels as JSON."""
        widths = parse_widths(genotype)
        return {"layer_widths": json.dumps({f"layer{n}": f"{w} of {WIDEST}" for n, w in enumerate(widths)})}

    def sample(self, generator: torch.Generator) -> Genotype:
        """A setting drawn uniformly from the 32,768."""
        drawn = torch.randint(len(WIDTHS), (LAYERS,), generator=generator)
        return text_of([WIDTHS[k] for k in drawn.tolist()])

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """One layer given another width."""
        widths = list(parse_widths(genotype))
        layer = int(torch.randint(LAYERS, (1,), generator=generator))
        others = [width for width in WIDTHS if width != widths[layer]]
        widths[layer] = others[int(torch.randint(len(others), (1,), generator=generator))]
        return text_of(widths)

    @classmethod
    def every(cls) -> frozenset[Genotype]:
        """All 32,768 settings."""
        return every_setting()

    def score(self, genotype: Genotype, dataset: str, epochs: int | None = None) -> Score | None:
        """The table's answer after 90 epochs of training; None without a table."""
        return None if self.table is None else self.table.score(genotype, dataset, epochs)

    def everyone(self, dataset: str) -> Everyone | None:
        """All genotypes on one data set; None without a table of them all."""
        return None if self.table is None else self.table.everyone(dataset)

    def training_macs(self, genotype: Genotype, dataset: str, epochs: int) -> int:
        """Epochs × images × 3: a forward pass, and a backward pass of twice its multiply-adds."""
        score = self.score(genotype, dataset, epochs)
        return 0 if score is None else int(3 * epochs * TRAINING_IMAGES[dataset] * score.flops)
