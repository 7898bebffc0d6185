"""The cell's text form, and the stand-alone network against its formula written out edge by edge."""

import itertools

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from results.errors import BadInput
from spaces.nats_cell import EDGES, OPERATIONS, Cell, Reduction, TinyNetwork, parse, text

MIXED = ("nor_conv_3x3", "none", "nor_conv_1x1", "skip_connect", "avg_pool_3x3", "nor_conv_3x3")
VALID = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"


def test_parse_reads_the_official_order_of_edges() -> None:
    assert parse(VALID) == MIXED
    assert text(MIXED) == VALID
    assert EDGES == ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))


def test_text_and_parse_are_inverse_on_all_cells() -> None:
    cells = list(itertools.product(OPERATIONS, repeat=6))
    texts = [text(cell) for cell in cells]
    assert len(set(texts)) == 15_625
    assert [parse(t) for t in texts] == cells


def test_the_written_cells_are_exactly_the_tables(nats_frame: pd.DataFrame) -> None:
    assert {text(cell) for cell in itertools.product(OPERATIONS, repeat=6)} == set(nats_frame["arch"])


@pytest.mark.parametrize(
    ("malformed", "fault"),
    [
        ("", "1 node(s), not 3"),
        (VALID + "+", "4 node(s), not 3"),
        (VALID[1:], "node 1 must begin and end with '|'"),
        (VALID + "\n", "node 3 must begin and end with '|'"),
        ("|none~0|+|none~0|+|none~0|none~1|none~2|", "node 2 has 1 input(s), not 2"),
        (VALID.replace("pool_3x3~1", "pool_3x3~2"), "input 1 of node 3 must end with '~1'"),
        (VALID.replace("skip_connect", "skip_conect"), "unknown operation 'skip_conect', the nearest is skip_connect"),
        (VALID.replace("avg_pool_3x3", "max_pool_3x3"), "the nearest is avg_pool_3x3"),
    ],
)
def test_malformed_text_says_what_is_wrong_on_one_line(malformed: str, fault: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(malformed)
    message = str(error.value)
    assert fault in message
    assert "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|" in message
    assert len(message.splitlines()) == 1


@st.composite
def damaged_cells(draw: st.DrawFn) -> str:
    """A valid cell with a piece replaced by arbitrary text."""
    whole = text(draw(st.tuples(*[st.sampled_from(OPERATIONS)] * 6)))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    return whole[:start] + draw(st.text(max_size=12)) + whole[end:]


@given(st.one_of(st.text(), st.text(alphabet="|~+012nosekip_"), damaged_cells()))
def test_any_text_is_a_cell_or_bad_input(candidate: str) -> None:
    try:
        operations = parse(candidate)
    except BadInput as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert text(operations) == candidate


def conv_bn(block: nn.Module, x: Tensor, stride: int = 1) -> Tensor:
    """ReLU-Conv-BN in training mode from the parameters alone."""
    convolution, norm = block[1], block[2]
    k = convolution.weight.shape[-1]
    z = F.conv2d(x.clamp(min=0), convolution.weight, stride=stride, padding=k // 2)
    mean, variance = z.mean((0, 2, 3), keepdim=True), z.var((0, 2, 3), keepdim=True, unbiased=False)
    normal = (z - mean) / (variance + 1e-5).sqrt()
    return normal * norm.weight[:, None, None] + norm.bias[:, None, None]


def mean_of_window(x: Tensor) -> Tensor:
    """The mean over the pixels of each 3 × 3 window that lie inside the image."""
    out = torch.zeros_like(x)
    height, width = x.shape[2:]
    for i, j in itertools.product(range(height), range(width)):
        out[:, :, i, j] = x[:, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].mean((2, 3))
    return out


def randomise_norms(module: nn.Module) -> None:
    """Batch norm starts as the identity scale, which would hide a mistake."""
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)


def test_a_cell_is_the_sum_over_edges_of_its_formula() -> None:
    torch.manual_seed(0)
    cell = Cell(MIXED, 4).double()
    randomise_norms(cell)
    x = torch.randn(3, 4, 5, 6, dtype=torch.float64)
    node1 = conv_bn(cell.edges["1<-0"], x)
    node2 = conv_bn(cell.edges["2<-1"], node1)
    node3 = x + mean_of_window(node1) + conv_bn(cell.edges["3<-2"], node2)
    torch.testing.assert_close(cell(x), node3, rtol=1e-12, atol=1e-12)


def test_the_cell_of_skips_counts_paths() -> None:
    """With skips alone node k sums all earlier nodes: 1, 1, 2, 4 times the input."""
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(Cell(["skip_connect"] * 6, 3)(x), 4 * x)


@pytest.mark.parametrize("size", [8, 5])
def test_the_reduction_is_its_formula(size: int) -> None:
    torch.manual_seed(0)
    block = Reduction(3, 6).double()
    randomise_norms(block)
    x = torch.randn(2, 3, size, size, dtype=torch.float64)
    half = (size + 1) // 2
    pooled = torch.stack(
        [
            x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((2, 3))
            for i, j in itertools.product(range(half), range(half))
        ],
        -1,
    ).unflatten(-1, (half, half))
    shortcut = torch.einsum("oi,bihw->bohw", block.downsample[1].weight[:, :, 0, 0], pooled)
    expected = shortcut + conv_bn(block.conv_b, conv_bn(block.conv_a, x, stride=2))
    torch.testing.assert_close(block(x), expected, rtol=1e-12, atol=1e-12)


def test_none_lets_no_nan_through() -> None:
    """Node 1 is x / 0 on the input's NaN; with both edges out of it none, the output does not know."""
    cell = Cell(("skip_connect", "none", "none", "none", "none", "nor_conv_1x1"), 2)
    x = torch.full((2, 2, 3, 3), float("nan"))
    assert torch.isfinite(cell(x)).all()


@pytest.mark.parametrize("size", [32, 16, 8, 7])
def test_all_none_gives_the_same_finite_logits_to_every_image(size: int) -> None:
    """No cell passes anything on, so the logits depend on biases alone."""
    torch.manual_seed(0)
    network = TinyNetwork(["none"] * 6, channels=4, cells=1, classes=7, in_channels=1)
    randomise_norms(network)
    logits = network(torch.randn(5, 1, size, size))
    assert logits.shape == (5, 7)
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(logits, logits[:1].expand(5, 7))
    logits.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert network.classifier.bias.grad.abs().sum() > 0


def test_the_network_stacks_stem_stages_and_reductions() -> None:
    torch.manual_seed(0)
    network = TinyNetwork(MIXED, channels=4, cells=2, classes=3).double().eval()
    shapes: list[torch.Size] = []
    for block in network.blocks:
        block.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape[1:]))
    logits = network(torch.randn(2, 3, 8, 8, dtype=torch.float64))
    assert logits.shape == (2, 3)
    assert shapes == [(4, 8, 8)] * 2 + [(8, 4, 4)] * 3 + [(16, 2, 2)] * 3
