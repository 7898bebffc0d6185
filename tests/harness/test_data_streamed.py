"""Streamed image folders: torchvision's crops, reproducible batches, bit-exact resumption, shares, faults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, PILToTensor, RandomResizedCrop, Resize

from harness.config.request import Request
from harness.data import (
    ALONE,
    Shard,
    StreamedBatches,
    StreamedDataset,
    generator,
    load,
    open_streamed,
    streamed_evaluation,
)
from harness.data.imagefolder import decode
from harness.data.random_crop import RATIO, SCALE, random_crop, varied
from harness.data.streamed import centre
from harness.planning.retrainings import plan_retrainings
from results.errors import BadInput
from spaces.base import Batch

SIZE = 16


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StreamedDataset:
    """Four classes of imagenet20, 100 training and 50 test images each."""
    if not (folder := os.environ.get("HARNESS_TEST_DATA")):
        pytest.skip("HARNESS_TEST_DATA is unset: no real data to read")
    source, few = Path(folder) / "small" / "imagenet20", tmp_path_factory.mktemp("few")
    for part in ("train", "val"):
        (few / part).mkdir()
        for name in sorted(f.name for f in (source / "train").iterdir())[:2]:
            (few / part / name).symlink_to(source / part / name)
    return open_streamed("imagefolder", few, SIZE)


def stream(data: StreamedDataset, shard: Shard = ALONE, seed: int = 0, threads: int = 2) -> StreamedBatches:
    order, augment = generator(seed, "order"), generator(seed, "augment")
    return StreamedBatches(data, 24, order, augment, flip=True, threads=threads, shard=shard)


def same(mine: Batch, theirs: Batch) -> bool:
    return torch.equal(mine.x, theirs.x) and torch.equal(mine.y, theirs.y)


@settings(deadline=None, max_examples=200)
@given(width=st.integers(1, 3000), height=st.integers(1, 3000), seed=st.integers(0, 2**62))
def test_a_crop_lies_inside_the_image_and_is_torchvisions(width: int, height: int, seed: int) -> None:
    top, left, h, w = crop = random_crop(width, height, torch.Generator().manual_seed(seed))
    assert 0 <= top <= top + h <= height and 0 <= left <= left + w <= width and h >= 1 and w >= 1
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        image = torch.empty(1, 1, 1).expand(3, height, width)
        assert crop == RandomResizedCrop.get_params(image, list(SCALE), list(RATIO))


def test_one_seed_gives_one_stream_whatever_the_threads_and_another_a_different_one(data: StreamedDataset) -> None:
    first, again, other = stream(data), stream(data, threads=1), stream(data, seed=1)
    assert first.steps_per_epoch == 8
    for _ in range(10):
        batch = next(first)
        assert batch.x.shape == (24, 3, SIZE, SIZE) and batch.x.is_contiguous()
        assert same(batch, next(again)) and not same(batch, next(other))


@pytest.mark.parametrize("taken", [0, 3, 8, 11])
def test_a_resumed_stream_goes_on_bit_for_bit(data: StreamedDataset, taken: int) -> None:
    first, resumed = stream(data), stream(data, seed=9)
    next(resumed)
    for _ in range(taken):
        next(first)
    resumed.load_state_dict(first.state_dict())
    for _ in range(7):
        assert same(next(resumed), next(first))


def test_an_epoch_holds_every_image_once_with_its_own_label(data: StreamedDataset, monkeypatch: Any) -> None:
    seen: list[str] = []

    def record(path: str, size: int, flip: bool, seed: int) -> torch.Tensor:
        seen.append(path)
        return varied(path, size, flip, seed)

    monkeypatch.setattr("harness.data.streamed.varied", record)
    batches = stream(data, threads=1)
    labels = torch.cat([next(batches).y for _ in range(batches.steps_per_epoch)])
    assert len(seen) == len(set(seen)) == 192 and set(seen) <= set(data.train_files)
    label = dict(zip(data.train_files, data.train_y.tolist(), strict=True))
    assert labels.tolist() == [label[path] for path in seen]


def test_the_shares_of_three_processes_are_the_whole_batch(data: StreamedDataset) -> None:
    whole, shares = stream(data), [stream(data, Shard(rank, 3)) for rank in range(3)]
    for _ in range(3):
        parts = [next(share) for share in shares]
        assert same(Batch(torch.cat([p.x for p in parts]), torch.cat([p.y for p in parts])), next(whole))


def test_a_crop_is_resized_as_torchvisions_and_mirrored_half_of_the_time(data: StreamedDataset) -> None:
    path, mirrored = data.train_files[0], 0
    for seed in range(40):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            expected = PILToTensor()(RandomResizedCrop(SIZE)(decode(path)))
        found = varied(path, SIZE, True, seed)
        assert torch.equal(varied(path, SIZE, False, seed), expected)
        assert torch.equal(found, expected) or torch.equal(found, expected.flip(-1))
        mirrored += not torch.equal(found, expected)
    assert 10 <= mirrored <= 30


def test_the_test_images_are_the_centres_in_order(data: StreamedDataset) -> None:
    chosen = torch.tensor([99, 3, 50, 7, 8])
    batches = list(streamed_evaluation(data, chosen, 2, torch.device("cpu"), 2))
    assert [len(batch.y) for batch in batches] == [2, 2, 1]
    assert torch.equal(torch.cat([batch.y for batch in batches]), data.test_y[chosen])
    oracle = Compose([Resize(18), CenterCrop(SIZE), PILToTensor()])  # 16 · 256 / 224, rounded down
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in data.statistics)
    with Image.open(data.test_files[3]) as image:
        pixels = oracle(image.convert("RGB"))
    torch.testing.assert_close(batches[0].x[1], (pixels / 255 - mean) / std)
    assert torch.equal(centre(data.test_files[3], SIZE), pixels)


def folder_of(root: Path, content: bytes) -> Path:
    for part in ("train", "val"):
        for name in ("a", "b"):
            (root / part / name).mkdir(parents=True)
            for i in range(8):
                (root / part / name / f"{i}.png").write_bytes(content)
    return root


def planned(data_dir: Path, out: Path, *overrides: str, dataset: str = "imagefolder") -> Any:
    request = Request(
        [], "darts", [0], protocol="imagenet", dataset=dataset, overrides=["batch_size=4", *overrides], device="cpu",
        data_dir=data_dir, out=out,
    )  # fmt: skip
    return plan_retrainings(request, None, ["darts_v2"])


def test_planning_opens_no_file_and_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    made = planned(folder_of(tmp_path / "data", b"no picture"), tmp_path / "out")
    assert any("streamed from image folders of 2 classes: 16 training" in note for note in made.notes)
    with pytest.raises(BadInput, match=r"\.png cannot be decoded"):
        load("imagefolder", tmp_path / "data", 8)
    with pytest.raises(BadInput, match=r"\.png cannot be decoded"):
        open_streamed("imagefolder", tmp_path / "data", 8).statistics  # noqa: B018


@pytest.mark.parametrize(
    ("overrides", "dataset", "named"),
    [
        (["crop=4"], "imagefolder", "set evaluation.crop=0"),
        (["cutout=4"], "imagefolder", "evaluation.cutout=0"),
        ([], "digits", "evaluation.stream reads imagefolder, not digits"),
        (["batch_size=17"], "imagefolder", "more than the 16 training images"),
        (["batch_size=6", "processes=4"], "imagefolder", "cannot be shared evenly"),
    ],
)
def test_what_a_streamed_training_cannot_do_is_refused(
    overrides: list[str], dataset: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=named):
        planned(folder_of(tmp_path / "data", b""), tmp_path / "out", *overrides, dataset=dataset)
