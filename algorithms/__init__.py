"""How a search moves: one file an algorithm, each reading like its paper's equations.

To add one: a file with a subclass of ``Search`` (its ``step``, its ``Hyper``), decorated with ``@ALGORITHMS.register``;
a part that changes any search is a subclass of ``Part`` with ``@PARTS.register``, and composes by name: ``rarts+es``,
``darts1+pt``. Names, and what a class says of itself in literals, are read from the files' text, so that importing
this package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.composing import Algorithms
from results.registry import Registry

if TYPE_CHECKING:
    from algorithms.wrapping import Part

PARTS: Registry[Part] = Registry("part", __name__, "PARTS")
"""What changes a search, by the end that it gives the search's name."""

ALGORITHMS = Algorithms("algorithm", __name__, "ALGORITHMS", PARTS)
"""The algorithms by name, with every composition that their parts allow."""
