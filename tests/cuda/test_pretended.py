"""The pretended device refuses what CUDA refuses, and sees what CUDA would wait for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pretended.cuda import PretendedCuda

REFUSED: dict[str, Callable[[], Any]] = {
    "a sum": lambda: there() + torch.ones(3),
    "a join": lambda: torch.cat([there(), torch.ones(3)]),
    "two devices": lambda: torch.stack([there(), torch.ones(3, device="cuda:1")]),
    "numpy": lambda: there().numpy(),
    "the CPU's generator": lambda: torch.rand(3, device="cuda", generator=torch.Generator()),
    "a generator's state": lambda: torch.Generator().set_state(torch.Generator("cuda").get_state()),
    "a module": lambda: torch.nn.Linear(3, 3)(there()),
    "a third device": lambda: torch.empty(3, device="cuda:2"),
    "pinned": lambda: there().pin_memory(),
}


def there() -> torch.Tensor:
    return torch.ones(3, device="cuda")


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cuda_refuses_is_refused(fault: str, cuda: PretendedCuda) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        REFUSED[fault]()


def test_a_scalar_of_the_cpu_enters_a_kernel_and_the_result_is_real(cuda: PretendedCuda) -> None:
    total = there() + torch.tensor(1.0)
    assert total.device == torch.device("cuda:0") and total.is_cuda and not total.is_cpu
    assert float(total.sum()) == 6


def test_a_wait_is_counted_where_the_host_needs_a_number(cuda: PretendedCuda) -> None:
    x, y = there(), torch.ones(3).to("cuda", non_blocking=True)
    cuda.reset()
    _ = (x * y).sum()
    assert cuda.launches == 2 and not cuda.waits
    _ = float(x.sum()), x.tolist(), x.cpu(), torch.ones(3).to("cuda"), torch.cuda.synchronize("cuda:1")
    kinds = {what: count for (what, _), count in cuda.waits.items()}
    assert kinds == {
        "_local_scalar_dense": 1,
        "tolist": 1,
        "device to host": 1,
        "host to device": 1,
        "synchronize 1": 1,
    }


def test_gradients_travel_back_over_a_copy(cuda: PretendedCuda) -> None:
    leaf = torch.ones(3, requires_grad=True)
    (leaf.to("cuda:1") * torch.arange(3.0, device="cuda:1")).sum().backward()
    assert leaf.grad is not None and leaf.grad.device.type == "cpu" and leaf.grad.tolist() == [0, 1, 2]


def test_a_kernel_that_does_not_repeat_is_refused_where_that_is_asked(cuda: PretendedCuda) -> None:
    x = torch.randn(1, 1, 4, 4, device="cuda", requires_grad=True)
    F.adaptive_avg_pool2d(x, (3, 3)).sum().backward()
    torch.use_deterministic_algorithms(True)
    try:
        with pytest.raises(RuntimeError, match="deterministic"):
            F.adaptive_avg_pool2d(x, (3, 3)).sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
