"""Which device a run is on, and how it is told to compute: in float32, and the same on every run."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence

import torch

from results.errors import BadInput
from results.lookup import lookup

CUBLAS = ":4096:8"
"""The workspace with which cuBLAS's results repeat: CUDA's documentation, "Results reproducibility"."""


def device_here(asked: str, *, serial: bool = True, elsewhere: bool = False) -> str:
    """The device that ``--device`` asks for: ``auto`` is CUDA where there is one, else the CPU.

    Parameters
    ----------
    asked : str
        ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
    serial : bool
        Whether trials run in this process. Under Ray a trial sees the GPUs that it was lent, which are counted from 0
        for each: a number would name another one than is meant.
    elsewhere : bool
        Whether the trials run on a cluster that was started before: whether it has GPUs, only it knows.

    Returns
    -------
    str
        The device as torch names it.

    Raises
    ------
    BadInput
        In one line, for a device that is not here, or that cannot be named where trials run under Ray.
    """
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, colon, number = asked.partition(":")
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available() or elsewhere,
        "mps": torch.backends.mps.is_available(),
    }
    if not lookup("device", kind, here):
        raise BadInput(
            f"--device {asked}: there is no such device here; use {_list([k for k, v in here.items() if v])}"
        )
    if colon:
        _check_number(asked, number, serial)
    return asked


def _check_number(asked: str, number: str, serial: bool) -> None:
    """Refuse all but the number of a GPU of this machine, in a run that takes place in this process."""
    kind = asked.partition(":")[0]
    if kind != "cuda" or not (number.isascii() and number.isdigit()):
        raise BadInput(f"--device {asked}: a GPU is named cuda:0, cuda:1 and so on; {kind} alone takes {kind}'s first")
    if not serial:
        raise BadInput(
            f"--device {asked}: Ray lends each trial its GPUs, so none can be named: use --device cuda, with "
            "CUDA_VISIBLE_DEVICES to choose among them, or add --serial"
        )
    count = torch.cuda.device_count()
    if int(number) >= count:
        raise BadInput(f"--device {asked}: there are {count} here; use {_list([f'cuda:{i}' for i in range(count)])}")


def _list(names: Sequence[str]) -> str:
    return " or ".join(names)


def check_gpus(device: str, gpus: float | None) -> None:
    """Refuse a share of GPUs that no trial can have; ``gpus`` None is the default.

    Raises
    ------
    BadInput
        In one line, for some where trials do not run on CUDA, and for none or one and a half where they do.
    """
    if gpus is None:
        return
    cuda = device.startswith("cuda")
    if not cuda and gpus:
        raise BadInput(f"--gpus-per-trial {gpus:g}: the trials run on {device}; add --device cuda, or leave it out")
    if cuda and not gpus:
        raise BadInput("--gpus-per-trial 0: a trial on cuda needs a GPU or a part of one: 1, or 0.5 for two on each")
    if gpus > 1 and gpus != int(gpus):
        near = f"{int(gpus)} or {int(gpus) + 1}"
        raise BadInput(f"--gpus-per-trial {gpus:g}: beyond 1 only whole GPUs can be lent: give {near}")


def check_graphs(device: str, asked: bool) -> None:
    """Refuse CUDA graphs where trials do not run on CUDA. Raises BadInput."""
    if asked and not device.startswith("cuda"):
        raise BadInput(f"--cuda-graphs: the trials run on {device}; add --device cuda, or leave it out")


def check_format(device: str, channels_last: bool) -> None:
    """Refuse channels_last on the CPU, where it is no gain.

    There torch 2.14 writes beyond its memory in the slope to the weights of 1 × 1 convolutions of stride 2 and few
    channels. Raises BadInput.
    """
    if channels_last and device == "cpu":
        raise BadInput("evaluation.channels_last is for GPUs, and the trials run on cpu: leave it out")


def share_of(device: str, gpus: float) -> float:
    """The share of one GPU that a trial was lent, 1 elsewhere: by it its device days are counted."""
    return gpus if device.startswith("cuda") and 0 < gpus < 1 else 1.0


def prepare(device: torch.device) -> None:
    """Have ``device`` compute the same bits on every run, in float32 as the CPU does, beside no finished trial's rest.

    On CUDA: only kernels that repeat, an error where there is none (``torch.use_deterministic_algorithms``), cuDNN
    without its timing of algorithms, cuBLAS with the workspace that repeats, and no TF32, which would round the factors
    of convolutions to ten bits. Nothing is changed on the CPU, whose kernels repeat at a fixed number of threads.
    """
    if device.type != "cuda":
        return
    # Read when cuBLAS makes its first handle in a process.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", CUBLAS)
    torch.use_deterministic_algorithms(True)
    # Else every new tensor would be filled with NaN first: one more kernel each, for memory that nobody reads.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    gc.collect()
    torch.cuda.empty_cache()


def precision(device: torch.device) -> str:
    """What ``device`` multiplies float32 in: ``float32``, or ``TF32`` where some of its kernels may use that."""
    used = torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32
    return "TF32" if device.type == "cuda" and used else "float32"


def synchronise(device: torch.device) -> None:
    """Wait until ``device``, and no other, has done what it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


class DeviceLost(BadInput):
    """The device answers nothing any more in this process; another process may go on."""


def lost(device: torch.device) -> bool:
    """Whether ``device`` fails although nothing is asked of it: after some errors CUDA repeats them until the end."""
    try:
        synchronise(device)
    except RuntimeError:
        return True
    return False


def told(error: BaseException, device: str, gpus: float) -> str:
    """One line on an error that is the device's, with a remedy; empty for any other."""
    reason = (str(error).splitlines() or [""])[0][:160]
    if isinstance(error, torch.OutOfMemoryError):
        lent = f" (now {gpus:g})" if gpus else ""
        return (
            f"the memory of {device} is full ({reason}): lend each trial more of it with --gpus-per-trial{lent}, or "
            "lower batch_size"
        )
    if lost(torch.device(device)):
        return f"{device} fails for good in this process ({reason}): the same command goes on in another one"
    return ""
