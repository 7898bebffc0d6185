"""Searches for widths on small gated networks, for TAS's tests."""

from __future__ import annotations

from typing import Any

import torch
from searches import make_search

from algorithms.tas import Tas
from spaces.gated_space import GatedSpace
from spaces.mobilenetv2 import MobileNetV2Options
from spaces.resnet164 import ResNet164, ResNet164Options

SMALL = ResNet164Options(depth=11, width=2, image_size=8, prc=0.4)
NARROW = MobileNetV2Options(width=0.1, stem="cifar", image_size=8, prc=0.4)


def tas(space: GatedSpace | None = None, **hyper: Any) -> Tas:
    search = make_search("tas", space or ResNet164(SMALL), **hyper)
    assert isinstance(search, Tas)
    return search


def randomise(search: Tas, scale: float = 1.0, seed: int = 0) -> None:
    with torch.no_grad():
        search.alpha.flat.normal_(0, scale, generator=torch.Generator().manual_seed(seed))


def at(search: Tas, widths: dict[str, int]) -> None:
    """α whose softmax is one-hot on these widths, to the last bit."""
    with torch.no_grad():
        for name, a in search.alpha.views().items():
            a.fill_(-2000.0)
            a[search.widths[name].tolist().index(widths[name])] = 0.0
