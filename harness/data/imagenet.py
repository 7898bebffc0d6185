"""ImageNet, as the mobile setting has it."""

from __future__ import annotations

from harness.data import DATASETS
from harness.data.source import Source


@DATASETS.register
class ImageNet(Source):
    """ImageNet at 224 × 224: its geometry alone; its images are read as an imagefolder."""

    name = "imagenet"
    order = 5
    classes = 1000
    image_size = 224
