"""Exactness: tasks, flushes, checkpoints, take-overs and epochs, as described in `docs/exactness.md`."""
