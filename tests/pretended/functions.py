"""The mode that answers where tensors claim to be, moves them, and takes ``device=cuda`` out of what reaches torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from pretended.devices import ANY, CPU, PretendedGenerator, claim, claim_of, device_of, leaves, whole
from torch import Tensor
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from pretended.cuda import PretendedCuda

PROPERTIES = {Tensor.device: "device", Tensor.is_cuda: "is_cuda", Tensor.is_cpu: "is_cpu"}
FROM_DATA = ("tensor", "as_tensor", "asarray")


class Functions(TorchFunctionMode):
    """See the module."""

    def __init__(self, owner: PretendedCuda) -> None:
        super().__init__()
        self.owner = owner

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name, bound = getattr(func, "__name__", ""), getattr(func, "__self__", None)
        if name == "__get__" and bound in PROPERTIES:
            where = device_of(args[0])
            return where if PROPERTIES[bound] == "device" else PROPERTIES[bound] == f"is_{where.type}"
        if isinstance(args[0] if args else None, Tensor):
            answered, found = self._method(func, name, args, kwargs)
            if answered:
                return found
        return self._called(func, name, args, kwargs)

    def _method(self, func: Any, name: str, args: Any, kwargs: Any) -> tuple[bool, Any]:
        """What a tensor's own methods answer: (whether it is one of these, its result)."""
        x, where = args[0], device_of(args[0])
        if func is Tensor.to:
            return True, self._to(x, args[1:], kwargs)
        if func in (Tensor.cuda, Tensor.cpu):
            there = CPU if func is Tensor.cpu else whole(args[1] if len(args) > 1 else kwargs.get("device") or "cuda")
            return True, self.owner.to(x, there, None, kwargs.get("non_blocking", False), False, torch.preserve_format)
        if name == "__deepcopy__":  # copies storages, which no kernel does
            made = func(*args, **kwargs)
            if made.device.type == "cpu":
                claim(made, claim_of(x))
            return True, made
        if func is Tensor.get_device:
            return True, -1 if where.type == "cpu" else where.index
        if name == "pin_memory":
            if where.type == "cuda":
                raise RuntimeError("only dense CPU tensors can be pinned")
            return True, x
        if where.type == "cuda" and name in ("numpy", "__array__"):
            raise TypeError(f"can't convert {where} device type tensor to numpy. Use Tensor.cpu() first")
        if where.type == "cuda" and name == "tolist":
            self.owner.wait("tolist")
        return False, None

    def _called(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        explicit = None
        if kwargs.get("device") is not None and torch.device(kwargs["device"]).type in ("cuda", "cpu"):
            explicit = whole(kwargs["device"])
            kwargs["device"] = CPU
        kwargs.pop("pin_memory", None)
        given = [t for t in leaves(args, kwargs) if isinstance(t, Tensor)]
        implied = ANY if any(device_of(t).type == "cuda" for t in given) else None
        if explicit is not None and given and name in FROM_DATA:
            made = func(*args, **(kwargs | {"device": None}))
            return self.owner.to(made, explicit, None, False, False, torch.preserve_format)
        if explicit is not None and explicit.type == "cuda" and name in FROM_DATA:
            self.owner.wait("host to device")
        random = next((v for v in (*args, *kwargs.values()) if isinstance(v, PretendedGenerator)), None)
        self.owner.explicit.append((explicit or implied, random))
        try:
            made = func(*args, **kwargs)
        finally:
            self.owner.explicit.pop()
        if explicit is not None:  # torch.tensor and its like, which no dispatch mode sees being made
            mine = {id(t.untyped_storage()) for t in given}
            for t in leaves(made):
                if isinstance(t, Tensor) and t.device.type == "cpu" and id(t.untyped_storage()) not in mine:
                    claim(t, explicit)
        return made

    def _to(self, x: Tensor, args: Any, kwargs: Any) -> Tensor:
        device = dtype = None
        flags = []
        for value in args:
            if isinstance(value, Tensor):
                device, dtype = device_of(value), value.dtype
            elif isinstance(value, torch.dtype):
                dtype = value
            elif isinstance(value, bool):
                flags.append(value)
            elif value is not None:
                device = torch.device("cuda", value) if isinstance(value, int) else torch.device(value)
        if (other := kwargs.get("other")) is not None:
            device, dtype = device_of(other), other.dtype
        device, dtype = kwargs.get("device") or device, kwargs.get("dtype") or dtype
        non_blocking = kwargs.get("non_blocking", flags[0] if flags else False)
        copy = kwargs.get("copy", flags[1] if len(flags) > 1 else False)
        kept = kwargs.get("memory_format", torch.preserve_format)
        return self.owner.to(x, device, dtype, non_blocking, copy, kept)
