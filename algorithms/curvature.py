"""The largest eigenvalue of ∇²_α L_val, the sign of a collapsing search (Zela et al., ICLR 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor

from algorithms.search import Search
from spaces.base import Batch

TOLERANCE = 1e-2
"""Relative accuracy of the eigenvalue: a diagnostic, not a result."""


def largest_eigenvalue(search: Search, batch: Batch, counted: bool = False) -> float:
    """λ_max of the α-Hessian of the loss on one fixed batch, at the reported network's weights.

    Lanczos (ARPACK) on exact Hessian-vector products, all from one graph. The start vector is fixed, so that the figure
    is the same on every run. 0 where α does not enter the loss, as when every edge is decided; NaN where Lanczos does
    not converge or the loss is not finite. ``counted``: whether the search pays for it, as one that decides by it must.
    """
    products = 0
    alpha = search.alpha.flat.detach().requires_grad_()
    loss, _ = search.passes.loss(search.reported.flat.detach(), alpha, batch)
    (slope,) = torch.autograd.grad(loss, alpha, create_graph=True)
    if not bool(torch.isfinite(slope).all()):
        return float("nan")
    if not bool(slope.any()):
        return 0.0

    def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal products
        products += 1
        v = torch.as_tensor(vector.reshape(-1)).to(slope)
        result: Tensor = torch.autograd.grad(slope, alpha, v, retain_graph=True)[0]
        return result.double().cpu().numpy()

    size = alpha.numel()
    if size == 1:
        return float(product(np.ones(1))[0])
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(size)
    try:
        values: NDArray[Any] = eigsh(
            operator, k=1, which="LA", v0=start, ncv=min(size, 10), tol=TOLERANCE, maxiter=3, return_eigenvectors=False
        )
    except ArpackNoConvergence as error:
        values = error.eigenvalues if len(error.eigenvalues) else np.array([np.nan])
    except ArpackError:
        values = np.array([np.nan])
    slope = slope.detach()  # scipy's operator refers to itself, and through ``product`` would keep the graph
    if counted:
        search.passes.count_hessian(search.reported.flat, alpha, batch, products)
    return float(values[-1])
