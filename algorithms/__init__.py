"""How a search moves: one file an algorithm, each reading like its paper's equations.

To add one: a file with a subclass of ``Search`` (its ``step``, its ``Hyper``), decorated with ``@ALGORITHMS.register``;
a part that changes any search is a subclass of ``Part`` with ``@PARTS.register``, and composes by name: ``rarts+es``,
``darts1+pt``. Names, and what a class says of itself in literals, are read from the files' text, so that importing
this package imports no torch.

The files that register one are the algorithms and parts: ``python -m harness list algos`` lists them. The others are
what these are made of.

What the harness drives, and what every search by gradients has:

- ``base``: ``Algorithm``, and the ``Setting`` that it is given.
- ``search``: ``Search``: w and α with their optimisers, the gradients, and what a search may override.
- ``hyper``: hyperparameters: every algorithm's, and those that all searches by gradients share.
- ``parameters``, ``optimisers``: a set of weights as one vector, and what moves it.
- ``passes``: the only place that runs a supernet, and counts it. ``counts``: passes and multiply-adds so far.
- ``executed``: multiply-adds of a pass that runs what was sampled. ``captured``: passes as CUDA graphs.
- ``undecided``: how far α is from a choice, for diagnostics.
- ``composing``: names such as ``rarts+es``, and the classes behind them.

What a part is made of:

- ``wrapping``: ``Part``, and what a part may override.
- ``curvature``: λ_max of the Hessian in α, for ``+es`` and for diagnostics.
- ``remaining``: what a selection has left of a supernet, for ``+pt``.

What some searches share:

- ``sampling``: draws: their generator, the concrete distribution, the mix that runs the drawn operations alone.
- ``unrolled``: the second-order look-ahead of DARTS, for any outer loss.
- ``growing``: search in stages, each on a deeper supernet over fewer operations.
- ``net2wider``: weights for a wider network out of a narrower one's.
- ``widths``: candidate widths of gated layers.
- ``querying``: searches without gradients: a question to the evaluator an epoch.
- ``zero_cost``, ``naswot``: scores of an untrained network.
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
