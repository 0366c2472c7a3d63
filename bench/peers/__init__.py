"""The contestants of the throughput bench, one module each; every one runs in its own process."""
