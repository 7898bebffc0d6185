"""Batched augmentation against one image at a time, by torchvision's functions and DARTS's cutout loop."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import functional as reference

from harness.data.augment import Augment
from harness.data.batches import generator
from results.errors import BadInput

sizes = st.integers(1, 20)
seeds = st.integers(0, 2**32)


def photographs(count: int, channels: int, size: int, seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, channels, size, size), generator=generator(seed, "x"), dtype=torch.uint8)


@given(size=sizes, channels=st.integers(1, 3), crop=st.integers(0, 5), flip=st.booleans(), seed=seeds)
def test_crop_and_flip_equal_torchvision_image_by_image(
    size: int, channels: int, crop: int, flip: bool, seed: int
) -> None:
    augment, images = Augment(crop, flip), photographs(7, channels, size, seed)
    draws = augment.draw(7, size, generator(seed, "augment"))
    moved = augment.move(images, draws)
    for image, (top, left), mirrored, got in zip(images, draws.corners.tolist(), draws.flips, moved, strict=True):
        want = reference.crop(reference.pad(image, [crop] * 4, fill=0), top, left, size, size)
        assert torch.equal(got, reference.hflip(want) if mirrored else want)


def darts_cutout(image: np.ndarray, length: int, row: int, column: int) -> np.ndarray:
    """The mask of ``Cutout`` in DARTS's cnn/utils.py."""
    height, width = image.shape[1:]
    mask = np.ones((height, width), np.float32)
    y1, y2 = np.clip(row - length // 2, 0, height), np.clip(row + length // 2, 0, height)
    x1, x2 = np.clip(column - length // 2, 0, width), np.clip(column + length // 2, 0, width)
    mask[y1:y2, x1:x2] = 0.0
    return image * mask


@given(size=sizes, length=st.integers(0, 24), seed=seeds)
def test_cutout_equals_the_loop_of_darts(size: int, length: int, seed: int) -> None:
    augment = Augment(cutout=length)
    images = torch.randn(5, 2, size, size, generator=generator(seed, "x"))
    draws = augment.draw(5, size, generator(seed, "augment"))
    cut = augment.cut(images, draws)
    for image, (row, column), got in zip(images, draws.centres.tolist(), cut, strict=True):
        assert np.array_equal(got.numpy(), darts_cutout(image.numpy(), length, row, column))


def test_every_corner_and_both_mirrorings_are_drawn_evenly() -> None:
    draws = Augment(crop=2, flip=True).draw(10_000, 16, generator(0, "augment"))
    pairs = torch.bincount(draws.corners[:, 0] * 5 + draws.corners[:, 1])
    assert len(pairs) == 25
    # Five standard deviations of a binomial count: 400 ± 98 and 5,000 ± 250.
    assert ((pairs - 400).abs() < 98).all()
    assert abs(int(draws.flips.sum()) - 5_000) < 250
    assert draws.centres.amin() == 0 and draws.centres.amax() == 15


def test_nothing_is_done_by_default() -> None:
    images = photographs(4, 1, 8, 0)
    draws = Augment().draw(4, 8, generator(0, "augment"))
    assert Augment().move(images, draws) is images
    assert not draws.flips.any() and not draws.corners.any()


@pytest.mark.parametrize("fault", [{"crop": -1}, {"cutout": -4}])
def test_negative_sizes_are_refused(fault: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="0 or more"):
        Augment(**fault)
