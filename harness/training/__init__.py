"""A trial's images and networks: training from scratch, pruning, fine-tuning, testing.

- ``task``: what a trial searches on: space, data, split, batches.
- ``evaluate``: how good what was found is. ``stand_alone``: networks that stand alone.
- ``train``: training from scratch. ``distributed``: in several processes.
- ``prune``: from a searched network to the slim one. ``distillation``: a trained network as teacher.
"""
