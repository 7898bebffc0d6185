"""Selection around other searches: DARTS-ES stops before a rise, DARTS-PT picks what brute force picks."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
import torch
from searches import make_batch, make_search

from algorithms import ALGORITHMS
from algorithms.curvature import largest_eigenvalue
from algorithms.early_stopping import EarlyStopping
from algorithms.perturbation import Perturbation
from spaces.nats import Nats, NatsOptions
from spaces.nats_cell import OPERATIONS

SMALL = NatsOptions(channels=2, cells=1, image_size=8)
PAIRS = [(make_batch("train"), make_batch("val", 64)) for _ in range(2)]


def stopping(**hyper: object) -> EarlyStopping:
    search = make_search("darts1+es", Nats(SMALL), **hyper)
    assert isinstance(search, EarlyStopping)
    return search


def name_of(epoch: int) -> torch.Tensor:
    """An α whose genotype tells the epoch."""
    digits = [epoch // 5**i % 5 for i in range(6)]
    return torch.eye(5)[digits].flatten()


def measure(search: EarlyStopping, eigenvalues: list[float]) -> list[str]:
    genotypes = []
    for value in eigenvalues:
        search.epochs_done = search.hyper.es_every * len(search.measured)
        with torch.no_grad():
            search.alpha.flat.copy_(name_of(search.epochs_done))
        genotypes.append(search.space.discretise(search.alpha.views()))
        search.measure(value)
        if search.stopped:
            break
    return genotypes


def test_early_stopping_returns_the_genotype_from_before_the_rise() -> None:
    search = stopping(es_start=0)
    calm, rising = [1.0] * 12, [1.5, 2.0, 2.5, 3.0]
    genotypes = measure(search, calm + rising)
    # Averages of five: 1, then 1.1, 1.3 and, with 2.5, 1.6: the first above 1.3 times the one four measurements before.
    # That one spans measurements 7 to 11, whose middle is the ninth.
    assert search.stopped
    assert len(genotypes) == 15
    assert search.genotype() == genotypes[8]
    assert np.mean((calm + rising)[6:11]) == 1.0


@pytest.mark.parametrize("values", [[2.0] * 30, list(np.linspace(2, 2.4, 30)), [3.0 - 0.05 * i for i in range(30)]])
def test_without_a_rise_the_search_goes_on_and_keeps_its_own_genotype(values: list[float]) -> None:
    search = stopping(es_start=0)
    genotypes = measure(search, values)
    assert not search.stopped
    assert search.genotype() == genotypes[-1]


def test_a_rise_before_the_first_allowed_epoch_stops_nothing() -> None:
    search = stopping(es_start=100)
    measure(search, [1.5**i for i in range(20)])
    assert not search.stopped


def their_decision(eigenvalues: list[float]) -> tuple[int, int] | None:
    """By the published rule, told in epochs: (that of the decision, that of the genotype returned); None without one.

    λ_max is known after epochs 0, 2, …; an average over five stands for the epoch four before its newest; two averages
    are compared that stand eight epochs apart, where the older one stands for epoch 10 or later.
    """
    known = dict(zip(range(0, 1000, 2), eigenvalues, strict=False))

    def average(middle: int) -> float:
        return float(np.mean([known[middle + shift] for shift in (-4, -2, 0, 2, 4)]))

    for epoch in known:
        newer, older = epoch - 4, epoch - 12
        if older >= 10 and average(newer) / average(older) > 1.3:
            return epoch, older
    return None


@pytest.mark.parametrize("first", range(26))
def test_the_decision_falls_where_the_authors_falls(first: int) -> None:
    search = stopping()
    eigenvalues = [1.0] * first + [1.0 + 0.2 * i for i in range(26 - first)]
    genotypes = measure(search, eigenvalues)
    theirs = their_decision(eigenvalues)
    assert search.stopped == (theirs is not None)
    if theirs is not None:
        decision, returned = theirs
        assert search.epochs_done == decision >= 22
        assert search.genotype() == genotypes[returned // 2]


def test_the_first_decision_is_the_authors_twelfth_measurement_after_epoch_22() -> None:
    search = stopping()
    measure(search, [1.5**i for i in range(20)])
    assert (len(search.measured), search.epochs_done) == (12, 22)
    assert search.measured[5][0] == 10 and search.genotype() == search.measured[5][2]
    assert type(search).least_epochs(search.hyper) == 24


def test_measured_after_even_epochs_from_0_but_not_after_the_last() -> None:
    search = stopping()
    for epoch in range(5):
        search.on_epoch(epoch, epoch / 5)
        search.epoch(PAIRS)
    assert [epoch for epoch, _, _ in search.measured] == [0, 2]
    assert search.last


@pytest.mark.parametrize(
    ("every", "window", "delta", "start"), [(1, 2, 2, 2), (1, 3, 2, 4), (1, 2, 1, 1), (2, 5, 4, 10)]
)
def test_with_the_fewest_epochs_it_can_stop_and_with_one_less_not(
    every: int, window: int, delta: int, start: int
) -> None:
    search = stopping(es_every=every, es_window=window, es_delta=delta, es_start=start)
    least = type(search).least_epochs(search.hyper)
    steep = [1.5**i for i in range(20)]
    usable = [epoch for epoch in range(least - 1) if epoch % every == 0]  # none after the last
    measure(search, steep[: len(usable)])
    assert search.stopped
    search = stopping(es_every=every, es_window=window, es_delta=delta, es_start=start)
    measure(search, steep[: len([epoch for epoch in range(least - 2) if epoch % every == 0])])
    assert not search.stopped


def test_eigenvalue_is_measured_counted_and_in_the_state() -> None:
    search, plain = stopping(es_every=1), make_search("darts1", Nats(SMALL))
    search.epoch(PAIRS)
    plain.epoch(PAIRS)
    assert torch.equal(search.alpha.flat, plain.alpha.flat)
    ((epoch, value, genotype),) = search.measured
    assert (epoch, genotype) == (0, plain.genotype())
    decayed = largest_eigenvalue(plain, PAIRS[-1][1]) + plain.hyper.arch_weight_decay
    assert value == pytest.approx(decayed, rel=1e-5)
    products = (search.counts.alpha_backwards - plain.counts.alpha_backwards - 1) // 2
    assert products >= 10
    assert search.counts.forwards == plain.counts.forwards + 1
    assert search.counts.macs > plain.counts.macs
    other = stopping(es_every=1)
    other.load_state_dict(search.state_dict())
    assert other.measured == search.measured


def perturbed(inner: str = "darts1", **hyper: object) -> Perturbation:
    search = make_search(f"{inner}+pt", Nats(SMALL), arch_lr=0.05, lr=0.1, **hyper)
    assert isinstance(search, Perturbation)
    for epoch in range(15):
        search.on_epoch(epoch, epoch / 15)
        search.epoch(PAIRS)
    return search


def test_perturbation_picks_what_brute_force_picks() -> None:
    search = perturbed(pt_tune_epochs=0, pt_batches=1)
    batch = PAIRS[0][1]
    network = search.space.supernet()
    pieces = torch.split(search.w.flat.detach(), [p.numel() for p in network.parameters()])
    tensors = {n: t.view(p.shape) for t, (n, p) in zip(pieces, network.named_parameters(), strict=True)}

    def hits(weights: torch.Tensor) -> int:
        mix = search.space.relax({"cell": torch.zeros(6, 5)})
        logits = torch.func.functional_call(network, tensors, (batch.x, type(mix)({"cell": weights})))
        return int((logits.argmax(1) == batch.y).sum())

    weights = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    order = torch.randperm(6, generator=search.seeded("sample")).tolist()
    chosen, told = {}, 0
    for edge in order:
        without = []
        for operation in range(5):
            less = weights.clone()
            less[edge, operation] = 0
            without.append(hits(less))
        chosen[edge] = without.index(min(without))
        weights[edge] = torch.eye(5)[chosen[edge]]
        told += len(set(without)) > 1
    assert told >= 3, "without differences nothing is compared"
    by_alpha = search.genotype()
    search.select(cycle(PAIRS))
    operations = [OPERATIONS[chosen[edge]] for edge in range(6)]
    assert [edge.operation for edge in search.space.edges(search.genotype())] == operations
    assert search.genotype() != by_alpha


@pytest.mark.parametrize("inner", ["darts1", "rarts"])
def test_tuning_between_edges_trains_what_is_left_and_is_counted(inner: str) -> None:
    search = perturbed(inner, pt_tune_epochs=1, pt_batches=2)
    before, w = search.counts.as_dict(), search.reported.flat.detach().clone()
    search.select(cycle(PAIRS))
    step = {"darts1": (2, 1, 1), "rarts": (4, 2, 2)}[inner]
    counts = search.counts
    # Six edges of five operations on two batches, and five times two steps.
    assert counts.forwards - before["forwards"] == 6 * 5 * 2 + 5 * 2 * step[0]
    assert counts.weight_backwards - before["weight_backwards"] == 5 * 2 * step[1]
    assert counts.alpha_backwards - before["alpha_backwards"] == 5 * 2 * step[2]
    assert not torch.equal(search.reported.flat, w)
    other = make_search(f"{inner}+pt", Nats(SMALL))
    other.load_state_dict(search.state_dict())
    assert other.genotype() == search.genotype()


def test_every_network_trains_on_at_a_tenth_of_its_own_rate_at_the_start() -> None:
    search = perturbed("rarts", pt_tune_epochs=0, pt_batches=1, lr_y=0.4, lr_min=0.0)
    search.select(cycle(PAIRS))
    rates = {name: network.lr for name, network in search.networks().items()}
    assert rates == pytest.approx({"w": 0.01, "y": 0.04})


def test_an_undecided_supernet_is_that_of_the_search() -> None:
    losses = []
    for name in ("darts1+pt", "darts1"):
        search = make_search(name, Nats(SMALL))
        losses.append(search.passes.loss(search.w.flat.detach(), search.alpha.flat.detach(), make_batch("val"))[0])
    assert torch.equal(*losses)


def test_composed_names_carry_the_fields_of_both() -> None:
    fields = ALGORITHMS["rarts+es"].Hyper.model_fields
    assert {"lam", "beta", "es_window"} <= set(fields)
    assert "lam" not in ALGORITHMS["darts1+pt"].Hyper.model_fields
    assert ALGORITHMS["rarts+es"].title == "RARTS + ES"


def test_once_every_edge_is_decided_the_eigenvalue_is_0() -> None:
    search = perturbed(pt_tune_epochs=0, pt_batches=1)
    search.select(cycle(PAIRS))
    assert search.remaining.complete
    assert largest_eigenvalue(search, PAIRS[0][1]) == 0.0


def test_a_last_epoch_that_the_budget_cuts_short_does_not_shorten_the_scores() -> None:
    search = make_search("darts1+pt", Nats(SMALL))
    assert isinstance(search, Perturbation)
    for count in (2, 1):
        search.epoch(PAIRS[:count])
    assert search.steps == 2


def test_rarts_is_scored_by_the_network_that_does_not_train_on_the_scoring_images() -> None:
    search = perturbed("rarts")
    batch = PAIRS[0][1]
    w, y = (search.passes.score(flat, search.alpha.flat, batch)[1] for flat in (search.w.flat, search.reported.flat))
    assert search.hits([batch]) == float(w) != float(y)


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if "+" in name])
def test_a_selection_keeps_the_defaults_of_what_it_wraps(name: str) -> None:
    inner = ALGORITHMS[name.partition("+")[0]].Hyper()
    assert inner.model_dump().items() <= ALGORITHMS[name].Hyper().model_dump().items()


def test_no_early_stopping_of_stages_whose_supernets_differ() -> None:
    assert "pdarts+es" not in ALGORITHMS
