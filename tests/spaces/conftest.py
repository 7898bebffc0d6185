"""The benchmark's real figures, where the machine has them."""

from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def nats_data(real_data: Path) -> Path:
    """The folder of NATS-Bench's tables and archive samples."""
    return real_data / "nats"


@pytest.fixture(scope="session")
def nats_frame(nats_data: Path) -> pd.DataFrame:
    """The topology table as it lies in its file."""
    return pd.read_parquet(nats_data / "tss.parquet")
