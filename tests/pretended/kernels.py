"""The mode that sees every kernel, of backward passes too: where results are, what waits, what CUDA would refuse."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from pretended.devices import ANY, CPU, DeviceMismatch, Devices, Generator, claim, claim_of, device_of, leaves
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from pretended.cuda import PretendedCuda

FREE = frozenset(
    [
        "view",
        "_unsafe_view",
        "detach",
        "expand",
        "split",
        "split_with_sizes",
        "slice",
        "select",
        "t",
        "transpose",
        "permute",
        "unsqueeze",
        "squeeze",
        "alias",
        "as_strided",
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
        "new_empty_strided",
        "lift_fresh",
        "unbind",
        "unfold",
        "diagonal",
        "view_as",
        "_local_scalar_dense",
        "expand_as",
        "chunk",
        "is_same_size",
        "_reshape_alias",
        "set_",
        "resize_",
        "lift",
        "_shape_as_tensor",
        "sym_size",
        "split_copy",
        "_efficientzerotensor",
    ]
)
"""Neither arithmetic nor a kernel."""

MOVES = frozenset(["copy_", "_to_copy", "copy"])
INDEXING = frozenset(["index", "_unsafe_index", "index_put_", "index_put", "_index_put_impl_", "_unsafe_index_put"])
WAITING = frozenset(
    [
        "_local_scalar_dense",
        "nonzero",
        "masked_select",
        "equal",
        "is_nonzero",
        "_unique2",
        "unique_consecutive",
        "bincount",
    ]
)
"""What gives the host a number, or a tensor whose size is one."""

UNREPEATABLE = frozenset(
    [
        "_adaptive_avg_pool2d_backward",
        "_adaptive_avg_pool3d_backward",
        "adaptive_max_pool2d_backward",
        "avg_pool3d_backward",
        "fractional_max_pool2d_backward",
        "max_unpool2d",
        "max_unpool3d",
        "upsample_linear1d_backward",
        "upsample_bilinear2d_backward",
        "upsample_bicubic2d_backward",
        "upsample_trilinear3d_backward",
        "_upsample_bilinear2d_aa_backward",
        "nll_loss2d_forward",
        "reflection_pad1d_backward",
        "reflection_pad2d_backward",
        "_ctc_loss_backward",
        "put_",
        "histc",
        "grid_sampler_2d_backward",
    ]
)
"""Kernels of which CUDA has none that repeats: what ``torch.use_deterministic_algorithms``'s documentation names."""

POINTWISE = frozenset(["where", "masked_fill", "masked_fill_", "fill_", "fill"])


class Kernels(TorchDispatchMode):
    """Refuses a mixture of devices and what does not repeat where that is asked, says where results are, counts."""

    off = False

    def __init__(self, owner: PretendedCuda) -> None:
        super().__init__()
        self.owner = owner

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if self.off:
            return func(*args, **kwargs)
        packet = func._schema.name.split("::")[1]
        values = leaves(args, kwargs)
        given = [v for v in values if isinstance(v, Tensor)]
        if any(t.device.type == "meta" for t in given) or str(kwargs.get("device")) == "meta":
            return func(*args, **kwargs)
        where = self._where(func, packet, args, given)
        self._refuse_unrepeatable(packet, where, given)
        made = func(*args, **self._generator(func, where, values, kwargs))
        if where is None:  # a factory
            backward = torch._C._current_graph_task_id() != -1
            context = self.owner.explicit[-1][0] if self.owner.explicit else None
            where = context or (ANY if backward else CPU)
        self._claim_made(made, where, given)
        if self.owner.tape is not None:
            self.owner.tape.append((func, args, kwargs, made))
        if isinstance(where, torch.device) and where.type == "cuda":
            self._count(packet, args)
        return made

    def _count(self, packet: str, args: Any) -> None:
        """A kernel, and whether the host waits for it."""
        if packet not in FREE:
            self.owner.launches += 1
            self.owner.by_operation[packet] += 1
        masks = packet in INDEXING and any(t is not None and t.dtype in (torch.bool, torch.uint8) for t in args[1])
        # A mask with one value is a masked_fill, which does not wait.
        fills = packet.startswith("index_put") and masks and args[2].numel() == 1
        if packet in WAITING or (masks and not fills):
            self.owner.wait(packet)

    def _refuse_unrepeatable(self, packet: str, where: Any, given: list[Tensor]) -> None:
        wanted = torch.are_deterministic_algorithms_enabled()
        cumulative = packet == "cumsum" and given and given[0].is_floating_point()
        if (
            wanted
            and isinstance(where, torch.device)
            and where.type == "cuda"
            and (packet in UNREPEATABLE or cumulative)
        ):
            raise RuntimeError(f"{packet} does not have a deterministic implementation [{self.owner.place()}]")

    def _where(self, func: Any, packet: str, args: Any, given: list[Tensor]) -> Any:
        """The device of what comes out; None where there is no input. Raises DeviceMismatch."""
        if not given:
            return None
        if packet == "_to_copy":
            return _claimed(given[0])
        if packet in MOVES:
            return self._moved(args, given)
        if packet in INDEXING:
            return self._indexed(func, args, given)
        pointwise = torch.Tag.pointwise in func.tags or packet.startswith("_foreach") or packet in POINTWISE
        counted = [t for t in given if not (pointwise and t.dim() == 0 and device_of(t).type == "cpu")]
        if packet.endswith("_") and counted and not any(given[0] is t for t in counted):
            on_cuda = any(device_of(t).type == "cuda" for t in counted)
            if on_cuda and claim_of(given[0]) != ANY:
                raise self._mixture(func, given)
        if packet.startswith("_fused"):  # their learning rate and their step may be on the CPU
            counted = [t for t in given if t.dim()]
        return self._check(func, counted or given, given)

    def _moved(self, args: Any, given: list[Tensor]) -> Any:
        mine, theirs = (device_of(t) for t in given[:2])
        either = ANY in (claim_of(given[0]), claim_of(given[1]))
        if mine != theirs and not either and not (len(args) > 2 and args[2]):
            self.owner.wait(f"copy_ {theirs.type} to {mine.type}")
        return _claimed(given[0])

    def _indexed(self, func: Any, args: Any, given: list[Tensor]) -> Any:
        self._check(func, [args[0], *([args[2]] if len(args) > 2 and args[2].dim() else [])], given)
        mine = device_of(args[0])
        for index in args[1]:
            if index is None or claim_of(index) == ANY or device_of(index) == mine:
                continue
            if device_of(index).type != "cpu":
                raise self._mixture(func, given)
            self.owner.wait("index on the CPU")
        return _claimed(args[0])

    def _check(self, func: Any, counted: list[Tensor], given: list[Tensor]) -> Any:
        known = {_claimed(t) for t in counted} - {ANY}
        if len(known) > 1:
            raise self._mixture(func, given)
        return known.pop() if known else ANY

    def _mixture(self, func: Any, given: list[Tensor]) -> DeviceMismatch:
        text = ", ".join(f"{device_of(t)}{tuple(t.shape)}" for t in given[:6])
        return DeviceMismatch(f"Expected all tensors to be on the same device in {func}: {text} [{self.owner.place()}]")

    def _generator(self, func: Any, where: Any, values: list[Any], kwargs: Any) -> Any:
        """Random kernels draw from a generator of their own device; without one given, from that device's default."""
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return kwargs
        context, known = self.owner.explicit[-1] if self.owner.explicit else (None, None)
        device = where if where is not None else context
        device = CPU if device in (None, ANY) else device
        if any(isinstance(v, Generator) for v in values):
            # What arrives here is torch's own wrapper of it, which claims nothing.
            theirs = CPU if known is None else known.claims
            if theirs != device:
                text = f"Expected a {device} device type for generator but found {theirs} in {func}"
                raise DeviceMismatch(f"{text} [{self.owner.place()}]")
        elif device.type == "cuda" and any(a.name == "generator" for a in func._schema.arguments):
            return kwargs | {"generator": Devices.defaults[device.index]}
        return kwargs

    @staticmethod
    def _claim_made(made: Any, where: Any, given: list[Tensor]) -> None:
        mine = {id(t.untyped_storage()) for t in given}
        for t in leaves(made):
            if not isinstance(t, Tensor) or t.device.type != "cpu":
                continue
            if id(t.untyped_storage()) not in mine or (claim_of(t) == ANY and where != ANY):
                claim(t, where)


def _claimed(t: Tensor) -> Any:
    claimed = claim_of(t)
    return CPU if claimed is None else claimed


@contextlib.contextmanager
def hidden(mode: Kernels) -> Iterator[None]:
    """Run without the mode's eye."""
    before, mode.off = mode.off, True
    try:
        yield
    finally:
        mode.off = before
