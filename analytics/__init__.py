"""What the numbers mean: pure functions and kernels, no I/O, no clock. May import `schemas`."""
