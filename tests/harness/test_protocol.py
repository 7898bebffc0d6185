"""From settings, overrides and variations to trials: who wins, and what a trial's hash depends on."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from algorithms import ALGORITHMS
from harness.config.names import protocol_names, protocol_spaces
from harness.config.protocol import Protocol, declared, hyper_fields
from harness.config.request import Request, asked_protocol, laid
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.config.variation import points
from harness.data import DATASETS
from harness.measuring.record import static_columns
from results.errors import BadInput

CIFAR = {"classes": 10, "in_channels": 3}
MINI_RARTS = "f0b1da0b418b"
"""The hash of mini, rarts, seed 0, judged by the table. It names folders of finished trials: if it changes, so
did what a trial does, or a default; then say so where the change is made, for older runs are run again."""


def trial(*overrides: str, algorithm: str = "rarts", seed: int = 0, evaluation: str = "table") -> TrialConfig:
    protocol = Protocol.load("mini", "nats")
    return protocol.set(overrides).trial(algorithm, seed, CIFAR, evaluation)


@pytest.mark.parametrize("order", [("lr=0.5", "rarts.lr=0.25"), ("rarts.lr=0.25", "lr=0.5")])
def test_dotted_key_beats_bare_key_in_either_order(order: tuple[str, str]) -> None:
    assert trial(*order).hyper.model_dump()["lr"] == 0.25
    assert trial(*order, algorithm="darts2").hyper.model_dump()["lr"] == 0.5


def test_a_parts_key_lies_between_a_bare_one_and_that_of_a_search_under_it() -> None:
    given = ["rarts+es.es_every=4", "es.es_every=3", "es_every=2"]
    protocol = Protocol.load("mini", "nats")
    assert protocol.value("es.es_every") == 1
    for order in (given, given[::-1]):
        made = protocol.set(order)
        values = {name: made.hyper(name).model_dump()["es_every"] for name in ("rarts+es", "darts1+es", "rarts+es+pt")}
        assert values == {"rarts+es": 4, "darts1+es": 3, "rarts+es+pt": 4}
    assert not protocol.places("es.lr"), "every search has it: it is no field of the part's own"
    with pytest.raises(BadInput, match=r"es_every = 0"):
        protocol.set(["es.es_every=0"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("010", 10), ("-010", -10), ("0", 0), ("1_000", 1000), ("0x10", 16), ("[010, 020]", [10, 20])],
)
def test_whole_numbers_are_to_the_base_ten(text: str, value: object) -> None:
    assert Protocol.load("mini", "nats").set([f"epochs={text}"]).overrides == {"epochs": value}


def test_override_beats_the_protocols_shared_hyperparameters() -> None:
    shared = Protocol.load("mini", "nats").raw["hyper"]
    assert trial().hyper.model_dump()["weight_decay"] == shared["weight_decay"] == 5e-4
    assert trial("weight_decay=0.125").hyper.model_dump()["weight_decay"] == 0.125


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
@pytest.mark.parametrize("space", protocol_spaces("paper"))
def test_paper_gives_each_algorithm_its_papers_values(algorithm: str, space: str) -> None:
    """Read from the class and from the protocol: no shared ``hyper`` of the protocol stands in for them."""
    protocol = Protocol.load("paper", space)
    model = ALGORITHMS[algorithm].Hyper
    made, own = protocol.hyper(algorithm).model_dump(), declared(hyper_fields(algorithm))
    given = protocol.raw.get("algorithms", {}).get(algorithm.partition("+")[0], {})
    published = {name: model.model_fields[name].default for name in own} | {n: v for n, v in given.items() if n in own}
    assert {name: made[name] for name in own} == published


def test_a_scale_multiplies_each_algorithms_own_rate_and_leaves_what_is_said() -> None:
    protocol = Protocol.load("quick", "darts")
    rates = {
        name: protocol.hyper(name).model_dump()["arch_lr"] for name in ("darts1", "pcdarts", "pdarts", "fairdarts")
    }
    assert rates == {"darts1": 0.03, "pcdarts": 0.06, "pdarts": 0.06, "fairdarts": 0.03}
    assert Protocol.load("quick", "nats").hyper("rarts").model_dump()["arch_lr"] == 0.1  # and not 0.0999999
    assert protocol.set(["arch_lr=1e-3"]).hyper("pcdarts").model_dump()["arch_lr"] == 1e-3
    assert "arch_lr × 100" in protocol.stands_for
    assert protocol.value("arch_lr") == 0.03  # what `list keys` shows


def test_mini_keeps_the_travel_of_alpha_of_every_algorithm() -> None:
    """Steps × rate is what α can move under Adam: a tenth of the paper's epochs at ten times each algorithm's rate."""
    paper, mini = (Protocol.load(name, "nats") for name in ("paper", "mini"))
    for name in ALGORITHMS:
        theirs, ours = (p.hyper(name).model_dump().get("arch_lr") for p in (paper, mini))
        if theirs is not None:
            assert ours == pytest.approx(10 * theirs, rel=1e-4), name
    rates = [p.hyper("darts1+gaea").model_dump()["gaea_lr"] for p in (paper, mini)]
    assert rates == [0.1, 1.0], "GAEA's α does not move by arch_lr"
    assert paper.value("epochs") == 10 * mini.value("epochs")
    assert Protocol.load("mini-unscaled", "nats").hyper("rarts") == paper.hyper("rarts")


def test_drnas_has_its_authors_rate_on_either_space() -> None:
    rates = {space: Protocol.load("paper", space).hyper("drnas").model_dump()["arch_lr"] for space in ("nats", "darts")}
    assert rates == {"nats": 3e-4, "darts": 6e-4}


def test_a_protocols_shared_values_do_not_override_what_an_algorithm_declares() -> None:
    """6e-4 and a decay of 0 once became 0.1 and 1e-3."""
    quick = Protocol.load("quick", "nats").hyper("proxylessnas").model_dump()
    assert Protocol.load("quick", "nats").raw["hyper"]["arch_weight_decay"] == 1e-3
    assert quick["arch_weight_decay"] == 0


def test_every_known_key_lands_where_it_says() -> None:
    made = trial("rarts.lam=2", "space.channels=8", "evaluation.epochs=7", "epochs=3", "batch_size=32")
    assert made.hyper.model_dump()["lam"] == 2
    assert made.options.model_dump()["channels"] == 8
    assert (made.settings.evaluation.epochs, made.budget.amount, made.settings.batch_size) == (7, 3, 32)
    assert made.settings.evaluation.batch_size == 128


def test_a_point_may_lie_around_what_was_set() -> None:
    """As those of `reproduce table2 --set batch_size=32` do."""
    request = Request(["rarts"], "nats", [0], overrides=["batch_size=32", "rarts.lam=2"])
    settings = [laid(asked_protocol(request), point).settings for point in ({}, {"batch_size": 16})]
    assert [made.batch_size for made in settings] == [32, 16]


def test_data_set_and_image_shape_are_not_overrides() -> None:
    keys = Protocol.load("mini", "nats").keys()
    assert not {"dataset", "eval_datasets", "classes", "in_channels", "space.image_size"} & set(keys)
    assert {"lr", "rarts.lr", "darts2.lr", "random.k", "epochs", "evaluation.epochs", "channels"} <= set(keys)


def test_one_protocols_overrides_leave_the_next_alone() -> None:
    trial("rarts.lam=7", "channels=2")
    assert trial().hash == MINI_RARTS


def test_hash_of_a_mini_trial_is_pinned() -> None:
    assert trial().hash == MINI_RARTS


def test_naming_a_default_leaves_the_hash() -> None:
    assert trial("rarts.lam=1", "rarts.beta=1.0", "evaluation.seed=0", "checkpoint_every=1").hash == MINI_RARTS


def test_hash_survives_json() -> None:
    made = trial("rarts.lr_y=0.1", "space.latency=[0, 1, 2, 3, 4]")
    assert TrialConfig.parse(made.model_dump(mode="json")).hash == made.hash


@pytest.mark.parametrize("algorithm", ["rarts", "darts2", "milenas", "random"])
def test_every_hyperparameter_changes_the_hash(algorithm: str) -> None:
    base = trial(algorithm=algorithm)
    hashes = {base.hash}
    for name, value in base.hyper.model_dump().items():
        changed: dict[str, Any] = {name: other_value(type(base.hyper).model_fields[name], value)}
        hyper = type(base.hyper).model_validate(base.hyper.model_dump() | changed)
        hashes.add(base.model_copy(update={"hyper": hyper}).hash)
    assert len(hashes) == 1 + len(base.hyper.model_dump())


def other_value(field: FieldInfo, value: Any) -> Any:
    if isinstance(value, str):
        return next(choice for choice in get_args(field.annotation) if choice != value)
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 0.25


def test_seed_split_and_evaluation_change_the_hash() -> None:
    varied = [
        trial(),
        trial(seed=1),
        trial(algorithm="darts2"),
        trial(evaluation="trained"),
        trial("split_seed=1"),
        trial("split=nats"),
        trial("evaluation.seed=1"),
        trial("epochs=11"),
        trial("channels=5"),
    ]
    assert len({made.hash for made in varied}) == len(varied)


def test_where_a_trial_runs_is_not_in_its_hash() -> None:
    made = trial()
    here = static_columns(made, Environment(run="a"))
    there = static_columns(made, Environment(run="b", data_dir="c", table="d", device="cpu", threads=2, download=True))
    assert here["trial"] == there["trial"] == MINI_RARTS
    assert {name for name in here if here[name] != there[name]} == {"threads"}


@pytest.mark.parametrize(("name", "space"), [(n, s) for n in protocol_names() for s in protocol_spaces(n)])
def test_every_protocol_makes_trials_on_a_known_data_set(name: str, space: str) -> None:
    protocol = Protocol.load(name, space)
    assert protocol.settings.dataset in DATASETS
    assert protocol.trial("rarts", 0, CIFAR, "none").protocol == name


def test_budget_is_one_of_three_kinds() -> None:
    protocol = Protocol.load("mini", "nats")
    protocol = protocol.with_budget("macs=1e12")
    assert protocol.trial("rarts", 0, CIFAR, "table").budget.amount == 1e12
    with pytest.raises(BadInput, match="epochs"):
        protocol.set(["epochs=3"])  # a budget of multiply-adds has no epochs to set


def test_vary_crosses_lists_and_repeats_for_each_draw() -> None:
    vary = ["rarts.lam=0.1,1,10", "update_order=jacobi,gauss_seidel", "arch_lr=loguniform(1e-4,1e-2)"]
    made = points(vary, 4)
    assert len(made) == 3 * 2 * 4
    for draw in range(4):
        block = made[6 * draw : 6 * draw + 6]
        assert {(p["rarts.lam"], p["update_order"]) for p in block} == {
            (lam, order) for lam in (0.1, 1, 10) for order in ("jacobi", "gauss_seidel")
        }
        assert len({p["arch_lr"] for p in block}) == 1
    draws = [made[6 * draw]["arch_lr"] for draw in range(4)]
    assert len(set(draws)) == 4 and all(1e-4 <= draw <= 1e-2 for draw in draws)
    assert points(vary, 4) == made


def test_fewer_draws_are_the_first_of_more() -> None:
    assert points(["lr=uniform(0.0,1.0)"], 5)[:2] == points(["lr=uniform(0.0,1.0)"], 2)


def test_loguniform_draws_are_uniform_in_the_logarithm() -> None:
    logs = sorted(math.log10(p["lr"]) for p in points(["lr=loguniform(1e-4,1e0)"], 1000))
    worst = max(abs((log + 4) / 4 - (i + 0.5) / 1000) for i, log in enumerate(logs))
    assert worst < 1.63 / math.sqrt(1000)  # Kolmogorov and Smirnov at 1 %


@pytest.mark.parametrize("text", ["lr", "lr=", "lr=gauss(0,1)", "lr=uniform(a,b)", "lr=uniform(1.0)"])
def test_what_is_no_variation_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        points([text], 1)


def test_what_a_protocol_gives_one_algorithm_holds_under_a_selection_too() -> None:
    protocol = Protocol.load("paper", "darts")
    weights = {name: protocol.trial(name, 0, CIFAR, "none").hyper.model_dump() for name in ("rarts+es", "darts1+es")}
    assert weights["rarts+es"]["latency_weight"] == 2e-3
    assert weights["darts1+es"]["latency_weight"] == 0
    protocol = protocol.set(["rarts+es.latency_weight=1"])
    assert protocol.trial("rarts+es", 0, CIFAR, "none").hyper.model_dump()["latency_weight"] == 1
    assert protocol.trial("rarts", 0, CIFAR, "none").hyper.model_dump()["latency_weight"] == 2e-3


def test_a_bare_key_reaches_a_search_under_several_parts() -> None:
    protocol = Protocol.load("quick", "nats").set(["es_every=3", "pt_batches=2", "rarts.lam=5", "lr=0.5"])
    hyper = protocol.hyper("rarts+es+pt").model_dump()
    assert {name: hyper[name] for name in ("es_every", "pt_batches", "lam", "lr")} == {
        "es_every": 3, "pt_batches": 2, "lam": 5.0, "lr": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*ALGORITHMS])
def test_fields_read_from_the_text_are_those_of_the_class(name: str) -> None:
    fields = ALGORITHMS[name].Hyper.model_fields
    read = hyper_fields(name)
    assert set(read) == set(fields)
    assert {key: field.default for key, field in read.items()} == {key: f.get_default() for key, f in fields.items()}
