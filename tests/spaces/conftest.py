"""The benchmark's real figures, where the machine has them."""

import os
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def nats_data() -> Path:
    """The folder of NATS-Bench's tables and archive samples."""
    folder = os.environ.get("HARNESS_TEST_DATA")
    if not folder:
        pytest.skip("HARNESS_TEST_DATA names no folder with the NATS-Bench table")
    return Path(folder) / "nats"


@pytest.fixture(scope="session")
def nats_frame(nats_data: Path) -> pd.DataFrame:
    """The topology table as it lies in its file."""
    return pd.read_parquet(nats_data / "tss.parquet")
