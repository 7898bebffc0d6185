"""The shape of a data set's images, for questions that need no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from results.lookup import lookup


@dataclass(frozen=True)
class Geometry:
    """Classes, side in pixels, colour channels."""

    classes: int
    image_size: int
    channels: int = 3

    def options(self) -> dict[str, Any]:
        """The same as a space's options."""
        return {"classes": self.classes, "image_size": self.image_size, "in_channels": self.channels}


GEOMETRIES = {
    "digits": Geometry(10, 8, 1),
    "cifar10": Geometry(10, 32),
    "cifar100": Geometry(100, 32),
    "ImageNet16-120": Geometry(120, 16),
    "imagenet": Geometry(1000, 224),
}


def geometry(dataset: str) -> Geometry:
    """A data set's geometry by name. Raises BadInput for one that is not known."""
    return lookup("data set", dataset, GEOMETRIES)
