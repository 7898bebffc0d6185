"""A search whose passes are CUDA graphs ends at the bits of one whose kernels are launched one by one."""

from __future__ import annotations

import pytest
import torch
from pretended.cuda import PretendedCuda
from searches import make_batch, no_evaluator, seeded, takes

from algorithms import ALGORITHMS, PARTS
from algorithms.base import Setting
from algorithms.captured import Graphs
from algorithms.search import Search
from harness.measuring.device import check_graphs
from results.errors import BadInput
from spaces.base import Batch, Space
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164, ResNet164Options

NATS = Nats(NatsOptions(channels=2, cells=1, image_size=8))
WIDTH = ResNet164(ResNet164Options(depth=11, width=2, image_size=8, prc=0.4, l1=1e-3))
SINGLE = [n for n, cls in ALGORITHMS.items() if issubclass(cls, Search) and "+" not in n and takes(n, NATS)]
PARTED = [name for part in PARTS if takes(name := f"{ALGORITHMS.wrapped_by(part)[0]}+{part}", NATS)]
STEPS = 3


def after(name: str, space: Space, graphs: bool) -> tuple[list[torch.Tensor], dict[str, float]]:
    """Every parameter after some steps on batches that differ, and the losses on the way."""
    cls = ALGORITHMS[name]
    hyper = cls.Hyper(**({"of": ""} if "of" in cls.Hyper.model_fields else {}))
    search = cls(Setting(space, hyper, seeded, torch.device("cuda"), no_evaluator, cuda_graphs=graphs))
    assert isinstance(search, Search)
    search.on_epoch(0, 0.4)
    pairs = [(batch("train", i), batch("val", i)) for i in range(STEPS)]
    losses = search.epoch(pairs)
    return [p.flat.detach().clone().cpu() for p in (*search.networks().values(), search.alpha)], losses


def batch(half: str, number: int) -> Batch:
    made = make_batch(f"{half}{number}", count=4)
    return Batch(made.x.to("cuda"), made.y.to("cuda"), half)


@pytest.mark.parametrize("name", [*SINGLE, *PARTED])
def test_a_captured_search_ends_at_the_same_bits(name: str, cuda: PretendedCuda) -> None:
    (plain, losses), (captured, replayed) = (after(name, NATS, graphs) for graphs in (False, True))
    assert losses == replayed
    assert all(torch.equal(a, b) for a, b in zip(plain, captured, strict=True))


def test_so_does_one_that_prunes(cuda: PretendedCuda) -> None:
    (plain, _), (captured, _) = (after("network_slimming", WIDTH, graphs) for graphs in (False, True))
    assert all(torch.equal(a, b) for a, b in zip(plain, captured, strict=True))


def test_a_replay_is_one_launch(cuda: PretendedCuda) -> None:
    """Two graphs a step of DARTS-1 besides optimisers, copies and losses: a few dozen launches for hundreds."""
    darts1, space = ALGORITHMS["darts1"], Nats(NatsOptions(channels=4, cells=2, image_size=8))
    search = darts1(Setting(space, darts1.Hyper(), seeded, torch.device("cuda"), no_evaluator, cuda_graphs=True)).search
    assert search is not None
    search.on_epoch(0, 0.0)
    search.step(batch("train", 0), batch("val", 0))
    cuda.reset()
    search.step(batch("train", 1), batch("val", 1))
    replayed = cuda.launches
    search.passes.graphs = None
    cuda.reset()
    search.step(batch("train", 2), batch("val", 2))
    assert replayed < 100 < 700 < cuda.launches


def test_a_pass_that_waits_cannot_be_captured(cuda: PretendedCuda) -> None:
    """As on CUDA: a number that the host reads would stay what it was at the capture."""
    with pytest.raises(RuntimeError, match="not permitted"):
        Graphs().run("waits", lambda inputs: [inputs[0] * float(inputs[0].sum())], [torch.ones(2, device="cuda")])


def test_graphs_elsewhere_than_on_cuda_are_refused() -> None:
    with pytest.raises(BadInput, match="--cuda-graphs: the trials run on cpu; add --device cuda"):
        check_graphs("cpu", True)
    check_graphs("cuda:1", True)
