"""Who runs it: command line, configuration, data and its split, one trial, Ray Tune, clock and checkpoints."""
