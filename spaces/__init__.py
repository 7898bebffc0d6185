"""What can be found: the search spaces, their tables and their stand-alone networks."""
