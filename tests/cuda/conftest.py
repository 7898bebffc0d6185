"""The pretended devices."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from pretended.cuda import PretendedCuda


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedCuda]:
    """Two of them; what a run sets for CUDA is as before afterwards."""
    before = torch.are_deterministic_algorithms_enabled()
    flags = [(place, name, getattr(place, name)) for place, name in FLAGS]
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with PretendedCuda(devices=2) as pretended:
        yield pretended
    torch.use_deterministic_algorithms(before)
    for place, name, value in flags:
        setattr(place, name, value)
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


FLAGS = (
    (torch.utils.deterministic, "fill_uninitialized_memory"),
    (torch.backends.cudnn, "benchmark"),
    (torch.backends.cudnn, "deterministic"),
    (torch.backends.cudnn, "allow_tf32"),
    (torch.backends.cuda.matmul, "allow_tf32"),
)
