"""What a record says: clock and memory, diagnostics by epoch, latency, and the columns themselves.

- ``record``: the columns of a record. ``clock``: seconds and memory of a search.
- ``diagnostics``: one history row an epoch.
- ``device``: which device, and how it computes. ``doctor``: whether it does what a run relies on.
- ``latency``: latency of operations and of networks.
- ``correlation``: how well a score ranks architectures. ``one_shot``: the score that a trained supernet gives.
"""
