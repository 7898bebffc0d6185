"""The named protocols: complete settings per space in YAML, and the overrides that ``--set key=value`` lays on them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from algorithms import ALGORITHMS
from harness.config.sections import Augmentation, Budget, Diagnostics, Evaluation, Settings
from harness.config.trial import TrialConfig
from results.errors import BadInput
from results.lookup import lookup, nearest
from spaces import SPACES

Model = TypeVar("Model", bound=BaseModel)

SECTIONS: dict[str, type[BaseModel]] = {
    "augmentation": Augmentation,
    "evaluation": Evaluation,
    "diagnostics": Diagnostics,
}


def protocol_names() -> list[str]:
    """The protocols in the package."""
    folder = resources.files("harness.config.protocols")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def protocol_spaces(name: str) -> list[str]:
    """The spaces that a protocol has settings for. Raises BadInput for a name that is not there, with the nearest."""
    return list(_read(name)["spaces"])


def _read(name: str) -> dict[str, Any]:
    lookup("protocol", name, dict.fromkeys(protocol_names()))
    plain: dict[str, Any] = yaml.safe_load(
        resources.files("harness.config.protocols").joinpath(f"{name}.yaml").read_text()
    )
    return plain


@dataclass
class Protocol:
    """One protocol on one space, with the user's overrides: makes the configuration of each trial."""

    name: str
    space: str
    stands_for: str
    reduced: bool
    raw: dict[str, Any]
    overrides: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str, space: str) -> Protocol:
        """Read ``name``'s settings for ``space``. Raises BadInput for a name that is not there, with the nearest."""
        lookup("space", space, SPACES)
        plain = _read(name)
        if space not in plain["spaces"]:
            raise BadInput(f"the protocol {name!r} has no settings for the space {space!r}; {_only(plain['spaces'])}")
        raw = copy.deepcopy(plain["spaces"][space])
        return cls(name, space, raw.pop("stands_for"), plain["reduced"], raw)

    def set(self, assignments: Iterable[str]) -> None:
        """Apply ``key=value`` overrides, bare keys first, so that the more precise one wins. Raises BadInput."""
        for assignment in sorted(assignments, key=lambda a: "." in a.partition("=")[0]):
            key, equals, text = assignment.partition("=")
            if not equals:
                raise BadInput(f"--set {assignment!r} is not of the form key=value")
            self.override(key.strip(), parsed(f"--set {assignment}", text))

    def override(self, key: str, value: Any) -> None:
        """Lay one value over every place that ``key`` names. Raises BadInput where it names none."""
        places = self.places(key)
        if not places:
            raise BadInput(
                f"the space {self.space} has no key {key!r}{nearest(key, self.keys())}: "
                f"`python -m harness list keys --space {self.space}` lists them"
            )
        if value is None and self.keys()[key].annotation is str:
            value = ""  # YAML reads what `key=` leaves as nothing, not as an empty text
        for place, name in places:
            place[name] = value
        self.overrides[key] = value

    def overridden(self, key: str) -> str | None:
        """The key of an override that holds where ``key`` does; None without one."""
        own = [(id(place), name) for place, name in self.places(key)]
        return next((k for k in self.overrides if any((id(p), name) in own for p, name in self.places(k))), None)

    def places(self, key: str) -> list[tuple[dict[str, Any], str]]:
        """Where ``key`` is kept: dotted keys name one section or algorithm, bare keys all that have the field."""
        return [(place, name) for known, place, name, _ in self._fields() if known == key]

    def keys(self) -> dict[str, FieldInfo]:
        """Every key that ``--set`` knows on this space, and the field behind it: of a bare key the first one."""
        found: dict[str, FieldInfo] = {}
        for key, _, _, described in self._fields():
            found.setdefault(key, described)
        return dict(sorted(found.items()))

    def _fields(self) -> Iterator[tuple[str, dict[str, Any], str, FieldInfo]]:
        """Key, the section that keeps it, its name there, what describes it."""
        settings, options = self.raw["settings"], self.raw["options"]
        for name, described in Settings.model_fields.items():
            if name not in SECTIONS and name not in ("dataset", "eval_datasets"):
                yield name, settings, name, described
        for section, model in SECTIONS.items():
            for name, described in model.model_fields.items():
                yield f"{section}.{name}", settings.setdefault(section, {}), name, described
        for name, described in SPACES[self.space].Options.model_fields.items():
            if name not in ("classes", "image_size", "in_channels"):
                for key in (name, f"space.{name}"):
                    yield key, options, name, described
        if self.raw["budget"]["kind"] == "epochs":
            yield "epochs", self.raw["budget"], "amount", Budget.model_fields["amount"]
        for algorithm, cls in ALGORITHMS.items():
            own = self.raw.setdefault("algorithms", {}).setdefault(algorithm, {})
            for name, described in cls.Hyper.model_fields.items():
                for key in (name, f"{algorithm}.{name}"):
                    yield key, own, name, described

    def set_budget(self, text: str) -> None:
        """``epochs=10``, ``macs=1e12`` or ``seconds=600``. Raises BadInput for anything else."""
        kind, _, amount = text.partition("=")
        self.raw["budget"] = {"kind": kind, "amount": amount}
        validated("budget", Budget, self.raw["budget"])

    @property
    def settings(self) -> Settings:
        """The settings that every trial shares."""
        return validated("", Settings, self.raw["settings"])

    def trial(
        self, algorithm: str, seed: int, image: Mapping[str, int], evaluation: str, data: str = ""
    ) -> TrialConfig:
        """The configuration of one trial; ``image`` holds the data set's classes and in_channels, ``data`` its digest.

        What the protocol gives an algorithm alone also holds where a selection wraps it: ``rarts+es`` has rarts's.
        """
        model = lookup("algorithm", algorithm, ALGORITHMS).Hyper
        shared = {k: v for k, v in self.raw.get("hyper", {}).items() if k in model.model_fields}
        own, inner = self.raw.get("algorithms", {}), algorithm.partition("+")[0]
        hyper = validated(algorithm, model, shared | own.get(inner, {}) | own.get(algorithm, {}))
        settings = self.settings
        options = self.raw["options"] | dict(image) | {"image_size": settings.image_size}
        return TrialConfig(
            algorithm=algorithm,
            seed=seed,
            space=self.space,
            protocol=self.name,
            settings=settings,
            budget=validated("budget", Budget, self.raw["budget"]),
            options=validated("space", SPACES[self.space].Options, options),
            hyper=hyper,
            evaluation=evaluation,
            data=data,
        )


def validated(where: str, model: type[Model], plain: Mapping[str, Any]) -> Model:
    """``plain`` as ``model``; the first fault as BadInput, in one line."""
    try:
        return model.model_validate(dict(plain))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        raise BadInput(f"{path} = {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None


def parsed(where: str, text: str) -> Any:
    """``text`` as YAML. Raises BadInput where it is none."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise BadInput(f"{where}: {text!r} is no YAML value; write a number, a word, or a closed [a, b]") from None


def _only(spaces: Mapping[str, Any]) -> str:
    return f"it has them for: {', '.join(sorted(spaces))}"
