"""Splits: which images each side sees, and that nothing but the split seed moves them."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.data.datasets import Dataset
from harness.data.splits import SPLITS, split
from results.errors import BadInput


def dataset(name: str, train: int, test: int) -> Dataset:
    def images(count: int) -> torch.Tensor:
        return torch.zeros(count, 1, 1, 1, dtype=torch.uint8)

    labels = torch.zeros(train, dtype=torch.long), torch.zeros(test, dtype=torch.long)
    return Dataset(name, images(train), labels[0], images(test), labels[1], 10, (0.0,), (1.0,), "made for a test")


@given(train=st.integers(2, 60), test=st.integers(2, 30), seed=st.integers(0, 2**32))
def test_halves_are_disjoint_and_cover_the_training_images(train: int, test: int, seed: int) -> None:
    halves = split(dataset("any", train, test), "halves", seed)
    assert sorted(torch.cat([halves.train, halves.val]).tolist()) == list(range(train))
    assert halves.n_val - halves.n_train in (0, 1)
    assert halves.val_part == "train"
    assert halves.report_part.tolist() == list(range(test))


def digest(images: torch.Tensor) -> str:
    """SHA-256 of the ascending indices in decimal, separated by commas."""
    return hashlib.sha256(",".join(map(str, sorted(images.tolist()))).encode()).hexdigest()


def test_nats_halves_the_training_images_of_cifar10_by_its_fixed_lists() -> None:
    nats = split(dataset("cifar10", 50_000, 10_000), "nats", 0)
    assert (nats.n_train, nats.n_val, nats.val_part, len(nats.report_part)) == (25_000, 25_000, "train", 10_000)
    assert sorted(torch.cat([nats.train, nats.val]).tolist()) == list(range(50_000))
    # Of AutoDL-Projects' configs/nas-benchmark/cifar-split.txt, which begins so.
    assert sorted(nats.train.tolist())[:8] == [0, 5, 7, 11, 13, 15, 16, 17]
    assert digest(nats.train) == "b32573c51d975768a11c0d1540e625040790e2287a603c857413bd78ca68eb94"
    assert digest(nats.val) == "fe150dfa5a16fd2cab96300e44d12835a5427d45b6aa3dc7f039b0df1539f5ce"
    assert "cifar10-valid" in nats.description and "25,000" in nats.description


def test_nats_trains_alpha_on_the_listed_half_of_cifar100s_test_images_and_reports_on_the_rest() -> None:
    nats = split(dataset("cifar100", 50_000, 10_000), "nats", 0)
    assert (nats.n_train, nats.n_val, nats.val_part) == (50_000, 5_000, "test")
    assert len(nats.train.unique()) == 50_000
    assert sorted(torch.cat([nats.val, nats.report_part]).tolist()) == list(range(10_000))
    # Of AutoDL-Projects' configs/nas-benchmark/cifar100-test-split.txt.
    assert digest(nats.val) == "156797fd0d0b32af68c9a5e76c8b320c65c129ad5abeed3d03d87d7dfd124923"
    assert digest(nats.report_part) == "6dad6139c248a3ed8346c479821e4e410fb1d83026e9dc3a62fbebf8ce9859e1"
    assert "test" in nats.description and "5,000" in nats.description
    # NATS-Bench's loader has 782 batches of 64 an epoch, the last of 16 images; ours drops what is no whole batch.
    assert nats.n_train // 64 == 781


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_fixed_lists_do_not_move_with_the_split_seed(name: str) -> None:
    data = dataset(name, 50_000, 10_000)
    one, two = split(data, "nats", 0), split(data, "nats", 1)
    assert torch.equal(one.val.sort().values, two.val.sort().values) and not torch.equal(one.val, two.val)
    assert torch.equal(one.report_part, two.report_part)


def test_the_committed_lists_are_the_projects_files(real_data: Path) -> None:
    for name, file, which in (("cifar10", "cifar-split", "valid"), ("cifar100", "cifar100-test-split", "xvalid")):
        listed = json.loads((real_data / "nats" / "splits" / f"{file}.json").read_text())[which]
        assert sorted(split(dataset(name, 50_000, 10_000), "nats", 0).val.tolist()) == listed


@pytest.mark.parametrize(("name", "train", "test"), [("cifar10", 5_000, 1_000), ("cifar100", 50_000, 9_999)])
def test_the_fixed_lists_are_of_no_sample(name: str, train: int, test: int) -> None:
    with pytest.raises(BadInput, match=rf"50,000 \+ 10,000 images of {name}, .* {test:,}: use --split halves"):
        split(dataset(name, train, test), "nats", 0)


def test_nats_draws_the_half_of_a_set_without_lists_from_its_test_images() -> None:
    nats = split(dataset("any", 60, 21), "nats", 0)
    assert (nats.n_train, nats.n_val, nats.val_part, len(nats.report_part)) == (60, 10, "test", 11)
    assert sorted(torch.cat([nats.val, nats.report_part]).tolist()) == list(range(21))


def test_all_gives_both_sides_every_training_image() -> None:
    everything = split(dataset("cifar100", 40, 20), "all", 0)
    assert sorted(everything.train.tolist()) == sorted(everything.val.tolist()) == list(range(40))
    assert everything.val_part == "train" and everything.report_part.tolist() == list(range(20))


@pytest.mark.parametrize("kind", SPLITS)
def test_a_split_depends_on_its_own_seed_alone(kind: str) -> None:
    data = dataset("any", 200, 100)
    torch.manual_seed(1)
    one = split(data, kind, 7)
    torch.manual_seed(2)
    torch.rand(5)
    two = split(data, kind, 7)
    assert torch.equal(one.train, two.train) and torch.equal(one.val, two.val)
    assert torch.equal(one.report_part, two.report_part)
    assert not torch.equal(one.train, split(data, kind, 8).train)


def test_the_split_of_a_seed_never_changes_between_versions() -> None:
    halves = split(dataset("any", 1_437, 360), "halves", 0)
    assert halves.train[:5].tolist() == [1276, 528, 998, 1397, 801]


@pytest.mark.parametrize("kind", SPLITS)
def test_a_limit_keeps_the_first_of_each_shuffled_half(kind: str) -> None:
    data = dataset("any", 40, 20)
    full, limited = split(data, kind, 3), split(data, kind, 3, limit=6)
    assert torch.equal(limited.train, full.train[:6]) and torch.equal(limited.val, full.val[:6])
    assert torch.equal(limited.report_part, full.report_part)
    assert limited.val_part == full.val_part and limited.kind == kind
    assert limited.description == f"{full.description}; limited to 6 images of each half"


@pytest.mark.parametrize("limit", [0, -3, 21])
def test_a_limit_beyond_a_half_is_refused(limit: int) -> None:
    with pytest.raises(BadInput, match=f"limit is {limit}, but a half of any has 20; choose 1 to 20"):
        split(dataset("any", 40, 20), "halves", 0, limit)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="unknown split 'halfs'; did you mean 'halves'"):
        split(dataset("any", 40, 20), "halfs", 0)


def test_too_few_images_are_refused() -> None:
    with pytest.raises(BadInput, match="too few images"):
        split(dataset("any", 1, 20), "halves", 0)
