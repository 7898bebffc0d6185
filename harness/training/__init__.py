"""A trial's images and networks: training from scratch, pruning, fine-tuning, testing."""
