"""Every search on every space, on a device that is only pretended: it stays there, and the host seldom waits for it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from pretended.cuda import PretendedCuda
from pretended.devices import device_of
from searches import make_batch, no_evaluator, seeded, takes

from algorithms import ALGORITHMS, PARTS
from algorithms.base import Setting
from algorithms.curvature import largest_eigenvalue
from algorithms.search import Search
from spaces.base import Batch, Space
from spaces.bilevel import Bilevel
from spaces.darts import Darts, DartsOptions
from spaces.gated_layers import widened
from spaces.mobilenetv2 import MobileNetV2Options, MobileNetV2Width
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164, ResNet164Options

ONE = tuple(1.0 for _ in range(8))
KINDS = ("normal", "reduce", "reduce_stride2")
TIMED = DartsOptions(channels=2, cells=3, nodes=2, image_size=8, latency=dict.fromkeys(KINDS, ONE))
FEW = Darts(TIMED.model_copy(update={"operations": "s2"}))
"""Two operations an edge, for DARTS-PT, which takes each away in turn."""
SPACES: dict[str, Space] = {
    "nats": Nats(NatsOptions(channels=2, cells=1, image_size=8, latency=ONE[:5])),
    "darts": Darts(TIMED),
    "resnet164": ResNet164(ResNet164Options(depth=11, width=2, image_size=8, prc=0.4, l1=1e-3)),
    "mobilenetv2": MobileNetV2Width(MobileNetV2Options(width=0.1, stem="cifar", image_size=8, prc=0.4, l1=1e-3)),
    "bilevel": Bilevel(),
}
SHORT = {"parts": 2, "k": 2, "batches": 1, "pt_tune_epochs": 1, "pt_batches": 1, "es_every": 1, "of": ""}
WRAPPED = ("rarts+es", "darts1+pt")
"""One search under each selection: what they add is the same for any."""

NAMES = [n for n, cls in ALGORITHMS.items() if issubclass(cls, Search) and ("+" not in n or n in WRAPPED)]
PARTED = [f"{ALGORITHMS.wrapped_by(part)[0]}+{part}" for part in PARTS]
"""Each part on the first search that it takes."""
SOLVED = ("darts1", "darts2", "milenas", "rarts")
"""The searches that the solvable model is for."""

WAITS = {
    "gdas": 2, "proxylessnas": 1, "reinmax": 2, "tas": 2, "drnas": 12,
    "darts1+lambda": 1, "darts1+sdarts_rs": 1, "darts1+sdarts_adv": 1,
}  # fmt: skip
"""Times at most that the host waits for the device in a step: these searches must know there what they drew.

DrNAS draws on the CPU, and its gradient goes the same way back. Λ-DARTS's ε needs ‖δ‖, SDARTS's δ is drawn on the CPU.
"""

CASES = [
    pytest.param(space, name, marks=[pytest.mark.slow] if space == "darts" else [])
    for space in SPACES
    for name in NAMES
    if takes(name, SPACES[space]) and (space != "bilevel" or name in SOLVED)
]


def search_of(name: str, space: Space, device: str) -> Search:
    """With a latency penalty, where the space has latencies."""
    cls = ALGORITHMS[name]
    short = SHORT | ({"latency_weight": 1e-3} if space.name in ("nats", "darts") else {})
    hyper = cls.Hyper(**{key: value for key, value in short.items() if key in cls.Hyper.model_fields})
    search = cls(Setting(space, hyper, seeded, torch.device(device), no_evaluator))
    assert isinstance(search, Search)
    return search


def on(device: str) -> list[Batch]:
    """A batch of each half."""
    return [Batch(b.x.to(device), b.y.to(device), b.half) for b in (make_batch(h, count=4) for h in ("train", "val"))]


def flats(search: Search) -> list[torch.Tensor]:
    return [parameters.flat for parameters in (*search.networks().values(), search.alpha)]


@pytest.mark.parametrize(("space", "name"), CASES)
def test_every_search_stays_on_its_device(space: str, name: str, cuda: PretendedCuda) -> None:
    there = FEW if (space, name) == ("darts", "darts1+pt") else SPACES[space]
    search, (train, val) = search_of(name, there, "cuda:1"), on("cuda:1")
    search.on_epoch(3, 0.9)
    if name == "pdarts":  # its first step begins a stage: another network
        search.step(train, val)
    cuda.reset()
    search.step(train, val)
    assert sum(cuda.waits.values()) <= WAITS.get(name, 0), cuda.waits
    if name.endswith("+pt"):
        search.steps = 1  # type: ignore[attr-defined]
    search.select(iter([(train, val)] * 1000))
    search.genotype()
    if name == "rarts" and space == "nats":
        largest_eigenvalue(search, val)
    assert {device_of(flat) for flat in flats(search)} == {torch.device("cuda:1")}


@pytest.mark.parametrize("name", dict.fromkeys([*(n for n in NAMES if takes(n, SPACES["nats"])), *PARTED]))
def test_a_state_from_the_cpu_goes_on_on_the_device(name: str, cuda: PretendedCuda) -> None:
    """The device's next step is the CPU's but for rounding: a cell's sums have another order there."""
    here, there = search_of(name, SPACES["nats"], "cpu"), search_of(name, SPACES["nats"], "cuda:1")
    here.on_epoch(3, 0.9)
    here.epoch([(on("cpu")[0], on("cpu")[1])])
    # As the harness does: a checkpoint's tensors come back on the CPU.
    state = deepcopy(here.state_dict())
    if name == "pdarts":  # its dropout is drawn on the device
        with pytest.raises(RuntimeError, match="another device's generator"):
            there.load_state_dict(state)
        return
    there.load_state_dict(state)
    for search, (train, val) in ((here, on("cpu")), (there, on("cuda:1"))):
        search.on_epoch(4, 0.95)
        cuda.reset()
        search.step(train, val)
    waits = cuda.waits.copy()
    assert {device_of(flat) for flat in flats(there)} == {torch.device("cuda:1")}
    for ours, theirs in zip(flats(there), flats(here), strict=True):
        assert torch.allclose(ours.detach().cpu(), theirs.detach(), rtol=1e-5, atol=1e-6)
    if "+" in name:
        assert sum(waits.values()) <= WAITS.get(name, 0), waits


@pytest.mark.parametrize(("count", "most"), [(1, 2), (3, 7), (5, 8), (7, 8), (4, 8)])
def test_a_narrow_layer_is_widened_as_pooling_would(count: int, most: int, cuda: PretendedCuda) -> None:
    """To the bit forwards; backwards the same sums, whose order does not change from run to run."""
    mine = torch.randn(2, count, 6, generator=seeded("x")).to("cuda").requires_grad_()
    theirs = mine.detach().cpu().requires_grad_()
    slope = torch.randn(2, most, 6, generator=seeded("slope"))
    torch.use_deterministic_algorithms(True)
    ours, pooled = widened(mine, most), F.adaptive_avg_pool2d(theirs, (most, 6))
    assert torch.equal(ours.detach().cpu(), pooled.detach())
    (ours * slope.to("cuda")).sum().backward()
    (pooled * slope).sum().backward()
    assert mine.grad is not None and theirs.grad is not None
    assert torch.allclose(mine.grad.cpu(), theirs.grad, rtol=1e-6, atol=1e-7)
