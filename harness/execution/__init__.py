"""Trials run: Ray Tune or one after the other, checkpoints, and what the user watches."""
