"""What a data set is to the harness: its geometry, how it is read, what is customary for it. One class, one file."""

from __future__ import annotations

from abc import ABC
from pathlib import Path
from typing import ClassVar

import torch
from torchvision.datasets import ImageFolder

from harness.data.images import Images
from harness.data.splits import Labelled, Split, random_test_halves
from results.errors import BadInput


class Source(ABC):
    """A data set by its name, before it is read.

    A subclass is registered with ``@DATASETS.register`` and declares what is its own; the first line of its docstring
    is what ``list datasets`` says. One without ``read`` has a geometry alone, for questions that need no data.

    Attributes
    ----------
    name : str
        What ``--dataset`` calls it.
    order : int
        Place in lists, ascending, before the name.
    classes : int or None
        Number of classes; None where only the files tell.
    image_size : int
        Side of the square images in pixels, as they are read where no other is asked for.
    channels : int
        Colour channels.
    photographs : bool
        Shifted or mirrored, an image keeps its class: crop and flip are customary.
    top5 : bool
        Whether the top-5 error is reported as well.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 0
    classes: ClassVar[int | None]
    image_size: ClassVar[int]
    channels: ClassVar[int] = 3
    photographs: ClassVar[bool] = True
    top5: ClassVar[bool] = False

    @property
    def streamed(self) -> bool:
        """Whether its files can be read as a training goes."""
        return type(self).files is not Source.files

    def read(self, folder: Path, image_size: int | None, download: bool) -> Images:
        """All images in memory.

        Parameters
        ----------
        folder : Path
            What holds the data set's folder, or that folder itself.
        image_size : int or None
            The side that is asked for, in pixels; one that ignores it returns its own, which is then resized.
        download : bool
            Whether the data may be fetched into ``folder``.

        Raises
        ------
        BadInput
            In one line, where the data are missing, damaged, not to be downloaded or too large for memory.
        """
        raise BadInput(f"of {self.name} only the images' size is known here, not how to read it: name another data set")

    def files(self, folder: Path) -> tuple[ImageFolder, ImageFolder]:
        """The training and test files, listed and not opened, of a set that can be streamed; arguments as ``read``'s.

        Raises
        ------
        BadInput
            Where the set has no such files, or they are missing.
        """
        raise BadInput(f"{self.name} cannot be streamed: set evaluation.stream=false")

    def nats_split(self, dataset: Labelled, random: torch.Generator) -> Split:
        """The halves of ``--split nats``: by default all training images for w, a random half of the test images for α.

        Raises
        ------
        BadInput
            Where a fixed list does not fit ``dataset``.
        """
        return random_test_halves(dataset, random)

    def options(self) -> dict[str, object]:
        """The geometry as a space's options.

        Raises
        ------
        BadInput
            Where only the files tell the number of classes.
        """
        if self.classes is None:
            raise BadInput(f"how many classes {self.name} has only its files tell: name another data set")
        return {"classes": self.classes, "image_size": self.image_size, "in_channels": self.channels}
