"""How well a latency table's sums order whole networks: rank correlation with what they measure, random genotypes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from benchmarks.interleaved import note
from scipy.stats import spearmanr

from harness.config.protocol import Protocol
from harness.measuring.latency import measure, network_latency, predicted
from spaces import SPACES

SIZES = {"nats": (16, 5, 32), "darts": (16, 8, 32)}
"""Channels, cells and image side of each space's stand-alone network."""


def _correlation(a: Sequence[object], b: Sequence[object]) -> float:
    return round(float(spearmanr(a, b).statistic), 3)


@pytest.mark.parametrize("name", SIZES)
def test_measured_against_predicted_latency(benchmark: Any, name: str) -> None:
    channels, cells, side = SIZES[name] if benchmark.enabled else (4, 3, 16)
    cls = SPACES[name]
    plain = {"channels": channels, "cells": cells, "image_size": side}
    protocol = Protocol.load("mini", name)
    protocol = protocol.set([f"evaluation.channels={channels}", f"evaluation.cells={cells}", f"image_size={side}"])
    table = measure(protocol, "cpu", 1)
    latencies = {"latency": table.option(), "latency_source": table.description()}
    space = cls(cls.Options.model_validate(plain | latencies))
    generator = torch.Generator().manual_seed(0)
    genotypes = [space.sample(generator) for _ in range(20 if benchmark.enabled else 3)]

    def measured() -> list[float]:
        """Milliseconds of each genotype's network."""
        shape, device = (3, side, side), torch.device("cpu")
        return [network_latency(space.build(genotype), shape, device, threads=1)[0] for genotype in genotypes]

    milliseconds = benchmark.pedantic(measured, rounds=1)
    sums = [predicted(space, genotype) for genotype in genotypes]
    if benchmark.enabled:
        again = measured()
        note(benchmark, "Spearman's rank correlation", [_correlation(ms, sums) for ms in (milliseconds, again)])
        note(benchmark, "of the two measurements", _correlation(milliseconds, again))
        pairs = sorted((round(a, 3), round(b or 0.0, 3)) for a, b in zip(milliseconds, sums, strict=True))
        benchmark.extra_info["measured and predicted (ms)"] = pairs
        note(benchmark, "goal: rank correlation", "at least 0.9")
        note(benchmark, "load average", os.getloadavg()[0])
