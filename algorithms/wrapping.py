"""What wraps any search: ``darts1+es`` is a class of its own, made of DARTS-1 and early stopping.

A ``Part`` changes a step (``rarts+beta``), a ``Selection`` what is made of the supernet (``darts1+pt``). Both come
before the search in the class's bases and override the methods of ``Search`` that they concern:

=====================  =================================================================
``relax``              what α stands for in every pass
``grad_w``             the gradient of a weight step
``grad_alpha``         the gradient of an α step
``grad_penalty``       what is added to it, once a step of α
``alpha_direction``    along what α's optimiser moves, given the sum of the two
``prox``               what follows each move of α
=====================  =================================================================
"""

from __future__ import annotations

from typing import Any, ClassVar

from algorithms.counts import Cost
from algorithms.search import Search


class Wrapping(Search):
    """Comes before a search in a class's bases; ``suffix`` ends its name."""

    suffix: ClassVar[str]

    @classmethod
    def cost_around(cls, inner: type[Search]) -> Cost | None:
        """The passes of a step of ``inner`` wrapped in this: by default its own."""
        return inner.cost


class Selection(Wrapping):
    """Changes what a search makes of its supernet."""


class Part(Wrapping):
    """Changes how a search steps."""

    among_operations = True


def wrapped(selection: type[Any], inner: type[Search]) -> type[Search]:
    """``inner`` under ``selection`` (a ``Wrapping``), named ``inner+suffix``, with the hyperparameters of both."""
    name = f"{inner.name}+{selection.suffix}"
    # The search first: of the fields that both have its own defaults hold.
    both = type(f"{inner.Hyper.__name__}{selection.Hyper.__name__}", (inner.Hyper, selection.Hyper), {})
    return type(
        f"{inner.__name__}{selection.__name__}",
        (selection, inner),
        {
            "__doc__": f"{inner.title} under {selection.title}.",
            "__module__": __name__,
            "name": name,
            "title": f"{inner.title} + {selection.title}",
            "source": f"{inner.source}; {selection.source}",
            "departures": "; ".join(text for text in (inner.departures, selection.departures) if text),
            "cost": selection.cost_around(inner),
            "Hyper": both,
        },
    )
