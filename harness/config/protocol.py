"""The named protocols: complete settings per space in YAML, and the overrides that ``--set key=value`` lays on them.

A hyperparameter's value is that of the last of these which gives one:

1. ``Hyper``, the base that all searches share;
2. the protocol, under ``hyper``;
3. the algorithm's own class, where it declares the field: its paper's value;
4. the protocol's section for that algorithm, under ``algorithms`` (``rarts+es``: those of ``rarts``, ``es``, itself);
5. ``--set``.

What the first three give is multiplied by the protocol's ``scale``; what the last two say is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from algorithms import ALGORITHMS
from algorithms.hyper import Fields, Hyper
from harness.config.sections import Augmentation, Budget, Diagnostics, Evaluation, Settings
from harness.config.trial import TrialConfig
from results.errors import BadInput
from results.lookup import lookup, nearest
from spaces import SPACES

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str, ...]

SECTIONS: dict[str, type[BaseModel]] = {
    "augmentation": Augmentation,
    "evaluation": Evaluation,
    "diagnostics": Diagnostics,
}

SCALED = ("arch_lr",)
"""What a protocol may scale: Adam moves α by about steps × rate, so that fewer steps need a higher rate."""

DIGITS = 5
"""Significant digits of a scaled value, one less than a factor has: 3e-4 × 333.333 is 0.1."""


def protocol_names() -> list[str]:
    """The protocols in the package."""
    folder = resources.files("harness.config.protocols")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def protocol_spaces(name: str) -> list[str]:
    """The spaces that a protocol has settings for.

    Raises
    ------
    BadInput
        For a name that is not there, with the nearest.
    """
    return list(_read(name)["spaces"])


@cache
def _read(name: str) -> Mapping[str, Any]:
    """A protocol's file, read once a process; nothing may write to what is returned."""
    lookup("protocol", name, dict.fromkeys(protocol_names()))
    plain: dict[str, Any] = yaml.safe_load(
        resources.files("harness.config.protocols").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    )
    return plain


@dataclass(frozen=True)
class Protocol:
    """One protocol on one space, with the user's overrides: makes the configuration of each trial.

    Frozen: what lays a value on it returns another one. ``raw`` is the space's part of the YAML file, the overrides in
    their places.
    """

    name: str
    space: str
    reduced: bool
    raw: Mapping[str, Any]
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str, space: str) -> Protocol:
        """Read ``name``'s settings for ``space``.

        Raises
        ------
        BadInput
            For a name that is not there, with the nearest, and for a space without settings.
        """
        lookup("space", space, SPACES)
        plain = _read(name)
        if space not in plain["spaces"]:
            only = ", ".join(sorted(plain["spaces"]))
            raise BadInput(f"the protocol {name!r} has no settings for the space {space!r}; it has them for: {only}")
        return cls(name, space, plain["reduced"], plain["spaces"][space])

    @property
    def stands_for(self) -> str:
        """What the protocol is, in words, its scaling included."""
        scaled = [f"{name} × {factor:g} of each algorithm's own" for name, factor in self.scale.items()]
        return "; ".join([self.raw["stands_for"], *scaled])

    @property
    def scale(self) -> Mapping[str, float]:
        """By what the hyperparameters named in ``SCALED`` are multiplied; those at 1 are left out."""
        return {name: float(self.raw.get("scale", {})[name]) for name in SCALED if name in self.raw.get("scale", {})}

    def at(self, path: Path, value: Any) -> Protocol:
        """The protocol with ``value`` in one place of ``raw``."""
        return replace(self, raw=_with(self.raw, path, value))

    def set(self, assignments: Iterable[str]) -> Protocol:
        """The protocol under ``key=value`` overrides, bare keys first, so that the more precise one wins.

        Raises
        ------
        BadInput
            For what is not of that form, and for a key that the space does not have.
        """
        protocol = self
        for assignment in sorted(assignments, key=lambda a: "." in a.partition("=")[0]):
            key, equals, text = assignment.partition("=")
            if not equals:
                raise BadInput(f"--set {assignment!r} is not of the form key=value")
            protocol = protocol.override(key.strip(), parsed(f"--set {assignment}", text))
        return protocol

    def override(self, key: str, value: Any) -> Protocol:
        """The protocol with one value in every place that ``key`` names.

        Raises
        ------
        BadInput
            Where it names none.
        """
        places = self.places(key)
        if not places:
            raise BadInput(
                f"the space {self.space} has no key {key!r}{nearest(key, self.keys())}: "
                f"`python -m harness list keys --space {self.space}` lists them"
            )
        if value is None and self.keys()[key].annotation is str:
            value = ""  # YAML reads what `key=` leaves as nothing, not as an empty text
        raw = self.raw
        for place in places:
            raw = _with(raw, place, value)
        return replace(self, raw=raw, overrides={**self.overrides, key: value})

    def overridden(self, key: str) -> str | None:
        """The key of an override that holds where ``key`` does; None without one."""
        own = set(self.places(key))
        return next((k for k in self.overrides if own.intersection(self.places(k))), None)

    def places(self, key: str) -> list[Path]:
        """Where ``key`` is kept: dotted keys name one section or algorithm, bare keys all that have the field."""
        return [path for known, path, _ in self._fields() if known == key]

    def value(self, key: str) -> Any:
        """What holds in the first place of ``key``, an algorithm's scaled; None where a section leaves its default."""
        path = self.places(key)[0]
        if path[0] == "algorithms":
            return getattr(self.hyper(path[1]), path[2])
        at: Any = self.raw
        for name in path:
            at = at.get(name) if isinstance(at, Mapping) else None
        return at

    def keys(self) -> dict[str, FieldInfo]:
        """Every key that ``--set`` knows on this space, and the field behind it: of a bare key the first one."""
        found: dict[str, FieldInfo] = {}
        for key, _, described in self._fields():
            found.setdefault(key, described)
        return dict(sorted(found.items()))

    def _fields(self) -> Iterator[tuple[str, Path, FieldInfo]]:
        """Key, its place in ``raw``, what describes it."""
        for name, described in Settings.model_fields.items():
            if name not in SECTIONS and name not in ("dataset", "eval_datasets"):
                yield name, ("settings", name), described
        for section, model in SECTIONS.items():
            for name, described in model.model_fields.items():
                yield f"{section}.{name}", ("settings", section, name), described
        for name, described in SPACES[self.space].Options.model_fields.items():
            if name not in ("classes", "image_size", "in_channels"):
                for key in (name, f"space.{name}"):
                    yield key, ("options", name), described
        if self.raw["budget"]["kind"] == "epochs":
            yield "epochs", ("budget", "amount"), Budget.model_fields["amount"]
        for algorithm, cls in ALGORITHMS.items():
            for name, described in cls.Hyper.model_fields.items():
                for key in (name, f"{algorithm}.{name}"):
                    yield key, ("algorithms", algorithm, name), described

    def with_budget(self, text: str) -> Protocol:
        """The protocol under ``epochs=10``, ``macs=1e12`` or ``seconds=600``.

        Raises
        ------
        BadInput
            For anything else.
        """
        kind, _, amount = text.partition("=")
        budget = {"kind": kind, "amount": amount}
        validated("budget", Budget, budget)
        return self.at(("budget",), budget)

    @property
    def settings(self) -> Settings:
        """The settings that every trial shares."""
        return validated("", Settings, self.raw["settings"])

    def hyper(self, algorithm: str) -> Fields:
        """The hyperparameters of one algorithm, by the order of precedence at the top of this file.

        Raises
        ------
        BadInput
            For an unknown algorithm, and for a value that its field does not take.
        """
        model = ALGORITHMS.named(algorithm).Hyper
        own = declared(model)
        given = {n: v for n, v in self.raw.get("hyper", {}).items() if n in model.model_fields and n not in own}
        for name, factor in self.scale.items():
            if name in model.model_fields:
                published = given.get(name, model.model_fields[name].default)
                given[name] = float(f"{published * factor:.{DIGITS}g}")
        sections = self.raw.get("algorithms", {})
        alone, *parts = algorithm.split("+")
        for section in dict.fromkeys([alone, *parts, *(f"{alone}+{part}" for part in parts), algorithm]):
            given |= sections.get(section, {})
        return validated(algorithm, model, given)

    def trial(
        self, algorithm: str, seed: int, image: Mapping[str, int], evaluation: str, data: str = ""
    ) -> TrialConfig:
        """The configuration of one trial; ``image``: the data set's classes and in_channels, ``data`` its digest."""
        settings = self.settings
        options = {**self.raw["options"], **image, "image_size": settings.image_size}
        return TrialConfig(
            algorithm=algorithm,
            seed=seed,
            space=self.space,
            protocol=self.name,
            settings=settings,
            budget=validated("budget", Budget, self.raw["budget"]),
            options=validated("space", SPACES[self.space].Options, options),
            hyper=self.hyper(algorithm),
            evaluation=evaluation,
            data=data,
        )


def declared(model: type[BaseModel]) -> set[str]:
    """The fields that an algorithm's class declares itself, its paper's values, and does not take from ``Hyper``."""
    shared = set(Hyper.__mro__)
    return {name for cls in model.__mro__ if cls not in shared for name in vars(cls).get("__annotations__", {})}


def _with(plain: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of ``plain`` in which ``value`` stands at ``path``; what is not on the way is shared."""
    first, *rest = path
    return {**plain, first: _with(plain.get(first) or {}, tuple(rest), value) if rest else value}


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
    except (yaml.YAMLError, ValueError):
        raise BadInput(f"{where}: {text!r} is no YAML value; write a number, a word, or a closed [a, b]") from None
