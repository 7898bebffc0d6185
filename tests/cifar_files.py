"""CIFAR-10 folders made for a test, in the official binary format."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_cifar10(folder: Path, per_file: int = 3, classes: int = 10) -> bytes:
    """A CIFAR-10 folder of random records in the official binary format; returns the training files' bytes."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    written = b""
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        records = random.integers(0, 256, (per_file, 3073), dtype=np.uint8)
        records[:, 0] = random.integers(0, classes, per_file)
        (folder / name).write_bytes(records.tobytes())
        written += b"" if name == "test_batch.bin" else records.tobytes()
    return written
