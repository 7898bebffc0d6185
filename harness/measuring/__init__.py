"""What a record says: clock and memory, diagnostics by epoch, latency, and the columns themselves."""
