"""Each point of a sweep is planned as a run under its values is: its weight of ℓ1, its split, its batches."""

from __future__ import annotations

import pytest
from faults import Faults

from harness.config.request import Request
from harness.config.trial import TrialConfig
from harness.config.variation import points
from harness.planning.plan import Plan, plan
from results.errors import BadInput

SWEEP = "sweep --serial --seeds 0 --evaluate none"


def swept(*vary: str, algorithms: str = "rarts", space: str = "resnet164", overrides: tuple[str, ...] = ()) -> Plan:
    """A plan of those variations, one seed."""
    overrides = ("space.prc=0.4", *overrides) if space == "resnet164" else overrides
    return plan(Request(algorithms.split(","), space, [0], overrides=overrides, points=points(vary, 1)))


def weights(made: Plan) -> list[float]:
    """ρ of each trial, in their order."""
    return [trial.options.model_dump()["l1"] for trial in made.trials]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("space.l1_travel", ("0.1", "0.5")),
        ("epochs", ("4", "20")),
        ("batch_size", ("16", "64")),
        ("limit", ("64", "600")),
        ("split", ("halves", "all")),
        ("arch_lr", ("0.01", "0.1")),
        ("rarts.arch_lr", ("0.01", "0.1")),
        ("arch_schedule", ("constant", "weights")),
    ],
)
def test_a_points_trial_is_that_of_a_run_which_sets_its_value(key: str, values: tuple[str, str]) -> None:
    made = swept(f"{key}={','.join(values)}")
    alone = [swept("rarts.beta=1.0", overrides=(f"{key}={value}",)).trials[0] for value in values]
    assert [trial.hash for trial in made.trials] == [trial.hash for trial in alone]
    first, second = weights(made)
    assert first != second and "space.l1" not in made.config["known"]


def test_a_weight_that_no_point_changes_is_known_and_one_that_is_varied_stands() -> None:
    made = swept("rarts.lam=1,5")
    assert weights(made) == [0.0142, 0.0142] and made.config["known"] == {"space.l1": 0.0142}
    assert weights(swept("space.l1=0.5,0.25")) == [0.5, 0.25]


def test_each_algorithms_own_rate_gives_its_weight_and_what_follows_another_has_that_ones() -> None:
    names = "rarts,milenas,random_pruning,tas"
    made = swept("milenas.lr=0.1", algorithms=names, overrides=("rarts.arch_lr=0.05",))
    assert dict(zip(names.split(","), weights(made), strict=True)) == {
        "rarts": 0.0284, "milenas": 0.0142, "random_pruning": 0.0284, "tas": 0.0142,
    }  # fmt: skip
    assert made.config["known"] == {}, "one weight would not be that of all"
    # α of TAS are logits, which ℓ1 leaves alone: its own rate, 0.01, is none of the weight's.
    assert weights(swept("tas.lr=0.1", algorithms="tas")) == [0.0142]


def test_random_pruning_reads_the_one_record_of_its_own_weight() -> None:
    made = swept("rarts.arch_lr=0.05,0.1", algorithms="rarts,random_pruning")
    assert sorted((trial.algorithm, w) for trial, w in zip(made.trials, weights(made), strict=True)) == [
        ("random_pruning", 0.0142), ("random_pruning", 0.0284), ("rarts", 0.0142), ("rarts", 0.0284),
    ]  # fmt: skip


def test_the_trials_of_protocols_are_named_as_before() -> None:
    """As before a weight was an algorithm's own: their folders hold finished trials."""
    made = plan(Request(["rarts", "tas", "random_pruning"], "resnet164", [0], prc=0.4, evaluate="none"))
    assert [trial.hash for trial in made.trials] == ["1965cd7138ad", "90dfe899d53f", "6d186360c7aa"]


def test_a_distance_written_as_no_number_is_refused_in_one_line() -> None:
    assert weights(swept("space.l1_travel=33e-2")) == [0.0142]
    for override, named in (("space.l1_travel=far", r"space\.l1_travel = 'far'"), ("epochs=few", "amount = 'few'")):
        with pytest.raises(BadInput, match=named):
            swept("rarts.lam=1", overrides=(override,))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--vary limit=20,64", "batch_size = 32 is more than the 20 images"),
        ("--vary limit=64,20", "batch_size = 32 is more than the 20 images"),
        ("--vary limit=64,100000", "limit is 100000"),
        ("--vary batch_size=32,700 --vary split=all,halves --set limit=600", "batch_size = 700 is more than the 600"),
    ],
)
def test_each_points_split_and_batches_are_looked_at(fault: Faults, words: str, named: str) -> None:
    assert named in fault(f"{SWEEP} --algo darts1 --set epochs=1 {words}")


def test_the_splits_of_all_points_are_described() -> None:
    made = swept("split=halves,all", algorithms="darts1", space="nats")
    said = str(made.config["split_description"])
    assert "718 for w, 719 for alpha / single level" in said and said in made.notes[0]


def test_values_that_are_written_stand_to_the_last_digit_and_draws_are_rounded() -> None:
    made = points(["lr=0.123456789,1", "arch_lr=uniform(0.0,1.0)"], 3)
    assert {point["lr"] for point in made} == {0.123456789, 1}
    assert all(point["arch_lr"] == float(f"{point['arch_lr']:.6g}") for point in made)
    assert points({"lr": [0.123456789]}, 1) == [{"lr": 0.123456789}]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--algo rarts --vary darts1.lr=0.1,0.2", "--vary darts1.lr concerns none of the algorithms"),
        ("--algo darts1 --vary lam=1,2", "--vary lam concerns none of the algorithms that are named, darts1"),
        ("--algo rarts+es --vary pt_batches=1,2", "--vary pt_batches concerns none"),
        ("--algo rarts --vary es.es_every=1,2", "--vary es.es_every concerns none"),
    ],
)
def test_what_is_varied_concerns_an_algorithm_that_is_named(fault: Faults, words: str, named: str) -> None:
    assert named in fault(f"{SWEEP} {words}")


@pytest.mark.parametrize("key", ["es.es_every", "es_every", "rarts+es.es_every"])
def test_a_parts_key_is_varied_by_each_of_its_names(key: str) -> None:
    made = swept(f"{key}=1,2", algorithms="rarts+es", space="nats")
    assert [trial.hyper.model_dump()["es_every"] for trial in made.trials if isinstance(trial, TrialConfig)] == [1, 2]


def test_an_override_that_concerns_no_named_algorithm_is_said_to_change_nothing() -> None:
    """And not refused: a run that is opened again to add an algorithm repeats the overrides of the others."""
    one, other = (plan(Request(["rarts"], "nats", [0], overrides=given)) for given in ([], ["darts1.lr=0.3"]))
    assert [trial.hash for trial in one.trials] == [trial.hash for trial in other.trials]
    assert "--set darts1.lr concerns no algorithm that is named here: nothing changes by it" in other.notes
    assert not [note for note in one.notes if "concern" in note]
