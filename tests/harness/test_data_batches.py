"""The stream of batches: every image once an epoch, resumed bit for bit, the same for two algorithms of one seed."""

import hashlib
import io
from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from harness.data.augment import Augment
from harness.data.batches import Batches, evaluation_batches, generator
from results.errors import BadInput
from spaces.base import Batch

MEAN, STD = (0.4, 0.5), (0.2, 0.3)


def half_of(count: int, size: int = 4) -> tuple[Tensor, Tensor]:
    """Images whose label is their own index, so that a batch tells which it holds."""
    x = torch.randint(0, 256, (count, 2, size, size), generator=generator(count, "x"), dtype=torch.uint8)
    return x, torch.arange(count)


def stream(count: int, batch_size: int, augment: Augment, seed: int = 0) -> Batches:
    return Batches(
        *half_of(count), batch_size, generator(seed, "order"), generator(seed, "augment"), augment, MEAN, STD, "cpu"
    )


def same(a: Batch, b: Batch) -> bool:
    return torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and a.half == b.half


counts_and_batches = st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))


@given(shape=counts_and_batches, seed=st.integers(0, 2**63))
def test_an_epoch_holds_each_image_at_most_once_and_drops_only_the_remainder(shape: tuple[int, int], seed: int) -> None:
    count, batch_size = shape
    batches = stream(count, batch_size, Augment(1, True), seed)
    assert batches.steps_per_epoch == count // batch_size
    for _ in range(3):
        labels = torch.cat([batch.y for batch in islice(batches, batches.steps_per_epoch)])
        assert len(labels) == count - count % batch_size
        assert len(labels.unique()) == len(labels)


@settings(deadline=None)
@given(shape=counts_and_batches, position=st.integers(0, 12), ahead=st.integers(0, 9), seed=st.integers(0, 2**63))
def test_a_resumed_stream_is_bit_identical_at_any_position(
    shape: tuple[int, int], position: int, ahead: int, seed: int
) -> None:
    undisturbed = stream(*shape, Augment(1, True, 2), seed)
    list(islice(undisturbed, position))
    saved = io.BytesIO()
    torch.save(undisturbed.state_dict(), saved)
    saved.seek(0)
    # Another seed and another place, so that everything must come from the state.
    resumed = stream(*shape, Augment(1, True, 2), seed + 1)
    list(islice(resumed, ahead))
    resumed.load_state_dict(torch.load(saved, weights_only=True))
    assert all(same(next(undisturbed), next(resumed)) for _ in range(2 * undisturbed.steps_per_epoch + 1))


def test_a_state_is_not_moved_by_the_batches_that_follow_it() -> None:
    batches = stream(10, 3, Augment(1, True))
    next(batches)
    state = batches.state_dict()
    after = list(islice(batches, 7))
    batches.load_state_dict(state)
    assert all(same(a, b) for a, b in zip(after, batches, strict=False))


def test_images_stay_with_their_labels_and_are_normalised() -> None:
    x, y = half_of(9)
    batch = next(stream(9, 9, Augment()))
    mean, std = torch.tensor(MEAN).view(2, 1, 1), torch.tensor(STD).view(2, 1, 1)
    assert not torch.equal(batch.y, y)
    for image, label in zip(batch.x, batch.y, strict=True):
        assert torch.equal(image, (x[label].float() / 255 - mean) / std)
    assert batch.x.dtype is torch.float32 and batch.x.is_contiguous()


def test_a_padded_border_is_black_before_normalisation() -> None:
    white = torch.full((1, 2, 4, 4), 255, dtype=torch.uint8)
    batches = Batches(
        white, torch.zeros(1, dtype=torch.long), 1, generator(0, "o"), generator(0, "a"), Augment(4), MEAN, STD, "cpu"
    )
    values = torch.stack([next(batches).x for _ in range(50)])[:, 0, 0].unique()
    expected = torch.tensor([(0 - MEAN[0]) / STD[0], (1 - MEAN[0]) / STD[0]])
    assert torch.allclose(values, expected)


def test_epochs_differ_and_the_half_is_named() -> None:
    batches = Batches(
        *half_of(30), 30, generator(0, "order"), generator(0, "augment"), Augment(), MEAN, STD, "cpu", half="val"
    )
    first, second = next(batches), next(batches)
    assert first.half == second.half == "val"
    assert not torch.equal(first.y, second.y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to compare with the CPU")
def test_a_gpu_sees_the_batches_of_the_cpu() -> None:
    def on(device: str) -> Batches:
        generators = generator(0, "order"), generator(0, "augment")
        return Batches(*half_of(12), 5, *generators, Augment(1, True, 2), MEAN, STD, device)

    for cpu, gpu in islice(zip(on("cpu"), on("cuda"), strict=True), 7):
        assert torch.equal(cpu.y, gpu.y.cpu())
        # CUDA multiplies by 1 / 255 where the CPU divides: the last bit may differ.
        assert torch.allclose(cpu.x, gpu.x.cpu(), rtol=1e-6, atol=1e-6)


def test_augmentation_and_batch_size_leave_the_order_alone() -> None:
    plain, augmented, larger = stream(12, 3, Augment()), stream(12, 3, Augment(1, True, 2)), stream(12, 6, Augment())
    order = torch.cat([batch.y for batch in islice(plain, 8)])
    assert torch.equal(order, torch.cat([batch.y for batch in islice(augmented, 8)]))
    assert torch.equal(order, torch.cat([batch.y for batch in islice(larger, 4)]))


def test_a_generator_is_a_function_of_seed_and_name_alone() -> None:
    torch.manual_seed(5)
    digest = hashlib.sha256(b"3:batches").digest()
    assert generator(3, "batches").initial_seed() == int.from_bytes(digest[:8], "big") // 2
    drawn = {tuple(torch.rand(3, generator=generator(s, n)).tolist()) for s in (0, 1, 11) for n in ("a", "b", "1:a")}
    assert len(drawn) == 9


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_batch_size_without_a_whole_batch_is_refused(batch_size: int) -> None:
    with pytest.raises(BadInput, match=f"batch_size {batch_size} .* 10 train images; choose 1 to 10"):
        stream(10, batch_size, Augment())


@given(shape=counts_and_batches)
def test_evaluation_sees_all_images_in_order_with_the_last_partial_batch(shape: tuple[int, int]) -> None:
    count, batch_size = shape
    x, y = half_of(count)
    batches = list(evaluation_batches(x, y, batch_size, MEAN, STD, "cpu"))
    assert [len(b.y) for b in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert torch.equal(torch.cat([b.y for b in batches]), y)
    mean, std = torch.tensor(MEAN).view(2, 1, 1), torch.tensor(STD).view(2, 1, 1)
    assert torch.equal(torch.cat([b.x for b in batches]), (x.float() / 255 - mean) / std)


def test_a_channel_that_never_varies_becomes_zero() -> None:
    black, labels = torch.zeros(3, 1, 2, 2, dtype=torch.uint8), torch.zeros(3, dtype=torch.long)
    (batch,) = evaluation_batches(black, labels, 3, (0.0,), (0.0,), "cpu")
    assert torch.equal(batch.x, torch.zeros(3, 1, 2, 2))


def test_evaluation_refuses_an_empty_batch() -> None:
    with pytest.raises(BadInput, match="at least 1"):
        next(evaluation_batches(*half_of(3), 0, MEAN, STD, "cpu"))
