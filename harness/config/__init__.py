"""What is asked: protocols, the overrides laid on them, and the frozen descriptions of a comparison and of a trial."""
