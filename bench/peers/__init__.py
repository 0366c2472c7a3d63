"""The contestants of the throughput bench, one module each; every one is run in a process of its own."""
