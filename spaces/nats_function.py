"""Which cells of NATS-Bench's topology space compute the same function: 5,260 of the 15,625 differ.

Two cells are the same where one's convolutions can take the other's weights so that both give the same output: a skip
is its input, a sum has no order, ``none`` and what only it feeds add nothing, and what reaches no output is not there.
NATS-Bench itself counts 6,466 topologies, by a text that keeps some of these apart (a sum behind a skip) and takes two
convolutions with weights of their own for one that is used twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import permutations

from spaces.nats_cell import EDGES, NODES, parse

Edge = tuple[int, int]
"""(target, source)."""


@cache
def same_function(cell: str) -> str:
    """A text that a cell shares with all that compute the same function, and with no other.

    Raises
    ------
    BadInput
        For a malformed cell.
    """
    operations = dict(zip(EDGES, parse(cell), strict=True))
    weighed = [edge for edge in _live(operations) if "conv" in operations[edge]]
    # Which convolution is used twice tells cells apart; what each is called does not.
    names = (dict(zip(weighed, order, strict=True)) for order in permutations(range(len(weighed))))
    return min(_output(operations, named) for named in names)


def _live(operations: Mapping[Edge, str]) -> list[Edge]:
    """The edges on a way from input to output."""
    entered, wanted = {0}, {NODES - 1}
    for target, source in EDGES:
        if operations[target, source] != "none" and source in entered:
            entered.add(target)
    found = []
    for target, source in reversed(EDGES):
        if operations[target, source] != "none" and source in entered and target in wanted:
            wanted.add(source)
            found.append((target, source))
    return found


def _output(operations: Mapping[Edge, str], named: Mapping[Edge, int]) -> str:
    """The last node as a sum of nested operations, in order; empty where nothing reaches it."""
    nodes: list[list[str]] = [["x"]]
    for target in range(1, NODES):
        terms: list[str] = []
        for source in range(target):
            operation, inputs = operations[target, source], nodes[source]
            if operation == "skip_connect":
                terms += inputs
            elif operation != "none" and inputs:
                terms.append(f"{operation}{named.get((target, source), '')}({' + '.join(inputs)})")
        nodes.append(sorted(terms))
    return " + ".join(nodes[-1])
