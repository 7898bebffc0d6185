"""What a request takes where nothing is named: the same for a command's options and for Python."""

from __future__ import annotations

SPACE = "nats"
"""The smallest space, with a table that answers at once."""

TRAINED_SPACE = "darts"
"""The space of ``evaluate --genotype``: its published cells are what one trains."""

ALGOS = "rarts,darts2"
"""The paper's method and the one that it approximates."""

PROTOCOL = "quick"
