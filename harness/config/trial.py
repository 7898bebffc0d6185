"""What one trial is: a frozen, validated configuration, and the hash that names its folder."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Literal, TypedDict

from pydantic import BaseModel, Field, SerializeAsAny

from algorithms import ALGORITHMS
from algorithms.hyper import Fields
from harness.config.sections import Budget, Section, Settings
from results.lookup import lookup
from spaces import SPACES

if TYPE_CHECKING:
    from spaces.base import SpaceOptions
else:
    # Whatever model a space's options are is kept as it is; its base would be imported with torch.
    SpaceOptions = BaseModel


Way = Literal["table", "trained", "pruned", "none"]
"""How what a search found is judged."""


class Digests(TypedDict, total=False):
    """The digests of what a job reads, and which devices of it; as ``Job``'s fields."""

    data: str
    other_data: dict[str, str]
    table: str
    hardware: str
    devices: tuple[str, ...]


class Job(Section):
    """What a process is given to do: everything that decides its record, and nothing else."""

    algorithm: str
    seed: int = Field(ge=0, description="the search's seed")
    space: str
    protocol: str
    settings: Settings
    options: SerializeAsAny[SpaceOptions]
    data: str = Field("", description="digest of the data that are searched or, in a retraining, trained on")
    other_data: dict[str, str] = Field({}, description="digests of the other data sets that are trained on, by name")
    table: str = Field("", description="digest of the table that judges; empty where none does")
    hardware: str = Field("", description="digest of the latencies that were measured on devices; empty without any")
    devices: tuple[str, ...] = Field((), description="those on which the found cell's latency is looked up there")

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the configuration as canonical JSON.

        Fields at their default are left out, so that a field added later, with a default that does what was done
        before, does not disown the trials already run.
        """
        plain = self.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def digests(self) -> dict[str, str]:
        """The digest that each data set had when the job was planned, by the data set's name."""
        return {self.settings.dataset: self.data, **self.other_data}

    @property
    def label(self) -> str:
        """What the user calls it."""
        return f"{self.algorithm} seed {self.seed}"


SAME = {"seed", "space", "protocol", "settings", "options", "budget"}
"""What a trial shares with the one whose record it reads."""


class TrialConfig(Job):
    """A search and its evaluation: one algorithm, one seed, one space, one protocol."""

    budget: Budget
    hyper: SerializeAsAny[Fields]
    evaluation: Way

    def alike(self, algorithm: str) -> dict[str, object]:
        """What the trial by ``algorithm`` whose record this one reads is configured to, but for hyperparameters."""
        return self.model_dump(mode="json", include=SAME) | {"algorithm": algorithm}

    @classmethod
    def parse(cls, plain: dict[str, object]) -> TrialConfig:
        """The configuration that ``model_dump`` wrote, its options and hyperparameters in their own types again.

        Raises BadInput for an algorithm or a space that is not there.
        """
        options = lookup("space", str(plain["space"]), SPACES).Options.model_validate(plain["options"])
        hyper = lookup("algorithm", str(plain["algorithm"]), ALGORITHMS).Hyper.model_validate(plain["hyper"])
        return cls.model_validate(plain | {"options": options, "hyper": hyper})


class Retraining(Job):
    """The training of one architecture, found by a search (``parent``) or given, with a seed of its own."""

    parent: str = Field("", description="the search's trial; empty for an architecture that was given")
    variant: str = ""
    genotype: str
    dataset: str

    @property
    def digests(self) -> dict[str, str]:
        """The digest that the data set which is trained on had when the job was planned."""
        return {self.dataset: self.data}

    @property
    def label(self) -> str:
        """What the user calls it."""
        name = self.variant or f"{self.algorithm} seed {self.seed}"
        return f"{name}, retraining {self.settings.evaluation.seed}"

    @classmethod
    def parse(cls, plain: dict[str, object]) -> Retraining:
        """The configuration that ``model_dump`` wrote, its options in their own type again."""
        options = SPACES[str(plain["space"])].Options.model_validate(plain["options"])
        return cls.model_validate(plain | {"options": options})
