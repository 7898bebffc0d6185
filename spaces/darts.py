"""The DARTS space (Liu, Simonyan, Yang, ICLR 2019): a normal and a reduction cell, eight operations an edge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from torch import Tensor, nn

from results.errors import BadInput
from results.schema import CONCAT
from spaces import SPACES
from spaces.base import CLOSED, Alpha, Edge, Genotype, Mix, SpaceOptions, Timed, Topology
from spaces.contracts import CellSpace, DropsPaths, Lies, PartlyConnected, Stackable, Timeable
from spaces.darts_cell import maker
from spaces.darts_genotype import INPUTS, Architecture, Cell, canonical, cell, parse, text
from spaces.darts_graph import CELLS, OPERATIONS, edges
from spaces.darts_mixed import leaving
from spaces.darts_network import CifarNetwork, ImageNetNetwork, reductions
from spaces.darts_partial import PartialSupernet
from spaces.darts_shapes import PRESETS
from spaces.darts_subsets import NOISE, S1_NODES, WHOLE, Subset, allowed, columns
from spaces.darts_supernet import Supernet
from spaces.darts_timed import kind, timed
from spaces.partial import PartialChannels, operation_weights

CHOICES = OPERATIONS[1:]
"""What an edge of a genotype may be where all operations are allowed: every one but none."""

IMAGENET_SIZE = 128
"""From this image side on, ``stem="auto"`` is ImageNet's."""

FEWEST_CELLS = 3
"""Of a stack: two of them are reduction cells."""

LATENCIES = ("normal", "reduce", "reduce_stride2")
Latencies = tuple[float, float, float, float, float, float, float, float]


class DartsOptions(SpaceOptions):
    """Sizes of supernet and stand-alone network, the latter's head and stem, and latencies for the penalty."""

    shape: Literal["given", "wide", "deep", "single_cell"] = Field(
        "given",
        description="the DARTS-Bench-Suite's supernet of that name: its channels, cells, nodes and concat, where these "
        "are not given themselves; given: by these alone",
    )
    channels: int = Field(16, ge=1, description="C: the first cells' width")
    cells: int = Field(8, description="cells in all, two of them reduction cells: at least 3, or 1, a reduction cell")
    nodes: int = Field(4, ge=1, description="intermediate nodes of a searched cell")
    concat: int | None = Field(None, ge=1, description="how many of a cell's last nodes make its output; default: all")
    stem: Literal["auto", "cifar", "imagenet"] = Field(
        "auto", validate_default=True, description="of the stand-alone network; auto: imagenet from 128 × 128 up"
    )
    operations: Subset = Field(
        "all",
        description="what edges may be: all eight, RobustDARTS's s1 to s4, no_skip, all but the skip connection, or "
        "all_skip, all eight with a skip added on every edge",
    )
    auxiliary: bool = Field(
        False,
        description="build the auxiliary head, from 32 × 32 (cifar) or 224 × 224 (imagenet) up; for training only",
    )
    latency: dict[Literal["normal", "reduce", "reduce_stride2"], Latencies] | None = Field(
        None,
        description="latency of the eight operations in normal cells, and in reduction cells at stride 1 and at stride "
        "2 (from the cell's inputs), any unit: divided by the mean of all",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_shape(cls, given: Any) -> Any:  # as pydantic hands it on: any kind of input
        preset = PRESETS["shape"].get(str(given.get("shape"))) if isinstance(given, dict) else None
        return {**preset, **given} if preset else given

    @field_validator("image_size")
    @classmethod
    def _halved_twice(cls, size: int) -> int:
        if size < 1 or size % CifarNetwork.multiple:
            raise PydanticCustomError("size", "the two reduction cells halve the image: give a multiple of 4")
        return size

    @field_validator("cells")
    @classmethod
    def _two_reductions(cls, cells: int) -> int:
        if cells < FEWEST_CELLS and cells != 1:
            raise PydanticCustomError(
                "cells",
                "the reduction cells at one and two thirds of the depth leave no normal cell: give 3 or more, or 1 for "
                "a reduction cell alone",
            )
        return cells

    @field_validator("concat")
    @classmethod
    def _of_its_nodes(cls, concat: int | None, info: ValidationInfo) -> int | None:
        nodes = info.data.get("nodes")
        if concat is not None and nodes is not None and concat > nodes:
            raise PydanticCustomError("concat", "a cell has {nodes} nodes: give no more", {"nodes": nodes})
        return concat

    @field_validator("operations")
    @classmethod
    def _listed_edges(cls, operations: Subset, info: ValidationInfo) -> Subset:
        nodes = info.data.get("nodes", S1_NODES)
        if operations == "s1" and nodes != S1_NODES:
            raise PydanticCustomError(
                "operations", "s1 lists the edges of {four} nodes: give nodes = {four}", {"four": S1_NODES}
            )
        return operations

    @field_validator("stem")
    @classmethod
    def _fits_stem(cls, stem: str, info: ValidationInfo) -> str:
        size = info.data.get("image_size", 0)
        if network(stem, size) is ImageNetNetwork and size % ImageNetNetwork.multiple:
            raise PydanticCustomError(
                "stem",
                "an ImageNet stem and two reduction cells halve the image five times: "
                "make image_size = {size} a multiple of 32, or say stem=cifar",
                {"size": size},
            )
        return stem

    @field_validator("latency")
    @classmethod
    def _all_latencies(cls, latency: dict[str, Latencies] | None) -> dict[str, Latencies] | None:
        if latency is not None:
            values = [value for row in latency.values() for value in row]
            if set(latency) != set(LATENCIES) or min(values) < 0 or not max(values) > 0:
                raise PydanticCustomError(
                    "latency", f"give eight latencies, none negative, for each of {', '.join(LATENCIES)}"
                )
        return latency


def network(stem: str, image_size: int) -> type[CifarNetwork] | type[ImageNetNetwork]:
    """The class of the stand-alone network for an image side of ``image_size`` pixels."""
    imagenet = stem == "imagenet" or (stem == "auto" and image_size >= IMAGENET_SIZE)
    return ImageNetNetwork if imagenet else CifarNetwork


@SPACES.register
class Darts(Stackable, PartlyConnected, Timeable, DropsPaths):
    """Cell search by DARTS's rules: two edges a node, none excluded. There is no table: genotypes are trained."""

    name = "darts"
    Options = DartsOptions
    options: DartsOptions
    skip = ("normal", OPERATIONS.index("skip_connect"))
    fewest_cells = FEWEST_CELLS
    presets = PRESETS

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of cells that are searched, each with an α of its own: where one cell is all, its kind alone."""
        return CELLS if self.cells >= FEWEST_CELLS else ("reduce",)

    @property
    def skipping(self) -> bool:
        """Whether each edge adds a skip that is no choice."""
        return self.options.operations == "all_skip"

    @property
    def concat(self) -> range:
        """The nodes whose concatenation is a cell's output."""
        last = INPUTS + self.options.nodes
        return range(last - (self.options.concat or self.options.nodes), last)

    @cached_property
    def allowed(self) -> dict[str, list[list[int]]]:
        """The columns of α that each edge can have, by kind of cell."""
        found = allowed(self.options.operations, self.options.nodes)
        return {kind: found[kind] for kind in self.kinds}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The operations of α's columns."""
        return columns(self.options.operations)

    @property
    def cells(self) -> int:
        """Cells in all, two of them reduction cells."""
        return self.options.cells

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{"normal": (E, 8), "reduce": (E, 8)}, 1e-3 · standard normal; E = 14 at four nodes.

        A single cell has "reduce" alone. What an edge cannot have is closed for good, at ``CLOSED``; s4 has a ninth
        column, for noise.
        """
        shape = (len(edges(self.options.nodes)), len(self.names))
        drawn = {kind: 1e-3 * torch.randn(shape, generator=generator) for kind in self.kinds}
        for name, a in drawn.items():
            for row, kept in enumerate(self.allowed[name]):
                a[row, [column for column in range(len(self.names)) if column not in kept]] = CLOSED
        return drawn

    def relax(self, alpha: Alpha) -> Mix:
        """Softmax over each edge's operations; where edges cannot have all, only those that they can have run."""
        mix = super().relax(alpha)
        return mix if self.options.operations in WHOLE else replace(mix, active=self.allowed)

    def supernet(self, role: str = "w") -> nn.Module:
        """The merged supernet at the options' size; its stem is always CIFAR's, as in the authors' search."""
        o = self.options
        return Supernet(o.channels, o.cells, o.nodes, o.classes, o.in_channels, concat=o.concat, skipping=self.skipping)

    def partial(self, parts: int, weigh_edges: bool = True) -> CellSpace:
        """The same cells by partial channels; the first intermediate node has two edges, each next one more."""
        if NOISE in self.names:
            raise BadInput(f"partial channels do not pass by {NOISE}: give another operations than s4")
        incoming = range(INPUTS, INPUTS + self.options.nodes)
        return PartialDarts(self, parts, self.options.channels, incoming, weigh_edges)

    def lies(self, parameter: str) -> Lies | None:
        """Of a source's merged convolutions: a block for each target; two where even and odd pixels have one each."""
        found = re.match(r"(cells\.\d+\.sources\.(\d+))\.(.+)\.weight", parameter)
        if found is None:
            return None
        source, number, path = found.groups()
        edges = len(leaving(self.options.nodes)[int(number)])
        if path in ("reduce", "always"):
            return Lies(2 * edges, f"{source}.{path}.rows", f"{source}.{path}.columns")
        layer, operation, convolution = path.split(".")
        read = f"{source}.{operation}.{layer}"
        if convolution == "depthwise":
            return Lies(edges, read, None)
        # What the first layer of a separable convolution writes, the second reads.
        return Lies(edges, f"{source}.{operation}.{'second' if layer == 'first' else 'out'}", read)

    def layers(self, name: str) -> int:
        """How many cells share the α of ``name``."""
        reduced = len({*reductions(self.options.cells)})
        return reduced if name == "reduce" else self.options.cells - reduced

    def operation_of(self, parameter: str) -> tuple[str, int] | None:
        """Which operation's weights a parameter of the supernet holds, and of how many edges; None where of none."""
        held = re.match(r"(cells\.\d+\.sources)\.(\d+)\.(?:first|second)\.(\w+)", parameter)
        if held is None:
            return None
        cell, source, operation = held.groups()
        return f"{cell}.{source}.{operation}", len(leaving(self.options.nodes)[int(source)])

    def penalty(self, weights: Alpha) -> Tensor | None:
        """⟨weights, Lat⟩ summed over the edges of both cells, Lat divided by the mean of all its entries."""
        if self.options.latency is None:
            return None
        table = {
            kind: torch.tensor(row).to(weights["reduce"], non_blocking=True)
            for kind, row in self.options.latency.items()
        }
        mean = torch.stack(list(table.values())).mean()
        halving = [source < INPUTS for _, source in edges(self.options.nodes)]
        reduce = torch.stack([table["reduce_stride2" if halves else "reduce"] for halves in halving])
        rows = {"normal": table["normal"].expand_as(reduce), "reduce": reduce}
        # The ninth column, of noise, costs nothing.
        expected = [weights[kind][:, : len(OPERATIONS)] * rows[kind] for kind in self.kinds]
        return torch.stack(expected).sum() / mean

    def discretise(self, alpha: Alpha) -> Genotype:
        """Each node's two edges of the largest softmax weight but none's, each with its best operation but none.

        The authors' ``_parse`` (cnn/model_search.py), which lists a node's edges by weight; here they are listed by
        source, so that equal architectures have equal texts. Of equal weights the earlier wins.
        """
        return self.strongest({kind: torch.softmax(alpha[kind].detach(), -1) for kind in self.kinds})

    def strongest(self, weights: Alpha) -> Genotype:
        """The same of the weights themselves: an edge's best weight decides whether its node keeps it."""
        return self._text({kind: self._strongest(weights[kind]) for kind in self.kinds})

    def _text(self, cells: Mapping[str, Cell]) -> Genotype:
        """The text of the searched cells; a single one stands for both kinds, so that any depth can be built of it."""
        return text(Architecture(**{kind: cells.get(kind, cells["reduce"]) for kind in CELLS}))

    def _strongest(self, weights: Tensor) -> Cell:
        """The cell of one kind's weights, (E, 8)."""
        best = weights.detach()[:, 1:].max(-1)
        ranked = zip(edges(self.options.nodes), best.values.tolist(), best.indices.tolist(), strict=True)
        nodes: list[list[tuple[float, str, int]]] = [[] for _ in range(self.options.nodes)]
        for (target, source), weight, operation in ranked:
            nodes[target - INPUTS].append((weight, self.names[1:][operation], source))
        chosen = [sorted(incoming, key=lambda edge: -edge[0])[:2] for incoming in nodes]
        return cell(([(name, source) for _, name, source in incoming] for incoming in chosen), self.concat)

    def topology(self) -> Topology:
        """A node keeps two of its input edges; no edge is none."""
        rows: list[list[int]] = [[] for _ in range(self.options.nodes)]
        for row, (target, _) in enumerate(edges(self.options.nodes)):
            rows[target - INPUTS].append(row)
        # The first node has but two.
        inputs, none = dict.fromkeys(self.kinds, rows[1:]), (OPERATIONS.index("none"),)
        return Topology(inputs, kept=2, excluded=none, allowed=self.allowed)

    def threshold(self, gates: Alpha, bound: float) -> Genotype:
        """FairDARTS's rule: of each node the two edges of the largest gates, if these are above ``bound``; no none.

        A cell of which that leaves nothing, as before any gate has closed, keeps the largest gate at its inputs.
        """
        return self._text({name: self._above(gates[name], bound) for name in self.kinds})

    def _above(self, gates: Tensor, bound: float) -> Cell:
        """The cell of one kind's gates, (E, 8)."""
        rows = zip(edges(self.options.nodes), gates[:, 1:].tolist(), strict=True)
        best = [(max(row), self.names[1:][row.index(max(row))], *edge) for edge, row in rows]
        best.sort(key=lambda choice: -choice[0])
        found = self._of([choice for choice in best if choice[0] > bound])
        inputs = (choice for choice in best if choice[3] < INPUTS and choice[2] in self.concat)
        return found if found.concat else self._of([next(inputs)])

    def _of(self, ranked: list[tuple[float, str, int, int]]) -> Cell:
        """The cell of the first two choices (gate, operation, target, source) of each node."""
        nodes: list[list[tuple[str, int]]] = [[] for _ in range(self.options.nodes)]
        for _, name, target, source in ranked:
            nodes[target - INPUTS].append((name, source))
        return cell((incoming[:2] for incoming in nodes), self.concat)

    def one_hot(self, genotype: Genotype) -> Alpha:
        """{"normal": (E, 8), "reduce": (E, 8)}: 1 for each edge's operation; a row of zeros where there is no edge."""
        architecture, rows = parse(genotype), edges(self.options.nodes)
        weights = {name: torch.zeros(len(rows), len(self.names)) for name in self.kinds}
        for which, weight in weights.items():
            for node, incoming in enumerate(getattr(architecture, which).nodes, INPUTS):
                for operation, source in incoming:
                    weight[rows.index((node, source)), self.names.index(operation)] = 1
        return weights

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> CifarNetwork | ImageNetNetwork:
        """The stand-alone network, freshly initialised: this space inherits nothing.

        It has an auxiliary head only where ``options.auxiliary`` asks for one and the image is large enough.
        """
        o = self.options
        kind = network(o.stem, o.image_size)
        auxiliary = o.auxiliary and o.image_size >= kind.smallest_with_auxiliary
        return kind(parse(genotype), o.channels, o.cells, o.classes, o.in_channels, auxiliary, maker(self.skipping))

    def edges(self, genotype: Genotype) -> list[Edge]:
        """The searched cells' edges, between nodes c_{k-2}, c_{k-1}, 0, 1, …, and each one's concatenation, c_{k}."""
        architecture = parse(genotype)
        found = []
        for name in self.kinds:
            genes: Cell = getattr(architecture, name)
            for node, incoming in enumerate(genes.nodes, INPUTS):
                found += [Edge(name, _node(source), _node(node), operation) for operation, source in incoming]
            found += [Edge(name, _node(node), "c_{k}", CONCAT) for node in genes.concat]
        return found

    def canonical(self, genotype: Genotype) -> Genotype:
        """The one text of what ``genotype`` writes out or names."""
        return canonical(genotype)

    def timed(self) -> list[Timed]:
        """The eight operations at every size at which the stand-alone network has edges."""
        o = self.options
        shrunk = network(o.stem, o.image_size).multiple // CifarNetwork.multiple
        return timed(o.channels, o.cells, o.image_size // shrunk, maker(self.skipping))

    def kind(self, edge: Edge) -> str:
        """By cell and, in reduction cells, by stride: the keys of the option ``latency``."""
        return kind(edge)

    def sample(self, generator: torch.Generator) -> Genotype:
        """Uniform over what ``discretise`` can give: two different sources a node, one of seven operations each."""
        return self._text({kind: self._draw(kind, generator) for kind in self.kinds})

    def _draw(self, kind: str, generator: torch.Generator) -> Cell:
        nodes = []
        for node in range(INPUTS, self.options.nodes + INPUTS):
            sources = torch.randperm(node, generator=generator)[:2].tolist()
            choices = [self._choices(kind, node, source) for source in sources]
            nodes.append([(_one(names, generator), source) for names, source in zip(choices, sources, strict=True)])
        return cell(nodes, self.concat)

    def _choices(self, kind: str, node: int, source: int) -> list[str]:
        """What the edge from ``source`` into ``node`` of a genotype may be: all that is allowed but none."""
        if self.options.operations in WHOLE:
            return list(CHOICES)
        row = edges(self.options.nodes).index((node, source))
        return [self.names[column] for column in self.allowed[kind][row] if self.names[column] != "none"]

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """One edge given another operation or, as often, another source that its node has not (Real et al., AAAI 2019).

        A mutation of sources falls on the edges that have another source to go to; where none has, operations mutate.
        An edge that cannot have its operation at its new source has one that it can.
        """
        architecture = parse(genotype)
        cells = {kind: getattr(architecture, kind) for kind in self.kinds}
        places = [(k, n, e) for k, c in cells.items() for n, edges in enumerate(c.nodes) for e in range(len(edges))]
        moves = {place: _other_sources(cells[place[0]], place[1]) for place in places}
        movable = [place for place in places if moves[place]]
        rewire = bool(movable) and _below(2, generator) == 1
        kind, node, edge = (movable if rewire else places)[_below(len(movable if rewire else places), generator)]
        nodes = [list(incoming) for incoming in cells[kind].nodes]
        name, source = nodes[node][edge]
        if rewire:
            source = moves[kind, node, edge][_below(len(moves[kind, node, edge]), generator)]
        choices = self._choices(kind, node + INPUTS, source)
        if not rewire or (name in self.names and name not in choices):
            name = _one([choice for choice in choices if choice != name] or choices, generator)
        nodes[node][edge] = (name, source)
        cells[kind] = cell(nodes, cells[kind].concat)
        return self._text(cells)


class PartialDarts(PartialChannels, Darts):
    """The space under PC-DARTS."""

    def supernet(self, role: str = "w") -> nn.Module:
        """The merged supernet at the options' size, 1/K of its channels through the operations."""
        o = self.options
        sizes = (o.channels, o.cells, o.nodes, o.classes, o.in_channels)
        return PartialSupernet(self.parts, *sizes, o.concat, self.skipping)

    def discretise(self, alpha: Alpha) -> Genotype:
        """The same rule for softmax β · softmax α, as the authors' ``genotype``: β helps to choose a node's edges."""
        return self.strongest(operation_weights(self.relax(alpha)))


def _other_sources(genes: Cell, node: int) -> list[int]:
    """The sources that ``node``, counted from 0 among the intermediate ones, could take and does not."""
    before = [*range(INPUTS), *(i for i, incoming in enumerate(genes.nodes[:node], INPUTS) if incoming)]
    taken = {source for _, source in genes.nodes[node]}
    return [source for source in before if source not in taken]


def _one(names: list[str], generator: torch.Generator) -> str:
    """One of ``names``, uniformly."""
    return names[_below(len(names), generator)]


def _below(bound: int, generator: torch.Generator) -> int:
    """A uniform integer in [0, bound)."""
    return int(torch.randint(bound, (1,), generator=generator))


def _node(index: int) -> str:
    """A node's name in drawings."""
    return ("c_{k-2}", "c_{k-1}")[index] if index < INPUTS else str(index - INPUTS)
