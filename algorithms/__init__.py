"""How a search moves: one file an algorithm, each reading like its paper's equations.

To add one: a file with a subclass of ``Search`` (its ``step``, its ``Hyper``), and its line in ``CLASSES``. Selection
that wraps another search composes by name: ``rarts+es``, ``darts1+pt``.
"""

from algorithms.base import Algorithm
from algorithms.baseline import Baseline
from algorithms.beta import Beta
from algorithms.darts import Darts1, Darts2
from algorithms.dartsminus import DartsMinus
from algorithms.early_stopping import EarlyStopping
from algorithms.evolution import Evolution
from algorithms.fairdarts import FairDarts
from algorithms.gaea import Gaea
from algorithms.gdas import Gdas
from algorithms.milenas import MileNas, MileNas2
from algorithms.network_slimming import NetworkSlimming
from algorithms.pcdarts import PcDarts
from algorithms.pdarts import PDarts
from algorithms.perturbation import Perturbation
from algorithms.proxylessnas import ProxylessNas
from algorithms.random_pruning import RandomPruning
from algorithms.random_search import RandomSearch
from algorithms.random_ws import RandomWs
from algorithms.rarts import Rarts
from algorithms.sdarts import SdartsAdv, SdartsRs
from algorithms.search import Search
from algorithms.snas import Snas
from algorithms.tas import Tas
from algorithms.wrapping import Wrapping, wrapped

SOFTMAX: tuple[type[Search], ...] = (Darts1, Darts2, MileNas, MileNas2, Rarts)
"""Searches whose relaxation is the space's own: perturbation may select from their supernets."""

STEADY: tuple[type[Search], ...] = (*SOFTMAX, Gdas, Snas, FairDarts, ProxylessNas, PcDarts)
"""Searches that move α on one supernet: early stopping may end them, for their eigenvalues compare."""

CLASSES: tuple[type[Algorithm], ...] = (
    *STEADY,
    PDarts,
    Baseline,
    NetworkSlimming,
    Tas,
    RandomPruning,
    RandomWs,
    RandomSearch,
    Evolution,
)

LOGITS: tuple[type[Search], ...] = (*SOFTMAX, PcDarts, Gdas, Snas)
"""Searches whose choice is softmax α: what regularises or moves α can be changed."""

SELECTIONS: dict[str, tuple[type[Wrapping], tuple[type[Search], ...]]] = {
    EarlyStopping.suffix: (EarlyStopping, STEADY),
    Perturbation.suffix: (Perturbation, SOFTMAX),
    Beta.suffix: (Beta, LOGITS),
    SdartsRs.suffix: (SdartsRs, (*SOFTMAX, PcDarts)),
    SdartsAdv.suffix: (SdartsAdv, (*SOFTMAX, PcDarts)),
    Gaea.suffix: (Gaea, LOGITS),
    DartsMinus.suffix: (DartsMinus, SOFTMAX),
}
"""What wraps a search, by the suffix of its name, and the searches that it wraps."""

COMPOSED: tuple[type[Algorithm], ...] = tuple(
    wrapped(selection, inner) for selection, searches in SELECTIONS.values() for inner in searches
)

ALGORITHMS: dict[str, type[Algorithm]] = {a.name: a for a in (*CLASSES, *COMPOSED)}
