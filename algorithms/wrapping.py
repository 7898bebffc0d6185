"""Selection that wraps any search: ``darts1+es`` is a class of its own, made of DARTS-1 and early stopping."""

from __future__ import annotations

from typing import Any, ClassVar

from algorithms.search import Search


class Selection(Search):
    """Comes before a search in a class's bases and changes what it makes of its supernet; ``suffix`` ends its name."""

    suffix: ClassVar[str]


def wrapped(selection: type[Any], inner: type[Search]) -> type[Search]:
    """``inner`` under ``selection`` (a ``Selection``), named ``inner+suffix``, with the hyperparameters of both."""
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
            "Hyper": both,
        },
    )
