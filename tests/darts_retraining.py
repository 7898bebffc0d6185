"""A short retraining of DARTS_V2 on the digits, with dropped paths."""

from __future__ import annotations

from harness.config.protocol import Protocol
from harness.config.trial import Retraining
from spaces.darts import DartsOptions
from spaces.darts_genotype import canonical


def retraining(processes: int = 1) -> Retraining:
    """Three epochs at width 4, in one process or several."""
    protocol = Protocol.load("quick", "darts")
    fields = ["epochs=3", "drop_path=0.5", "channels=4", f"processes={processes}"]
    protocol = protocol.set([f"evaluation.{field}" for field in fields])
    return Retraining(
        algorithm="given",
        seed=0,
        space="darts",
        protocol="quick",
        settings=protocol.settings,
        options=DartsOptions(image_size=8, in_channels=1),
        genotype=canonical("darts_v2"),
        dataset="digits",
    )
