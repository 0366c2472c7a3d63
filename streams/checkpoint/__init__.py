"""Exactness: tasks, flushes, checkpoints, take-overs and epochs, after `docs/exactness.md`."""
