"""What a trial searches on: its space, its data and split, and the streams of batches, all from its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from algorithms.base import Seeded
from harness.config.sections import Augmentation, Environment
from harness.config.trial import Job
from harness.data import (
    ALONE,
    Augment,
    Batches,
    Dataset,
    Shard,
    Split,
    StreamedDataset,
    evaluation_batches,
    generator,
    load,
    open_streamed,
    split,
)
from results.errors import BadInput
from spaces import SPACES
from spaces.base import Batch, Space
from spaces.contracts import Described, Latencies, Measured, open_table, provides

Read = TypeVar("Read", Dataset, StreamedDataset)


@dataclass
class Task:
    """A configuration's space and data on the environment's device, loaded when first asked for."""

    config: Job
    environment: Environment

    @cached_property
    def device(self) -> torch.device:
        """Where everything runs."""
        return torch.device(self.environment.device)

    @cached_property
    def table(self) -> Described | None:
        """The space's table, or None. Raises BadInput where it judges and is not the one that was planned with."""
        where = self.environment.table
        table = open_table(SPACES[self.config.space], Path(where) if where else None)
        if self.config.table and (table is None or table.digest != self.config.table):
            raise BadInput(
                f"the table that judges is not the one that the run was planned with (digest {self.config.table}): "
                "put that one back and launch the run again, or start a run in another folder"
            )
        return table

    @cached_property
    def latencies(self) -> Latencies | None:
        """What was measured on devices, where the job names some. Raises BadInput where it is not what was planned."""
        if not self.config.devices:
            return None
        space, where = SPACES[self.config.space], self.environment.hardware
        measured = space.measured(Path(where)) if where and provides(space, Measured) else None
        if measured is None or measured.digest != self.config.hardware:
            raise BadInput(
                f"the measured latencies are not those that the run was planned with (digest {self.config.hardware}): "
                "put that file back and launch the run again, or start a run in another folder"
            )
        return measured

    @cached_property
    def space(self) -> Space:
        """The space that is searched."""
        return SPACES[self.config.space](self.config.options, self.table)

    @cached_property
    def data(self) -> Dataset:
        """The data set that is searched on."""
        return self.load(self.config.settings.dataset)

    @cached_property
    def split(self) -> Split:
        """The frozen halves."""
        settings = self.config.settings
        return split(self.data, settings.split, settings.split_seed, settings.limit)

    @property
    def seeded(self) -> Seeded:
        """The trial's generators, by purpose."""
        return partial(generator, self.config.seed)

    def load(self, name: str, image_size: int | None = None) -> Dataset:
        """Any data set at ``image_size``, by default the search's. Raises BadInput as ``checked`` does."""
        folder = self.environment.data_dir
        size = self.config.settings.image_size if image_size is None else image_size
        return self.checked(load(name, Path(folder) if folder else None, size, self.environment.download))

    def stream_files(self, name: str, image_size: int) -> StreamedDataset:
        """A data set whose files are read as a training goes. Raises BadInput as ``checked`` does."""
        folder = self.environment.data_dir
        return self.checked(open_streamed(name, Path(folder) if folder else None, image_size))

    def checked(self, data: Read) -> Read:
        """``data``. Raises BadInput where they are not the ones that the job was planned with and is named after."""
        planned = self.config.digests.get(data.name)
        if planned and data.digest != planned:
            raise BadInput(
                f"the {data.name} data were replaced since the run was planned (digest {planned}, now {data.digest}): "
                "put them back and launch the run again, or start a run in another folder"
            )
        return data

    def half(self, name: str) -> tuple[Tensor, Tensor]:
        """Images and labels of the half ``train`` or ``val``."""
        if name == "train":
            return self.data.train_x[self.split.train], self.data.train_y[self.split.train]
        part = (
            (self.data.train_x, self.data.train_y)
            if self.split.val_part == "train"
            else (self.data.test_x, self.data.test_y)
        )
        return part[0][self.split.val], part[1][self.split.val]

    def stream(self, name: str) -> Batches:
        """The endless augmented batches of one half, from generators of their own."""
        x, y = self.half(name)
        return self.batches(x, y, self.data, self.config.settings.batch_size, self.seeded, name)

    def batches(
        self,
        x: Tensor,
        y: Tensor,
        data: Dataset,
        batch_size: int,
        seeded: Seeded,
        name: str,
        augmentation: Augmentation | None = None,
        shard: Shard = ALONE,
    ) -> Batches:
        """Endless batches of any images, named in their generators; augmented as in the search by default."""
        order, augment = seeded(f"order.{name}"), seeded(f"augment.{name}")
        fields = as_augment(augmentation or self.config.settings.augmentation)
        return Batches(x, y, batch_size, order, augment, fields, data.mean, data.std, self.device, name, shard)

    def fixed(self, images: int, batch_size: int) -> list[Batch]:
        """The first ``images`` of D_v, unaugmented, in batches: what diagnostics look at."""
        x, y = self.half("val")
        data = self.data
        return list(
            evaluation_batches(x[:images], y[:images], batch_size, data.mean, data.std, self.device, half="val")
        )


def as_augment(fields: Augmentation) -> Augment:
    """The configuration's fields as the data package's own type."""
    return Augment(crop=fields.crop, flip=fields.flip, cutout=fields.cutout)
