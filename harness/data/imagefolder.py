"""A folder of image files, one subfolder a class (torchvision's ImageFolder), decoded once into memory."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as transforms

from harness.data import DATASETS
from harness.data.images import Images, check_memory, digest
from harness.data.source import Source
from results.errors import BadInput


@DATASETS.register
class Folders(Source):
    """Image files under train and val, one subfolder a class (torchvision's ImageFolder); can be streamed."""

    name = "imagefolder"
    order = 3
    classes = None
    image_size = 224
    top5 = True

    def read(self, folder: Path, image_size: int | None, download: bool) -> Images:
        """The images under ``train`` and ``val`` of ``folder`` (or of ``folder/<name>``) as RGB at ``image_size``.

        The shorter side is resized to ``image_size`` (224 where None; bilinear, antialiased), then the centre is
        cropped. ``val`` becomes the test part. Raises BadInput where the folders are missing or disagree in their
        classes, where an image cannot be decoded, or where the pixels pass the memory limit; nothing here can be
        downloaded.
        """
        size = self.image_size if image_size is None else image_size
        train, test = self.files(folder)
        check_memory(len(train) + len(test), 3, size)
        parts = *_decoded(train, size), *_decoded(test, size)
        return Images(*parts, len(train.classes), describe(train, test), digest_of_files(train, test))

    def files(self, folder: Path) -> tuple[ImageFolder, ImageFolder]:
        """``train`` and ``val`` of ``folder`` (or of ``folder/<name>``), listed, no image opened.

        Raises BadInput where they are missing or disagree in their classes.
        """
        return open_image_folders(self.name, folder)


def open_image_folders(name: str, folder: Path) -> tuple[ImageFolder, ImageFolder]:
    """``train`` and ``val`` of ``folder`` (or of ``folder/<name>``), listed, no image opened.

    Raises BadInput where they are missing or disagree in their classes.
    """
    roots = (folder, folder / name)
    root = next((r for r in roots if (r / "train").is_dir() and (r / "val").is_dir()), None)
    if root is None:
        raise BadInput(
            f"{name}: no train and val folders in {folder}; say where they are with --data-dir DIR "
            "(there is nothing to download)"
        )
    train, test = _open(root / "train"), _open(root / "val")
    if train.classes != test.classes:
        odd = sorted(set(train.classes) ^ set(test.classes))[0]
        raise BadInput(f"{name}: class folder {odd} is in only one of train and val of {root}; give both the same")
    return train, test


def describe(train: ImageFolder, test: ImageFolder) -> str:
    """What was found, in words."""
    return f"image folders of {len(train.classes)} classes: {len(train):,} training and {len(test):,} test images"


def digest_of_files(*parts: ImageFolder) -> str:
    """The digest of the files' places below their part's folder and of their sizes; no file is opened."""
    files = ((Path(path), Path(part.root)) for part in parts for path, _ in part.samples)
    return digest(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode() for path, root in files)


def _open(folder: Path) -> ImageFolder:
    try:
        return ImageFolder(folder)
    except FileNotFoundError as error:
        reason = str(error).splitlines()[0]
        raise BadInput(
            f"{folder} is no image folder ({reason}); it needs a subfolder of images for every class"
        ) from error


def decode(path: str) -> Image.Image:
    """The image in a file, as RGB. Raises BadInput, naming the file, where it cannot be decoded."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except OSError as error:
        raise BadInput(f"{path} cannot be decoded ({error}); remove or replace the file") from error


def _decoded(images: ImageFolder, size: int) -> tuple[Tensor, Tensor]:
    pixels = torch.empty(len(images), 3, size, size, dtype=torch.uint8)
    for i, (path, _) in enumerate(images.samples):
        small = transforms.resize(decode(path), size)
        pixels[i] = transforms.pil_to_tensor(transforms.center_crop(small, [size, size]))
    return pixels, torch.tensor(images.targets)
