"""A pass is counted once a process for all searches that share a supernet, and for no other."""

from __future__ import annotations

import pytest
from searches import make_batch, make_search

from algorithms import passes
from spaces.base import Space
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164, ResNet164Options

NATS = [Nats(NatsOptions(channels=4, cells=cells, classes=classes)) for cells, classes in ((1, 10), (1, 100), (2, 10))]
SLIM = [ResNet164(ResNet164Options(depth=11, width=width, prc=0.4)) for width in (2, 4)]
CASES: list[tuple[str, Space, dict[str, object], int]] = [
    *(("darts1", space, {}, 8) for space in NATS),
    *(("pcdarts", NATS[0], {"parts": parts, "warm_up": 0.0}, 8) for parts in (2, 4)),
    ("darts1", Darts(DartsOptions(channels=2, cells=3, nodes=2)), {}, 8),
    *(("network_slimming", space, {}, 8) for space in SLIM),
    ("darts1", NATS[0], {}, 16),
    ("network_slimming", SLIM[0], {}, 16),
]
"""Name, space, fields, and the images' height."""


def counted(name: str, space: Space, hyper: dict[str, object], size: int) -> int:
    search = make_search(name, space, **hyper)
    search.on_epoch(0, 0.5)
    search.step(make_batch("train", size=size), make_batch("val", size=size))
    return search.counts.macs


def test_counts_shared_by_all_searches_are_those_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def every(fresh: bool) -> list[int]:
        monkeypatch.setattr(passes, "_COUNTED", {})
        found = []
        for case in CASES:
            if fresh:
                monkeypatch.setattr(passes, "_COUNTED", {})
            found.append(counted(*case))
        return found

    alone = every(fresh=True)
    assert every(fresh=False) == alone
    # Classes, widths, channels and images differ in what they cost.
    assert len(set(alone)) == len(alone)
