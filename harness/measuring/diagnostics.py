"""One history row an epoch: what α stands for and how well the supernet does, measured outside the search's clock."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import torch

from algorithms.base import Algorithm
from algorithms.curvature import largest_eigenvalue
from algorithms.search import Search
from harness.config.sections import Diagnostics
from results.schema import skip_ratios
from spaces.base import Batch, Space


def alpha_entropy(weights: Mapping[str, torch.Tensor]) -> float:
    """Mean entropy over edges of relaxed weights (…, operations) that sum to 1, over its maximum: 1 is uniform.

    Weights of edges (E,), which some searches learn as well, choose no operation and are left out.
    """
    choices = [w for w in weights.values() if w.dim() > 1]
    rows = torch.cat([torch.xlogy(w, w).sum(-1).flatten() / -math.log(w.shape[-1]) for w in choices])
    return float(rows.mean())


class Probe:
    """Measures a search after each epoch, on fixed images of D_v: ``subset`` batches, and one for the curvature."""

    def __init__(self, space: Space, fields: Diagnostics, subset: list[Batch], curvature: Batch) -> None:
        self.space, self.fields, self.subset, self.curvature = space, fields, subset, curvature

    def row(self, algorithm: Algorithm, epoch: int) -> dict[str, Any]:
        """Genotype, skip ratios and, of a gradient search, α, what α amounts to, accuracy on the subset, λ_max.

        Where α are no weights of a choice: genotype, pruned-channel ratio and accuracy on the subset.
        """
        genotype = algorithm.genotype()
        row: dict[str, Any] = {"epoch": epoch, "genotype": genotype}
        if self.space.relaxed:
            skip, skip_all, none = skip_ratios([edge.as_dict() for edge in self.space.edges(genotype)])
            row |= {"skip_ratio": skip, "skip_ratio_all_edges": skip_all, "none_edges": none}
        else:
            row["prc"] = self.space.columns(genotype)["prc"]
        if isinstance(algorithm, Search):
            row |= self._gradient_search(algorithm, epoch)
        return row

    def _gradient_search(self, search: Search, epoch: int) -> dict[str, Any]:
        alpha = {name: a.detach() for name, a in search.alpha.views().items()}
        loss, accuracy = self._on_subset(search)
        row: dict[str, Any] = {"subset_loss": loss, "subset_accuracy": accuracy, "lr": search.w.lr}
        if not self.space.relaxed:
            # Thousands of gates an epoch, which the genotype tells of, and a Hessian that says nothing of a collapse.
            return row
        row["alpha"] = json.dumps({name: a.tolist() for name, a in alpha.items()})
        row["alpha_entropy"] = alpha_entropy(self.space.relax(alpha).weights)
        if (latency := self.space.penalty(alpha)) is not None:
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
