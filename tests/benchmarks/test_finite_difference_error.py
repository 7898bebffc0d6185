"""How far DARTS's finite difference is from the exact mixed product on the ReLU supernet, in float64.

Each ReLU that a step of ε crosses makes the gradient jump, so the error falls only once ε crosses none: at r = 1e-8,
which shows that the exact product is right. Where the network is smooth the error falls as ε² (tests/algorithms).
"""

from __future__ import annotations

from typing import Any

from benchmarks.interleaved import note
from benchmarks.mini import Mini

RADII = (0.1, 0.01, 0.001, 1e-8)


def test_error_of_the_finite_difference(double: None, benchmark: Any, mini: Mini) -> None:
    train, val = mini.batches()
    exact = mini.search("darts2", hvp="exact")
    w_ahead = exact.w.ahead(exact.grad_w(exact.w, train), exact.w.lr)
    v, outer = exact.grad_both(w_ahead, val)
    truth = exact.mixed_product(v, train)  # type: ignore[attr-defined]

    def errors() -> dict[float, float]:
        found = {}
        for radius in RADII:
            near = mini.search("darts2", epsilon=radius).mixed_product(v, train)  # type: ignore[attr-defined]
            found[radius] = float((near - truth).norm() / truth.norm())
        return found

    for radius, error in benchmark.pedantic(errors).items():
        note(benchmark, f"relative error of the product at r = {radius:g}", error)
    share = float(exact.w.lr * truth.norm() / outer.norm())
    note(benchmark, "‖ξ product‖ / ‖first-order gradient‖", share)
