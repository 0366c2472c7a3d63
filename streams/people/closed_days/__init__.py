"""Closed days, one after the other: which is due, what is read for it, what lands."""
