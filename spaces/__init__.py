"""What can be found: the search spaces, their tables and their stand-alone networks.

To add one: a file with a subclass of ``Space`` (base.py), decorated with ``@SPACES.register``. Names, and what a class
says of itself in literals, are read from the files' text, so that importing this package imports no torch.

What every space is, and what some share:

- ``base``: ``Space`` and what crosses it: batches, mixes, edges, scores.
- ``contracts``: what a space may offer besides; algorithms require it.
- ``counting``: parameters and multiply-adds of a network.
- ``tabular``: figures by genotype, ranks among all of them, a digest of the whole.
- ``partial``: PC-DARTS's partial channels and edge normalisation, for any cells.
- ``per_cell``: weights of operations that differ from cell to cell.
- ``pointwise``, ``depthwise``, ``pooling``: 1 × 1 and depthwise convolutions and 3 × 3 average pooling, each at the
  speed that a device allows.
- ``compiling``: a C++ file of this folder, compiled for this machine.

The solvable model of the RARTS paper:

- ``bilevel``: the space: two quadratics.

NATS-Bench's topology cells:

- ``nats``: the space.
- ``nats_cell``: the cell and its stand-alone network.
- ``nats_supernet``: the supernet. ``nats_partial``: the same under PC-DARTS.
- ``nats_kernel``: the mixed cell's passes by hand. ``nats_by_hand``: the same to autograd. ``nats_compiled``: in C++.
- ``nats_function``: which cells compute the same function.
- ``nats_benchmark``: what the benchmark knows of a cell, in whatever form it is kept.
- ``nats_table``: its table as a file. ``nats_archive``: the official archive.
- ``nats_entries``: what both official archives have in common.
- ``nats_devices``: latencies of the cells on real devices.

NATS-Bench's size space:

- ``nats_size``: the space.
- ``nats_size_network``, ``nats_size_supernet``: its networks and its supernet.
- ``nats_size_table``, ``nats_size_archive``: its table as a file, and the official archive.

NAS-Bench-Macro:

- ``macro``: the space.
- ``macro_network``, ``macro_supernet``: its networks and its supernet.
- ``macro_table``: its table.

DARTS cells:

- ``darts``: the space.
- ``darts_graph``, ``darts_genotype``: the cell's graph, and genotypes as text.
- ``darts_cell``, ``darts_network``: cells and networks that stand alone.
- ``darts_mixed``, ``darts_supernet``: the mixed cell and the supernet. ``darts_partial``: the same under PC-DARTS.
- ``darts_subsets``, ``darts_shapes``: reduced sets of operations, and the DARTS-Bench-Suite's supernets, by name.
- ``noise``: the operation of RobustDARTS's S4.
- ``darts_published``, ``darts_robust``: published genotypes by name.
- ``darts_timed``: what a latency table measures.

Gates on channels:

- ``gated_space``: the space that both networks are.
- ``gated_layers``, ``gates``: layers with gates and their cutting; which channels stay, and the genotype's text.
- ``resnet164``, ``mobilenetv2``: the two networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from results.registry import Registry

if TYPE_CHECKING:
    from spaces.base import Space

SPACES: Registry[Space] = Registry("space", __name__, "SPACES")
"""The spaces by name."""
