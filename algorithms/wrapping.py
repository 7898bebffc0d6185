"""What changes another search, whichever it is: ``darts1+es`` is a class made of DARTS-1 and early stopping."""

from __future__ import annotations

from typing import ClassVar

from algorithms.search import Search


class Part(Search):
    """Comes before a search in a class's bases and changes what it does; ``name`` ends the search's name."""

    wraps: ClassVar[tuple[str, ...]] = ()
    """The traits that a search must have to go under it."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """The traits that a search still has under it: what further parts may count on."""
