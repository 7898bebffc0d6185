"""When two runs are one and the same: every column equal, bit for bit, but the clock's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from results.store import Store

CLOCKS = [
    "search_seconds",
    "search_device_days",
    "peak_memory_mb",
    "started_at",
    "diagnostics_seconds",
    "latency_ms",
    "latency_iqr_ms",
    "latency_full_ms",
]
"""What two equal trials may differ in."""

CHECKOUT = ["code_version"]
"""It says whether tracked files differ from the commit: an edit between two launches is no difference of the trials."""


def frames(folder: Path, without: Sequence[str] = (*CLOCKS, *CHECKOUT)) -> list[pd.DataFrame]:
    """A run's records and history less the columns ``without``: by default their clocks and the checkout's state."""
    store = Store(folder)
    records = store.records()
    history = store.history(records["trial"].unique())
    return [frame.drop(columns=list(without), errors="ignore") for frame in (records, history)]


def assert_same(mine: Sequence[pd.DataFrame], theirs: Sequence[pd.DataFrame]) -> None:
    """Raise where two runs' frames differ anywhere."""
    for ours, others in zip(mine, theirs, strict=True):
        pd.testing.assert_frame_equal(ours, others, check_exact=True)
