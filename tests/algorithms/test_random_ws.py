"""Random search with weight sharing: what it trains, what it judges by, and what that costs."""

from __future__ import annotations

from functools import partial
from itertools import repeat

import pytest
import torch
from searches import make_batch, make_search, seeded

from algorithms.random_ws import RandomWs
from algorithms.sampling import through
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def random_ws(**hyper: object) -> RandomWs:
    search = make_search("random_ws", Nats(SMALL), **hyper)
    assert isinstance(search, RandomWs)
    return search


def pairs() -> repeat[tuple[object, object]]:
    return repeat((make_batch("train"), make_batch("val", 64)))


def test_supernet_running_one_genotype_equals_the_stand_alone_cell_of_the_same_weights() -> None:
    search = random_ws()
    space = search.space
    generator = seeded("genotypes")
    for _ in range(20):
        genotype = space.sample(generator)
        assert space.discretise(space.one_hot(genotype)) == genotype
        alone = through(space, genotype, search.alpha.views())
        batch = make_batch("val")
        sampled, _ = search.passes.score(search.w.flat, search.alpha.flat, batch, lambda _, m=alone: m)
        whole, _ = search.passes.loss(
            search.w.flat, search.alpha.flat, batch, lambda _, m=alone: type(m)(m.weights, None)
        )
        assert float(sampled) == pytest.approx(float(whole.detach()), rel=1e-4)


def test_only_the_drawn_architectures_weights_train() -> None:
    search = random_ws(weight_decay=0.0)
    before, alpha = search.w.flat.detach().clone(), search.alpha.flat.detach().clone()
    genotype = search.space.sample(search.seeded("sample"))
    twin = random_ws()
    untouched = twin.grad_w(twin.w, make_batch("train"), partial(through, twin.space, genotype)) == 0
    search.step(make_batch("train"), make_batch("val"))
    moved = search.w.flat.detach() != before
    assert moved.any()
    assert untouched.any()
    assert not moved[untouched].any()
    assert torch.equal(search.alpha.flat, alpha)
    assert set(search.passes.take_losses()) == {"train_loss", "train_accuracy"}


def test_the_genotype_is_the_best_of_k_by_the_shared_weights() -> None:
    search = random_ws(k=30, batches=2)
    for _ in range(20):
        search.step(make_batch("train", 32), make_batch("val"))
    state = search.state_dict()
    found = search.select(pairs())
    generator = torch.Generator()
    generator.set_state(state["generator"])
    accuracies = {}
    for _ in range(30):
        genotype = search.space.sample(generator)
        relax = partial(through, search.space, genotype)
        _, hits = search.passes.loss(search.w.flat, search.alpha.flat, make_batch("val", 64), relax)
        accuracies.setdefault(genotype, 100 * float(hits) / 64)
    assert search.genotype() == max(accuracies, key=lambda genotype: accuracies[genotype])
    assert found["val_accuracy"] == pytest.approx(max(accuracies.values()))
    again = random_ws(k=30, batches=2)
    again.load_state_dict(search.state_dict())
    assert again.genotype() == search.genotype()


def test_what_judges_is_counted_beside_what_trains() -> None:
    search = random_ws(k=7, batches=3)
    search.step(make_batch("train"), make_batch("val"))
    trained = search.counts.macs
    search.select(pairs())
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (1 + 7 * 3, 1, 0)
    # No architecture is cheaper than stem and classifier, none dearer than six 3 × 3 convolutions.
    costs = {}
    for kind in ("none", "nor_conv_3x3"):
        genotype = f"|{kind}~0|+|{kind}~0|{kind}~1|+|{kind}~0|{kind}~1|{kind}~2|"
        probe = random_ws()
        relax = partial(through, probe.space, genotype)
        probe.passes.score(probe.w.flat, probe.alpha.flat, make_batch("val", 64), relax)
        costs[kind] = probe.counts.macs
    assert 21 * costs["none"] < counts.macs - trained < 21 * costs["nor_conv_3x3"]
