"""How a search moves: one file an algorithm, each reading like its paper's equations.

To add one: a file with a subclass of ``Search`` (its ``step``, its ``Hyper``), and its line in ``ALGORITHMS``.
"""

from algorithms.base import Algorithm
from algorithms.baseline import Baseline
from algorithms.darts import Darts1, Darts2
from algorithms.evolution import Evolution
from algorithms.fairdarts import FairDarts
from algorithms.gdas import Gdas
from algorithms.milenas import MileNas, MileNas2
from algorithms.network_slimming import NetworkSlimming
from algorithms.proxylessnas import ProxylessNas
from algorithms.random_pruning import RandomPruning
from algorithms.random_search import RandomSearch
from algorithms.random_ws import RandomWs
from algorithms.rarts import Rarts
from algorithms.snas import Snas

CLASSES: tuple[type[Algorithm], ...] = (
    Baseline,
    Darts1,
    Darts2,
    MileNas,
    MileNas2,
    NetworkSlimming,
    RandomPruning,
    Rarts,
    Gdas,
    Snas,
    FairDarts,
    ProxylessNas,
    RandomSearch,
    RandomWs,
    Evolution,
)

ALGORITHMS: dict[str, type[Algorithm]] = {a.name: a for a in CLASSES}
