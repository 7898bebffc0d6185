"""The exact fronts of a whole space, found once by a plan: reports have neither the table nor the latencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.planning.hardware import Hardware
from results.fronts import exact
from results.metrics import DEVICE_LATENCY
from spaces.base import Everyone, Space
from spaces.contracts import Tabular, offers


def fronts(space: Space, datasets: Sequence[str], hardware: Hardware | None) -> dict[str, dict[str, str]]:
    """The front of error and each cost on each data set, as text (``results.fronts.read``); by data set and column.

    Costs are the sizes that the table knows, and the latencies on the named devices, of the cells that have one. Empty
    where the table does not hold the whole space at hand.
    """
    found: dict[str, dict[str, str]] = {}
    for dataset in datasets:
        everyone = space.everyone(dataset) if offers(space, Tabular) else None
        if everyone is None:
            continue
        costs = everyone.costs | (_latencies(everyone, hardware) if hardware else {})
        found[dataset] = {column: exact(values, everyone.error).text() for column, values in costs.items()}
    return found


def _latencies(everyone: Everyone, hardware: Hardware) -> dict[str, NDArray[np.float64]]:
    """Each named device's, in the order of the genotypes; NaN of what no path leads through."""
    found = {}
    for device in hardware.devices:
        known = hardware.latencies.every(device)
        found[f"{DEVICE_LATENCY}{device}"] = np.array([known.get(g, np.nan) for g in everyone.genotypes])
    return found
