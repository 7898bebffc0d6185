"""Which device a run is on."""

from __future__ import annotations

import torch

from results.errors import BadInput
from results.lookup import lookup


def device_here(asked: str) -> str:
    """``auto`` is CUDA where there is one, else the CPU. Raises BadInput for a device that is not here."""
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind = asked.partition(":")[0]
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not lookup("device", kind, here):
        raise BadInput(
            f"--device {asked}: there is no such device here; use one of {[k for k, v in here.items() if v]}"
        )
    return asked
