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
from functools import cache, cached_property
from typing import Any, Literal, TypeVar, Unpack, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from algorithms import ALGORITHMS, PARTS
from algorithms.composing import MARK
from algorithms.hyper import Fields
from harness.config.names import protocol_file
from harness.config.plain import SpaceSettings, number, scale, stands_for
from harness.config.sections import Augmentation, Budget, Diagnostics, Evaluation, Settings
from harness.config.trial import Digests, TrialConfig, Way
from results.declared import Described
from results.errors import BadInput
from results.lookup import nearest
from results.registry import fields_of
from spaces import SPACES

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str, ...]

SECTIONS: dict[str, type[BaseModel]] = {
    "augmentation": Augmentation,
    "evaluation": Evaluation,
    "diagnostics": Diagnostics,
}

DIGITS = 5
"""Significant digits of a scaled value, one less than a factor has: 3e-4 × 333.333 is 0.1."""


@dataclass(frozen=True)
class Protocol:
    """One protocol on one space, with the user's overrides: makes the configuration of each trial.

    Frozen: what lays a value on it returns another one. ``raw`` is the space's part of the YAML file, the overrides in
    their places.
    """

    name: str
    space: str
    reduced: bool
    raw: SpaceSettings
    overrides: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str, space: str) -> Protocol:
        """Read ``name``'s settings for ``space``.

        Raises
        ------
        BadInput
            For a name that is not there, with the nearest, and for a space without settings.
        """
        SPACES.known(space)
        plain = protocol_file(name)
        if space not in plain["spaces"]:
            only = ", ".join(sorted(plain["spaces"]))
            raise BadInput(f"the protocol {name!r} has no settings for the space {space!r}; it has them for: {only}")
        return cls(name, space, plain["reduced"], plain["spaces"][space])

    @property
    def stands_for(self) -> str:
        """What the protocol is, in words, its scaling included."""
        return stands_for(self.raw)

    @property
    def scale(self) -> Mapping[str, float]:
        """By what the hyperparameters named in ``SCALED`` are multiplied; those at 1 are left out."""
        return scale(self.raw)

    def at(self, path: Path, value: object) -> Protocol:
        """The protocol with ``value`` in one place of ``raw``."""
        return replace(self, raw=_with(self.raw, path, value))

    def set(self, assignments: Iterable[str] | Mapping[str, object]) -> Protocol:
        """The protocol under overrides, texts ``key=value`` or a mapping; the more precise key wins.

        Raises
        ------
        BadInput
            For what is not of that form, and for a key that the space does not have.
        """
        protocol = self
        for key, value in sorted(pairs(assignments), key=lambda pair: _precision(pair[0])):
            protocol = protocol.override(key, value)
        return protocol

    def override(self, key: str, value: object) -> Protocol:
        """The protocol with one value in every place that ``key`` names.

        Raises
        ------
        BadInput
            Where it names none, and where an algorithm that it names does not take the value.
        """
        places = self.places(key)
        if not places:
            raise BadInput(
                f"the space {self.space} has no key {key!r}{nearest(key, self.keys())}: "
                f"`python -m harness list keys --space {self.space}` lists them"
            )
        if value is None and self.keys()[key].annotation == "str":
            value = ""  # YAML reads what `key=` leaves as nothing, not as an empty text
        raw = self.raw
        for place in places:
            raw = _with(raw, place, value)
            for name, meant in self._preset(place, value).items():
                if self.overridden(f"space.{name}") is None:
                    raw = _with(raw, ("options", name), meant)
        protocol = replace(self, raw=raw, overrides={**self.overrides, key: value})
        if (named := key.rpartition(".")[0]) in ALGORITHMS or named in PARTS:
            protocol.hyper(places[0][1])  # which may not be among those that run, so that nobody would look at it
        return protocol

    def _preset(self, place: Path, value: object) -> Mapping[str, object]:
        """The options that a word of one option stands for (``Space.presets``), in the place of the protocol's own."""
        presets = SPACES.facts(self.space).get("presets") if place[0] == "options" else None
        words = presets.get(place[1]) if isinstance(presets, Mapping) else None
        return words.get(value, {}) if isinstance(words, Mapping) and isinstance(value, str) else {}

    def overridden(self, key: str) -> str | None:
        """The key of an override that holds where ``key`` does; None without one."""
        own = set(self.places(key))
        return next((k for k in self.overrides if own.intersection(self.places(k))), None)

    def places(self, key: str) -> list[Path]:
        """Where ``key`` is kept: a dotted key names a section, an algorithm or a part; a bare one, all with it."""
        return [path for path, _ in self._known.get(key, [])]

    def concerns(self, key: str, algorithms: Iterable[str]) -> bool:
        """Whether a value of ``key`` is one for any of ``algorithms``: a section's or the space's is for all."""
        read = {section for algorithm in algorithms for section in sections_of(algorithm)}
        return any(path[0] != "algorithms" or path[1] in read for path in self.places(key))

    def value(self, key: str) -> object:
        """What holds in the first place of ``key``, an algorithm's scaled; None where a section leaves its default."""
        path = self.places(key)[0]
        if path[0] == "algorithms":
            return self.given(path[1]).get(path[2], hyper_fields(path[1])[path[2]].default)
        at: object = self.raw
        for name in path:
            at = at.get(name) if isinstance(at, Mapping) else None
        return at

    def keys(self) -> dict[str, Described]:
        """Every key that ``--set`` knows on this space, and the field behind it: of a bare key the first one."""
        return {key: places[0][1] for key, places in sorted(self._known.items())}

    @cached_property
    def _known(self) -> dict[str, list[tuple[Path, Described]]]:
        """Of each key, every place in ``raw`` and what describes it."""
        found: dict[str, list[tuple[Path, Described]]] = {}
        for key, path, described in self._fields():
            found.setdefault(key, []).append((path, described))
        return found

    def _fields(self) -> Iterator[tuple[str, Path, Described]]:
        """Key, its place in ``raw``, what describes it."""
        for name, described in described_fields(Settings).items():
            if name not in SECTIONS and name not in ("dataset", "eval_datasets"):
                yield name, ("settings", name), described
        for section, model in SECTIONS.items():
            for name, described in described_fields(model).items():
                yield f"{section}.{name}", ("settings", section, name), described
        for name, described in SPACES.fields(self.space, "Options").items():
            if name not in ("classes", "image_size", "in_channels"):
                for key in (name, f"space.{name}"):
                    yield key, ("options", name), described
        if self.raw["budget"]["kind"] == "epochs":
            yield "epochs", ("budget", "amount"), described_fields(Budget)["amount"]
        for algorithm in ALGORITHMS:
            _, _, part = algorithm.partition(MARK)
            of_part = declared(PARTS.fields(part, "Hyper")) if part else set()
            for name, described in hyper_fields(algorithm).items():
                for key in (name, f"{algorithm}.{name}", *([f"{part}.{name}"] if name in of_part else [])):
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
        return validated(algorithm, ALGORITHMS.named(algorithm).Hyper, self.given(algorithm))

    def given(self, algorithm: str) -> dict[str, object]:
        """What the protocol and ``--set`` say of an algorithm's hyperparameters; the rest have their defaults."""
        fields = hyper_fields(algorithm)
        own = declared(fields)
        given = {n: v for n, v in self.raw.get("hyper", {}).items() if n in fields and n not in own}
        for name, factor in self.scale.items():
            if name in fields:
                published = number(given.get(name, fields[name].default))
                given[name] = float(f"{published * factor:.{DIGITS}g}")
        sections = self.raw.get("algorithms", {})
        for section in sections_of(algorithm):
            given |= sections.get(section, {})
        return given

    def trial(
        self, algorithm: str, seed: int, image: Mapping[str, int], evaluation: Way, **digests: Unpack[Digests]
    ) -> TrialConfig:
        """The configuration of one trial; ``image``: the data's classes and in_channels; ``digests``: see Job."""
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
            **digests,
        )


SHARED = "Hyper"
"""The class of the hyperparameters that all searches share."""


def hyper_fields(algorithm: str) -> dict[str, Described]:
    """The hyperparameters of an algorithm, and of its parts: what the search declares itself holds before a part's."""
    alone, *parts = algorithm.split(MARK)
    found = ALGORITHMS.fields(alone, "Hyper")
    for part in parts:
        own = {name: field for name, field in found.items() if field.owner != SHARED}
        found = {**found, **PARTS.fields(part, "Hyper"), **own}
    return found


def sections_of(algorithm: str) -> list[str]:
    """The sections under ``algorithms`` that hold for an algorithm, the most precise last."""
    alone, *parts = algorithm.split(MARK)
    return list(dict.fromkeys([alone, *parts, *(f"{alone}{MARK}{part}" for part in parts), algorithm]))


def _precision(key: str) -> int:
    """How precise an override's key is: a bare one least, a part's less than that of an algorithm or a section."""
    named, dot, _ = key.rpartition(".")
    return 0 if not dot else 1 if named in PARTS else 2


def declared(fields: Mapping[str, Described]) -> set[str]:
    """Of an algorithm's hyperparameters, those that its class declares itself, its paper's values."""
    return {name for name, field in fields.items() if field.owner != SHARED}


@cache
def described_fields(model: type[BaseModel]) -> Mapping[str, Described]:
    """The fields of one of the harness's own sections."""
    return fields_of(model)


def _with(plain: Any, path: Path, value: object) -> Any:  # as the YAML: any part of it, down to the value's place
    """A copy of ``plain`` in which ``value`` stands at ``path``; what is not on the way is shared."""
    first, *rest = path
    return {**plain, first: _with(plain.get(first) or {}, tuple(rest), value) if rest else value}


def validated(where: str, model: type[Model], plain: Mapping[str, object]) -> Model:
    """``plain`` as ``model``; the first fault as BadInput, in one line."""
    _check_kinds(where, model, plain)
    try:
        made = model.model_validate(dict(plain))
    except ValidationError as error:
        first = error.errors()[0]
        path = _dotted(where, *first["loc"])
        if first["type"] == "missing":
            raise BadInput(f"{path} is missing") from None
        raise BadInput(f"{path} = {_short(first['input'])}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
    _check_sizes(where, made)
    return made


def _dotted(*parts: object) -> str:
    return ".".join(str(part) for part in parts if part != "")


LARGEST = 3.4e38
"""The largest number of 32 bits: what is beyond is no number in a network."""


MOST = 2**31 - 1
"""The largest whole number: what is counted, and the seeds of splits and retrainings."""


def _check_kinds(where: str, model: type[BaseModel], plain: Mapping[str, object]) -> None:
    """Raise BadInput where pydantic would take yes for 1 in silence."""
    for name, value in plain.items():
        path = _dotted(where, name)
        kinds = _kinds(model.model_fields[name].annotation) if name in model.model_fields else ()
        if isinstance(value, Mapping):
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    _check_kinds(path, kind, value)
        if isinstance(value, bool) and kinds and not {bool, object} & {*kinds}:
            raise BadInput(f"{path} = {value!r}: input should be a number or a word, not yes or no")


def _check_sizes(where: str, made: BaseModel) -> None:
    """Raise BadInput for numbers that 32 bits do not hold."""
    for name, value in made:
        most = MOST if isinstance(value, int) else LARGEST
        if isinstance(value, BaseModel):
            _check_sizes(_dotted(where, name), value)
        elif isinstance(value, (int, float)) and abs(value) > most:
            raise BadInput(f"{_dotted(where, name)} = {_short(value)}: input should be at most {most:g}")


def _short(value: object) -> str:
    """A value as it would be written, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:80]}… ({len(text)} characters)"


def _kinds(annotation: object) -> tuple[object, ...]:
    """The types that a field's annotation allows; of literals, those of its words."""
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return tuple(type(word) for word in parts)
    return tuple(kind for part in parts for kind in _kinds(part)) if parts else (annotation,)


def pairs(assignments: Iterable[str] | Mapping[str, object]) -> list[tuple[str, object]]:
    """Keys and values of overrides, in their order; a mapping's values are taken as they stand.

    Raises
    ------
    BadInput
        For a text that is not of the form ``key=value``, or whose value is no YAML.
    """
    if isinstance(assignments, Mapping):
        return list(assignments.items())
    found = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise BadInput(f"--set {assignment!r} is not of the form key=value")
        found.append((key.strip(), parsed(f"--set {assignment}", text)))
    return found


class _AsWritten(yaml.SafeLoader):
    """YAML 1.1, but for its numbers to the base 8 and 60: 010 is 10 and no 8, and 1:30 is a text and no 90."""

    def number(self, node: yaml.ScalarNode) -> int | float | str:
        """The number that a person reads there; a text where that is none."""
        text = str(self.construct_scalar(node))
        if ":" in text:
            return text
        if node.tag.endswith(":float"):
            return float(self.construct_yaml_float(node))
        digits = text.replace("_", "")
        return int(digits) if digits.lstrip("+-").isdigit() else int(self.construct_yaml_int(node))


for _tag in ("int", "float"):
    _AsWritten.add_constructor(f"tag:yaml.org,2002:{_tag}", _AsWritten.number)


def parsed(where: str, text: str) -> object:
    """``text`` as YAML. Raises BadInput where it is none."""
    try:
        return yaml.load(text, Loader=_AsWritten)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        raise BadInput(f"{where}: {text!r} is no YAML value; write a number, a word, or a closed [a, b]") from None
