"""The options of every command that starts trials, declared once and given to each command by ``with_options``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, get_args, get_type_hints

from harness.cli import options
from harness.config.request import Evaluate, Request
from results.errors import BadInput
from results.lookup import lookup
from spaces import SPACES
from spaces.contracts import WidthSpace, provides


@dataclass(frozen=True)
class Running:
    """Where things are, and how trials run."""

    protocol: options.Protocol = "quick"
    seeds: options.Seeds = "0,1,2"
    set_: options.Set = None
    data_dir: options.DataDir = None
    download: options.Download = False
    device: options.Device = "auto"
    cpus_per_trial: options.Cpus = 1
    gpus_per_trial: options.Gpus = None
    address: options.Address = None
    serial: options.Serial = False

    def fields(self) -> dict[str, Any]:
        """The fields of a Request that these options decide. Raises BadInput for seeds that are none."""
        plain = ("protocol", "data_dir", "download", "device", "cpus_per_trial", "gpus_per_trial", "address", "serial")
        return {name: getattr(self, name) for name in plain} | {
            "seeds": options.seeds(self.seeds),
            "overrides": self.set_ or [],
            "command": ["python", "-m", "harness", *sys.argv[1:]],
        }


@dataclass(frozen=True)
class Training(Running):
    """What is trained besides, on which data, and where its records go."""

    space: options.Space = "nats"
    dataset: options.Dataset = None
    eval_dataset: options.EvalDataset = None
    out: options.Out = None

    def fields(self) -> dict[str, Any]:
        """The fields of a Request that these options decide. Raises BadInput for what is malformed."""
        return super().fields() | {
            "space": self.space,
            "dataset": self.dataset,
            "eval_datasets": options.names(self.eval_dataset) or None,
            "out": self.out,
        }

    def request(self, algorithms: list[str], **more: Any) -> Request:
        """The request that these options make for ``algorithms``."""
        return Request(**{**self.fields(), "algorithms": algorithms, **more})


@dataclass(frozen=True)
class Comparing(Training):
    """How searches are compared besides."""

    nats: options.Nats = None
    prc: options.Prc = None
    split: options.Split = None
    budget: options.Budget = None
    latency: options.Latency = None
    any_latency: options.AnyLatency = False
    evaluate: options.Evaluate = "auto"
    log: options.Log = None

    def fields(self) -> dict[str, Any]:
        """The fields of a Request that these options decide. Raises BadInput for what is malformed."""
        shared = super().fields()
        return shared | {
            "overrides": shared["overrides"] + self._prc(),
            "table": self.nats,
            "split": self.split,
            "budget": self.budget,
            "latency": self.latency,
            "any_latency": self.any_latency,
            "evaluate": lookup("--evaluate", self.evaluate, dict(zip(WAYS, WAYS, strict=True))),
            "log": options.names(self.log),
        }

    def request(self, algorithms: list[str], **more: Any) -> Request:
        """The request for ``algorithms``. Raises BadInput where two options give one value."""
        for option, keys in ALSO_KEYS.items():
            if getattr(self, option) is not None:
                self._check_alone(option, keys, more.get("points", ()))
        return super().request(algorithms, **more)

    def _check_alone(self, option: str, keys: Collection[str], points: Sequence[Mapping[str, Any]]) -> None:
        """Refuse an override or a variation of what ``option`` gives."""
        overridden = [assignment.partition("=")[0].strip() for assignment in self.set_ or ()]
        named = {"--set": overridden, "--vary": [key for point in points for key in point]}
        for other, given in named.items():
            if both := [key for key in given if key in keys]:
                raise BadInput(
                    f"both --{option} and {other} {both[0]} are given, and one alone can hold: leave one out"
                )

    def _prc(self) -> list[str]:
        """``--prc`` as an override."""
        if self.prc is None:
            return []
        if not provides(lookup("space", self.space, SPACES), WidthSpace):
            raise BadInput(f"--prc {self.prc:g}: the space {self.space} has no channels to prune")
        if not 0 < self.prc < 1:
            raise BadInput(f"--prc {self.prc:g} is not between 0 and 1: give the share to prune, 0.4 for 40 %")
        return [f"space.prc={self.prc:g}"]


ALSO_KEYS = {
    "prc": ("prc", "space.prc"),
    "split": ("split",),
    "budget": ("epochs",),
    "latency": ("latency", "space.latency"),
}
"""Options whose value can be given by --set as well, and the keys that it has there."""

WAYS = get_args(Evaluate)


def with_options(shared: type[Running], **defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of ``shared`` besides its own; it receives them as its argument ``asked``.

    ``defaults`` replace those of ``shared`` for this command.
    """
    hints = get_type_hints(shared, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    given = [
        inspect.Parameter(f.name, keyword, default=defaults.get(f.name, f.default), annotation=hints[f.name])
        for f in fields(shared)
    ]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.name != "asked"]

        @wraps(function)
        def command(**values: Any) -> None:
            asked = shared(**{parameter.name: values.pop(parameter.name) for parameter in given})
            function(asked=asked, **values)

        parameters = [parameter.replace(kind=keyword) for parameter in own] + given
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate
