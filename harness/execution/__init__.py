"""Trials run: Ray Tune or one after the other, checkpoints, and what the user watches.

- ``run``: a plan run to its records. ``schedule``: who runs when. ``cluster``: the Ray cluster.
- ``worker``: a trial in a worker of Ray's. ``job``: a job run to its record, under its lock.
- ``search``, ``retrain``: one trial that searches, one that trains a given network.
- ``checkpoint``: checkpoints that survive a kill.
- ``watch``: how a trial tells what it is doing. ``board``: how that is shown. ``labels``: what trials are called.
- ``loggers``: Ray's loggers, for ``--log``.
"""
