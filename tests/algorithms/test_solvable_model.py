"""The searches against the closed forms of the paper's solvable model (III-D, Fig. 1)."""

from __future__ import annotations

import pytest
import torch
from searches import make_search

from algorithms.search import Search
from spaces.base import Batch
from spaces.bilevel import Bilevel, BilevelOptions

PLAIN = {
    "lr": 0.02, "lr_min": 0.02, "momentum": 0.0, "weight_decay": 0.0, "clip": 0.0,
    "arch_optimiser": "sgd", "arch_lr": 0.02, "arch_weight_decay": 0.0,
}  # fmt: skip
NOTHING = torch.zeros(1, 1)


def descend(algorithm: str, steps: int, y0: float = 0.0, **hyper: object) -> Search:
    search = make_search(algorithm, Bilevel(BilevelOptions(y0=y0)), **(PLAIN | hyper))
    for _ in range(steps):
        search.step(Batch(NOTHING, NOTHING, "train"), Batch(NOTHING, NOTHING, "val"))
    return search


def position(search: Search) -> list[float]:
    return [p.flat.item() for p in (search.alpha, *search.networks().values())]


@pytest.mark.parametrize(
    ("beta", "lam", "limit"),
    [(15, 15, (1.0526, 1.0175, 0.9474)), (10, 10, (1.0811, 1.0270, 0.9189))],
)
def test_rarts_reaches_the_papers_limits(double: None, beta: float, lam: float, limit: tuple[float, ...]) -> None:
    found = position(descend("rarts", 2_000, beta=beta, lam=lam, shared_init=False))
    assert found == pytest.approx(limit, abs=1e-4)


@pytest.mark.parametrize(("beta", "lam"), [(5, 10), (20, 10), (10, 2), (2, 5)])
def test_rarts_reaches_the_stationary_point_of_its_lagrangian(double: None, beta: float, lam: float) -> None:
    alpha = 4 * beta * lam / (4 * beta * lam - 2 * beta - lam)
    found = position(descend("rarts", 2_000, beta=beta, lam=lam, shared_init=False))
    assert found == pytest.approx([alpha, (2 * beta - 1) / (2 * beta) * alpha, 2 - alpha], abs=1e-6)


def test_darts1_and_milenas_reach_the_spurious_point(double: None) -> None:
    assert position(descend("darts1", 2_000)) == pytest.approx([2, 2], abs=1e-6)
    assert position(descend("milenas", 2_000)) == pytest.approx([2, 2], abs=1e-6)


@pytest.mark.parametrize("hvp", ["exact", "finite_difference"])
@pytest.mark.parametrize("xi", [0.1, 0.25, 0.5])
def test_darts2_reaches_its_own_fixed_point(double: None, hvp: str, xi: float) -> None:
    assert position(descend("darts2", 2_000, xi=xi, hvp=hvp)) == pytest.approx([1 / (0.5 + xi)] * 2, abs=1e-6)


@pytest.mark.parametrize("order", ["gauss_seidel", "jacobi"])
@pytest.mark.parametrize("y0", [-2.0, 0.0, 2.0, 5.0])
def test_theorem_1_the_lagrangian_never_increases(double: None, order: str, y0: float) -> None:
    beta, lam = 10.0, 10.0
    search = make_search(
        "rarts",
        Bilevel(BilevelOptions(y0=y0)),
        **(PLAIN | {"beta": beta, "lam": lam, "shared_init": False, "update_order": order}),
    )
    before = float("inf")
    for _ in range(1_000):
        alpha, w, y = position(search)
        now = y * alpha - 2 * alpha + 1 + beta * (w - alpha) ** 2 + lam / 2 * (y - w) ** 2
        assert now <= before + 1e-12
        before = now
        search.step(Batch(NOTHING, NOTHING, "train"), Batch(NOTHING, NOTHING, "val"))


def test_gauss_seidel_uses_the_newest_values_and_jacobi_the_old_ones(double: None) -> None:
    alpha, w, y, eta, beta, lam = 2.0, -2.0, 0.0, 0.02, 3.0, 5.0

    def grad_w(w_: float) -> float:
        return beta * 2 * (w_ - alpha) + lam * (w_ - y)

    w1 = w - eta * grad_w(w)
    y_new, y_old = (y - eta * (alpha + lam * (y - other)) for other in (w1, w))
    a_new = alpha - eta * (beta * 2 * (alpha - w1) + y_new - 2)
    a_old = alpha - eta * (beta * 2 * (alpha - w) + y - 2)
    fields = {"beta": beta, "lam": lam, "shared_init": False}
    assert position(descend("rarts", 1, **fields)) == pytest.approx([a_new, w1, y_new], abs=1e-12)
    assert position(descend("rarts", 1, update_order="jacobi", **fields)) == pytest.approx(
        [a_old, w1, y_old], abs=1e-12
    )
