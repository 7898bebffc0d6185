"""A folder of image files too large for memory: decoded batch by batch, in threads, one batch ahead of the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as transforms

from harness.data import DATASETS
from harness.data.batches import ALONE, Normalise, Shard, Stream, generator
from harness.data.datasets import data_folder
from harness.data.imagefolder import decode, describe, digest_of_files
from harness.data.images import channel_statistics
from harness.data.random_crop import varied
from spaces.base import Batch

SAMPLE = 512
"""Training images on which mean and standard deviation are estimated: the same for every seed."""


@dataclass(frozen=True)
class StreamedDataset:
    """As ``Dataset``, but its images stay in their files: paths and labels, in ImageFolder's order."""

    name: str
    train_files: Sequence[str]
    train_y: Tensor
    test_files: Sequence[str]
    test_y: Tensor
    classes: int
    image_size: int
    source: str
    folders: tuple[ImageFolder, ImageFolder]
    channels: int = 3
    sample: bool = False

    @cached_property
    def digest(self) -> str:
        """Tells the files from any others; it asks for the size of each, so a job asks once, when it opens them."""
        return digest_of_files(*self.folders)

    @cached_property
    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each channel where 255 is 1, estimated on SAMPLE images cropped as in tests."""
        chosen = torch.randperm(len(self.train_y), generator=generator(0, "statistics"))[:SAMPLE].tolist()
        return channel_statistics(torch.stack([centre(self.train_files[i], self.image_size) for i in chosen]))


def open_streamed(name: str, data_dir: Path | None, image_size: int | None) -> StreamedDataset:
    """The files of a data set, listed and not opened. Raises BadInput where they are missing."""
    known = DATASETS.named(name)()
    train, test = known.files(data_folder(data_dir))
    files = [[path for path, _ in part.samples] for part in (train, test)]
    y = [torch.tensor(part.targets) for part in (train, test)]
    source, size = f"streamed from {describe(train, test)}", image_size or known.image_size
    parts = files[0], y[0], files[1], y[1]
    return StreamedDataset(name, *parts, len(train.classes), size, source, (train, test))


def centre(path: str, size: int) -> Tensor:
    """The centre (3, size, size), uint8, of a file's image whose shorter side was resized to 256 / 224 of ``size``."""
    small = transforms.resize(decode(path), size * 256 // 224)
    pixels: Tensor = transforms.pil_to_tensor(transforms.center_crop(small, [size, size]))
    return pixels


class StreamedBatches(Stream):
    """The stream of training batches of a streamed data set, each image varied by a seed of its own.

    A process decodes its shard's images alone, in ``threads`` threads, the next batch's while this one is worked on.
    """

    def __init__(
        self,
        data: StreamedDataset,
        batch_size: int,
        generator_order: torch.Generator,
        generator_augment: torch.Generator,
        flip: bool,
        device: torch.device | str = "cpu",
        threads: int = 1,
        shard: Shard = ALONE,
    ) -> None:
        self.data, self.flip, self._pool = data, flip, ThreadPoolExecutor(threads)
        self._normalise = Normalise(*data.statistics, torch.device(device))
        super().__init__(len(data.train_y), batch_size, generator_order, generator_augment, device, "all", shard)

    def _draw(self, order: Tensor, generator: torch.Generator) -> None:
        self._order, self._seeds = order, torch.randint(2**62, (self.count,), generator=generator)
        self._ahead: dict[int, list[Future[Tensor]]] = {}

    def _decode(self, position: int) -> list[Future[Tensor]]:
        places, files, size = self._places(position), self.data.train_files, self.data.image_size
        chosen = zip(self._order[places].tolist(), self._seeds[places].tolist(), strict=True)
        return [self._pool.submit(varied, files[i], size, self.flip, seed) for i, seed in chosen]

    def _make(self, position: int) -> Batch:
        images = self._ahead.pop(position, None) or self._decode(position)
        if position + 1 < self.steps_per_epoch:
            self._ahead = {position + 1: self._decode(position + 1)}
        return _batch(images, self.data.train_y[self._order[self._places(position)]], self._normalise, self.half)


def streamed_evaluation(
    data: StreamedDataset, chosen: Tensor, batch_size: int, device: torch.device, threads: int
) -> Iterator[Batch]:
    """The test images ``chosen``, int64 indices, in order and unaugmented; the last batch may be smaller."""
    normalise = Normalise(*data.statistics, device)
    batches = chosen.split(batch_size)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    with ThreadPoolExecutor(threads) as pool:
        ahead: list[Future[Tensor]] = []
        for batch, following in zip([chosen[:0], *batches], [*batches, chosen[:0]], strict=True):
            images, ahead = (
                ahead,
                [pool.submit(centre, data.test_files[i], data.image_size) for i in following.tolist()],
            )
            if images:
                yield _batch(images, data.test_y[batch], normalise, "test")


def _batch(images: list[Future[Tensor]], y: Tensor, normalise: Normalise, half: str) -> Batch:
    device, pixels = normalise.mean.device, torch.stack([image.result() for image in images])
    return Batch(normalise(_sent(pixels, device)), _sent(y, device), half)


def _sent(t: Tensor, device: torch.device) -> Tensor:
    """``t`` on ``device``. From pinned memory a GPU fetches it while the host goes on to the next batch."""
    return t.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else t.to(device)
