"""``doctor``: whether this device does what runs rely on, and how fast it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import app, console, options
from harness.cli.inspect import print_json

if TYPE_CHECKING:
    from harness.measuring.doctor import Finding

SIGNS = {True: "✓", False: "✗", None: "·"}


@app.command()
def doctor(
    device: options.Device = "auto",
    protocol: Annotated[str, typer.Option(help="the sizes at which steps are timed; on a GPU: paper")] = "quick",
    space: Annotated[str, typer.Option(help="the spaces on which steps are timed, comma separated")] = "nats,darts",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads, as a run's --cpus-per-trial")] = 1,
    json_: options.Json = False,
) -> None:
    """Check a device: that results repeat and agree with the CPU's, its speed and memory, its processes.

    Exits 1 where a check fails. Example: python -m harness doctor --device cuda --protocol paper
    """
    import torch

    from harness.measuring.device import device_here
    from harness.measuring.doctor import examine

    torch.set_num_threads(threads)
    found: list[Finding] = []
    for finding in examine(torch.device(device_here(device)), protocol, options.names(space)):
        found.append(finding)
        if not json_:
            line = f"{SIGNS[finding.passed]} {finding.check}: {finding.said}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if json_:
        print_json([asdict(finding) for finding in found])
    if any(finding.passed is False for finding in found):
        raise typer.Exit(1)
