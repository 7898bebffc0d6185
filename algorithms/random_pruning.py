"""Random pruning (RARTS, Table 6): a search's widths without its choice of channels, the control for that choice."""

from __future__ import annotations

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Setting
from algorithms.baseline import Baseline
from algorithms.hyper import Hyper
from results.errors import BadInput
from spaces.base import Space
from spaces.contracts import WidthSpace, need


class RandomPruningHyper(Hyper):
    """Where each layer's ratio comes from."""

    of: str = Field(
        "rarts", description="the algorithm whose record of the same seed gives each layer's ratio; empty: all at PRC"
    )

    def fits(self, space: Space) -> None:
        """Uniform ratios need a PRC."""
        super().fits(space)
        if not self.of and need(space, WidthSpace, "random pruning").options.prc is None:
            raise BadInput("random pruning without another search's ratios needs a pruned-channel ratio: set space.prc")

    def after(self) -> str:
        """The search whose ratios are taken."""
        return self.of


@ALGORITHMS.register
class RandomPruning(Baseline):
    """Trains as the baseline; in each layer, channels drawn uniformly go: as many as in another search's network."""

    name = "random_pruning"
    title = "Random pruning"
    source = "Xue, Qi, Xin, IEEE Access 2022, Table 6"
    Hyper = RandomPruningHyper
    hyper: RandomPruningHyper
    prunes = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.record_of = setting.record_of

    def genotype(self) -> str:
        """The same draw at any time. Raises BadInput where the other search has no record."""
        generator, of = self.seeded("prune"), self.hyper.of
        if not of:
            return self.space.uniform(self.space.options.prc or 0.0, generator)
        other = self.record_of(of)
        if other is None:
            raise BadInput(f"{of} left no record with this seed, whose ratios {self.name} takes: run {of} first")
        return self.space.redraw(other, generator)
