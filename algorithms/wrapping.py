"""What changes another search, whichever it is: ``darts1+es`` is a class made of DARTS-1 and early stopping.

A part overrides what it concerns of a search's methods and calls ``super()`` for the rest:

=====================  ====================================================================
``relax``              what α stands for where a pass names nothing else
``grad_w``             the gradient of a weight step
``grad_alpha``         the gradient of an α step
``grad_penalty``       what is added to it, once a step of α
``alpha_direction``    along what α's optimiser moves, given the sum of the two
``prox``               what follows each move of α
``epoch``, ``select``  what surrounds the steps, and what is made of the supernet at the end
=====================  ====================================================================
"""

from __future__ import annotations

from typing import ClassVar

from algorithms.counts import Cost
from algorithms.search import Search


class Part(Search):
    """Comes before a search in a class's bases and changes what it does; ``name`` ends the search's name."""

    wraps: ClassVar[tuple[str, ...]] = ()
    """The traits that a search must have to go under it."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """The traits that a search still has under it: what further parts may count on."""
    adds: ClassVar[Cost] = Cost(0, 0, 0)
    """The passes that it adds to each weight step."""
