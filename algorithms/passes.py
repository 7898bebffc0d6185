"""The only place where a search runs a network, so the only place where its cost is counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from algorithms.captured import Graphs
from algorithms.counts import Counts
from algorithms.executed import GROUPED, Executed
from algorithms.parameters import Layout, views
from spaces.base import Alpha, Batch, Mix, Space

Relax = Callable[[Alpha], Mix]
"""From named architecture parameters to a mix, differentiably."""


_COUNTED: dict[Hashable, int] = {}
"""Multiply-adds of one pass, by all that they hang on: counted once a process, whatever searches share the supernet."""


class Passes:
    """Runs forward and backward passes of one supernet, and keeps their number, cost and losses.

    The skeleton lives on the meta device: its weights always come from a flat vector through ``functional_call``.
    ``relax`` turns architecture parameters into a mix; ``space`` is the one whose supernet it is. ``graphs``, where
    given, captures the gradients of passes that run every operation.
    """

    def __init__(
        self,
        skeleton: nn.Module,
        layout: Layout,
        alphas: Layout,
        relax: Relax,
        space: Space,
        graphs: Graphs | None = None,
    ) -> None:
        self.skeleton = skeleton.to("meta")
        self.layout, self.alphas = layout, alphas
        self.relax, self.space_loss = relax, space.loss
        self.graphs = graphs
        self.counts = Counts()
        self.losses: dict[str, Tensor] = {}
        shapes = tuple(tuple(named.items()) for named in (layout, alphas))
        self._structure = (type(space), space.options.model_dump_json(), *shapes)

    def through(self, space: Space, layout: Layout, alphas: Layout) -> Passes:
        """The same search's passes of another supernet, that of ``space``; what was counted and recorded goes on."""
        graphs = None if self.graphs is None else Graphs()
        now = Passes(space.supernet(), layout, alphas, self.relax, space, graphs)
        now.counts, now.losses = self.counts, self.losses
        return now

    def loss(self, weights: Tensor, alpha: Tensor, batch: Batch, relax: Relax | None = None) -> tuple[Tensor, Tensor]:
        """Loss and hits at flat ``weights`` and flat ``alpha``; uncounted, unrecorded."""
        return self._run(weights, (relax or self.relax)(views(alpha, self.alphas)), batch)

    def gradient(
        self, weights: Tensor, alpha: Tensor, batch: Batch, of: str, relax: Relax | None = None
    ) -> list[Tensor]:
        """∂loss/∂weights, ∂loss/∂alpha or both (``of`` = "w", "alpha", "both"), detached.

        What is not asked for is detached before the forward pass, so that no kernel of its gradient runs. ``relax``,
        where given, turns this pass's α into a mix instead of the search's own rule: a sample, for instance.
        """
        w, a = weights.detach(), alpha.detach()
        wanted = [t.requires_grad_() for t in ({"w": [w], "alpha": [a], "both": [w, a]}[of])]
        mix = (relax or self.relax)(views(a, self.alphas))
        sampled = mix.active is not None
        if self.graphs is not None and not sampled:
            return self._captured(self.graphs, of, w, a, mix, batch)
        with Executed() if sampled else nullcontext() as executed:
            loss, hits = self._run(w, mix, batch)
        self._record(loss, hits, batch)
        gradients = _gradients(loss, wanted)
        self._count(of, executed.macs if executed else self._known(of, w, mix, batch))
        return gradients

    @torch.no_grad()
    def score(self, weights: Tensor, alpha: Tensor, batch: Batch, relax: Relax | None = None) -> tuple[Tensor, Tensor]:
        """Loss and hits of a counted forward pass, for what selects among architectures; unrecorded."""
        w, mix = weights.detach(), (relax or self.relax)(views(alpha.detach(), self.alphas))
        sampled = mix.active is not None
        with Executed() if sampled else nullcontext() as executed:
            loss, hits = self._run(w, mix, batch)
        self._count("forward", executed.macs if executed else self._known("forward", w, mix, batch))
        return loss, hits

    def _captured(self, graphs: Graphs, of: str, w: Tensor, a: Tensor, mix: Mix, batch: Batch) -> list[Tensor]:
        """The same, captured from the mix's weights on; α's way to them, which may be a draw, is taken each time."""
        names, half = list(mix.weights), batch.half
        free = [name for name in names if mix.weights[name].requires_grad]

        def run(inputs: Sequence[Tensor]) -> list[Tensor]:
            leaf, x, y, *weights = (t.detach() for t in inputs)
            mixed = dict(zip(names, weights, strict=True))
            wanted = [t.requires_grad_() for t in ([leaf] if of != "alpha" else []) + [mixed[name] for name in free]]
            loss, hits = self._run(leaf, Mix(mixed), Batch(x, y, half))
            return [loss.detach(), hits, *_gradients(loss, wanted)]

        inputs = [w, batch.x, batch.y, *mix.weights.values()]
        key = (of, half, *names, *free, *(t.shape for t in inputs))
        loss, hits, *slopes = graphs.run(key, run, inputs)
        self._record(loss, hits, batch)
        self._count(of, self._known(of, w, mix, batch))
        if of == "w":
            return slopes
        to_weights, to_mix = ([], slopes) if of == "alpha" else (slopes[:1], slopes[1:])
        (to_alpha,) = torch.autograd.grad([mix.weights[name] for name in free], a, to_mix, materialize_grads=True)
        return [*to_weights, to_alpha]

    def mixed_product(self, weights: Tensor, alpha: Tensor, batch: Batch, vector: Tensor) -> Tensor:
        """∇²_{α,w} loss · vector, exactly, by differentiating ⟨∇_w loss, vector⟩ (one double backward)."""
        w, a = weights.detach().requires_grad_(), alpha.detach().requires_grad_()
        loss, _ = self.loss(w, a, batch)
        (slope,) = torch.autograd.grad(loss, w, create_graph=True)
        self._count("product", self._known("product", w, self.relax(views(a, self.alphas)), batch))
        return torch.autograd.grad(slope @ vector, a)[0]

    def count_hessian(self, weights: Tensor, alpha: Tensor, batch: Batch, products: int) -> None:
        """Charge for a gradient to α and ``products`` Hessian-vector products on its graph, each two backwards to α."""
        w, mix = weights.detach(), self.relax(views(alpha.detach().requires_grad_(), self.alphas))
        slope, whole = (self._known(kind, w, mix, batch) for kind in ("alpha", "hessian"))
        self._count("alpha", slope + products * (whole - slope))
        self.counts.alpha_backwards += 2 * products

    def take_losses(self) -> dict[str, float]:
        """Mean loss and accuracy (percent) per half since the last call; one host synchronisation."""
        sums = {half: total.tolist() for half, total in self.losses.items()}
        self.losses = {}
        means = {f"{half}_loss": s[0] / s[2] for half, s in sums.items()}
        return means | {f"{half}_accuracy": 100 * s[1] / s[3] for half, s in sums.items()}

    def _record(self, loss: Tensor, hits: Tensor, batch: Batch) -> None:
        one = torch.ones_like(loss)
        row = torch.stack([loss.detach(), hits.to(loss), one, one * len(batch.y)]).double()
        self.losses[batch.half] = self.losses[batch.half] + row if batch.half in self.losses else row

    def _run(self, weights: Tensor, mix: Mix, batch: Batch) -> tuple[Tensor, Tensor]:
        tensors = views(weights, self.layout)
        return self.space_loss(lambda x, m: functional_call(self.skeleton, tensors, (x, m)), mix, batch)

    def _count(self, kind: str, macs: int) -> None:
        counts = self.counts
        counts.forwards += 1
        counts.weight_backwards += {"w": 1, "both": 1, "product": 2}.get(kind, 0)
        counts.alpha_backwards += {"alpha": 1, "product": 1}.get(kind, 0)
        counts.macs += macs

    def _known(self, kind: str, w: Tensor, mix: Mix, batch: Batch) -> int:
        """Multiply-adds of one pass through every operation, counted once on the meta device: no arithmetic there."""
        key = (self._structure, kind, batch.x.shape, *(weight.shape for weight in mix.weights.values()))
        if key not in _COUNTED:
            _COUNTED[key] = self._on_meta(kind, w, mix, batch)
        return _COUNTED[key]

    def _on_meta(self, kind: str, w: Tensor, mix: Mix, batch: Batch) -> int:
        # The mix's weights stand for α: no multiply-add lies between them.
        w, *weights = (
            torch.empty_like(t, device="meta", requires_grad=t.requires_grad) for t in (w, *mix.weights.values())
        )
        # Views, for torch's counter cannot watch a module whose input is a leaf.
        named = zip(mix.weights, weights, strict=True)
        mix = replace(mix, weights={name: weight.view_as(weight) for name, weight in named})
        batch = batch._replace(x=batch.x.to("meta"), y=batch.y.to("meta"))
        with FlopCounterMode(display=False, custom_mapping=GROUPED) as counter:
            loss, _ = self._run(w, mix, batch)
            wanted = [t for t in (w, *weights) if t.requires_grad]
            if kind == "product":
                (slope,) = torch.autograd.grad(loss, w, create_graph=True)
                loss, wanted = slope.sum(), weights
            if kind == "hessian":
                loss = torch.stack([g.sum() for g in torch.autograd.grad(loss, weights, create_graph=True)]).sum()
            if wanted:
                _gradients(loss, wanted)
        return int(counter.get_total_flops()) // 2


def _gradients(loss: Tensor, wanted: list[Tensor]) -> list[Tensor]:
    """∂loss/∂each; zero where the loss does not depend on it: a sample that passes nothing on has no architecture."""
    if not loss.requires_grad:
        return [torch.zeros_like(t) for t in wanted]
    return list(torch.autograd.grad(loss, wanted, materialize_grads=True))
