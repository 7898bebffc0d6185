"""What a search has cost so far, in passes and multiply-adds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple


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


class Cost(NamedTuple):
    """The passes of one step by an algorithm's definition, each weighing what it computes: F 1, B 2, Bα 1."""

    forwards: int
    weight_backwards: int
    alpha_backwards: int = 0

    @property
    def units(self) -> int:
        """Forward passes that the step is worth: DARTS-1's is worth 5."""
        return self.forwards + 2 * self.weight_backwards + self.alpha_backwards

    def __str__(self) -> str:
        """As the papers write it, for instance ``2F + B + Bα``."""
        named = zip(self, ("F", "B", "Bα"), strict=True)
        return " + ".join(f"{count if count > 1 else ''}{name}" for count, name in named if count)
