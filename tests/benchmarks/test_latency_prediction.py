"""How well a latency table's sums order whole networks: rank correlation with what they measure, random genotypes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from benchmarks.interleaved import note
from scipy.stats import spearmanr

from harness.config import Evaluation, Settings
from harness.latency import conditions, measure, network_latency, predicted
from spaces import SPACES

SIZES = {"nats": (16, 5, 32), "darts": (16, 8, 32)}
"""Channels, cells and image side of each space's stand-alone network."""


@pytest.mark.parametrize("name", SIZES)
def test_measured_against_predicted_latency(benchmark: Any, name: str) -> None:
    channels, cells, side = SIZES[name] if benchmark.enabled else (4, 3, 16)
    cls = SPACES[name]
    plain = {"channels": channels, "cells": cells, "image_size": side}
    fields = Evaluation(channels=channels, cells=cells)
    settings = Settings(dataset="cifar10", eval_datasets=("cifar10",), image_size=side, evaluation=fields)
    table = measure(cls(cls.Options(**plain)), conditions(name, settings, "cpu", 1), "cpu")
    latencies = {"latency": table.option(), "latency_source": table.description()}
    space = cls(cls.Options.model_validate(plain | latencies))
    generator = torch.Generator().manual_seed(0)
    genotypes = [space.sample(generator) for _ in range(20 if benchmark.enabled else 3)]

    def measured() -> list[float]:
        shape, device = (3, side, side), torch.device("cpu")
        return [network_latency(space.build(genotype), shape, device, threads=1)[0] for genotype in genotypes]

    milliseconds = benchmark.pedantic(measured, rounds=1)
    sums = [predicted(space, genotype) for genotype in genotypes]
    if benchmark.enabled:
        note(benchmark, "Spearman's rank correlation", float(spearmanr(milliseconds, sums).statistic))
        pairs = sorted((round(a, 3), round(b or 0.0, 3)) for a, b in zip(milliseconds, sums, strict=True))
        benchmark.extra_info["measured and predicted (ms)"] = pairs
        note(benchmark, "goal: rank correlation", "at least 0.9")
