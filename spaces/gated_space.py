"""A search for widths as a ``Space``: α are channel gates, the relaxation is the identity, the rule cuts channels.

From a search to a slim network: ``full(weights, alpha)`` is the network with the gates folded into its batch norms;
``gated_layers.estimate_statistics`` gives it running statistics; ``build(genotype, full)`` cuts it.
"""

from __future__ import annotations

import copy
import json
import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from results.errors import BadInput
from spaces.base import Alpha, Edge, Genotype, Mix
from spaces.contracts import Count, GateOptions, WidthSpace
from spaces.gated_layers import GatedBatchNorm
from spaces.gates import Kept, global_ratio, keep_at_ratio, keep_nonzero, mean_layer_ratio, parse, text

Term = tuple[int, tuple[str, ...]]
"""A product of the widths of different layers, and its coefficient; without layers, a constant."""


class GatedSpace(WidthSpace):
    """What the two pruning spaces share; a subclass gives the network, its surgery and its stages."""

    Options = GateOptions
    options: GateOptions

    @abstractmethod
    def network(self, *, tracked: bool) -> nn.Module:
        """The whole network, freshly initialised: ``forward(x, mix=None)``, its gated layers ``GatedBatchNorm``.

        ``tracked``: whether batch norm keeps running statistics, which a supernet must not.
        """

    @abstractmethod
    def narrow(self, network: nn.Module, kept: Kept) -> None:
        """Cut a whole network to the channels ``kept``, in place."""

    @abstractmethod
    def initialise(self, network: nn.Module) -> None:
        """Draw every weight anew, in place."""

    @abstractmethod
    def stage(self, layer: str) -> str:
        """The stage of the network that a gated layer belongs to."""

    @abstractmethod
    def terms(self) -> Iterable[Term]:
        """The slim network's multiply-adds as a polynomial of its widths."""

    @cached_property
    def layers(self) -> dict[str, int]:
        """Every gated layer, in the network's order, by its batch norm's name, with its channels."""
        with torch.device("meta"):
            modules = self.network(tracked=False).named_modules()
            return {name: m.num_features for name, m in modules if isinstance(m, GatedBatchNorm)}

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{layer: (channels,)}, every gate at 1; nothing is drawn."""
        return {name: torch.ones(channels) for name, channels in self.layers.items()}

    def supernet(self, role: str = "w") -> nn.Module:
        """The whole network on batch statistics; gates multiply the outputs of its gated batch norms."""
        return self.network(tracked=False)

    def relax(self, alpha: Alpha) -> Mix:
        """The gates themselves."""
        return Mix(dict(alpha))

    def at_widths(self, channels: Mapping[str, Tensor], weights: Alpha) -> Mix:
        """The mix in which each layer runs at several widths together.

        Of each layer ``channels`` (candidates,) holds how many of its first channels a candidate has, ``weights``
        (candidates,) how much it counts.
        """
        return Mix(dict(weights), {name: [counts.tolist()] for name, counts in channels.items()})

    def multiply_adds(self, widths: Mapping[str, Count]) -> Count:
        """Multiply-adds of the slim network with so many channels a layer, numbers or tensors (differentiable).

        A layer stands once at most in each product, so that at the means of independent random widths this is the
        mean of the counts.
        """
        # typeshed's sum and prod know no tensors.
        return sum(c * math.prod(widths[name] for name in names) for c, names in self._terms)  # type: ignore[return-value,misc]

    @cached_property
    def _terms(self) -> list[Term]:
        return list(self.terms())

    def prox(self, alpha: Alpha, step: float) -> None:
        """ℓ1's proximal step, α ← sign(α) max(|α| − step · ρ, 0): exact zeros, which no gradient leaves."""
        if self.options.l1:
            for gates in alpha.values():
                gates.copy_(F.softshrink(gates, step * self.options.l1))

    def discretise(self, alpha: Alpha) -> Genotype:
        """At the PRC asked for, the largest gates of all layers stay; without one, the gates that are not zero."""
        prc = self.options.prc
        return text(self.name, keep_nonzero(alpha) if prc is None else keep_at_ratio(alpha, prc))

    def full(self, weights: Mapping[str, Tensor], alpha: Alpha) -> nn.Module:
        """The whole ungated network with a search's ``weights`` and its gates folded into batch norm's affine vectors.

        Batch norm keeps running statistics here, none of them estimated yet. Raises BadInput where weights or gates
        are not this network's.
        """
        network = self.network(tracked=True).to(next(iter(weights.values())))
        _check_shapes("weights", weights, {name: p.shape for name, p in network.named_parameters()})
        _check_shapes("gates", alpha, {name: torch.Size([channels]) for name, channels in self.layers.items()})
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                gate = alpha.get(name.rpartition(".")[0])
                parameter.copy_(weights[name] if gate is None else weights[name] * gate)
        return network

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """The physically slim network: cut from ``trained``, which ``full`` returns, or freshly initialised.

        In the mode, training or evaluation, that ``trained`` is in, and on its device; ``trained`` stays whole.

        Raises BadInput where ``trained`` is no such network.
        """
        kept = self.parse(genotype)
        if trained is None:
            network = self.network(tracked=True)
        else:
            modules = dict(trained.named_modules())
            found = {name: getattr(modules.get(name), "num_features", None) for name in self.layers}
            if wrong := [name for name, channels in self.layers.items() if found[name] != channels]:
                raise BadInput(
                    f"the trained network does not fit {self.name}: its {wrong[0]} has {found[wrong[0]] or 'no'} "
                    f"channels, not {self.layers[wrong[0]]}; give the whole network of the same options"
                )
            network = copy.deepcopy(trained)
        self.narrow(network, kept)
        if trained is None:
            self.initialise(network)
        # New layers are in training mode, whatever the network's.
        return network.train(network.training)

    def edges(self, genotype: Genotype) -> list[Edge]:
        """One a gated layer, chained within its stage; ``operation`` is "kept of all", ``weight`` the kept share."""
        edges: list[Edge] = []
        for layer, channels in self.parse(genotype).items():
            stage, width = self.stage(layer), self.layers[layer]
            before = edges[-1].target if edges and edges[-1].cell == stage else "input"
            edges.append(Edge(stage, before, layer, f"{len(channels)} of {width}", len(channels) / width))
        return edges

    def columns(self, genotype: Genotype) -> dict[str, float | str]:
        """PRC reached, in this space's sense and in both, and each layer's kept channels as JSON."""
        kept = self.parse(genotype)
        widths = {name: f"{len(channels)} of {self.layers[name]}" for name, channels in kept.items()}
        return {
            "prc": self.prc(genotype),
            "prc_global": global_ratio(kept, self.layers),
            "prc_mean_layer": mean_layer_ratio(kept, self.layers),
            "layer_widths": json.dumps(widths),
        }

    def whole(self) -> Genotype:
        """The genotype that keeps every channel."""
        return text(self.name, {name: tuple(range(channels)) for name, channels in self.layers.items()})

    def sample(self, generator: torch.Generator) -> Genotype:
        """Each layer's width drawn uniformly from 1 to all of its channels, then the channels."""
        counts = {name: int(torch.randint(n, (1,), generator=generator)) + 1 for name, n in self.layers.items()}
        return self._drawn(counts, generator)

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """One layer given another width, its channels drawn anew; the other layers stay."""
        kept = self.parse(genotype)
        wide = [name for name, channels in self.layers.items() if channels > 1]
        layer = wide[int(torch.randint(len(wide), (1,), generator=generator))]
        others = [n for n in range(1, self.layers[layer] + 1) if n != len(kept[layer])]
        count = others[int(torch.randint(len(others), (1,), generator=generator))]
        return text(self.name, kept | {layer: self._channels(layer, count, generator)})

    def redraw(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """Random pruning's control (RARTS, Table 6): the same widths, every layer's channels drawn anew."""
        return self._drawn({name: len(channels) for name, channels in self.parse(genotype).items()}, generator)

    def uniform(self, ratio: float, generator: torch.Generator) -> Genotype:
        """Every layer pruned at ``ratio``, rounded in each layer and one channel left at least; which ones is drawn."""
        return self._drawn({name: n - min(round(ratio * n), n - 1) for name, n in self.layers.items()}, generator)

    def parse(self, genotype: Genotype) -> Kept:
        """The channels that stay. Raises BadInput for text that is no genotype of this network."""
        return parse(genotype, self.name, self.layers)

    def prc(self, genotype: Genotype) -> float:
        """The pruned-channel ratio that ``genotype`` reaches, from 0 to 1, over all channels of all gated layers."""
        return global_ratio(self.parse(genotype), self.layers)

    def _drawn(self, counts: Mapping[str, int], generator: torch.Generator) -> Genotype:
        return text(self.name, {name: self._channels(name, count, generator) for name, count in counts.items()})

    def _channels(self, layer: str, count: int, generator: torch.Generator) -> tuple[int, ...]:
        drawn = torch.randperm(self.layers[layer], generator=generator)[:count]
        return tuple(sorted(drawn.tolist()))


def _check_shapes(what: str, given: Mapping[str, Tensor], wanted: Mapping[str, torch.Size]) -> None:
    """Raise BadInput unless ``given`` holds exactly the tensors ``wanted``."""
    shapes = {name: tensor.shape for name, tensor in given.items()}
    for name in [*wanted, *shapes]:
        if shapes.get(name) != wanted.get(name):
            have, want = (tuple(s[name]) if name in s else "absent" for s in (shapes, wanted))
            raise BadInput(
                f"the {what} do not fit this network: {name} is {have}, not {want}; use those of a search of the same "
                "space and options"
            )
