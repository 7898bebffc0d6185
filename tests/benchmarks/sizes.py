"""The three sizes at which an iteration's speed is measured, and how near it comes to this core's matrix product."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from searches import make_batch, make_search

from algorithms.search import Search
from spaces import SPACES
from spaces.base import Batch

SIDE = 512
"""The matrix product that is the limit: SIDE × SIDE matrices of float32."""


@dataclass(frozen=True)
class Size:
    """A supernet of ``space`` with ``options``, searched with batches of ``images`` images."""

    space: str
    images: int
    options: dict[str, int] = field(default_factory=dict)

    @property
    def side(self) -> int:
        """The images' side in pixels."""
        return self.options["image_size"]

    def smallest(self) -> Size:
        """The same shape, in a fraction of the time."""
        return replace(self, images=4, options={"channels": 2, "cells": min(self.options["cells"], 3), "image_size": 8})

    def search(self, algorithm: str, **options: Any) -> Search:
        """A search with its own hyperparameters, in the space with more ``options``."""
        cls = SPACES[self.space]
        return make_search(algorithm, cls(cls.Options(**self.options | options)))

    def batches(self) -> tuple[Batch, Batch]:
        """A batch of random images of each half."""
        return make_batch("train", self.images, self.side), make_batch("val", self.images, self.side)


SIZES = {
    "nats C 16 N 1 32²": Size("nats", 64, {"channels": 16, "cells": 1, "image_size": 32}),
    "nats C 4 N 5 16²": Size("nats", 64, {"channels": 4, "cells": 5, "image_size": 16}),
    "darts C 8, 5 cells, 32²": Size("darts", 8, {"channels": 8, "cells": 5, "image_size": 32}),
}
"""One cell a stage at NATS-Bench's width, the mini protocol's supernet, and a DARTS supernet."""

DEPTHWISE = {
    "darts mini": Size("darts", 64, {"channels": 4, "cells": 8, "image_size": 16}),
    "darts quick": Size("darts", 32, {"channels": 4, "cells": 3, "image_size": 8}),
    "macro mini": Size("macro", 64, {"channels": 4, "image_size": 16}),
    "macro quick": Size("macro", 32, {"channels": 4, "image_size": 8}),
}
"""The reduced protocols' supernets with depthwise convolutions of small images."""

PAPER = Size("nats", 64, {"channels": 16, "cells": 5, "image_size": 32})
"""NATS-Bench's own supernet."""

Pass = Callable[[], Any]


def product(macs: int) -> Pass:
    """About ``macs`` multiply-adds as matrix products: what a search's iteration is measured against."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    out = torch.empty(SIDE, SIDE)
    count = max(1, round(macs / SIDE**3))

    def run() -> None:
        for _ in range(count):
            torch.mm(a, b, out=out)

    return run


def cpu_seconds(run: Pass) -> float:
    """This process's CPU time in one call of ``run``."""
    start = time.process_time()
    run()
    return time.process_time() - start
