"""The groups of fields that a protocol fixes, whatever the algorithm."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.config.names import SplitName


class Section(BaseModel):
    """A group of fields: frozen, and closed to unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Augmentation(Section):
    """How a batch of training images is varied."""

    crop: int = Field(0, ge=0, description="pixels of zero padding before a random crop; 0: none")
    flip: bool = Field(False, description="horizontal flips")
    cutout: int = Field(0, ge=0, description="side of the square cut out, in pixels; 0: none")


class Budget(Section):
    """When a search ends. Equal epochs, equal multiply-adds and equal seconds are different comparisons."""

    kind: Literal["epochs", "macs", "seconds"] = "epochs"
    amount: float = Field(
        gt=0, description="length of a search: in epochs, or in the unit of --budget macs=N or seconds=N"
    )

    @model_validator(mode="after")
    def _whole(self) -> Budget:
        if self.kind == "epochs" and not self.amount.is_integer():
            raise ValueError("epochs are whole")
        return self


class Evaluation(Section):
    """How a found architecture is trained where no table answers: from scratch, or a pruned network further."""

    channels: int = Field(16, ge=1, description="the stand-alone network's first width")
    cells: int = Field(5, ge=1, description="its cells: on nats a stage, else in all")
    epochs: int = Field(200, ge=1, description="training length")
    short_epochs: int = Field(12, ge=1, description="training length where a search asks for a validation accuracy")
    batch_size: int = Field(256, ge=1, description="images in a batch of that training")
    lr: float = Field(0.1, gt=0, description="SGD's learning rate, cosine to 0")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD's momentum")
    nesterov: bool = Field(True, description="Nesterov momentum")
    weight_decay: float = Field(5e-4, ge=0, description="L2 decay of the weights")
    schedule: Literal["cosine", "exponential"] = Field("cosine", description="cosine to 0, or × gamma an epoch")
    gamma: float = Field(0.97, gt=0, le=1, description="the exponential schedule's factor an epoch")
    clip: float = Field(0.0, ge=0, description="bound on the gradient's norm; 0: none")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target spread over all classes")
    drop_path: float = Field(0.0, ge=0, lt=1, description="probability of dropping a path at the end, linear from 0")
    auxiliary: float = Field(0.0, ge=0, description="weight of the auxiliary head's loss; 0: no head")
    crop: int | None = Field(None, ge=0, description="padding before a random crop; default: the search's")
    cutout: int | None = Field(None, ge=0, description="side of the square cut out; default: the search's")
    image_size: int | None = Field(None, ge=4, description="side of the images; default: the search's")
    amp: bool = Field(False, description="mixed precision; off for the paper's numbers")
    channels_last: bool = Field(False, description="channels-last memory format, on GPUs")
    stream: bool = Field(
        False, description="read an image folder's files batch by batch, as random resized crops instead of `crop`"
    )
    processes: int = Field(
        1,
        ge=1,
        description="processes, on CUDA a GPU each, that share each batch of a retraining; batch norm sees a share",
    )
    seed: int = Field(0, ge=0, description="seed of the retraining, apart from the search's")


class Diagnostics(Section):
    """What is measured after each epoch, outside the search's clock."""

    subset: int = Field(1024, ge=1, description="fixed images of D_v on which accuracy is measured")
    lambda_every: int = Field(1, ge=0, description="epochs between eigenvalues of ∇²_α L_val; 0: never")
    lambda_batch: int = Field(64, ge=1, description="fixed images of D_v for the eigenvalue")


class Settings(Section):
    """What a protocol fixes for one space, whatever the algorithm."""

    dataset: str
    eval_datasets: tuple[str, ...]
    image_size: int = Field(ge=4, description="side of the images in pixels; larger ones are scaled down to it")
    split: SplitName = Field("halves", description="what w and α learn from: see --split")
    split_seed: int = Field(0, ge=0, description="seed of the split, independent of the trial's seed")
    limit: int | None = Field(None, ge=2, description="use only so many images of each half; default: all")
    batch_size: int = Field(64, ge=1, description="images of each half in a step")
    augmentation: Augmentation = Augmentation()
    evaluation: Evaluation = Evaluation()
    diagnostics: Diagnostics = Diagnostics()
    checkpoint_every: int = Field(1, ge=1, description="epochs between checkpoints")


class Comparison(Section):
    """One comparison, resolved: what a run's ``config.yaml`` says, and what its trials have in common.

    Nothing that runs later goes back to the request or to a protocol's file.
    """

    space: str
    protocol: str
    dataset: str
    eval_datasets: tuple[str, ...]
    evaluation: str
    split: str
    budget: dict[str, object]
    overrides: dict[str, object] = Field(description="what --set gave")
    known: dict[str, object] = Field(
        description="overrides that planning found out: latencies, the weight of ℓ1 where all have one"
    )
    vary: tuple[dict[str, object], ...] = Field(description="a sweep's points; none: no sweep")
    algorithms: tuple[str, ...]
    seeds: tuple[int, ...]
    stands_for: str
    reduced: bool = Field(description="whether the protocol is smaller than the paper's")
    settings: dict[str, object] = Field(description="the protocol's part for this space, overrides in their places")
    data: str = Field(description="what was read, in words")
    data_digest: str
    other_data: dict[str, str] | None = Field(None, description="digests of other data sets that are trained on")
    changed: tuple[str, ...] = Field(description="what beside overrides makes it another comparison than its protocol")
    split_description: str | None = None
    table: str | None = Field(None, description="the table that judges, in words")
    plugins: dict[str, str] | None = Field(None, description="modules from outside the package, with their digests")
    table_digest: str | None = Field(None, description="tells its figures from any other table's")
    hardware: str | None = Field(None, description="latencies that were measured on devices, in words")
    devices: tuple[str, ...] | None = Field(None, description="whose latency of each found cell is in the records")
    hardware_digest: str | None = Field(None, description="tells those latencies from any other file's")
    fronts: dict[str, dict[str, str]] | None = Field(
        None, description="by data set and column of a cost: the space's exact Pareto front, pairs of cost and error"
    )
    command: str = ""

    FROZEN: ClassVar[tuple[str, ...]] = (
        *("space", "protocol", "dataset", "eval_datasets", "evaluation", "split", "budget", "overrides", "vary"),
        *("devices", "hardware_digest", "known", "data_digest", "other_data", "table_digest", "plugins"),
    )
    """What may not change when a run is opened again; algorithms and seeds may be added."""


class Environment(Section):
    """Where and on what trials run: nothing here may change a record, so nothing here is in a trial's hash."""

    run: str = Field(description="the run's folder")
    data_dir: str | None = None
    download: bool = False
    table: str | None = None
    hardware: str | None = Field(None, description="the file of latencies that were measured on devices")
    device: str = "cpu"
    threads: int = Field(1, ge=1)
    gpus: float = Field(0.0, ge=0, description="GPUs of each trial, fractions too")
    cuda_graphs: bool = Field(False, description="capture a search's passes as CUDA graphs")
    keep_supernet: bool = Field(False, description="leave the trained supernet in the trial's folder")
    address: str | None = Field(None, description="the Ray cluster; none: one of this run's own")
    serial: bool = Field(False, description="one trial after the other, without Ray")
    log: tuple[str, ...] = ()
    plugins: tuple[str, ...] = Field((), description="modules and files that a trial's process imports first")
