"""Checkpoints that survive a kill at any moment: written aside, renamed, the one before kept."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

UNREADABLE = (
    *(OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError),
    *(struct.error, pickle.UnpicklingError),
)
"""What ``torch.load`` raises, by its first bytes, for a file that holds something else."""


class Checkpoint:
    """The state of one stage of a trial in ``folder/<stem>.pt``, and the one before in ``<stem>.prev.pt``.

    States hold tensors and plain types only, for they are read with ``weights_only=True``.
    """

    def __init__(self, folder: Path, stem: str = "checkpoint") -> None:
        self.current = folder / f"{stem}.pt"
        self.previous = folder / f"{stem}.prev.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Write ``state``; a kill in between leaves the older checkpoint whole."""
        temporary = self.current.with_suffix(f".{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        if self.current.exists():
            self.current.replace(self.previous)
        temporary.replace(self.current)

    def load(self, say: Callable[[str], None]) -> dict[str, Any] | None:
        """The newest state that can be read, on the CPU; None without any. What is damaged is named through ``say``."""
        for path in (self.current, self.previous):
            if not path.exists():
                continue
            try:
                state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
                return state
            except UNREADABLE as error:
                reason = (str(error).splitlines() or ["unreadable"])[0][:100]
                say(f"{path.name} is damaged ({reason}); falling back to the checkpoint before it")
        return None

    def remove(self) -> None:
        """Delete both, once the stage is over."""
        self.current.unlink(missing_ok=True)
        self.previous.unlink(missing_ok=True)
