"""``--hardware FILE:DEVICE,DEVICE``: latencies of a space's cells, measured on devices; checked before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.config.request import Request, hardware_of
from results.errors import BadInput
from spaces import SPACES
from spaces.contracts import Latencies, Measured, provides


@dataclass(frozen=True)
class Hardware:
    """A file of measured latencies and the devices that were named, of which the first gives the penalty."""

    path: Path
    devices: tuple[str, ...]
    latencies: Latencies

    @property
    def words(self) -> str:
        """What is looked up."""
        return f"{self.path.name}: {', '.join(self.devices)}"


def read(request: Request) -> Hardware | None:
    """What ``--hardware`` names; None where it is not given.

    Raises
    ------
    BadInput
        In one line, for a space that nobody measured, a file that is none, and an unknown device, with the nearest.
    """
    space, named = SPACES[request.space], hardware_of(request)
    if named is None:
        return None
    if not provides(space, Measured):
        raise BadInput(f"--hardware: nobody measured the space {space.name} on devices; leave it out")
    where, devices = named
    latencies = space.measured(where)
    for device in devices:
        latencies.every(device)  # raises for one that is not there
    return Hardware(where, devices, latencies)
