"""Which device a tensor claims to be on, written on its storage; generators that claim to be of a device."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

CPU = torch.device("cpu")
ANY = "any"
"""The claim of what a backward pass makes from nothing: CUDA's autograd makes it where it is needed."""

Generator = torch.Generator
"""Torch's own, kept from before ``torch.Generator`` is replaced."""


class DeviceMismatch(RuntimeError):
    """What CUDA would raise: tensors, or a generator, of two devices in one kernel."""


class Devices:
    """What this process knows of its devices."""

    count, current = 1, 0
    defaults: ClassVar[list[PretendedGenerator]] = []
    largest: ClassVar[list[int]] = []
    """The most bytes that one new tensor had, a device, since the peak was last reset."""


def whole(device: Any) -> torch.device:
    """The device with its index. Raises AcceleratorError, as CUDA, for one that there is not."""
    device = torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
    if device.type != "cuda":
        return device
    index = Devices.current if device.index is None else device.index
    if index >= Devices.count:
        raise torch.AcceleratorError("CUDA error: invalid device ordinal", 101)
    return torch.device("cuda", index)


def index_of(device: Any = None) -> int:
    return Devices.current if device is None else int(whole(device).index)


def claim_of(t: Tensor) -> Any:
    """The device that ``t`` claims, ANY, or None where nothing was written: the CPU."""
    return getattr(t.untyped_storage(), "claims", None)


def claim(t: Tensor, device: Any) -> None:
    t.untyped_storage().claims = device  # type: ignore[attr-defined]
    if isinstance(device, torch.device) and device.type == "cuda":
        Devices.largest[device.index] = max(Devices.largest[device.index], t.untyped_storage().nbytes())


def device_of(t: Tensor) -> torch.device:
    if t.device.type != "cpu":  # meta
        return t.device
    claimed = claim_of(t)
    return CPU if claimed in (None, ANY) else claimed


def leaves(*values: Any) -> list[Any]:
    """Everything inside nested lists, tuples and dictionaries; several times as fast as torch's own."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found += leaves(*value)
        elif isinstance(value, dict):
            found += leaves(*value.values())
        else:
            found.append(value)
    return found


class PretendedGenerator(Generator):
    """A generator that claims to be of a device; a state of another kind of device does not fit it."""

    claims: torch.device

    def __new__(cls, device: Any = "cpu") -> PretendedGenerator:
        made = Generator.__new__(cls)
        made.claims = whole(device)
        return made

    def __init__(self, device: Any = "cpu") -> None:
        pass

    @property
    def device(self) -> torch.device:
        return self.claims

    def get_state(self) -> Tensor:
        state = super().get_state()
        return state if self.claims.type == "cpu" else torch.cat([state, state[:8]])

    def set_state(self, state: Tensor) -> PretendedGenerator:
        if device_of(state).type != "cpu":
            raise TypeError("RNG state must be a torch.ByteTensor on the CPU")
        plain = super().get_state().numel()
        if state.numel() != plain + 8 * (self.claims.type == "cuda"):
            raise RuntimeError(f"the state is of another device's generator than {self.claims}")
        super().set_state(state[:plain])
        return self
