"""From what is asked to the trials that answer it: everything that can be refused is refused here.

- ``plan``: a request as trials. ``retrainings``: the same for ``evaluate``.
- ``hardware``: ``--hardware``, checked. ``fronts``: the exact fronts of a whole space.
- ``sparsity``: the weight of ℓ1 on the gates, from a distance and a number of steps.
"""
