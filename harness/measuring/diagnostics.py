"""One history row an epoch: what α stands for and how well the supernet does, measured outside the search's clock.

What α stands for is the search's to say (``undecided``, ``expected``, its own relaxation behind λ_max), so that no
search can be read by another's softmax.
"""

from __future__ import annotations

import json

import torch

from algorithms.base import Algorithm
from algorithms.curvature import largest_eigenvalue
from algorithms.search import Search
from harness.config.sections import Diagnostics
from results.schema import skip_ratios
from spaces.base import Batch, Space
from spaces.contracts import CellSpace, offers


class Probe:
    """Measures a search after each epoch, on fixed images of D_v: ``subset`` batches, and one for the curvature."""

    def __init__(self, space: Space, fields: Diagnostics, subset: list[Batch], curvature: Batch) -> None:
        self.space, self.fields, self.subset, self.curvature = space, fields, subset, curvature

    def row(self, algorithm: Algorithm, epoch: int) -> dict[str, object]:
        """Genotype, skip ratios and, of a gradient search, α, what α amounts to, accuracy on the subset, λ_max.

        Where α are no weights of a choice: genotype, pruned-channel ratio and accuracy on the subset.
        """
        genotype = algorithm.genotype()
        row: dict[str, object] = {"epoch": epoch, "genotype": genotype}
        if offers(self.space, CellSpace):
            skip, skip_all, none = skip_ratios([edge.as_dict() for edge in self.space.edges(genotype)])
            row |= {"skip_ratio": skip, "skip_ratio_all_edges": skip_all, "none_edges": none}
        else:
            row["prc"] = self.space.columns(genotype)["prc"]
        if algorithm.search is not None:
            row |= self._gradient_search(algorithm.search, epoch)
        return row

    def _gradient_search(self, search: Search, epoch: int) -> dict[str, object]:
        alpha = {name: a.detach() for name, a in search.alpha.views().items()}
        loss, accuracy = self._on_subset(search)
        row: dict[str, object] = {"subset_loss": loss, "subset_accuracy": accuracy, "lr": search.w.lr}
        if not offers(self.space, CellSpace):
            # Thousands of gates an epoch, which the genotype tells of, and a Hessian that says nothing of a collapse.
            return row
        row["alpha"] = json.dumps({name: a.tolist() for name, a in alpha.items()})
        row["alpha_entropy"] = search.undecided()
        if (latency := search.space.penalty(search.expected(alpha))) is not None:
            row["latency_expected"] = float(latency)
        every = self.fields.lambda_every
        if every and epoch % every == 0:
            row["lambda_max"] = largest_eigenvalue(search, self.curvature)
        return row

    @torch.no_grad()
    def _on_subset(self, search: Search) -> tuple[float, float]:
        images = loss_sum = hits_sum = 0.0
        for batch in self.subset:
            loss, hits = search.passes.loss(search.reported.flat, search.alpha.flat, batch)
            images += len(batch.y)
            loss_sum += float(loss) * len(batch.y)
            hits_sum += float(hits)
        return loss_sum / images, 100 * hits_sum / images
