"""The choice of channels against slow rules, the two ratios by hand, the text both ways."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from results.errors import BadInput
from spaces.gated_layers import estimate_statistics
from spaces.gates import (
    Kept,
    global_ratio,
    keep_at_ratio,
    keep_nonzero,
    kept_zeros,
    mean_layer_ratio,
    parse,
    text,
    zero_share,
)

LAYERS = {"a.bn1": 6, "a.bn2": 3, "bn": 1}

gate_values = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0]) | st.floats(-3, 3, width=32)
"""Few values many times, so that ties are common."""

gate_layers = st.lists(st.lists(gate_values, min_size=1, max_size=12), min_size=1, max_size=6).map(
    lambda rows: {f"layer{i}": torch.tensor(row, dtype=torch.float32) for i, row in enumerate(rows)}
)


def slow_choice(alpha: dict[str, Tensor], removed: int) -> Kept:
    """One channel at a time: the smallest |α|, of equals the last, of a layer that would not be emptied by it."""
    kept = {name: list(range(len(a))) for name, a in alpha.items()}
    place = {name: i for i, name in enumerate(alpha)}
    for _ in range(removed):
        open_ = [(abs(alpha[n][c].item()), -place[n], -c, n) for n, cs in kept.items() if len(cs) > 1 for c in cs]
        *_, c, name = min(open_)
        kept[name].remove(-c)
    return {name: tuple(channels) for name, channels in kept.items()}


@given(gate_layers, st.floats(0.01, 0.99))
def test_the_ratio_is_exact_to_a_channel_and_the_smallest_gates_go(alpha: dict[str, Tensor], ratio: float) -> None:
    sizes = {name: len(a) for name, a in alpha.items()}
    total = sum(sizes.values())
    removed = round(ratio * total)
    assume(removed <= total - len(sizes))
    kept = keep_at_ratio(alpha, ratio)
    assert abs(global_ratio(kept, sizes) - ratio) <= 0.5 / total + 1e-12
    assert sum(map(len, kept.values())) == total - removed
    assert all(kept.values())
    assert kept == slow_choice(alpha, removed)


def test_of_equal_gates_the_last_go_and_every_layer_keeps_its_first() -> None:
    alpha = {"a": torch.ones(4), "b": torch.ones(4), "c": -torch.ones(2)}
    assert keep_at_ratio(alpha, 0.5) == {"a": (0, 1, 2), "b": (0,), "c": (0,)}
    assert keep_at_ratio(alpha, 0.7) == {"a": (0,), "b": (0,), "c": (0,)}
    with pytest.raises(BadInput, match=r"each of the 3 layers keeps one: ask for at most 0\.700"):
        keep_at_ratio(alpha, 0.8)


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_ratio_outside_0_and_1_is_refused(ratio: float) -> None:
    with pytest.raises(BadInput, match="not between 0 and 1"):
        keep_at_ratio({"a": torch.ones(4)}, ratio)


def test_exact_zeros_decide_and_an_empty_layer_keeps_its_first_channel() -> None:
    alpha = {"a": torch.tensor([0.0, 1e-30, -2.0, -0.0]), "b": torch.zeros(3)}
    assert keep_nonzero(alpha) == {"a": (1, 2), "b": (0,)}
    assert alpha["b"].tolist() == [0, 0, 0]


def test_the_two_ratios_differ_where_layers_do() -> None:
    kept = {"a.bn1": (0, 1, 2), "a.bn2": (0,), "bn": (0,)}
    assert global_ratio(kept, LAYERS) == pytest.approx(1 - 5 / 10)
    assert mean_layer_ratio(kept, LAYERS) == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_a_genotype_reads_as_runs() -> None:
    kept = {"a.bn1": (0, 1, 2, 5), "a.bn2": (1,), "bn": (0,)}
    written = "resnet164 a.bn1:0-2,5 a.bn2:1 bn:0"
    assert text("resnet164", kept) == written
    assert parse(written, "resnet164", LAYERS) == kept
    assert parse("resnet164 bn:0 a.bn2:1 a.bn1:0,1,2,5", "resnet164", LAYERS) == kept


@given(st.data())
def test_parsing_inverts_writing(data: st.DataObject) -> None:
    kept = {
        name: tuple(sorted(data.draw(st.sets(st.integers(0, channels - 1), min_size=1))))
        for name, channels in LAYERS.items()
    }
    assert parse(text("s", kept), "s", LAYERS) == kept


@pytest.mark.parametrize(
    ("genotype", "fault"),
    [
        ("", "it begins with ''"),
        ("mobilenetv2 a.bn1:0 a.bn2:0 bn:0", "it begins with 'mobilenetv2'"),
        ("s a.bn1:0 a.bn2:0", r"bn is missing \(1 of 3 layers are\)"),
        ("s a.bn1:0 a.bn2:0 a.bn9:0 bn:0", "no gated layer 'a.bn9', the nearest is a.bn"),
        ("s a.bn1:0 a.bn1:0 a.bn2:0 bn:0", "a.bn1 stands in it twice"),
        ("s a.bn1:0-6 a.bn2:0 bn:0", "a.bn1 keeps channel 6, but its channels are 0 to 5"),
        ("s a.bn1:0-999999999 a.bn2:0 bn:0", "keeps channel 999999999"),
        ("s a.bn1: a.bn2:0 bn:0", "a.bn1 keeps '', no list"),
        ("s a.bn1 a.bn2:0 bn:0", "a.bn1 keeps '', no list"),
        ("s a.bn1:1-x a.bn2:0 bn:0", "keeps '1-x', no list"),
        ("s a.bn1:-1 a.bn2:0 bn:0", "keeps '-1', no list"),
        ("s a.bn1:٣ a.bn2:0 bn:0", "no list"),
        ("s a.bn1:3,2 a.bn2:0 bn:0", "do not ascend at 2"),
        ("s a.bn1:2-3,3 a.bn2:0 bn:0", "do not ascend at 3"),
        ("s a.bn1:3-2 a.bn2:0 bn:0", "do not ascend at 3-2"),
    ],
)
def test_a_text_that_is_no_genotype_is_refused_in_one_line(genotype: str, fault: str) -> None:
    with pytest.raises(BadInput, match=fault) as raised:
        parse(genotype, "s", LAYERS)
    assert "\n" not in str(raised.value)


def test_statistics_are_the_plain_average_over_batches(double: None) -> None:
    """Whatever the momentum, and whatever stood there before."""
    norm = nn.BatchNorm2d(3, momentum=0.01).eval()
    norm.running_mean.fill_(7)  # type: ignore[union-attr]
    batches = [torch.randn(4, 3, 5, 5) * (i + 1) + i for i in range(3)]
    estimate_statistics(nn.Sequential(norm), batches)
    assert norm.momentum == 0.01
    assert not norm.training
    means = torch.stack([b.mean((0, 2, 3)) for b in batches]).mean(0)
    variances = torch.stack([b.transpose(0, 1).flatten(1).var(1) for b in batches]).mean(0)
    assert (norm.running_mean - means).abs().max() < 1e-12  # type: ignore[operator]
    assert (norm.running_var - variances).abs().max() < 1e-12  # type: ignore[operator]
    with pytest.raises(BadInput, match="no images"):
        estimate_statistics(norm, [])


def test_gates_at_exactly_zero_by_hand() -> None:
    gates = {"a": torch.tensor([0.0, 1e-30, -0.0, 0.5]), "b": torch.tensor([0.0, -1.0])}
    assert zero_share(gates) == 3 / 6
    kept = keep_at_ratio(gates, 1 / 3)
    assert kept == {"a": (0, 1, 3), "b": (1,)}
    assert kept_zeros(gates, kept) == 1
    assert kept_zeros(gates, keep_at_ratio(gates, 1 / 2)) == 0
