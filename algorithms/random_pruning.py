"""Random pruning (RARTS, Table 6): a search's widths without its choice of channels, the control for that choice."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, Field

from algorithms import ALGORITHMS
from algorithms.base import Setting
from algorithms.baseline import Baseline
from algorithms.hyper import Hyper
from results.errors import BadInput


class RandomPruningHyper(Hyper):
    """Where each layer's ratio comes from."""

    of: str = Field(
        "rarts", description="the algorithm whose record of the same seed gives each layer's ratio; empty: all at PRC"
    )


@ALGORITHMS.register
class RandomPruning(Baseline):
    """Trains as the baseline; in each layer, channels drawn uniformly go: as many as in another search's network."""

    name = "random_pruning"
    title = "Random pruning"
    source = "Xue, Qi, Xin, IEEE Access 2022, Table 6"
    Hyper: ClassVar[type[BaseModel]] = RandomPruningHyper
    prunes = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.record_of = setting.record_of

    @classmethod
    def check(cls, space: Any, hyper: Any) -> None:
        """Uniform ratios need a PRC."""
        super().check(space, hyper)
        if not hyper.of and space.options.prc is None:
            raise BadInput(f"{cls.name} without another search's ratios needs a pruned-channel ratio: set space.prc")

    @classmethod
    def after(cls, hyper: Any) -> str:
        """The search whose ratios it takes."""
        return str(hyper.of)

    def genotype(self) -> str:
        """The same draw at any time. Raises BadInput where the other search has no record."""
        generator, of = self.seeded("prune"), self.hyper.of
        if not of:
            return str(self.space.uniform(self.space.options.prc, generator))
        other = self.record_of(of)
        if other is None:
            raise BadInput(f"{of} left no record with this seed, whose ratios {self.name} takes: run {of} first")
        return str(self.space.redraw(other, generator))
