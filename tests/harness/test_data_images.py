"""Resizing against slow oracles, and folders of image files against torchvision's own transforms."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, PILToTensor, Resize

from harness.data import images
from harness.data.datasets import load
from results.errors import BadInput


def noise(count: int, channels: int, side: int, seed: int = 0) -> torch.Tensor:
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.integers(0, 256, (count, channels, side, side), dtype=np.uint8))


@given(size=st.integers(1, 6), k=st.integers(1, 5), seed=st.integers(0, 1_000))
def test_a_size_that_divides_averages_exact_areas(size: int, k: int, seed: int) -> None:
    original = noise(2, 2, size * k, seed)
    got = images.resize(original, size)
    for n, c, row, column in np.ndindex(2, 2, size, size):
        area = original[n, c, row * k : (row + 1) * k, column * k : (column + 1) * k].tolist()
        mean = sum(map(sum, area)) / k**2
        # Half a level is the rounding; the float32 mean may fall on the other side of a tie.
        assert abs(int(got[n, c, row, column]) - mean) <= 0.5 + 1e-4


@pytest.mark.parametrize("size", [5, 12, 24, 31, 48])
def test_other_sizes_are_pillows_bilinear_to_one_level(size: int) -> None:
    original = noise(3, 3, 32)
    got = images.resize(original, size)
    for image, small in zip(original, got, strict=True):
        pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((size, size), Image.Resampling.BILINEAR)
        want = torch.from_numpy(np.array(pillow)).permute(2, 0, 1)
        assert (small.int() - want.int()).abs().max() <= 1


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    original = noise(7, 1, 8)
    whole = images.resize(original, 4)
    monkeypatch.setattr(images, "CHUNK", 3)
    assert torch.equal(images.resize(original, 4), whole)


def test_channel_statistics_are_numpys() -> None:
    pixels = noise(5, 3, 9)
    mean, std = images.channel_statistics(pixels)
    exact = pixels.numpy() / 255
    assert mean == pytest.approx(exact.mean((0, 2, 3)), rel=1e-12)
    assert std == pytest.approx(exact.std((0, 2, 3)), rel=1e-12)


def test_images_too_large_for_memory_are_refused_before_they_are_made() -> None:
    many = torch.zeros(1, 3, 32, 32, dtype=torch.uint8).expand(50_000, -1, -1, -1)
    with pytest.raises(BadInput, match=r"50,000 images of 224 x 224 need 7\.0 GiB .* lower image_size"):
        images.resize(many, 224)
    with pytest.raises(BadInput, match="image_size is 0"):
        images.resize(many, 0)


def write_folder(root: Path, classes: dict[str, Image.Image]) -> None:
    for part in ("train", "val"):
        for name, image in classes.items():
            (root / part / name).mkdir(parents=True, exist_ok=True)
            image.save(root / part / name / "a.png")


def test_the_shorter_side_is_resized_and_the_centre_kept(tmp_path: Path) -> None:
    wide = Image.new("RGB", (60, 20), (255, 0, 0))
    wide.paste((0, 200, 0), (16, 0, 44, 20))
    write_folder(tmp_path, {"tall": wide.rotate(90, expand=True), "wide": wide})
    data = load("imagefolder", tmp_path, image_size=10)
    # 60 × 20 becomes 30 × 10, of which the centre 10 columns lie inside the green 8 to 22.
    assert data.train_x.shape == (2, 3, 10, 10)
    assert torch.equal(data.train_x, torch.tensor([0, 200, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 10, 10))
    assert data.train_y.tolist() == [0, 1] and data.classes == 2


def test_grey_images_become_rgb(tmp_path: Path) -> None:
    write_folder(tmp_path / "imagefolder", {"grey": Image.new("L", (8, 8), 77)})
    assert load("imagefolder", tmp_path, image_size=8).test_x.unique().tolist() == [77]


def test_folder_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no train and val folders in"):
        load("imagefolder", tmp_path)
    write_folder(tmp_path, {"a": Image.new("RGB", (8, 8))})
    with pytest.raises(BadInput, match="lower image_size"):
        load("imagefolder", tmp_path, image_size=10**6)
    (tmp_path / "train" / "b").mkdir()
    with pytest.raises(BadInput, match=r"is no image folder \(Found no valid file for the classes b"):
        load("imagefolder", tmp_path, image_size=8)
    (tmp_path / "train" / "b" / "x.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="class folder b is in only one"):
        load("imagefolder", tmp_path, image_size=8)
    (tmp_path / "val" / "b").mkdir()
    (tmp_path / "val" / "b" / "x.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"x\.png cannot be decoded"):
        load("imagefolder", tmp_path, image_size=8)


def test_imagenet_classes_equal_torchvisions_transforms(tmp_path: Path, real_data: Path) -> None:
    source = real_data / "small" / "imagenet20"
    classes = sorted(folder.name for folder in (source / "train").iterdir())[:2]
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        for name in classes:
            (tmp_path / part / name).symlink_to(source / part / name)
    data = load("imagefolder", tmp_path, image_size=48)
    assert data.train_y.bincount().tolist() == [100, 100] and data.test_y.bincount().tolist() == [50, 50]
    oracle = Compose([Resize(48), CenterCrop(48), PILToTensor()])
    files = sorted((source / "val" / classes[1]).iterdir())
    for i in (0, 25, 49):
        with Image.open(files[i]) as image:
            assert torch.equal(data.test_x[50 + i], oracle(image.convert("RGB")))
