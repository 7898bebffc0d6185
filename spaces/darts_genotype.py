"""Genotypes of DARTS-like cells: what they hold, and the field's notation for them, read and written.

The notation is that of the DARTS authors: ``Genotype(normal=[('sep_conv_3x3', 0), …], normal_concat=[2, 3, 4, 5],
reduce=[…], reduce_concat=[…])``, two edges (operation, source) a node, node after node. Nodes count from 0: the outputs
of the cell before the last and of the last, then the intermediate nodes from 2. Where a node may have any number of
edges, they are written as FairDARTS writes them, (operation, node, source); GDAS's (operation, source, weight) is read
too, its weight dropped. As in FairDARTS's own network, a node without edges is no part of the cell: what leaves it and
its place in the concatenation are dropped.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results.errors import BadInput
from spaces.base import Genotype
from spaces.darts_graph import CELLS
from spaces.darts_graph import OPERATIONS as SEARCHED
from spaces.darts_published import PUBLISHED as BY_PAPER
from spaces.darts_robust import ROBUST

OPERATIONS = (*SEARCHED[1:], "sep_conv_7x7", "conv_7x1_1x7", "noise")
"""The operations a cell may have: DARTS's without none, two more of NASNet's and AmoebaNet's, and S4's noise."""

PUBLISHED = BY_PAPER | ROBUST
"""Published genotypes by name."""

INPUTS = 2
"""The nodes that a cell takes from outside; the first intermediate node is the next one."""

FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")
FORM = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ...], normal_concat=[2, 3, 4, 5], "
    "reduce=[...], reduce_concat=[2, 3, 4, 5])"
)
LONGEST = 20_000
"""Characters of the longest text that is read."""
LAST = 65
"""The highest node that is read."""
_FOREIGN = re.compile(r"\\|\b0[xXoObB]|\d{50,}")  # escapes and endless integers, which no genotype holds

Incoming = tuple[tuple[str, int], ...]
"""One node's edges, (operation, source) each, by source and then by operation."""


@dataclass(frozen=True)
class Cell:
    """The edges of each intermediate node, and the nodes whose concatenation is the cell's output."""

    nodes: tuple[Incoming, ...]
    concat: tuple[int, ...]


@dataclass(frozen=True)
class Architecture:
    """A normal and a reduction cell."""

    normal: Cell
    reduce: Cell


class _Fault(Exception):
    """What is wrong with a text, in words that follow "it is no DARTS genotype: "."""


def cell(nodes: Iterable[Iterable[tuple[str, int]]], concat: Sequence[int] | None = None) -> Cell:
    """The cell in its one canonical form: edges sorted, nodes without edges left out of everything.

    ``nodes`` holds the (operation, source) edges of each intermediate node; ``concat`` is by default all of them.
    """
    alive = set(range(INPUTS))
    kept: list[Incoming] = []
    for node, incoming in enumerate(nodes, INPUTS):
        kept.append(tuple(sorted((e for e in incoming if e[1] in alive), key=lambda edge: (edge[1], edge[0]))))
        if kept[-1]:
            alive.add(node)
    while kept and not kept[-1]:
        kept.pop()
    joined = range(INPUTS, INPUTS + len(kept)) if concat is None else concat
    return Cell(tuple(kept), tuple(sorted(node for node in joined if node in alive)))


def text(architecture: Architecture) -> Genotype:
    """The canonical text, on one line; the inverse of ``parse``.

    (operation, source) pairs where every node of both cells has two edges, else (operation, node, source) for both.
    """
    cells = [getattr(architecture, kind) for kind in CELLS]
    paired = all(len(incoming) == 2 for c in cells for incoming in c.nodes)
    parts = []
    for kind, c in zip(CELLS, cells, strict=True):
        edges = [
            (name, source) if paired else (name, node, source)
            for node, incoming in enumerate(c.nodes, INPUTS)
            for name, source in incoming
        ]
        parts += [f"{kind}={edges}", f"{kind}_concat={list(c.concat)}"]
    return f"Genotype({', '.join(parts)})"


def parse(genotype: str) -> Architecture:
    """The architecture that ``genotype`` writes out or names (``darts_v2``, in any case).

    Lists, tuples and ``range(2, 6)``, line breaks, fields in any order and a leading ``NAME =`` are all read; nothing
    is evaluated. Raises BadInput, in one line with fault and remedy, for anything else.
    """
    written = PUBLISHED.get(_key(genotype), genotype)
    try:
        if re.fullmatch(r"[\w-]+", written.strip()):
            near = difflib.get_close_matches(_key(written)[:40], PUBLISHED, n=1, cutoff=0.0)[0]
            raise _Fault(f"there is no published one of that name, the nearest is {near}")
        fields = _fields(written)
        return Architecture(*(_cell(kind, fields[kind], fields[f"{kind}_concat"]) for kind in CELLS))
    except _Fault as fault:
        remedy = f"write {FORM}, or one of {', '.join(PUBLISHED)}"
        raise BadInput(f"{_quoted(genotype)} is no DARTS genotype: {fault}; {remedy}") from None


def canonical(genotype: str) -> Genotype:
    """The one canonical text of what ``genotype`` writes out or names. Raises as ``parse`` does."""
    return text(parse(genotype))


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _fields(written: str) -> dict[str, ast.expr]:
    """The four keyword arguments of ``Genotype(…)``, unevaluated."""
    if "~" in written and "|" in written:
        raise _Fault("it is a NATS-Bench cell, of the space nats")
    if len(written) > LONGEST:
        raise _Fault(f"it has more than {LONGEST:,} characters")
    if foreign := _FOREIGN.search(written):
        raise _Fault(f"it holds {foreign[0][:2]!r}")
    try:
        body = ast.parse(written.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _Fault("its brackets, quotes or commas do not match up") from None
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr | ast.Assign) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Genotype"):
        raise _Fault("it is not one call of Genotype(...)")
    given = [keyword.arg for keyword in call.keywords]
    if call.args or sorted(map(str, given)) != sorted(FIELDS):
        raise _Fault(f"it must name {', '.join(FIELDS)} once each")
    return {str(keyword.arg): keyword.value for keyword in call.keywords}


def _cell(kind: str, edges: ast.expr, concat: ast.expr) -> Cell:
    """The cell of two fields. Raises _Fault where they are no cell."""
    entries = [_edge(kind, entry) for entry in _sequence(kind, edges)]
    numbered = [entry for entry in entries if len(entry) == 3]
    if numbered and len(numbered) < len(entries):
        raise _Fault(f"{kind} mixes (operation, source) with (operation, node, source)")
    if len(entries) % 2 and not numbered:
        raise _Fault(
            f"{kind} has {len(entries)} edges, not two a node: say (operation, node, source) where nodes differ"
        )
    last = max((entry[1] for entry in numbered), default=INPUTS - 1 + len(entries) // 2)
    if wrong := [entry[1] for entry in numbered if not INPUTS <= entry[1] <= LAST] or [last] * (last > LAST):
        raise _Fault(f"{kind} has an edge into node {wrong[0]}, those that take edges are {INPUTS} to at most {LAST}")
    nodes: list[list[tuple[str, int]]] = [[] for _ in range(INPUTS, last + 1)]
    for i, (name, *place) in enumerate(entries):
        node, source = place if numbered else (INPUTS + i // 2, place[0])
        if not 0 <= source < node:
            raise _Fault(f"{kind} has an edge from {source} into node {node}, whose sources are 0 to {node - 1}")
        nodes[node - INPUTS].append((name, source))
    joined = _sequence(f"{kind}_concat", concat)
    # FairDARTS lists all nodes of its cells, those after the last one with edges too; it has four.
    top = max(last, INPUTS + 3) if numbered else last
    output: list[int] = []
    for entry in joined:
        if type(entry) is not int or not INPUTS <= entry <= top or entry in output:
            raise _Fault(f"{kind}_concat holds {_quoted(str(entry))}, not each once of the nodes {INPUTS} to {top}")
        output.append(entry)
    made = cell(nodes, output)
    if not made.concat:
        raise _Fault(f"{kind}_concat names no node that has edges")
    return made


def _edge(kind: str, entry: object) -> tuple[str, int] | tuple[str, int, int]:
    """(operation, source) or (operation, node, source) of a literal; GDAS's third, a weight, is dropped."""
    match entry if isinstance(entry, list | tuple) and bool not in map(type, entry) else ():
        case (str(name), int(source)) | (str(name), int(source), float()):
            edge: tuple[str, int] | tuple[str, int, int] = (name, source)
        case (str(name), int(node), int(source)):
            edge = (name, node, source)
        case _:
            raise _Fault(f"{kind} holds {_quoted(str(entry))}, which is not ('operation', source)")
    if name == "none":
        raise _Fault(f"{kind} holds 'none': leave such edges out, as (operation, node, source)")
    if name not in OPERATIONS:
        near = difflib.get_close_matches(name[:40], OPERATIONS, n=1, cutoff=0.0)[0]
        raise _Fault(f"{kind} has the unknown operation {_quoted(name)}, the nearest is {near}")
    return edge


def _sequence(name: str, node: ast.expr) -> list[object]:
    """A list or tuple of literals, or a ``range`` of at most LONGEST, without evaluating anything."""
    fault = _Fault(f"{name} is neither a list nor a range")
    ranged = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
    try:
        if isinstance(node, ast.Call):
            bounds = [ast.literal_eval(bound) for bound in node.args]
            value: object = range(*bounds)[:LONGEST] if ranged and not node.keywords else None
        else:
            value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError):
        raise fault from None
    if not isinstance(value, list | tuple | range):
        raise fault
    return list(value)


def _quoted(text: str) -> str:
    """``text`` on one line, cut where it is long."""
    return repr(text if len(text) <= 160 else text[:157] + "...")
