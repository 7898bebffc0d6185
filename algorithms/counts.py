"""What a search has cost so far, in passes and multiply-adds."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """Passes run so far, and their multiply-adds (convolutions and linear layers, forward and backward)."""

    forwards: int = 0
    weight_backwards: int = 0
    alpha_backwards: int = 0
    macs: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts as plain types."""
        return asdict(self)
