"""The supernets of the DARTS-Bench-Suite by name (Jha, Moradian, Krishnakumar, Rapp, Hutter, AutoML 2025).

The authors' scripts/benchsuite_experiments/benchsuite.py (automl/ConfigurableOptimizer) has the sizes. Wide and deep
differ from DARTS's supernet in size alone. The single cell stands where both reductions would, at 1 // 3 = 2 // 3 = 0:
it is a reduction cell, and only its α is searched. Of its eight nodes the last four make its output: the authors'
``multiplier`` stays at 4.
"""

from __future__ import annotations

PRESETS = {
    "shape": {
        "wide": {"channels": 18, "cells": 4, "nodes": 4},
        "deep": {"channels": 7, "cells": 18, "nodes": 4},
        "single_cell": {"channels": 26, "cells": 1, "nodes": 8, "concat": 4},
    }
}
"""The options that each name of the option ``shape`` stands for."""
