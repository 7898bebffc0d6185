"""From what is asked to the trials that answer it: everything that can be refused is refused here."""
