"""Which channels stay: the choice that gates make, the pruned-channel ratio (PRC), and the genotype's text.

A genotype names the space and, for each gated layer in the network's order, the channels that stay, counted from 0, as
ascending runs: ``resnet164 layer1.0.bn1:0-3,5,7-15 layer1.0.bn2:0-15 ... bn:0-255``. A layer carries the name of the
batch norm whose output is gated. Every layer is written, so that the text alone tells networks of two depths apart.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from results.errors import BadInput

Kept = dict[str, tuple[int, ...]]
"""For each gated layer, in the network's order, the channels that stay, ascending; never none."""

_RUNS = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*")


def keep_at_ratio(alpha: Mapping[str, Tensor], ratio: float) -> Kept:
    """The channels that stay when the share ``ratio`` of all of them goes, the smallest |α| of all layers first.

    ``alpha`` holds a vector (channels,) a layer. Exactly round(ratio · channels) go. Each layer's largest stays; of
    equal gates, the last in the network's order goes first. Raises BadInput where a ratio in (0, 1) would leave a layer
    without a channel, and for a ratio outside.
    """
    sizes = [len(a) for a in alpha.values()]
    total, most = sum(sizes), sum(sizes) - len(sizes)
    if not 0 < ratio < 1:
        raise BadInput(f"PRC {ratio:g} is not between 0 and 1: give the share of channels to remove, 0.4 for 40 %")
    removed = round(ratio * total)
    if removed > most:
        raise BadInput(
            f"PRC {ratio:g} would remove {removed} of {total} channels, but each of the {len(sizes)} layers keeps one: "
            f"ask for at most {most / total:.3f}"
        )
    size = torch.cat([a.detach().abs() for a in alpha.values()])
    start = 0
    for a in alpha.values():
        size[start + int(a.detach().abs().argmax())] = torch.inf
        start += len(a)
    going = total - 1 - size.flip(0).argsort(stable=True)[:removed]
    stays = torch.ones_like(size, dtype=torch.bool)
    stays[going] = False
    return _kept(alpha, torch.split(stays, sizes))


def keep_nonzero(alpha: Mapping[str, Tensor]) -> Kept:
    """The channels whose gate is not exactly zero; channel 0 alone of a layer whose gates all are."""
    masks = [a.detach() != 0 for a in alpha.values()]
    for mask in masks:
        mask[0] |= ~mask.any()
    return _kept(alpha, masks)


def zero_share(gates: Mapping[str, Tensor]) -> float:
    """Gates that are exactly zero / all gates of all layers, from 0 to 1."""
    every = torch.cat([gate.detach() for gate in gates.values()])
    return int((every == 0).sum()) / len(every)


def kept_zeros(gates: Mapping[str, Tensor], kept: Mapping[str, Sequence[int]]) -> int:
    """Channels that stay although their gate is exactly zero, of all layers together."""
    return sum(int((gates[name].detach()[list(channels)] == 0).sum()) for name, channels in kept.items())


def global_ratio(kept: Mapping[str, Sequence[int]], layers: Mapping[str, int]) -> float:
    """Removed channels / all channels: the PRC of the RARTS paper's Table 5. ``layers`` holds each layer's channels."""
    return 1 - sum(len(kept[name]) for name in layers) / sum(layers.values())


def mean_layer_ratio(kept: Mapping[str, Sequence[int]], layers: Mapping[str, int]) -> float:
    """The mean over layers of removed / all channels: the PRC of the RARTS paper's Table 6."""
    return 1 - sum(len(kept[name]) / channels for name, channels in layers.items()) / len(layers)


def text(space: str, kept: Mapping[str, Sequence[int]]) -> str:
    """The genotype as canonical text: a gap between two indices ends a run."""
    return " ".join([space, *(f"{layer}:{_runs(channels)}" for layer, channels in kept.items())])


def parse(genotype: str, space: str, layers: Mapping[str, int]) -> Kept:
    """The inverse of ``text`` for the space ``space`` with these layers and channels.

    Raises BadInput for another space's genotype, an unknown, repeated or missing layer, and for channels that are
    malformed, not ascending or beyond the layer's.
    """
    head, *parts = genotype.split() or [""]
    if head != space:
        raise _no_genotype(genotype, space, f"it begins with {_quoted(head)}")
    kept: Kept = {}
    for part in parts:
        layer, _, runs = part.partition(":")
        if layer not in layers:
            nearest = difflib.get_close_matches(layer[:60], layers, n=1, cutoff=0.0)[0]
            raise _no_genotype(
                genotype, space, f"this network has no gated layer {_quoted(layer)}, the nearest is {nearest}"
            )
        if layer in kept:
            raise _no_genotype(genotype, space, f"{layer} stands in it twice")
        kept[layer] = _channels(genotype, space, layer, runs, layers[layer])
    if missing := [layer for layer in layers if layer not in kept]:
        raise _no_genotype(genotype, space, f"{missing[0]} is missing ({len(missing)} of {len(layers)} layers are)")
    return {layer: kept[layer] for layer in layers}


def _channels(genotype: str, space: str, layer: str, runs: str, count: int) -> tuple[int, ...]:
    """The indices that ``runs`` names."""
    if not _RUNS.fullmatch(runs):
        raise _no_genotype(genotype, space, f"{layer} keeps {_quoted(runs)}, no list like 0-3,5")
    indices: list[int] = []
    for run in runs.split(","):
        first, _, last = run.partition("-")
        begin, end = int(first), int(last or first)
        if end >= count:
            raise _no_genotype(genotype, space, f"{layer} keeps channel {end}, but its channels are 0 to {count - 1}")
        if end < begin or (indices and begin <= indices[-1]):
            raise _no_genotype(genotype, space, f"the channels of {layer} do not ascend at {run}")
        indices.extend(range(begin, end + 1))
    return tuple(indices)


def _runs(channels: Sequence[int]) -> str:
    """Ascending indices as runs, "0-3,5"."""
    starts = [c for i, c in enumerate(channels) if i == 0 or channels[i - 1] != c - 1]
    ends = [c for i, c in enumerate(channels) if i == len(channels) - 1 or channels[i + 1] != c + 1]
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def _kept(alpha: Mapping[str, Tensor], masks: Sequence[Tensor]) -> Kept:
    return {name: tuple(mask.nonzero().flatten().tolist()) for name, mask in zip(alpha, masks, strict=True)}


def _no_genotype(genotype: str, space: str, fault: str) -> BadInput:
    return BadInput(
        f"{_quoted(genotype)} is no genotype of {space} at this size: {fault}; write '{space} LAYER:0-3,5 ...' with "
        "every gated layer once"
    )


def _quoted(genotype: str) -> str:
    """The text on one line, cut where it is long."""
    return repr(genotype if len(genotype) <= 80 else genotype[:77] + "...")
